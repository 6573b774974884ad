#!/usr/bin/env python3
"""Goldens of the locally connected layer, by Keras.

    python make_locally_connected.py tests/golden

writes keras_locally_connected.safetensors. Made with Python 3.11, TensorFlow 2.15.1 (the last whose
Keras has LocallyConnected1D), numpy 1.26.4; seed 7.

Keras computes in float64 on inputs that float32 holds exactly; results are rounded to float32
once. Gradients are those of sum(output * grad_output). Keras pads only with implementation 2; its
kernel is [positions][taps * channels][filters] (implementation 1, taps outside), the positions come
before the channels; both are turned to fidmix's order here. Tensors
"locally_connected1d.<n>.<what>", what = input, weight, bias, output, grad_output, grad_input,
grad_weight, grad_bias; metadata with valid= and bias=.
"""
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
import numpy as np
import tensorflow as tf

import golden_tensors

tf.keras.backend.set_floatx("float64")
rng = np.random.default_rng(7)
tensors, settings = {}, {}


def random(*shape):
    return golden_tensors.random(rng, *shape)


def case(n, batch, channels, positions, filters, taps, valid, bias):
    name = f"locally_connected1d.{n}"
    left, right = (0, 0) if valid else ((taps - 1) // 2, taps // 2)
    layer = tf.keras.layers.LocallyConnected1D(filters, taps, use_bias=bias, implementation=1)
    x = tf.Variable(random(batch, positions, channels))
    with tf.GradientTape() as tape:
        y = layer(tf.pad(x, [[0, 0], [left, right], [0, 0]]))
        kernel = random(*layer.kernel.shape)
        layer.set_weights([kernel] + ([random(*layer.bias.shape)] if bias else []))
        y = layer(tf.pad(x, [[0, 0], [left, right], [0, 0]]))
        g = random(*y.shape)
        loss = tf.reduce_sum(y * g)
    wanted = [x, layer.kernel] + ([layer.bias] if bias else [])
    grads = tape.gradient(loss, wanted)

    def weight(k):
        k = np.asarray(k)
        return k.reshape(k.shape[0], taps, channels, filters).transpose(3, 2, 1, 0)

    def swap(v):
        return np.asarray(v).transpose(0, 2, 1)

    kept = {"input": swap(x), "weight": weight(kernel), "output": swap(y), "grad_output": swap(g),
            "grad_input": swap(grads[0]), "grad_weight": weight(grads[1])}
    if bias:
        kept["bias"] = np.asarray(layer.bias).T
        kept["grad_bias"] = np.asarray(grads[2]).T
    for what, value in kept.items():
        tensors[f"{name}.{what}"] = np.ascontiguousarray(value, dtype=np.float32)
    settings[name] = f"valid={int(valid)} bias={int(bias)}"


case(0, 3, 4, 21, 5, 3, False, True)
case(1, 2, 6, 40, 3, 1, True, True)
case(2, 9, 3, 18, 2, 4, False, False)
case(3, 2, 2, 37, 3, 5, True, True)
golden_tensors.write(os.path.join(sys.argv[1], "keras_locally_connected.safetensors"), tensors, settings)