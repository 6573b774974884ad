#!/usr/bin/env python3
"""Augmentation against vectorised NumPy: shift + scale + noise + normalise, 21800 points.

    python3 bench/peers/augment_numpy.py [--program build/release/fidmix] [--rounds 30]

NumPy does what `fidmix bench augmentation` calls "published": 64 items, each a row of a library of 29
spectra, shifted by a fraction of a point (cubic interpolation, ends joined), scaled, with white noise
relative to the maximum, divided by the maximum. The way that was fastest here is taken: float32
throughout, buffers made once, rows shifted by slices, noise by Generator.standard_normal into float32 with
SFC64, the fastest of NumPy's generators. "rolled" shifts by whole points only, which is cheaper for NumPy and
not for fidmix. Both run in turns; the least of all rounds counts on both sides (fidmix: wall time).
Tried with Python 3.11, NumPy 2.3.
"""
import argparse
import json
import subprocess
import sys
import time

import numpy as np

ROWS, POINTS, ITEMS = 29, 21800, 64


class Augmentation:
    def __init__(self):
        self.random = np.random.Generator(np.random.SFC64(1))
        self.library = self.random.random((ROWS, POINTS), dtype=np.float32)
        # three points more on either side: no joining of ends inside the loop
        self.padded = np.concatenate(
            [self.library[:, -200:], self.library, self.library[:, :200]], axis=1)
        self.most = self.library.max(axis=1)
        self.out = np.empty((ITEMS, POINTS), np.float32)
        self.noise = np.empty((ITEMS, POINTS), np.float32)
        self.part = np.empty(POINTS, np.float32)

    def step(self, cubic):
        per_ppm = (POINTS - 1) / 10
        row = self.random.integers(0, ROWS, ITEMS)
        shift = self.random.uniform(-0.05, 0.05, ITEMS) * per_ppm
        amplitude = self.random.uniform(0.2, 5, ITEMS).astype(np.float32)
        sigma = np.exp(self.random.uniform(np.log(1e-3), np.log(1e-2), ITEMS)).astype(np.float32)
        self.random.standard_normal(dtype=np.float32, out=self.noise)
        for i in range(ITEMS):
            x = self.padded[row[i]]
            y = self.out[i]
            whole = int(np.floor(shift[i] if cubic else shift[i] + 0.5))
            start = 200 + whole
            if cubic:
                t = np.float32(shift[i] - whole)
                w = (t * (-0.5 + t * (1 - 0.5 * t)), 1 + t * t * (-2.5 + 1.5 * t),
                     t * (0.5 + t * (2 - 1.5 * t)), t * t * (-0.5 + 0.5 * t))
                np.multiply(x[start - 1:start - 1 + POINTS], np.float32(w[0]), out=y)
                for k in range(1, 4):
                    np.multiply(x[start - 1 + k:start - 1 + k + POINTS], np.float32(w[k]),
                                out=self.part)
                    y += self.part
            else:
                y[:] = x[start:start + POINTS]
            n = self.noise[i]
            n *= sigma[i] * self.most[row[i]]
            y += n
            y *= amplitude[i]
            y /= y.max()


def least(step, rounds):
    best = float("inf")
    for _ in range(rounds):
        begin = time.perf_counter()
        step()
        best = min(best, time.perf_counter() - begin)
    return best * 1e6


def fidmix(program, device):
    command = [program, "bench", "augmentation", "--json"] + (["--device", device] if device else [])
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    for result in found["results"]:
        if result["case"] == "published":
            return result["median_us"]
    sys.exit("fidmix bench augmentation has no case \"published\"")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", default="build/release/fidmix")
    parser.add_argument("--device")
    parser.add_argument("--rounds", type=int, default=30)
    given = parser.parse_args()
    work = Augmentation()
    ours, cubic, rolled = float("inf"), float("inf"), float("inf")
    for _ in range(3):
        ours = min(ours, fidmix(given.program, given.device))
        cubic = min(cubic, least(lambda: work.step(True), given.rounds))
        rolled = min(rolled, least(lambda: work.step(False), given.rounds))
    print(f"{ITEMS} x {POINTS} points; NumPy {np.__version__}, one thread")
    print(f"fidmix                  {ours:10.0f} us")
    print(f"NumPy, cubic shift      {cubic:10.0f} us   {cubic / ours:6.1f} x")
    print(f"NumPy, rolled           {rolled:10.0f} us   {rolled / ours:6.1f} x")


if __name__ == "__main__":
    main()
