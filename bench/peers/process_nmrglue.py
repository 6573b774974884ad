#!/usr/bin/env python3
"""FID -> spectrum: fidmix against the same chain in nmrglue, on the same files, in one run.

usage: process_nmrglue.py FIDMIX [--fids 64] [--peer-fids 3] [--rounds 11] [--keep FOLDER]

Makes FIDs of metabolites with `fidmix simulate` (600 MHz, 32768 complex points, SNR 100, phase errors),
processes them to 65536 points with `fidmix process`, and times nmrglue on a few of them, stage by
stage: digital filter, exponential window, zero-filling, FFT | ACME phase | median baseline (24, 24,
5). Before any time is printed the phases are compared: each program's spectrum is scored by ACME's
own objective, and fidmix must be equal or better in the median. Times of fidmix are those of its own
kernels by stage (--profile) and the wall time of whole runs, medians of the rounds; nmrglue runs
between the rounds. Needs numpy, nmrglue, h5py.
"""
import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import nmrglue
import numpy as np

POINTS = 65536
LB_HZ = 0.3


def acme_objective(spectrum):
    """Entropy of the normalised first derivative plus ACME's penalty, nmrglue's own weights."""
    from nmrglue.process.proc_autophase import _ps_acme_score
    return _ps_acme_score((0.0, 0.0), spectrum)


def peer_chain(path):
    """Times in seconds of the three parts, and the phased spectrum."""
    dic, data = nmrglue.bruker.read(path)
    t = [time.perf_counter()]
    data = nmrglue.bruker.remove_digital_filter(dic, data)
    sw = float(dic["acqus"]["SW_h"])
    data = nmrglue.proc_base.em(data, lb=LB_HZ / sw)
    data = nmrglue.proc_base.zf_size(data, POINTS)
    data = nmrglue.proc_base.fft(data)
    data = nmrglue.proc_base.rev(data)
    t.append(time.perf_counter())
    data = nmrglue.proc_autophase.autops(data, "acme", disp=False)
    t.append(time.perf_counter())
    flat = nmrglue.proc_bl.med(data.real, 24, 24, 5)
    flat = flat / np.abs(flat).max()
    t.append(time.perf_counter())
    return np.diff(t), data


def run(command):
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")
    return time.perf_counter() - start, done.stderr


def stage_times(profile):
    """Milliseconds by stage from the table that --profile prints."""
    times = {}
    for line in profile.splitlines():
        match = re.match(r"^(\S+) +(\S+) +(\S+) +(\d+) +([0-9.]+) ", line)
        if match:
            times[match[1]] = times.get(match[1], 0.0) + float(match[5])
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("fidmix")
    parser.add_argument("--fids", type=int, default=64)
    parser.add_argument("--peer-fids", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--keep")
    a = parser.parse_args()
    folder = a.keep or tempfile.mkdtemp(prefix="fidmix-bench-")
    here = os.path.dirname(os.path.abspath(__file__))
    spins = os.path.join(here, "..", "..", "data", "spin_systems.yml")
    raw = os.path.join(folder, "raw")
    if not os.path.isdir(raw):
        run([a.fidmix, "simulate", "--spins", spins, "--out", raw, "--field-mhz", "600", "--points",
             "32768", "--snr", "100", "--seed", "1", "--quiet"])
    paths = sorted(glob.glob(os.path.join(raw, "*", "1")))[: a.fids]
    if len(paths) < a.fids:
        sys.exit(f"{len(paths)} FIDs in {raw}, {a.fids} wanted")
    out = os.path.join(folder, "spectra.h5")
    command = [a.fidmix, "process", *paths, "--out", out, "--quiet"]
    walls, stages, peers, objectives = [], [], [], []
    if os.path.exists(out):
        os.remove(out)
    run(command)  # compiles what is not compiled yet
    for k in range(a.rounds):
        os.remove(out)
        walls.append(run(command)[0])
        os.remove(out)
        stages.append(stage_times(run([*command, "--profile"])[1]))
        if k < a.peer_fids:
            times, spectrum = peer_chain(paths[k])
            peers.append(times)
            objectives.append(acme_objective(spectrum))
    names = sorted(stages[0])
    ours = {n: np.median([s.get(n, 0.0) for s in stages]) / a.fids for n in names if n != "total"}
    phase, baseline = ours.get("autophase", 0.0), ours.get("baseline", 0.0)
    rest = sum(ours.values()) - phase - baseline
    peer = np.median(peers, axis=0) * 1e3
    wall = np.median(walls) * 1e3 / a.fids
    print(f"nmrglue {nmrglue.__version__}, {a.peer_fids} FIDs; fidmix, {a.fids} FIDs, medians of {a.rounds} rounds; "
          "ms per FID")
    print(f"{'part':10s} {'nmrglue':>10s} {'fidmix':>10s} {'ratio':>8s}")
    for name, theirs, mine in (("phase", peer[1], phase), ("baseline", peer[2], baseline),
                               ("rest", peer[0], rest), ("kernels", peer.sum(), sum(ours.values())),
                               ("wall", peer.sum(), wall)):
        print(f"{name:10s} {theirs:10.2f} {mine:10.3f} {theirs / mine if mine else float('nan'):7.1f}x")
    print("by stage: " + ", ".join(f"{n} {ours[n]:.3f}" for n in sorted(ours, key=ours.get, reverse=True)))
    print(f"ACME objective of nmrglue's spectra, median: {np.median(objectives):.4g}")
    if not a.keep:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
