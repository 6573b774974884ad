#!/usr/bin/env python3
"""`fidmix export` against onnxruntime: networks of all kinds of layers, trained for a moment, must give on the
same spectra what `fidmix evaluate --csv` says, within 2e-5 of a proportion.

usage: check_onnx.py FIDMIX [NAME...]

Needs onnxruntime, h5py, NumPy (run with 1.32.0, 3.12, 2.x); says "skipped" and ends with 0 without them.
float32 on both sides: sums of up to 16384 products differ in their order, by some 1e-6 of the largest
activation; a softmax does not enlarge that.
"""
import csv
import os
import subprocess
import sys
import tempfile

try:
    import h5py
    import numpy as np
    import onnxruntime
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(0)

TOLERANCE = 2e-5
POINTS = 512
HEAD = """
fidmix: 1
name: {name}
seed: 3
axis: {{nucleus: 1H, first_ppm: 9.5, last_ppm: 0.5, points: %d}}
train: {{source: rows, batch: 8, epochs: 25, validate: false, loss: [cross_entropy], optimiser: {{adam: {{learning_rate: 0.01}}}}}}
model:
""" % POINTS

MODELS = {
    "convolutions": """
  - compress: {scale: 0.05}
  - conv1d: {filters: 6, kernel: 5, stride: 2}
  - batch_norm
  - relu
  - max_pool: {window: 3, padding: same}
  - conv1d: {filters: 8, kernel: 4, dilation: 2, padding: valid}
  - batch_norm: {convention: pytorch}
  - leaky_relu
  - average_pool: {window: 2, padding: same}
  - depthwise_conv1d: {kernel: 3, dilation: 2, padding: causal}
  - elu: {alpha: 0.7}
  - depthwise_conv1d: {kernel: 5, padding: same}
  - gelu
  - depthwise_conv1d: {kernel: 3, padding: 2, bias: false}
  - locally_connected1d: {filters: 5, kernel: 4}
  - locally_connected1d: {filters: 4, kernel: 1, bias: false}
  - adaptive_average_pool: {positions: 6}
  - locally_connected1d: {filters: 4, kernel: 3, padding: valid}
  - flatten
  - dropout
  - dense: {units: 3}
  - softmax
""",
    "branches": """
  - conv1d: {name: a, filters: 4, kernel: 3}
  - selu
  - conv1d: {name: b, filters: 4, kernel: 3}
  - silu
  - conv1d: {from: spectrum, filters: 4, kernel: 7}
  - softplus: {name: c, beta: 2}
  - add: {name: d, from: [a, b, c]}
  - multiply: {name: e, from: [d, a]}
  - slice: {name: f, from: e, first: 1, count: 2}
  - split: {name: g, from: e, parts: 2, part: 1, of: positions}
  - conv1d_transpose: {name: h, from: g, filters: 3, kernel: 4, stride: 2, padding: 1}
  - concatenate: {from: [f, h, e]}
  - relu6
  - permute
  - reshape: {channels: 64}
  - tanh
  - gelu: {approximate: tanh}
  - adaptive_max_pool: {positions: 9}
  - flatten
  - dense: {units: 12}
  - prelu: {slopes: channel}
  - dense: {units: 3}
  - softmax
""",
    "normalised": """
  - conv1d: {filters: 8, kernel: 9, stride: 4}
  - group_norm: {groups: 4}
  - prelu
  - global_layer_norm
  - conv1d: {name: encoded, filters: 8}
  - layer_norm
  - conv1d: {name: masks, filters: 16, kernel: 1}
  - mask: {from: [masks, encoded], activation: softmax}
  - fold: {parts: 2}
  - conv1d: {filters: 4, kernel: 3}
  - relu
  - unfold
  - flatten
  - dense: {units: 3}
  - softmax
""",
    "lstm": """
  - fold: {parts: 16, of: positions}
  - conv1d: {filters: 4, kernel: 5, stride: 2}
  - relu
  - flatten
  - unfold: {of: positions}
  - lstm: {units: 7, layers: 2, bidirectional: true}
  - lstm: {units: 5, returns: last}
  - dense: {units: 3}
  - softmax
""",
    "gru": """
  - fold: {parts: 16, of: positions}
  - flatten
  - unfold: {of: positions}
  - gru: {units: 7, bidirectional: true}
  - gru: {units: 5, layers: 2, returns: last, bias: false}
  - dense: {units: 3}
  - softmax
""",
}


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")


def make_data(program, folder):
    raw, spectra, mixtures = (os.path.join(folder, name) for name in ("raw", "s.h5", "m.h5"))
    run(program, "simulate", "--spins", "spin_systems", "--out", raw, "--only", "Glycine,L-Alanine,L-Valine",
        "--per-compound", "6", "--quiet")
    run(program, "process", raw, "--out", spectra, "--recipe", "demo", "--set", f"axis.points={POINTS}", "--quiet")
    run(program, "mix", spectra, "--out", mixtures, "--quiet", "--set", "mixtures.split=all")
    return spectra, mixtures


def compare(program, folder, name, spectra, mixtures):
    recipe, model, onnx, table = (os.path.join(folder, name + end) for end in (".yml", ".st", ".onnx", ".csv"))
    with open(recipe, "w", encoding="utf-8") as file:
        file.write(HEAD.format(name=name) + MODELS[name])
    run(program, "train", spectra, "--recipe", recipe, "--out", model, "--quiet")
    run(program, "evaluate", model, mixtures, "--out", os.path.join(folder, name + ".html"), "--csv", table, "--quiet",
        "--bootstrap", "20")
    run(program, "export", model, "--out", onnx, "--quiet")
    with h5py.File(mixtures) as file:
        rows = file["spectra"][:]
    with open(table, encoding="utf-8") as file:
        said = np.array([float(row["predicted"]) for row in csv.DictReader(file)]).reshape(len(rows), -1)
    session = onnxruntime.InferenceSession(onnx, providers=["CPUExecutionProvider"])
    answer = session.run(None, {session.get_inputs()[0].name: rows[:, None, :].astype(np.float32)})[-1]
    return float(np.abs(answer.reshape(said.shape) - said).max()), float(said.std(axis=0).max())


def main():
    program = os.path.abspath(sys.argv[1])
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        spectra, mixtures = make_data(program, folder)
        for name in sys.argv[2:] or MODELS:
            worst, spread = compare(program, folder, name, spectra, mixtures)
            # a network that says the same of everything would agree by accident
            good = worst <= TOLERANCE and spread > 100 * TOLERANCE
            failed |= not good
            print(f"{name}: {'ok' if good else 'DIFFERENT'}, worst {worst:.1e}, answers spread by {spread:.2g}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
