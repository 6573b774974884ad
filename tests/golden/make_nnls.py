"""Golden amounts of tests/test_nnls.c: scipy.optimize.nnls in double on float32 spectra of
overlapping Lorentzian lines.

    python tests/golden/make_nnls.py      (seed 4; written with numpy 2.4.6, scipy 1.17.1)

nnls_library.npy [12][400], nnls_spectra.npy [10][400], nnls_amounts.npy [10][12], float32.
"""
import os

import numpy as np
from scipy.optimize import nnls

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    rng = np.random.default_rng(4)
    j = np.arange(400)
    library = np.zeros((12, 400))
    for row in library:
        for _ in range(4):
            row += rng.uniform(0.3, 1) / (1 + ((j - rng.uniform(20, 380)) / 5.0) ** 2)
        row /= row.max()
    library = library.astype(np.float32)
    amounts = np.where(rng.random((10, 12)) < 0.35, 20 ** -rng.random((10, 12)), 0)
    spectra = (amounts @ library + rng.normal(0, 0.02, (10, 400))).astype(np.float32)
    solved = np.array([nnls(library.T.astype(float), b.astype(float))[0] for b in spectra])
    norms = np.linalg.norm(library.astype(float), axis=1)
    scaled = library.astype(float) / norms[:, None]
    print("condition of the scaled Gram matrix", np.linalg.cond(scaled @ scaled.T))
    print("amounts at zero", (solved == 0).mean())
    for name, table in (("library", library), ("spectra", spectra), ("amounts", solved)):
        np.save(os.path.join(HERE, f"nnls_{name}.npy"), table.astype("<f4"))


main()
