#!/usr/bin/env python3
"""Goldens of resample: 700 random points from 11 to -1 ppm onto 400 from 10 to 0, by numpy.interp and
by scipy's Hermite spline through the points with slopes by central differences (Catmull-Rom).

Made with Python 3.11, scipy 1.17.1, numpy 2.4.6; seed 20240612.
Run in tests/golden: python3 make_resample.py
"""
import numpy as np
import scipy.interpolate

rng = np.random.default_rng(20240612)
ppm = np.linspace(11, -1, 700)
axis = np.linspace(10, 0, 400)
x = rng.uniform(-100, 100, ppm.size).astype(np.float32)
y = x.astype(float)
# ascending for both libraries
linear = np.interp(-axis, -ppm, y)
slopes = np.empty_like(y)
slopes[1:-1] = (y[2:] - y[:-2]) / 2
slopes[0], slopes[-1] = (y[1] - y[0]) / 2, (y[-1] - y[-2]) / 2
cubic = scipy.interpolate.CubicHermiteSpline(-ppm, y, slopes / (12 / 699))(-axis)
for name, data in (("input", x), ("linear", linear), ("cubic", cubic)):
    np.save(f"resample_{name}.npy", np.asarray(data).astype(np.float32))
