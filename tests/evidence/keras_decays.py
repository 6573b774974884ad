#!/usr/bin/env python3
"""The dense networks of reference system S3 in full size by Keras, on the decays of fidmix (seed 1).

    python keras_decays.py spectrum|line EPOCHS

prints validation and test error. Made for Python 3.11, TensorFlow 2.15.1, numpy 1.26.4. The decays are computed
as tests/golden/make_keras_decays.py does, whose fit it takes over."""
import os
import sys
import time

import numpy as np
import tensorflow as tf

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden")
sys.path.insert(0, GOLDEN)
from golden_random import words  # noqa: E402

K = tf.keras
D = K.layers.Dense
POINTS, RATE, FREQUENCIES, TIMES, KEPT, TRAINED = 4000, 4000, 50, 25, 1187, 949


def row_words(seed, purpose, item, draw, positions):
    mask, half, n = np.uint64(0xFFFFFFFF), np.uint64(32), len(positions)
    c = [np.full(n, v, np.uint64) for v in (item & 0xFFFFFFFF, item >> 32, draw)]
    c.append(np.asarray(positions, np.uint64))
    k = [np.uint64(seed), np.uint64(purpose)]
    for _ in range(10):
        a, b = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        c = [(b >> half) ^ c[1] ^ k[0], b & mask, (a >> half) ^ c[3] ^ k[1], a & mask]
        k = [(k[0] + np.uint64(0x9E3779B9)) & mask, (k[1] + np.uint64(0xBB67AE85)) & mask]
    return c


def decays():
    pairs = list(range(FREQUENCIES * TIMES))
    for i in range(len(pairs), 1, -1):
        other = words(1, 9, i, 0, 0)[0] * i >> 32
        pairs[i - 1], pairs[other] = pairs[other], pairs[i - 1]
    n, fids = np.arange(POINTS), []
    for pair in pairs:
        f = 50 + 950 * (pair % FREQUENCIES) / (FREQUENCIES - 1)
        t2 = 0.1 + 3.9 * (pair // FREQUENCIES) / (TIMES - 1)
        w = words(1, 2, pair, 0, 0)
        turns = np.mod(w[1] + n * np.floor(f / RATE * 2 ** 32 + 0.5), 2 ** 32) / 2 ** 32
        c, z = row_words(1, 1, pair, 0, np.arange(POINTS // 4)), np.zeros(POINTS)
        for k in (0, 2):
            radius = np.sqrt(-2 * np.log((c[k].astype(float) + 0.5) / 2 ** 32))
            angle = 2 * np.pi * (c[k + 1] >> np.uint64(8)).astype(float) / 2 ** 24
            z[k::4], z[k + 1::4] = radius * np.cos(angle), radius * np.sin(angle)
        amplitude = 1 + 9 * w[0] / 2 ** 32
        fids.append(amplitude * np.sin(2 * np.pi * turns) * np.exp(-n / (t2 * RATE)) - 0.05
                    + 0.05 * z)
    return np.array(fids, np.float32)


def lines_of(spectra):
    scope = {"np": np}
    text = open(os.path.join(GOLDEN, "make_keras_decays.py")).read()
    exec(text[text.index("def peak_of"):text.index("def network")].replace("300", "60"), scope)
    return np.array([scope["fit"](y.astype(float)) for y in spectra], np.float32)


def main():
    kind, epochs = sys.argv[1], int(sys.argv[2])
    x = decays()
    y = (np.abs(np.fft.fft(x.astype(float)))[:, : POINTS // 2] / POINTS).astype(np.float32)
    decay = K.optimizers.schedules.ExponentialDecay
    tf.random.set_seed(1)
    if kind == "spectrum":
        layers = [D(4000, "relu", use_bias=False, kernel_regularizer=K.regularizers.L1(1e-4)),
                  D(2000, use_bias=False)]
        rate, batch = decay(0.1, 500, 0.96), 50
    else:
        y = lines_of(y)
        names = (("relu", 2000), ("relu6", 1000), ("relu6", 500), ("selu", 250), ("relu", 125),
                 ("relu", 32))
        layers = [D(n, getattr(tf.nn, name), use_bias=False) for name, n in names] + [D(3)]
        rate, batch = decay(0.2, 50, 0.96, True), 25
    model = K.Sequential([K.layers.Input((POINTS,)), *layers])
    model.compile(K.optimizers.SGD(rate, momentum=0.5, clipnorm=1.0), "mse", metrics=["mse"])
    start = time.time()
    stop = K.callbacks.EarlyStopping("val_loss", min_delta=1e-4, patience=10,
                                     restore_best_weights=True)
    history = model.fit(x[:TRAINED], y[:TRAINED], batch_size=batch, epochs=epochs, verbose=2,
                        validation_data=(x[TRAINED:KEPT], y[TRAINED:KEPT]), callbacks=[stop])
    print(kind, "epochs", len(history.history["loss"]),
          "validation mse", model.evaluate(x[TRAINED:KEPT], y[TRAINED:KEPT], verbose=0)[1],
          "test mse", model.evaluate(x[KEPT:], y[KEPT:], verbose=0)[1],
          "seconds", time.time() - start)


main()
