"""Golden hits of tests/test_multiplet_scan.c: the formulas of docs/stages/multiplet_scan.md with numpy in
double, patterns drawn here too.

    python tests/golden/make_multiplet_scan.py      (seed 8; written with numpy 2.4.6, scipy 1.17.1)

multiplet_scan_lines.npy [lines][3]: multiplet, ppm, protons; multiplet_scan_spectra.npy [2][2401], the
axis 4.2 to 3.0 ppm; multiplet_scan_hits.npy [2][14][2][4]: shift, amplitude, correlation, height. Lines
of 1.5 Hz at 600 MHz, reach 40, quantile 0.15, centres 0.3 and 6.4. float32.
"""
import os

import numpy as np
from scipy.ndimage import maximum_filter1d

HERE = os.path.dirname(os.path.abspath(__file__))
POINTS, FIRST, LAST, FIELD, WIDTH_HZ = 2401, 4.2, 3.0, 600.0, 1.5
STEP = (FIRST - LAST) / (POINTS - 1)
HALF = WIDTH_HZ / FIELD / STEP / 2  # points
REACH, QUANTILE, CENTRES = 40, 0.15, (0.3, 6.4)


def make_lines(rng):
    """[multiplet, ppm, protons]; lines of one multiplet rise by 2 to 8 Hz."""
    rows = []
    for m in range(14):
        ppm = 3.05 + 0.08 * m
        for _ in range((1, 2, 3, 4, 8, 16, 1)[m % 7]):
            rows.append((m, ppm, rng.uniform(0.3, 1.2)))
            ppm += rng.uniform(2, 8) / FIELD
    return np.array(rows, "f4").astype(float)


def draw(lines):
    """Heights and first point of a multiplet: Lorentzians averaged over each point's cell."""
    place = (FIRST - lines[:, 1]) / STEP
    low = int(np.floor(place.min() - 8 * HALF))
    high = int(np.ceil(place.max() + 8 * HALF))
    x = np.arange(low, high + 1)[:, None] - place
    cell = (np.arctan((x + 0.5) / HALF) - np.arctan((x - 0.5) / HALF)) / np.pi
    return low, cell @ lines[:, 2]


def counted(heights):
    """Up to 64 of the points above 0.3, evenly."""
    at = np.flatnonzero(heights > 0.3)
    n = min(len(at), 64)
    return at[[-(-s * len(at) // n) for s in range(n)]]


def top(before, here, after):
    bend = before - 2 * here + after
    return np.clip(0.5 * (before - after) / bend, -0.499, 0.499) if bend < 0 else 0.0


def scan(obs, centre, low, drawn):
    """Both hits, and by how much the second best place is worse than each."""
    highest = drawn.max()
    heights = drawn / highest
    sample = counted(heights)
    shifts = int(np.rint(centre)) + np.arange(-REACH, REACH + 1)
    crest = maximum_filter1d(obs, 5, mode="nearest")
    amount = np.zeros(len(shifts))
    r = np.zeros(len(shifts))
    for i, s in enumerate(shifts):
        ratio = np.sort(crest[low + s + sample] / heights[sample])
        amount[i] = max(0, ratio[int(QUANTILE * (len(sample) - 1) + 0.5)])
        r[i] = np.corrcoef(obs[low + s:low + s + len(heights)], heights)[0, 1]
    d = shifts - centre
    score = amount * (0.65 * np.exp(-d**2 / (2 * 12.0**2)) + 0.35 * np.exp(-d**2 / (2 * 44.0**2)))
    hits, margins = [], []
    best = np.argmax(score)
    near = np.where(amount >= 0.6 * amount[best], r, -2)
    for at, value, allowed in ((best, score, score), (np.argmax(near), r, near)):
        inner = 0 < at < 2 * REACH
        fraction = top(value[at - 1], value[at], value[at + 1]) if inner else 0.0
        hits.append((shifts[at] + fraction, amount[at] / highest, r[at], obs[low + shifts[at] + sample].max()))
        margins.append(allowed[at] / np.sort(allowed)[-2] - 1)
    return hits, min(margins)


def main():
    rng = np.random.default_rng(8)
    lines = make_lines(rng)
    patterns = [draw(lines[lines[:, 0] == m]) for m in range(14)]
    spectra = np.zeros((2, POINTS))
    for k, centre in enumerate(CENTRES):
        for m in rng.permutation(14)[:9]:
            low, drawn = patterns[m]
            at = low + int(centre) + rng.integers(-12, 13)
            spectra[k, at:at + len(drawn)] += rng.uniform(50, 3000) * drawn
        spectra[k] += rng.normal(0, 1, POINTS) + 3 * k
    spectra = spectra.astype("f4")
    found = [[scan(spectra[k].astype(float), CENTRES[k], *p) for p in patterns] for k in range(2)]
    print("smallest margin", min(margin for row in found for _, margin in row))
    hits = np.array([[h for h, _ in row] for row in found])
    for name, table in (("lines", lines), ("spectra", spectra), ("hits", hits)):
        np.save(os.path.join(HERE, f"multiplet_scan_{name}.npy"), table.astype("<f4"))


main()
