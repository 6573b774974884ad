#!/usr/bin/env python3
"""`fidmix train --tensorboard DIR` against TensorBoard's own reader: every figure of OUT.history.csv must be a
scalar of its column's name at its epoch, equal in single precision.

usage: check_tensorboard.py FIDMIX

Needs tensorboard and NumPy (run with 2.15.2, 1.26); says "skipped" and ends with 0 without them.
"""
import csv
import math
import os
import subprocess
import sys
import tempfile

try:
    import numpy as np
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(0)

with tempfile.TemporaryDirectory() as folder:
    model = os.path.join(folder, "m.safetensors")
    log = os.path.join(folder, "log")
    subprocess.run([sys.argv[1], "train", "--recipe", "s2_toy", "--out", model, "--tensorboard", log, "--quiet",
                    "--set", "train.epochs=3", "--set", "train.items=640", "--set", "train.validation_items=64"],
                   check=True)
    events = EventAccumulator(log)
    events.Reload()
    rows = list(csv.DictReader(open(model + ".history.csv")))
    compared = 0
    for row in rows:
        for name, text in row.items():
            if name == "epoch" or not text or not math.isfinite(float(text)):
                continue
            found = [e.value for e in events.Scalars(name) if e.step == int(row["epoch"])]
            assert len(found) == 1 and np.float32(found[0]) == np.float32(float(text)), (name, row["epoch"], found, text)
            compared += 1
    assert len(rows) == 3 and compared > 3, (len(rows), compared)
    print(f"ok: {compared} figures of {len(rows)} epochs")
