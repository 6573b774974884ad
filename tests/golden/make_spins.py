#!/usr/bin/env python3
"""Line lists of small spin systems by full Kronecker products: tests/golden/spins.txt.

Independent of fidmix: every spin 1/2 for itself, one dense complex Hamiltonian of 2^n states, all
transitions of the total lowering operator, lines merged at 1e-7 Hz. Run as
    python3 tests/golden/make_spins.py > tests/golden/spins.txt
Made with Python 3.11.7, numpy 2.4.6.
"""
import sys
from functools import reduce

import numpy as np

SYSTEMS = {
    # name: (field MHz, [(ppm, n), ...], {(a, b): Hz})
    "ab": (60.0, [(2.0, 1), (2.2, 1)], {(0, 1): 11.3}),
    "abc": (60.0, [(5.7, 1), (5.9, 1), (6.4, 1)], {(0, 1): 1.8, (0, 2): 10.4, (1, 2): 17.2}),
    "a2b": (60.0, [(3.1, 2), (3.3, 1)], {(0, 1): 9.5}),
    "aabb": (90.0, [(7.1, 1), (7.1, 1), (7.4, 1), (7.4, 1)],
             {(0, 1): 7.5, (0, 2): 8.1, (0, 3): 1.5, (1, 2): 1.5, (1, 3): 8.1, (2, 3): 0.4}),
    "a3b2": (20.0, [(1.17, 3), (3.64, 2)], {(0, 1): 7.1}),
    "a3bcd": (80.0, [(1.2, 3), (2.3, 1), (2.4, 1), (4.1, 1)],
              {(0, 3): 6.3, (1, 2): -14.4, (1, 3): 7.3, (2, 3): 6.4}),
    "a6bc": (60.0, [(0.97, 6), (1.9, 1), (2.0, 1)], {(0, 1): 6.9, (0, 2): 0.4, (1, 2): -13.0}),
}

SX = np.array([[0, 1], [1, 0]], dtype=complex) / 2
SY = np.array([[0, -1j], [1j, 0]], dtype=complex) / 2
SZ = np.array([[1, 0], [0, -1]], dtype=complex) / 2


def lines(field, groups, couplings):
    shift, group = [], []
    for g, (ppm, n) in enumerate(groups):
        shift += [ppm * field] * n
        group += [g] * n
    n = len(shift)
    one = np.eye(2)

    def op(s, at):
        return reduce(np.kron, [s if i == at else one for i in range(n)])

    spin = [[op(s, i) for s in (SX, SY, SZ)] for i in range(n)]
    h = sum(shift[i] * spin[i][2] for i in range(n))
    for i in range(n):
        for k in range(i + 1, n):
            j = couplings.get((group[i], group[k]), couplings.get((group[k], group[i]), 0.0))
            if group[i] != group[k] and j:
                h = h + j * sum(spin[i][c] @ spin[k][c] for c in range(3))
    lower = sum(spin[i][0] - 1j * spin[i][1] for i in range(n))
    # 1e4 Hz times M keeps levels of different M apart, so that none mix
    mz = sum(spin[i][2] for i in range(n))
    energy, vector = np.linalg.eigh(h + 1e4 * mz)
    m = np.rint(np.real(np.einsum("ij,ik,kj->j", vector.conj(), mz, vector)) * 2) / 2
    energy = energy - 1e4 * m
    t = np.abs(vector.conj().T @ lower @ vector) ** 2 / 2 ** (n - 1)
    f, i = np.nonzero(t > 1e-10)
    found = sorted((energy[b] - energy[a], t[a, b]) for a, b in zip(f, i))
    merged = []
    for hz, x in found:
        if merged and hz - merged[-1][0] < 1e-7:
            merged[-1][1] += x
        else:
            merged.append([hz, x])
    return [(hz, x) for hz, x in merged if x > 1e-7]


print(f"# numpy {np.__version__}, Python {sys.version.split()[0]}; system NAME field groups couplings, "
      "then lines: Hz intensity")
for name, (field, groups, couplings) in SYSTEMS.items():
    found = lines(field, groups, couplings)
    text = " ".join(f"{ppm}x{n}" for ppm, n in groups)
    pairs = " ".join(f"{a}-{b}:{j}" for (a, b), j in couplings.items())
    print(f"system {name} {field} {len(groups)} {len(couplings)} {len(found)} {text} {pairs}")
    for hz, x in found:
        print(f"{hz:.9f} {x:.9f}")
