#!/usr/bin/env python3
"""What one runtime makes of three spectra, to hold the others against: tests/test_augmentation.c

    python3 tests/golden/make_augmentation.py build/release/fidmix

writes augmentation_input.npy, float32 [3][500], and augmentation.npy, float32 [9][500]: three copies of
each, by `fidmix augment --device Portable` with the recipe below. Made with PoCL 3.1 (LLVM 14) on a CPU
with AVX-512, NumPy 2.4, h5py 3.16; NumPy's seed is 7.
"""
import os
import subprocess
import sys
import tempfile

import h5py
import numpy as np

RECIPE = """fidmix: 1
name: golden
seed: 11
augment:
  - augmentation:
      copies: 3
      shift_ppm: [-0.3, 0.3]
      stretch: [-0.015, 0.015]
      warp_ppm: [-0.1, 0.1]
      warp_knots: 5
      baseline: [-0.05, 0.05]
      baseline_order: 4
      ripple: [0.01, 0.02]
      noise: [1.0e-3, 1.0e-2]
      noise_distribution: log_uniform
      slow_noise: [1.0e-3, 1.0e-2]
      slow_noise_knots: 30
      amplitude: [0.2, 5]
      normalise: area
"""


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    random = np.random.default_rng(7)
    ppm = np.linspace(10, 0, 500)
    spectra = np.zeros((3, 500), np.float32)
    for row in spectra:
        for _ in range(8):
            at, width, height = random.uniform(0, 10), random.uniform(0.03, 0.2), random.random()
            row += (height / (1 + ((ppm - at) / width) ** 2)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        with h5py.File(folder + "/in.h5", "w") as file:
            file["spectra"] = spectra
            file["ppm"] = ppm
        with open(folder + "/r.yml", "w", encoding="ascii") as file:
            file.write(RECIPE)
        subprocess.run([sys.argv[1], "augment", folder + "/in.h5", "--out", folder + "/out.h5",
                        "--recipe", folder + "/r.yml", "--device", "Portable", "--quiet"],
                       check=True)
        with h5py.File(folder + "/out.h5") as file:
            np.save(here + "/augmentation.npy", file["spectra"][:])
    np.save(here + "/augmentation_input.npy", spectra)


if __name__ == "__main__":
    main()
