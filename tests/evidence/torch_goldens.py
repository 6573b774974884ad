#!/usr/bin/env python3
"""The goldens that Keras made (tests/golden/make_keras.py) computed again by PyTorch in float64.

    python tests/evidence/torch_goldens.py

A second implementation reads the files as PyTorch lays tensors out, so that an error of the generator
(a transposed kernel, a flatten in the wrong order) would show. Prints the largest difference of each
tensor relative to its largest value; fails above 2^-22 (goldens are rounded to float32: 2^-24).
Needs torch, numpy, safetensors; tried with torch 2.6.0, numpy 2.4, safetensors 0.8.0: at most 8.3e-8.
"""
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import safe_open

torch.set_default_dtype(torch.float64)
GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden")
worst = {}


def load(name):
    with safe_open(os.path.join(GOLDEN, name), framework="np") as f:
        return {k: torch.tensor(f.get_tensor(k).astype(np.float64)) for k in f.keys()}, f.metadata()


ops, settings = load("keras_ops.safetensors")


def cases(op):
    """For each case of an op: its settings, and a function that gives its tensors."""
    n = 0
    while any(k.startswith(f"{op}.{n}.") for k in ops):
        text = settings.get(f"{op}.{n}", "")
        yield dict(x.split("=") for x in text.split()), lambda w, n=n: ops[f"{op}.{n}.{w}"].clone()
        n += 1


def hold(name, got, want):
    size = float(want.abs().max()) or 1.0
    worst[name] = max(worst.get(name, 0.0), float((got - want).abs().max()) / size)


def hold_layer(op, g, y, x, w=None, b=None):
    (y * g("grad_output")).sum().backward()
    hold(f"{op}.output", y, g("output"))
    hold(f"{op}.grad_input", x.grad, g("grad_input"))
    for v, name in ((w, "grad_weight"), (b, "grad_bias")):
        if v is not None:
            hold(f"{op}.{name}", v.grad, g(name))


def same(length, kernel, stride, dilation=1):
    """Padding left and right: the odd element right."""
    out = -(-length // stride)
    total = max(0, (out - 1) * stride + (kernel - 1) * dilation + 1 - length)
    return total // 2, total - total // 2


def leaves(g, *names):
    return [g(n).requires_grad_() for n in names]


def convolutions_and_pools():
    for c, g in cases("conv1d"):
        x, w, b = leaves(g, "input", "weight", "bias")
        k, s, d = int(c["kernel"]), int(c["stride"]), int(c["dilation"])
        pad = same(x.shape[2], k, s, d) if c["padding"] == "same" else (0, 0)
        hold_layer("conv1d", g, F.conv1d(F.pad(x, pad), w, b, stride=s, dilation=d), x, w, b)
    for c, g in cases("max_pool"):
        (x,) = leaves(g, "input")
        k, s = int(c["size"]), int(c["stride"])
        pad = same(x.shape[2], k, s) if c["padding"] == "same" else (0, 0)
        hold_layer("max_pool", g, F.max_pool1d(F.pad(x, pad, value=-np.inf), k, s), x)


def normalisations():
    for _, g in cases("batch_norm"):
        x, w, b = leaves(g, "input", "weight", "bias")
        x2 = g("input2")
        axes = [0, 2] if x.ndim == 3 else [0]
        shape = (1, -1, 1) if x.ndim == 3 else (1, -1)

        def apply(v, mean, var):
            out = (v - mean.reshape(shape)) / torch.sqrt(var.reshape(shape) + 1e-3)
            return out * w.reshape(shape) + b.reshape(shape)

        mean, var = x.mean(axes), x.var(axes, correction=0)
        hold_layer("batch_norm", g, apply(x, mean, var), x, w, b)
        mean2, var2 = x2.mean(axes), x2.var(axes, correction=0)
        hold("batch_norm.output2", apply(x2, mean2, var2), g("output2"))
        rm, rv = g("running_mean"), g("running_var")
        for step, m, v in ((1, mean, var), (2, mean2, var2)):
            rm, rv = 0.99 * rm + 0.01 * m, 0.99 * rv + 0.01 * v
            hold("batch_norm.running_mean", rm, g(f"running_mean{step}"))
            hold("batch_norm.running_var", rv, g(f"running_var{step}"))
        hold("batch_norm.inference", apply(x, rm, rv), g("inference"))


def small_layers():
    for op in ("dense", "flatten_dense"):
        for _, g in cases(op):
            x, w, b = leaves(g, "input", "weight", "bias")
            hold_layer(op, g, F.linear(x.flatten(1), w, b), x, w, b)
    for op, function in (("relu", torch.relu), ("dropout", lambda v: v + 0), ("sigmoid", torch.sigmoid),
                         ("softmax", lambda v: v.softmax(-1))):
        for _, g in cases(op):
            (x,) = leaves(g, "input")
            hold_layer(op, g, function(x), x)


def losses():
    for op, activation, loss in (
            ("softmax_cross_entropy", lambda z: z.softmax(1),
             lambda z, t: -(t * F.log_softmax(z, 1)).sum(1).mean()),
            ("sigmoid_binary_cross_entropy", torch.sigmoid, F.binary_cross_entropy_with_logits)):
        for _, g in cases(op):
            (z,) = leaves(g, "logits")
            value = loss(z, g("target"))
            value.backward()
            hold(f"{op}.loss", value, g("loss"))
            hold(f"{op}.output", activation(z), g("output"))
            hold(f"{op}.grad_logits", z.grad, g("grad_logits"))


def adam():
    """By its formula: PyTorch's own adds epsilon to the corrected root."""
    for _, g in cases("adam"):
        p, m, v = g("parameter"), 0.0, 0.0
        for t, grad in enumerate(g("gradient"), 1):
            m, v = 0.9 * m + 0.1 * grad, 0.999 * v + 0.001 * grad * grad
            rate = 1e-3 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
            p = p - rate * m / (v.sqrt() + 1e-7)
            hold("adam.parameter_steps", p, g("parameter_steps")[t - 1])
        hold("adam.m", m, g("m"))
        hold("adam.v", v, g("v"))


def multibranch():
    """The first step of the small network: probabilities, loss, gradients."""
    weights, _ = load("keras_multibranch.safetensors")
    steps, notes = load("keras_multibranch_steps.safetensors")
    w = {k: v.requires_grad_("running" not in k) for k, v in weights.items()}

    def conv(x, n, stride=1):
        kernel = w[n + ".weight"]
        pad = same(x.shape[2], kernel.shape[2], stride)
        return F.conv1d(F.pad(x, pad), kernel, w[n + ".bias"], stride=stride)

    def pool(x, size):
        return F.max_pool1d(F.pad(x, same(x.shape[2], size, size), value=-np.inf), size, size)

    def norm(x, n):
        return F.batch_norm(x, None, None, w[n + ".weight"], w[n + ".bias"], True, eps=1e-3)

    def dense(x, n):
        return F.linear(x, w[n + ".weight"], w[n + ".bias"])

    x, target = steps["input"][:8], steps["target"][:8]
    a = dense(norm(conv(x, "a_conv"), "a_norm").relu().flatten(1), "a_dense").relu()
    b = norm(pool(conv(x, "b_conv1"), 7), "b_norm1").relu()
    b = norm(pool(conv(b, "b_conv2", 4).relu(), 9), "b_norm2").relu()
    b = dense(b.flatten(1), "b_dense").relu()
    z = dense(dense(dense(torch.cat([a, b], 1), "dense1").relu(), "dense2").relu(), "out")
    loss = -(target * F.log_softmax(z, 1)).sum(1).mean()
    loss.backward()
    hold("network.output0", z.softmax(1), steps["output0"])
    hold("network.loss", loss, steps["loss"][0])
    for name, value in w.items():
        if value.grad is None or name in ("a_conv.bias", "b_conv1.bias"):
            continue  # these two are zero but for rounding
        stride = int(notes.get(f"stride.{name}", 1))
        want = steps[f"grad0.{name}"]
        hold("network.grad0", value.grad.reshape(-1)[::stride], want.reshape(-1))


def main():
    for check in (convolutions_and_pools, normalisations, small_layers, losses, adam, multibranch):
        check()
    for name, difference in sorted(worst.items()):
        print(f"{name:<44}{difference:9.1e}")
    sys.exit(max(worst.values()) > 2.0**-22)


if __name__ == "__main__":
    main()
