#!/usr/bin/env python3
"""The recipe s2_toy on 20 drawn libraries: share of the labels of held-out mixtures that are named, beside
least squares and a table look-up. Usage: toy_libraries.py PROGRAM FOLDER [--libraries 20]"""
import argparse
import json
import math
import os
import subprocess

parser = argparse.ArgumentParser()
parser.add_argument("program")
parser.add_argument("folder")
parser.add_argument("--libraries", type=int, default=20)
parser.add_argument("--items", type=int, default=1400)
args = parser.parse_args()
os.makedirs(args.folder, exist_ok=True)
hits = labels = 0
for library in range(args.libraries):
    model = os.path.join(args.folder, f"toy{library}.safetensors")
    subprocess.run([args.program, "train", "--recipe", "s2_toy", "--out", model, "--quiet", "--resume",
                    "--set", f"multiplets.library={library}"], check=True)
    run = subprocess.run([args.program, "evaluate", model, "--out", model + ".html", "--overwrite",
                          "--json", "--quiet", "--items", str(args.items)], check=True,
                         capture_output=True, text=True)
    share = {f["method"]: f["value"] for f in json.loads(run.stdout)["figures"]
             if f["name"] == "labels_any_order"}
    hits += share["network"] * 3 * args.items
    labels += 3 * args.items
    print(library, {method: round(value, 4) for method, value in share.items()}, flush=True)
p, z = hits / labels, 1.959963984540054
middle = (p + z * z / (2 * labels)) / (1 + z * z / labels)
half = z / (1 + z * z / labels) * math.sqrt(p * (1 - p) / labels + z * z / (4 * labels ** 2))
print(f"{100 * p:.3f} % of {labels} labels ({100 * (middle - half):.3f} to {100 * (middle + half):.3f})")
