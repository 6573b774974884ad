#!/usr/bin/env python3
"""`fidmix augment` against a plain copy of the file that it writes, in turns, in one folder.

    python3 bench/peers/augment_copy.py [--program build/release/fidmix] [--folder .] [--copies 600] [--rounds 5]

29 spectra of 21800 points; shift + scale + noise + normalise, COPIES of each (600: 1.5 GB). fidmix writes
beside the target, syncs and renames; the copy is `cp` and a sync of the copy. Each is preceded by a
sync of everything. Times are wall times of whole commands, the start of the program and of its device
included; the least of the rounds counts. "without sync" is cp alone, into the page cache. Needs h5py.
"""
import argparse
import os
import subprocess
import tempfile
import time

import h5py
import numpy as np

RECIPE = """fidmix: 1
name: copy
augment:
  - augmentation:
      copies: {copies}
      shift_ppm: [-0.05, 0.05]
      amplitude: [0.2, 5]
      noise: [1.0e-3, 1.0e-2]
      normalise: max
"""


def timed(*commands):
    subprocess.run(["sync"], check=True)
    begin = time.perf_counter()
    for command in commands:
        subprocess.run(command, check=True)
    return time.perf_counter() - begin


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", default="build/release/fidmix")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--folder", default=".")
    parser.add_argument("--copies", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    least = {"augment": 1e9, "copied": 1e9, "unsynced": 1e9}
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        source, made, copy = (os.path.join(folder, n) for n in ("in.h5", "out.h5", "copy.h5"))
        recipe = os.path.join(folder, "recipe.yml")
        with h5py.File(source, "w") as file:
            file["spectra"] = np.random.default_rng(1).random((29, 21800), dtype=np.float32)
            file["ppm"] = np.linspace(10, 0, 21800)
        with open(recipe, "w", encoding="ascii") as file:
            file.write(RECIPE.format(copies=given.copies))
        for _ in range(given.rounds):
            if os.path.exists(made):
                os.remove(made)
            least["augment"] = min(least["augment"], timed(
                [given.program, "augment", source, "--out", made, "--recipe", recipe,
                 "--device", given.device, "--quiet"]))
            least["copied"] = min(least["copied"], timed(
                ["cp", "--reflink=never", made, copy], ["sync", copy]))
            os.remove(copy)
            least["unsynced"] = min(least["unsynced"], timed(["cp", "--reflink=never", made, copy]))
            os.remove(copy)
        size = os.path.getsize(made)
    for name, what in (("augment", "fidmix augment"), ("copied", "cp, synced"),
                       ("unsynced", "cp, without sync")):
        print(f"{what:18s} {least[name]:7.2f} s {size / least[name] / 1e6:8.0f} MB/s"
              f" {100 * least[name] / least['augment']:6.0f} %")
    print("(%: fidmix's rate in that of the copy)")


if __name__ == "__main__":
    main()
