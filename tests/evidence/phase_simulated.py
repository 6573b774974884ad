#!/usr/bin/env python3
"""Automatic phase on simulated FIDs: how often is every line within 5 degrees?

usage: phase_simulated.py FIDMIX [--fids 1000] [--seed 1] [--acme 0] [--method lines] [--keep FOLDER]

Simulates FIDs of every compound of data/spin_systems.yml with DSS, 600 MHz, p0 in +-180 and p1 in +-90
degrees, SNR (highest line over noise after 0.3 Hz) uniform on 10 to 300, one FID in five with a water
line a hundred times the highest line; processes them up to the phase and compares the angles with
truth.csv. The error p0 + p1 j / N is linear in the position, so it is largest at the outermost lines;
those are taken from the shifts in data/spin_systems.yml (DSS at 0 ppm is a line). Prints the rate within
5 and 10 degrees with its 95 % interval (Wilson), by SNR and water. --acme N runs nmrglue's ACME on the
first N of the same spectra. Needs numpy, PyYAML; h5py and nmrglue for --acme.
"""
import argparse
import csv
import os
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
SPINS = os.path.join(HERE, "..", "..", "data", "spin_systems.yml")
FIELD_MHZ, CENTRE_PPM, WIDTH_PPM, POINTS = 600.0, 4.7, 12.0, 16384
GROUPS = 50


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")


def shifts():
    """Lowest and highest shift of each compound, ppm."""
    with open(SPINS, encoding="utf-8") as file:
        document = yaml.safe_load(file)
    found = {}

    def walk(node, name):
        if isinstance(node, dict):
            name = node.get("name", name) if isinstance(node.get("name"), str) else name
            if "ppm" in node and name:
                found.setdefault(name, []).append(float(node["ppm"]))
            for value in node.values():
                walk(value, name)
        elif isinstance(node, list):
            for value in node:
                walk(value, name)

    walk(document, None)
    return {name: (min(v), max(v)) for name, v in found.items()}


def wilson(k, n):
    if n == 0:
        return 0.0, 0.0
    z, p = 1.96, k / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return middle - half, middle + half


def position(ppm):
    """j / N of a shift."""
    return (CENTRE_PPM + WIDTH_PPM / 2 - ppm) / WIDTH_PPM


def worst_error(found, truth, ends):
    worst = 0.0
    for ppm in ends:
        x = position(ppm)
        e = (found[0] - truth[0]) + (found[1] - truth[1]) * x
        worst = max(worst, abs((e + 180.0) % 360.0 - 180.0))
    return worst


def report(label, errors):
    k5, k10, n = int((errors <= 5).sum()), int((errors <= 10).sum()), len(errors)
    low, high = wilson(k5, n)
    print(f"{label:24s} {n:5d} FIDs  within 5 deg {100 * k5 / max(n, 1):5.1f} % ({100 * low:.1f}-{100 * high:.1f})"
          f"  within 10 deg {100 * k10 / max(n, 1):5.1f} %  median {np.median(errors) if n else 0:5.2f} deg")


def acme(path):
    """Angles that nmrglue's ACME finds on the spectrum as fidmix makes it: the whole group delay as a
    phase ramp (nmrglue's own filter removal drops its fraction, which is a first-order phase)."""
    import nmrglue
    dic, data = nmrglue.bruker.read(path)
    delay = float(dic["acqus"]["GRPDLY"])
    time = (np.arange(len(data)) - delay) / float(dic["acqus"]["SW_h"])
    n = 2 * POINTS
    spectrum = np.fft.fftshift(np.fft.fft(data * np.exp(-np.pi * 0.3 * time), n))
    spectrum *= np.exp(2j * np.pi * np.arange(-n // 2, n // 2) * delay / n)
    _, angles = nmrglue.proc_autophase.autops(spectrum[::-1], "acme", return_phases=True, disp=False)
    return angles


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("fidmix")
    parser.add_argument("--fids", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--acme", type=int, default=0)
    parser.add_argument("--method", default="lines")
    parser.add_argument("--set", action="append", default=[], help="as for fidmix process")
    parser.add_argument("--keep")
    a = parser.parse_args()
    folder = a.keep or tempfile.mkdtemp(prefix="fidmix-phase-")
    random = np.random.default_rng(a.seed)
    ends_of = shifts()
    names = sorted(n for n in ends_of if n not in ("DSS", "TSP", "TMS"))
    each = (a.fids + GROUPS - 1) // GROUPS
    errors, snrs, waters, acme_errors = [], [], [], []
    for group in range(GROUPS):
        raw, out = os.path.join(folder, f"raw{group}"), os.path.join(folder, f"found{group}.csv")
        snr = float(random.uniform(10, 300))
        water = 100.0 if group % 5 == 0 else 1.0
        chosen = [names[k] for k in random.permutation(len(names))[:each]]
        if not os.path.isdir(raw):
            run([a.fidmix, "simulate", "--spins", SPINS, "--out", raw, "--only",
                 ",".join(n.replace(",", "\\,") for n in chosen if "," not in n),
                 "--field-mhz", str(FIELD_MHZ), "--points", str(POINTS), "--snr", str(snr), "--water", str(water),
                 "--phase-error", "180:90", "--seed", str(a.seed * 1000 + group), "--quiet"])
        h5 = os.path.join(folder, f"set{group}.h5")
        if os.path.exists(h5):
            os.remove(h5)
        run([a.fidmix, "process", raw, "--out", h5, "--csv", out, "--quiet", "--set",
             f"process.autophase.method={a.method}", *(w for o in a.set for w in ("--set", o))])
        with open(os.path.join(raw, "truth.csv"), encoding="utf-8") as file:
            truth = {row["path"]: row for row in csv.DictReader(file)}
        with open(out, encoding="utf-8") as file:
            for row in csv.DictReader(file):
                path = os.path.relpath(row["source"], raw)
                t = truth[path]
                ends = (0.0,) + ends_of[t["compound"]]
                true = (float(t["p0_deg"]), float(t["p1_deg"]))
                errors.append(worst_error((float(row["p0_deg"]), float(row["p1_deg"])), true, ends))
                snrs.append(snr)
                waters.append(water)
                if len(acme_errors) < a.acme:
                    angles = acme(row["source"])
                    acme_errors.append(worst_error((angles[0], angles[1]), true, ends))
                if errors[-1] > 5 and a.keep:
                    print(f"  {path:32s} SNR {snr:5.0f} water {water:3.0f} error {errors[-1]:6.1f}  found "
                          f"{row['p0_deg']} {row['p1_deg']} true {true[0]:.1f} {true[1]:.1f}")
    errors, snrs, waters = np.array(errors), np.array(snrs), np.array(waters)
    report(f"{a.method}, seed {a.seed}", errors)
    for low, high in ((10, 30), (30, 100), (100, 301)):
        report(f"  SNR {low} to {high}", errors[(snrs >= low) & (snrs < high)])
    report("  water x 100", errors[waters == 100])
    report("  water x 1", errors[waters == 1])
    if acme_errors:
        report("nmrglue ACME", np.array(acme_errors))
    if not a.keep:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
