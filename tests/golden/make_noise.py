#!/usr/bin/env python3
"""Goldens of the noise stage: a real spectrum of 4096 points over 12 .. -1 ppm with lines, a rolling
baseline and noise of standard deviation 1; expected: published, edges, robust.

Made with Python 3.11, numpy 2.4.6; seed 7. Run in tests/golden: python3 make_noise.py
"""
import numpy as np

POINTS = 4096
rng = np.random.default_rng(7)
ppm = np.linspace(12, -1, POINTS)
y = rng.normal(0, 1, POINTS) + 40 + 3 * (ppm - 5) + 0.5 * (ppm - 5) ** 2
for _ in range(30):
    at, width = rng.uniform(0.6, 9.4), rng.uniform(0.002, 0.004)
    y += rng.uniform(50, 1000) / (1 + ((ppm - at) / width) ** 2)
y = y.astype(np.float32)
np.save("noise_input.npy", y)

d = y.astype(float)
published = np.std(d[:100]) / 8

edge = ((ppm >= 0.1) & (ppm <= 0.5)) | ((ppm >= 9.5) & (ppm <= 10))
fit = np.polynomial.Polynomial.fit(ppm[edge], d[edge], 2)
edges = np.sqrt(np.sum((d[edge] - fit(ppm[edge])) ** 2) / (edge.sum() - 3))

# 16 blocks of 256 points, differences over 16 points
sigma = np.sort([np.median(np.abs(b[:-16] - b[16:])) for b in d.reshape(16, 256)])
sigma /= 0.674489750196 * np.sqrt(2)
spread = 1.3 * 1.166 / np.sqrt(240)
limit = sigma[15 // 5] / (1 - 0.84 * spread) * (1 + 2.5 * spread)
robust = np.median(sigma[sigma <= limit])
print(f"published {published}, edges {edges}, robust {robust}, true 1")
np.save("noise_expected.npy", np.array([published, edges, robust], np.float32))
