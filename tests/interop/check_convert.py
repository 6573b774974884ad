#!/usr/bin/env python3
"""What `fidmix convert` writes, read by nmrglue: every value must be the one of the .npy file.

usage: check_convert.py FIDMIX MEASUREMENT      (a FID that does not turn the other way)

Run with nmrglue 0.12 and NumPy 2: NMRPipe and JCAMP-DX (DIF/DUP) of a Bruker FID come back equal.
"""
import os
import subprocess
import sys
import tempfile

import nmrglue as ng
import numpy as np


def main():
    program, measurement = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as folder:
        paths = {kind: os.path.join(folder, "a." + kind) for kind in ("npy", "fid", "dx")}
        for path in paths.values():
            subprocess.run([program, "convert", measurement, path, "--quiet"], check=True)
        points = np.load(paths["npy"])
        _, pipe = ng.pipe.read(paths["fid"])
        _, pages = ng.jcampdx.read(paths["dx"])
        jcamp = np.array(pages[0]) + 1j * np.array(pages[1])
    # whole numbers come back; others are rounded to 2^-30 of the largest
    tolerance = 2.0 ** -30 * np.abs(points).max()
    results = {
        "NMRPipe": np.array_equal(pipe, points),
        "JCAMP-DX": jcamp.shape == points.shape and np.abs(jcamp - points).max() <= tolerance,
    }
    for name, same in results.items():
        print(f"{name}: {'equal' if same else 'DIFFERENT'}, {len(points)} points")
    sys.exit(0 if all(results.values()) else 1)


if __name__ == "__main__":
    main()
