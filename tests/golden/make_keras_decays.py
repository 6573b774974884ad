#!/usr/bin/env python3
"""Golden losses of the two dense networks of reference system S3, small, by Keras: 100 steps each.

    TF_CPP_MIN_LOG_LEVEL=3 python tests/golden/make_keras_decays.py

writes keras_decays.safetensors: <network>.loss [100] (with penalties), by Keras in float64, and
<network>.float32 [100], by Keras in float32 from the same start. Networks and trainings are those of
data/recipes/s3_fid_to_spectrum.yml and s3_fid_to_lorentz.yml with fewer points and units, the latter
with a tenth of the learning rate: at the published 0.2 Keras's own losses in float32 and float64 part
company after 60 steps.
Made with Python 3.11, TensorFlow 2.15.1 (Keras 2.15.0), numpy 1.26.4.

The decays are fidmix's, computed here in double from the same words of Philox (decay_set.h): 200
pairs, seed 1, dealt out by (seed, SPLIT); the first 152 train, in that order, in batches of 25.
Initial weights are (2 u - 1) sqrt(3 / fan_in), rounded to float32, u = word 0 of counter (t, 0, 0, i), key
(7, 10), t the number of the tensor, i its place in fidmix's layout [out][in]; biases 0.
"""
import os

import numpy as np
import tensorflow as tf

from golden_random import many, words, write

K = tf.keras
HERE = os.path.dirname(os.path.abspath(__file__))
POINTS, RATE, FREQUENCIES, TIMES, STEPS, BATCH = 256, 256, 20, 10, 100, 25


def normal(item, draw, count):
    out = np.zeros(count + 4)
    for b in range((count + 3) // 4):
        w = words(1, 1, item, draw, b)
        for k in (0, 2):
            u = min(np.float64(np.float32(np.float32(w[k]) * 2.0 ** -32 + 2.0 ** -33)),
                    1 - 2.0 ** -24)
            radius = np.sqrt(-2 * np.log(u))
            angle = 2 * np.pi * (w[k + 1] >> 8) / 2 ** 24
            out[4 * b + k] = radius * np.cos(angle)
            out[4 * b + k + 1] = radius * np.sin(angle)
    return out[:count]


def decays():
    pairs = list(range(FREQUENCIES * TIMES))
    for i in range(len(pairs), 1, -1):
        other = words(1, 9, i, 0, 0)[0] * i >> 32
        pairs[i - 1], pairs[other] = pairs[other], pairs[i - 1]
    fids = []
    n = np.arange(POINTS)
    for pair in pairs[:152]:
        f = 20 + 80 * (pair % FREQUENCIES) / (FREQUENCIES - 1)
        t2 = 0.1 + 3.9 * (pair // FREQUENCIES) / (TIMES - 1)
        w = words(1, 2, pair, 0, 0)
        amplitude = 1 + 9 * w[0] / 2 ** 32
        phase = np.floor(w[1] + 0.5)
        step = np.floor(f / RATE * 2 ** 32 + 0.5)
        turns = np.mod(phase + n * step, 2 ** 32) / 2 ** 32
        fid = amplitude * np.sin(2 * np.pi * turns) * np.exp(-n / (t2 * RATE))
        fids.append(fid - 0.05 + 0.05 * normal(pair, 0, POINTS))
    return np.array(fids).astype(np.float32)


def peak_of(y):
    best = int(np.argmax(y))
    for i in range(1, len(y) - 1):
        if y[i - 1] < y[i] > y[i + 1]:
            left = right = y[i]
            j = i
            while j >= 0 and y[j] <= y[i]:
                left = min(left, y[j])
                j -= 1
            j = i
            while j < len(y) and y[j] <= y[i]:
                right = min(right, y[j])
                j += 1
            if y[i] - max(left, right) >= 0.049:
                return i
    return best


def fit(y):
    """Levenberg and Marquardt to the last bit."""
    x = np.arange(len(y), dtype=float)
    p = peak_of(y)
    left, right = p, p
    while left > 0 and y[left] > 0.5 * y[p]:
        left -= 1
    while right + 1 < len(y) and y[right] > 0.5 * y[p]:
        right += 1
    g = max(0.5, 0.25 * (right - left))
    best, damping, last = np.array([p, np.pi * g * y[p], g]), 1e-2, None

    def look(q):
        u = x - q[0]
        d = u * u + q[2] ** 2
        line = q[2] / np.pi / d
        j = np.stack([q[1] * 2 * u * line / d, line, q[1] * (u * u - q[2] ** 2) / np.pi / d ** 2], 1)
        r = y - q[1] * line
        return r @ r, j.T @ j, j.T @ r

    last = look(best)
    for _ in range(300):
        a = last[1] + damping * np.diag(np.diag(last[1]))
        q = best + np.linalg.solve(a, last[2])
        new = look(q)
        if new[0] < last[0]:
            best, last, damping = q, new, max(damping / 5, 1e-12)
        else:
            damping = min(damping * 8, 1e12)
    return np.array([best[0], best[1], best[2]]) * np.sign([1, best[2], best[2]])


def network(kind, dtype):
    K.backend.set_floatx(dtype)
    layers = []
    if kind == "spectrum":
        layers = [K.layers.Dense(64, "relu", use_bias=False,
                                 kernel_regularizer=K.regularizers.L1(1e-4)),
                  K.layers.Dense(POINTS // 2, use_bias=False)]
    else:
        for units, name in ((48, "relu"), (40, "relu6"), (32, "relu6"), (24, "selu"), (20, "relu"),
                            (16, "relu")):
            layers.append(K.layers.Dense(units, getattr(tf.nn, name), use_bias=False))
        layers.append(K.layers.Dense(3))
    model = K.Sequential([K.layers.Input((POINTS,), dtype=dtype), *layers])
    for t, layer in enumerate(layers):
        w = layer.get_weights()
        fan_in, units = w[0].shape
        u = many(t, fan_in * units) / 2 ** 32
        value = ((2 * u - 1) * np.sqrt(3 / fan_in)).astype(np.float32).reshape(units, fan_in)
        layer.set_weights([value.T, *w[1:]])
    return model


def losses(kind, dtype, fids, targets):
    model = network(kind, dtype)
    rate = K.optimizers.schedules.ExponentialDecay(*((0.1, 500, 0.96) if kind == "spectrum"
                                                     else (0.02, 50, 0.96, True)))
    optimiser = K.optimizers.SGD(rate, momentum=0.5, clipnorm=1.0)
    out = []
    batches = (len(fids) + BATCH - 1) // BATCH
    for step in range(STEPS):
        rows = slice(step % batches * BATCH, step % batches * BATCH + BATCH)
        x, y = tf.constant(fids[rows], dtype), tf.constant(targets[rows], dtype)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x, training=True) - y)) + sum(model.losses)
        optimiser.apply_gradients(zip(tape.gradient(loss, model.trainable_variables),
                                      model.trainable_variables))
        out.append(float(loss))
    return np.array(out)


def main():
    fids = decays()
    spectra = np.abs(np.fft.fft(fids.astype(float)))[:, : POINTS // 2] / POINTS
    lines = np.array([fit(y) for y in spectra.astype(np.float32).astype(float)])
    tensors = {"fid0": fids[0], "line": lines}
    for kind, targets in (("spectrum", spectra), ("line", lines)):
        exact = losses(kind, "float64", fids, targets.astype(np.float32))
        rounded = losses(kind, "float32", fids, targets.astype(np.float32))
        print(kind, exact[[0, 1, 50, 99]], np.abs(exact - rounded).max())
        tensors[kind + ".loss"] = exact
        tensors[kind + ".float32"] = rounded
    write(os.path.join(HERE, "keras_decays.safetensors"), tensors)


main()
