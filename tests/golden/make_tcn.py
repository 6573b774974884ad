#!/usr/bin/env python3
"""Goldens of the operations of temporal convolutional networks, by PyTorch.

    python make_tcn.py tests/golden

writes torch_tcn_ops.safetensors. Made with Python 3.11, PyTorch 2.6.0 (CPU), numpy 2.4.6; seed 5.

PyTorch computes in float64 on inputs that float32 holds exactly; results are rounded to float32
once. Gradients are those of sum(output * grad_output). Tensors "<op>.<n>.<what>", what = input,
weight, bias, output, grad_output, grad_input, grad_weight, grad_bias; metadata "<op>.<n>" with the
settings as "key=value ...":
  depthwise_conv1d  Conv1d with groups = channels; stride= dilation= padding= (-1: "same") bias=
  group_norm        GroupNorm; groups= epsilon=; the field's global layer norm is one group
  layer_norm        LayerNorm over the channels at each position (of the transposed array); epsilon=
  cumulative_layer_norm   mean and variance at position t over all channels and positions up to t
                    (Luo and Mesgarani 2019), written with cumsum; epsilon=
"""
import sys

import numpy as np
import torch

import golden_tensors

rng = np.random.default_rng(5)
tensors, settings = {}, {}


def random(*shape):
    return torch.tensor(golden_tensors.random(rng, *shape), requires_grad=True)


def keep(name, call, **given):
    y = call(**given)
    g = random(*y.shape).detach()
    (y * g).sum().backward()
    kept = {"output": y, "grad_output": g}
    for what, value in given.items():
        kept[what] = value
        kept["grad_" + what] = value.grad
    for what, value in kept.items():
        tensors[f"{name}.{what}"] = np.ascontiguousarray(value.detach().numpy(), dtype=np.float32)


def depthwise():
    cases = [  # kernel, stride, dilation, padding, channels, positions, batch, bias
        (3, 1, 1, -1, 3, 37, 2, 1), (3, 1, 4, -1, 2, 50, 2, 1), (3, 1, 8, -1, 4, 21, 1, 1),
        (4, 1, 2, -1, 2, 40, 2, 1), (3, 1, 2, 2, 2, 35, 2, 0), (5, 1, 1, 0, 3, 23, 1, 1),
        (3, 2, 1, 1, 2, 41, 2, 1), (3, 3, 2, 3, 2, 44, 1, 1)]
    for n, (k, s, d, p, c, length, batch, bias) in enumerate(cases):
        given = {"input": random(batch, c, length), "weight": random(c, 1, k)}
        if bias:
            given["bias"] = random(c)
        keep(f"depthwise_conv1d.{n}", lambda input, weight, bias=None: torch.nn.functional.conv1d(
            input, weight, bias, stride=s, dilation=d, padding="same" if p < 0 else p,
            groups=c), **given)
        settings[f"depthwise_conv1d.{n}"] = f"stride={s} dilation={d} padding={p} bias={bias}"


def cumulative(input, weight, bias, eps):
    sums = input.sum(1).cumsum(1)
    squares = (input**2).sum(1).cumsum(1)
    count = input.shape[1] * torch.arange(1, input.shape[2] + 1)
    mean = sums / count
    variance = squares / count - mean**2
    xhat = (input - mean[:, None]) / torch.sqrt(variance[:, None] + eps)
    return xhat * weight[:, None] + bias[:, None]


def norms():
    F = torch.nn.functional
    for n, (batch, c, length, groups, eps) in enumerate(
            [(2, 4, 37, 1, 1e-8), (2, 6, 20, 3, 1e-5), (3, 5, 16, 5, 1e-5), (2, 12, 1, 2, 1e-3)]):
        keep(f"group_norm.{n}", lambda input, weight, bias: F.group_norm(
            input, groups, weight, bias, eps), input=random(batch, c, length), weight=random(c),
            bias=random(c))
        settings[f"group_norm.{n}"] = f"groups={groups} epsilon={eps:g}"
    for n, (batch, c, length, eps) in enumerate([(2, 5, 37, 1e-5), (3, 24, 1, 1e-5), (1, 7, 20, 1e-3)]):
        keep(f"layer_norm.{n}", lambda input, weight, bias: F.layer_norm(
            input.transpose(1, 2), (c,), weight, bias, eps).transpose(1, 2),
            input=random(batch, c, length), weight=random(c), bias=random(c))
        settings[f"layer_norm.{n}"] = f"epsilon={eps:g}"
    for n, (batch, c, length, eps) in enumerate([(2, 5, 37, 1e-5), (1, 8, 21, 1e-3)]):
        keep(f"cumulative_layer_norm.{n}", lambda input, weight, bias: cumulative(
            input, weight, bias, eps), input=random(batch, c, length), weight=random(c),
            bias=random(c))
        settings[f"cumulative_layer_norm.{n}"] = f"epsilon={eps:g}"


depthwise()
norms()
golden_tensors.write(sys.argv[1] + "/torch_tcn_ops.safetensors", tensors, settings)