#!/usr/bin/env python3
"""Compares processed spectra with the ones that TopSpin made of the same FIDs.

usage: compare_1r.py REAL.h5 FOLDER [--csv OUT.csv]

REAL.h5 comes from `fidmix process FOLDER --out REAL.h5`. For every 1H row with a phased TopSpin
spectrum (pdata/1/1r) beside its FID it prints
  r      correlation over 0.5-9.5 ppm without 4.5-5.2, both spectra on TopSpin's axis and after
         subtracting a rolling 30th percentile (0.3 ppm)
  lines  of the strong lines (local maxima of 1r, in the same region and after the same subtraction,
         above a tenth of the highest, at most 20, at least 0.02 ppm apart), the largest distance to
         the nearest local maximum of ours, in points of the coarser axis. Without the subtraction
         every ripple on the flank of the water beside the gap is higher than a tenth of the lines.
Where fidmix referenced a spectrum (line_width_hz is that of the reference line; only axes that TopSpin's
user left at the transmitter's are touched) 1r gets the same reference: its own highest point within
0.3 ppm of zero is put to zero ("moved"). The axes of all others are compared as they are. It prints these,
and at the end the median of r, how many are below 0.99 and 0.9, and how many rows have a line
further than one point. Needs numpy, scipy, h5py.
"""
import argparse
import os
import re
import sys

import h5py
import numpy as np
from scipy.ndimage import percentile_filter
from scipy.signal import find_peaks


def parameters(path):
    found = {}
    with open(path, encoding="latin1") as lines:
        for line in lines:
            match = re.match(r"##\$(\w+)= *(.*)", line)
            if match:
                found[match[1]] = match[2].strip()
    return found


def read_1r(folder):
    """Spectrum and ppm axis (descending) of pdata/1, or None."""
    path = os.path.join(folder, "pdata", "1")
    if not os.path.exists(os.path.join(path, "1r")):
        return None
    procs = parameters(os.path.join(path, "procs"))
    kind = ">i4" if procs.get("BYTORDP", "0") == "1" else "<i4"
    data = np.fromfile(os.path.join(path, "1r"), kind).astype(float)
    sf = float(procs["SF"])
    step = float(procs["SW_p"]) / sf / int(procs["SI"])
    return data, float(procs["OFFSET"]) - step * np.arange(len(data)), procs


def is_phased(procs):
    """PH_mod 1 is a phase correction; 0 none, 2 magnitude, 3 power."""
    return procs.get("PH_mod", "1") == "1"


def flat(y, step):
    window = max(3, int(round(0.3 / abs(step))))
    stride = max(1, window // 300)
    coarse = percentile_filter(y[::stride], 30, size=max(3, window // stride))
    return y - np.interp(np.arange(len(y)), np.arange(0, len(y), stride), coarse)


def region(ppm):
    return (ppm > 0.5) & (ppm < 9.5) & ~((ppm > 4.5) & (ppm < 5.2))


def vertex(y, k):
    """Position of a local maximum by a parabola through three points, in points."""
    if k < 1 or k > len(y) - 2:
        return float(k)
    a, b, c = y[k - 1], y[k], y[k + 1]
    bend = a - 2 * b + c
    return k + (0.5 * (a - c) / bend if bend else 0.0)


def to_reference(data, ppm):
    """The axis on which the highest point within 0.3 ppm of zero is zero."""
    near = np.flatnonzero(np.abs(ppm) < 0.3)
    apex = vertex(data, near[np.argmax(data[near])])
    return ppm - np.interp(apex, np.arange(len(ppm)), ppm)


def line_distance(theirs, their_ppm, ours, our_ppm):
    their_step, our_step = abs(np.diff(their_ppm).mean()), abs(np.diff(our_ppm).mean())
    keep = region(their_ppm)
    theirs = flat(theirs, their_step)
    gap = max(1, int(0.02 / their_step))
    peaks, facts = find_peaks(np.where(keep, theirs, 0), height=0.1 * theirs[keep].max(), distance=gap)
    peaks = peaks[np.argsort(-facts["peak_heights"])][:20]
    maxima, _ = find_peaks(ours, height=0.02 * ours[region(our_ppm)].max())
    if not len(maxima) or not len(peaks):
        return np.nan
    place = np.interp([vertex(ours, k) for k in maxima], np.arange(len(our_ppm)), our_ppm)
    worst = 0.0
    for k in peaks:
        at = np.interp(vertex(theirs, k), np.arange(len(their_ppm)), their_ppm)
        worst = max(worst, np.abs(place - at).min())
    return worst / max(their_step, our_step)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("dataset")
    parser.add_argument("folder")
    parser.add_argument("--csv")
    arguments = parser.parse_args()
    rows = []
    with h5py.File(arguments.dataset) as file:
        ppm = file["ppm"][:]
        sources = [s.decode() if isinstance(s, bytes) else s for s in file["source"][:]]
        for i, source in enumerate(sources):
            folder = source if os.path.isdir(source) else os.path.join(arguments.folder, source)
            found = read_1r(folder)
            if found is None or not is_phased(found[2]):
                continue
            theirs, their_ppm, _ = found
            moved = float(file["line_width_hz"][i]) > 0
            if moved:
                their_ppm = to_reference(theirs, their_ppm)
            ours = file["spectra"][i].astype(float)
            keep = region(their_ppm)
            resampled = np.interp(their_ppm[::-1], ppm[::-1], ours[::-1])[::-1]
            step = their_ppm[0] - their_ppm[1]
            r = np.corrcoef(flat(resampled, step)[keep], flat(theirs, step)[keep])[0, 1]
            rows.append((os.path.relpath(folder, arguments.folder), r,
                         line_distance(theirs, their_ppm, ours, ppm),
                         float(file["p0_deg"][i]), float(file["p1_deg"][i]), moved))
    if not rows:
        sys.exit("no row has a phased 1r beside it")
    for name, r, distance, p0, p1, moved in sorted(rows, key=lambda row: row[1]):
        print(f"{name:52s} r {r:.4f}  lines {distance:5.2f} points  p0 {p0:7.1f}  p1 {p1:7.1f}"
              f"{'  moved' if moved else ''}")
    r = np.array([row[1] for row in rows])
    distance = np.array([row[2] for row in rows])
    print(f"{len(rows)} spectra: median r {np.median(r):.4f}, below 0.99: {(r < 0.99).sum()}, below 0.9: "
          f"{(r < 0.9).sum()}; a strong line beyond one point of the coarser axis: {(distance > 1).sum()}")
    if arguments.csv:
        with open(arguments.csv, "w", encoding="utf-8") as out:
            out.write("spectrum,r,lines_points,p0_deg,p1_deg\n")
            out.writelines(f"{n},{a:.5f},{d:.3f},{p:.2f},{q:.2f}\n" for n, a, d, p, q, _ in rows)


if __name__ == "__main__":
    main()
