#!/usr/bin/env python3
"""Compares the spectra that fidmix makes of FIDs with the vendor's processed files of the same
measurements, both read by fidmix, in ppm: JCAMP-DX (x.fid.dx beside x.dx) and Spinsolve (data.1d beside
spectrum.1d). For Bruker see compare_1r.py; no JEOL file with a processed one was at hand.

usage: compare_pairs.py FIDMIX DATA        (DATA: ../shared/data)

Both go through the recipe `process` without its reference stage, which would move an axis. Of the strong
lines (as in compare_1r.py) it prints the largest distance to the nearest maximum of the other, in points
of the coarser of the vendor's axis and the FID's plain transform, and the correlation. Where the spectrum was referenced after the FID was written (the
files' own ##$SF= differ), the axes are compared after that difference ("moved"). Needs numpy, scipy, h5py.
"""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

import h5py
import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from compare_1r import flat, line_distance, region  # noqa: E402

RECIPE = """fidmix: 1
name: pairs
seed: 1
axis: {nucleus: 1H, first_ppm: 12, last_ppm: -1, points: 65001}
process:
  - digital_filter: {mode: phase_ramp}
  - apodisation: {window: exponential, lb_hz: 0.3}
  - zero_filling: {factor: 2, first_point: 0.5}
  - fft
  - autophase: {method: lines}
  - noise
  - baseline: {method: percentile}
  - resample: {method: linear, outside: zero}
"""


def pairs(data):
    for path in sorted(glob.glob(os.path.join(data, "jcamp", "*", "1h.fid.dx"))):
        if os.path.exists(path.replace(".fid.dx", ".dx")):
            yield path, path.replace(".fid.dx", ".dx")
    for path in sorted(glob.glob(os.path.join(data, "spinsolve", "*", "spectrum.1d"))):
        yield os.path.dirname(path), path


def process(program, paths, folder):
    out = os.path.join(folder, "out.h5")
    recipe = os.path.join(folder, "recipe.yml")
    with open(recipe, "w", encoding="utf-8") as file:
        file.write(RECIPE)
    subprocess.run([program, "process", *paths, "--recipe", recipe, "--out", out, "--quiet"], check=True,
                   stderr=subprocess.DEVNULL)
    with h5py.File(out) as file:
        spectra = dict(zip([s.decode() for s in file["source"][:]], file["spectra"][:].astype(float)))
        return file["ppm"][:], spectra


def step_of(program, path):
    """Distance of points in ppm: of a spectrum its axis', of a decay that of its plain transform."""
    said = subprocess.run([program, "info", path, "--json"], check=True, capture_output=True).stdout
    item = json.loads(said)[0]
    if "ppm_first" in item:
        return (item["ppm_first"] - item["ppm_last"]) / (item["points"] - 1)
    return item["sw_hz"] / item["points"] / item["obs_mhz"]


def reference(path):
    """Where ##$SF= puts 0 ppm, in ppm of ##$BF1=; 0 where the file has neither."""
    if os.path.isdir(path) or not path.endswith("dx"):
        return 0.0
    with open(path, encoding="latin1") as file:
        found = dict(re.findall(r"##\$(SF|BF1)= *([0-9.]+)", file.read()))
    return 1e6 * (float(found["SF"]) / float(found["BF1"]) - 1) if len(found) == 2 else 0.0


def main():
    program, data = sys.argv[1:3]
    both = list(pairs(data))
    with tempfile.TemporaryDirectory() as folder:
        ppm, spectra = process(program, [path for pair in both for path in pair], folder)
    beyond = []
    for decay, processed in both:
        ours, theirs = spectra[decay], spectra[processed]
        fine = ppm[0] - ppm[1]
        step = max(step_of(program, processed), step_of(program, decay))
        moved = reference(processed) - reference(decay)
        ours = np.interp(ppm, (ppm - moved)[::-1], ours[::-1])
        keep = region(ppm)
        r = np.corrcoef(flat(ours, fine)[keep], flat(theirs, fine)[keep])[0, 1]
        distance = line_distance(theirs, ppm, ours, ppm) * fine / step
        beyond.append(distance > 1)
        print(f"{os.path.relpath(decay, data):48s} lines {distance:5.2f} points of {step:.5f} ppm  r {r:.4f}"
              f"{f'  moved {moved:.4f} ppm' if moved else ''}")
    print(f"{len(beyond)} pairs; a strong line further than a point: {sum(beyond)}")


if __name__ == "__main__":
    main()
