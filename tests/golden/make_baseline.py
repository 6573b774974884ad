#!/usr/bin/env python3
"""Goldens of baseline: the same two spectra through other programs' baselines.

Made with Python 3.11, nmrglue 0.12, scipy 1.17.1, numpy 2.4.6; seed 20240612.
Run in tests/golden: python3 make_baseline.py

baseline_input              two rows of 600 points: noise, lines, a wave or a slope
baseline_median[_15_9_3]    nmrglue.proc_bl.calc_bl_med with (24, 24, 5) and (15, 9, 3)
baseline_als                asymmetric least squares in double by scipy.sparse: lambda 2^18, 0.01, 20 rounds
baseline_polynomial         numpy.polynomial.chebyshev.chebfit of order 7 to all points
"""
import numpy as np
import scipy.sparse
import scipy.sparse.linalg
from nmrglue.process import proc_bl

ROWS, POINTS = 2, 600

rng = np.random.default_rng(20240612)
n = np.arange(POINTS)
x = rng.normal(0, 1, (ROWS, POINTS))
x[0] += 20 * np.sin(n / 130) + 8
x[1] += 30 - n / 12
for row in range(ROWS):
    for _ in range(9):
        x[row] += rng.uniform(10, 400) / (1 + ((n - rng.uniform(0, POINTS)) / rng.uniform(1, 4)) ** 2)
x = x.astype(np.float32)


def save(name, data):
    np.save(f"baseline_{name}.npy", np.asarray(data).astype(np.float32))


save("input", x)
for name, window in (("median", (24, 24, 5)), ("median_15_9_3", (15, 9, 3))):
    save(name, [proc_bl.calc_bl_med(row.astype(float), *window) for row in x])


def als(y, penalty, asymmetry, rounds):
    difference = scipy.sparse.diags([1.0, -2.0, 1.0], [0, 1, 2], shape=(len(y) - 2, len(y)))
    square = penalty * difference.T @ difference
    w = np.ones(len(y))
    for _ in range(rounds):
        b = scipy.sparse.linalg.spsolve((scipy.sparse.diags(w) + square).tocsc(), w * y)
        w = np.where(y > b, asymmetry, 1 - asymmetry)
    return b


save("als", [als(row.astype(float), 2.0**18, 0.01, 20) for row in x])
u = np.linspace(-1, 1, POINTS)
cheb = np.polynomial.chebyshev
save("polynomial", [cheb.chebval(u, cheb.chebfit(u, row.astype(float), 7)) for row in x])
