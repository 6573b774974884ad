#!/usr/bin/env python3
"""How much memory reading a large file takes, as a multiple of its size.

usage: reading_memory.py FIDMIX [POINTS]        (default 4194304)

A decay of POINTS complex points of noise goes through `fidmix convert` into every format that fidmix writes, and
a Bruker folder into zip archives, packed and stored. Each is read by `fidmix info` (parameters) and by `fidmix
convert` to npy (points); the table has the largest resident set of the process, less that of `fidmix --version`,
over the bytes of the file. Needs numpy.
"""
import os
import subprocess
import sys
import tempfile
import zipfile

import numpy as np


# a small process of its own measures: a child begins with the resident set of what it was forked from
MEASURE = """import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
_, status, used = os.wait4(process.pid, 0)
print(used.ru_maxrss, status)"""


def peak_kib(*command):
    said = subprocess.run([sys.executable, "-S", "-c", MEASURE, *command], check=True, capture_output=True).stdout
    peak, status = said.split()
    if int(status) != 0:
        sys.exit(f"{' '.join(command)}: status {int(status)}")
    return int(peak)


def write_nmrpipe(path, points):
    header = np.zeros(512, "<f4")
    # format, byte order, dimensions, points, width, last point (Hz), frequency (MHz)
    header[[1, 2, 9, 99, 100, 101, 119]] = 4008636160, 2.345, 1, points, 8000, 500, 500
    values = np.random.default_rng(7).normal(scale=1e4, size=2 * points).astype("<f4")
    with open(path, "wb") as file:
        file.write(header.tobytes() + np.round(values).astype("<f4").tobytes())


def archive(path, folder, method):
    with zipfile.ZipFile(path, "w", method) as out:
        for below, _, names in os.walk(folder):
            for name in names:
                full = os.path.join(below, name)
                out.write(full, os.path.relpath(full, folder))


def main():
    program = sys.argv[1]
    points = int(sys.argv[2]) if len(sys.argv) > 2 else 1 << 22
    idle = peak_kib(program, "--version")
    with tempfile.TemporaryDirectory() as folder:
        at = lambda name: os.path.join(folder, name)  # noqa: E731
        write_nmrpipe(at("a.fid"), points)
        subprocess.run([program, "convert", at("a.fid"), at("a.dx"), "--quiet"], check=True)
        subprocess.run([program, "convert", at("a.fid"), at("bruker/1"), "--quiet"], check=True)
        archive(at("packed.zip"), at("bruker"), zipfile.ZIP_DEFLATED)
        archive(at("stored.zip"), at("bruker"), zipfile.ZIP_STORED)
        print(f"{points} complex points, {points * 8 / 1e6:.0f} MB of them in memory")
        print(f"{'file':12s} {'MB':>7s} {'parameters':>11s} {'points':>7s}")
        for name, measured in (("a.fid", "a.fid"), ("a.dx", "a.dx"), ("bruker/1", "bruker/1/fid"),
                               ("packed.zip", "packed.zip"), ("stored.zip", "stored.zip")):
            size = os.path.getsize(at(measured))
            parameters = peak_kib(program, "info", at(name)) - idle
            read = peak_kib(program, "convert", at(name), at("out.npy")) - idle
            os.remove(at("out.npy"))
            print(f"{name:12s} {size / 1e6:7.1f} {1024 * parameters / size:10.2f}x {1024 * read / size:6.2f}x")


if __name__ == "__main__":
    main()
