"""Golden amounts of tests/test_explain.c: scipy.optimize.nnls in double on the weighted problem, no
shifts, data above the model as heavy as below.

    python tests/golden/make_explain.py      (seed 11; written with numpy 2.4.6, scipy 1.17.1)

explain_heights.npy [30][80] (10 columns of 3 parts), explain_places.npy [30][2]: first point and
height for amount 1; explain_spectra.npy [3][1200], explain_amounts.npy [3][10], float32.
"""
import os

import numpy as np
from scipy.optimize import nnls

HERE = os.path.dirname(os.path.abspath(__file__))
FLOOR, SHARE, NEAR, AROUND = 2.0, 0.1, 0.04, 20


def main():
    rng = np.random.default_rng(11)
    heights = np.zeros((30, 80), np.float32)
    places = np.zeros((30, 2), np.float32)
    design = np.zeros((1200, 10))
    k = np.arange(80)
    for i in range(30):
        centres = 40 + rng.uniform(-0.5, 0.5) + np.array([-10, 0, 10])[: rng.integers(1, 4)]
        shape = sum(1 / (1 + ((k - c) / 2) ** 2) for c in centres)
        heights[i] = shape / shape.max()
        places[i] = rng.integers(0, 60), rng.uniform(0.05, 0.4)
        first = int(places[i, 0])
        design[first:first + 80, i // 3] += places[i, 1].astype(float) * heights[i].astype(float)
    amounts = np.where(rng.random((3, 10)) < 0.6, 30 * 100 ** rng.random((3, 10)), 0)
    spectra = (amounts @ design.T + rng.normal(0, 1, (3, 1200))).astype(np.float32)
    solved = np.zeros((3, 10))
    for m, d in enumerate(spectra.astype(float)):
        padded = np.pad(np.maximum(d, 0), AROUND)
        top = np.array([padded[p:p + 2 * AROUND + 1].max() for p in range(1200)])
        weight = 1 / (FLOOR + SHARE * np.maximum(d, 0) + NEAR * top)
        solved[m] = nnls(design * weight[:, None], d * weight)[0]
        scaled = design * weight[:, None]
        scaled /= np.linalg.norm(scaled, axis=0)
        print("condition of the scaled Gram matrix", np.linalg.cond(scaled.T @ scaled))
    print("amounts at zero", (solved == 0).mean())
    for name, table in (("heights", heights), ("places", places), ("spectra", spectra),
                        ("amounts", solved)):
        np.save(os.path.join(HERE, f"explain_{name}.npy"), table.astype("<f4"))


main()
