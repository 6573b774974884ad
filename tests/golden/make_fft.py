#!/usr/bin/env python3
"""Golden values of fft: points of the transform of a pseudo-random row, by scipy in double precision.

    python3 tests/golden/make_fft.py > tests/golden/fft.txt

Made with numpy 2.4.6 and scipy 1.17.1. The row needs no seed: with h(i) = i^2 7919 + i
104729 mod 65521, x[n] = h(2 n) / 65521 - 1/2 + i (h(2 n + 1) / 65521 - 1/2), rounded to float.
Each line: N, k, re, im of X[k] = sum x[n] exp(-2 pi i k n / N), k from -N/2 to N/2 - 1.
"""
import numpy as np
import scipy.fft


def row(points):
    i = np.arange(2 * points, dtype=np.uint64)
    h = (i * i * np.uint64(7919) + i * np.uint64(104729)) % np.uint64(65521)
    x = (h / 65521 - 0.5).astype(np.float32).astype(np.float64)
    return x[0::2] + 1j * x[1::2]


for points in (21800, 32768):
    transform = scipy.fft.fft(row(points))
    for k in np.unique(np.linspace(-points // 2, points // 2 - 1, 64).astype(int)):
        z = transform[k]
        print(f"{points} {k} {z.real:.15e} {z.imag:.15e}")
