#!/usr/bin/env python3
"""Goldens of the optimisers: 100 steps of PyTorch's or of Keras's on two small vectors.

    python make_optimiser.py pytorch tests/golden/optimiser_pytorch.safetensors
    python make_optimiser.py keras tests/golden/optimiser_keras.safetensors

Made with Python 3.11, PyTorch 2.6.0 (CPU) and TensorFlow 2.15.1 (Keras 2.15.0), numpy; seed 9.

Both compute in float64; results are rounded to float32 once. Keras takes some settings (learning
rate, betas of Adam's correction, momentum, weight decay) through float32: the values here are ones
that float32 holds exactly. Tensors: start [24], gradient [100][24], rate [100], the same for all
cases; "<n>.weights" [10][24] behind steps 10, 20 ... 100; metadata "<n>" is "KIND key=value ..." in
the words of docs/recipes.md. The first 17 values are one tensor, the other 7 another: what norms of
each tensor depend on. Gradients of some places are about 1e-4 and 1e-7, so that epsilon shows.
"""
import json
import sys

import numpy as np

STEPS, SIZES = 100, (17, 7)
RATE = 2.0**-7
ADAM = "beta1=0.875 beta2=0.99609375 epsilon=1e-7"
CASES = [
    "sgd",
    "sgd momentum=0.875",
    "sgd momentum=0.875 nesterov=true",
    "sgd momentum=0.875 weight_decay=0.015625",
    "sgd clip_value=0.25",
    "sgd momentum=0.875 clip_global_norm=2",
    "adam " + ADAM,
    "adam " + ADAM + " weight_decay=0.015625",
    "adam " + ADAM + " clip_global_norm=0.5",
    "adamw " + ADAM + " weight_decay=0.015625",
    "adamw " + ADAM + " weight_decay=0.015625 clip_value=0.25",
    "rmsprop rho=0.875 epsilon=1e-7",
    "rmsprop rho=0.96875 epsilon=1e-3 momentum=0.875",
    "rmsprop rho=0.875 epsilon=1e-3 centred=true",
    "rmsprop rho=0.875 epsilon=1e-3 centred=true momentum=0.5 weight_decay=0.015625",
]
KERAS_ONLY = ["sgd clip_norm=1.5", "adam " + ADAM + " clip_norm=0.5"]


def data():
    r = np.random.default_rng(9)
    count = sum(SIZES)
    start = r.standard_normal(count).astype(np.float32)
    gradient = r.standard_normal((STEPS, count))
    gradient[:, 3::6] *= 1e-4
    gradient[:, 5::6] *= 1e-7
    gradient += 0.5 * np.sign(start) * (np.arange(count) % 6 == 0)
    rate = RATE * (1 - np.arange(STEPS) / 128)
    return start, gradient.astype(np.float32), rate.astype(np.float32)


def settings_of(case):
    kind, *rest = case.split()
    out = {k: (v == "true") if v in ("true", "false") else float(v)
           for k, v in (item.split("=") for item in rest)}
    return kind, out


def pytorch(case, start, gradient, rate):
    import torch
    kind, s = settings_of(case)
    cuts = np.split(start.astype(np.float64), np.cumsum(SIZES)[:-1])
    weights = [torch.tensor(c, dtype=torch.float64, requires_grad=True) for c in cuts]
    decay = {"weight_decay": s.get("weight_decay", 0)}
    if kind == "sgd":
        optimiser = torch.optim.SGD(weights, lr=RATE, momentum=s.get("momentum", 0),
                                    nesterov=s.get("nesterov", False), **decay)
    elif kind == "rmsprop":
        optimiser = torch.optim.RMSprop(weights, lr=RATE, alpha=s["rho"], eps=s["epsilon"],
                                        momentum=s.get("momentum", 0),
                                        centered=s.get("centred", False), **decay)
    else:
        make = torch.optim.AdamW if kind == "adamw" else torch.optim.Adam
        optimiser = make(weights, lr=RATE, betas=(s["beta1"], s["beta2"]), eps=s["epsilon"], **decay)
    kept = []
    for t in range(STEPS):
        for w, g in zip(weights, np.split(gradient[t].astype(np.float64), np.cumsum(SIZES)[:-1])):
            w.grad = torch.tensor(g)
        if "clip_value" in s:
            torch.nn.utils.clip_grad_value_(weights, s["clip_value"])
        if "clip_global_norm" in s:
            torch.nn.utils.clip_grad_norm_(weights, s["clip_global_norm"])
        optimiser.param_groups[0]["lr"] = float(rate[t])
        optimiser.step()
        if (t + 1) % 10 == 0:
            kept.append(np.concatenate([w.detach().numpy() for w in weights]))
    return np.array(kept)


def keras(case, start, gradient, rate):
    import tensorflow as tf
    kind, s = settings_of(case)
    cuts = np.split(start.astype(np.float64), np.cumsum(SIZES)[:-1])
    weights = [tf.Variable(c, dtype=tf.float64) for c in cuts]
    common = {"learning_rate": RATE, "weight_decay": s.get("weight_decay"),
              "clipnorm": s.get("clip_norm"), "clipvalue": s.get("clip_value"),
              "global_clipnorm": s.get("clip_global_norm"), "jit_compile": False}
    if kind == "sgd":
        optimiser = tf.keras.optimizers.SGD(momentum=s.get("momentum", 0.0),
                                            nesterov=s.get("nesterov", False), **common)
    elif kind == "rmsprop":
        optimiser = tf.keras.optimizers.RMSprop(rho=s["rho"], epsilon=s["epsilon"],
                                                momentum=s.get("momentum", 0.0),
                                                centered=s.get("centred", False), **common)
    else:
        make = tf.keras.optimizers.AdamW if kind == "adamw" else tf.keras.optimizers.Adam
        optimiser = make(beta_1=s["beta1"], beta_2=s["beta2"], epsilon=s["epsilon"], **common)
    kept = []
    for t in range(STEPS):
        optimiser.learning_rate = float(rate[t])
        parts = np.split(gradient[t].astype(np.float64), np.cumsum(SIZES)[:-1])
        optimiser.apply_gradients([(tf.constant(g), w) for g, w in zip(parts, weights)])
        if (t + 1) % 10 == 0:
            kept.append(np.concatenate([w.numpy() for w in weights]))
    return np.array(kept)


def save(path, tensors, metadata):
    header, offset, blobs = {"__metadata__": metadata}, 0, []
    for name, value in tensors.items():
        blob = np.ascontiguousarray(value, dtype="<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(value.shape),
                        "data_offsets": [offset, offset + len(blob)]}
        offset += len(blob)
        blobs.append(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + b"".join(blobs))


def main():
    which, path = sys.argv[1:]
    start, gradient, rate = data()
    tensors = {"start": start, "gradient": gradient, "rate": rate}
    metadata = {}
    cases = CASES + (KERAS_ONLY if which == "keras" else [])
    for n, case in enumerate(cases):
        run = pytorch if which == "pytorch" else keras
        tensors["%d.weights" % n] = run(case, start, gradient, rate)
        metadata[str(n)] = case + " convention=" + which
    metadata["cases"] = str(len(cases))
    save(path, tensors, metadata)


main()
