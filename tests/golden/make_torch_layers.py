#!/usr/bin/env python3
"""Goldens of network operations by PyTorch.

    python make_torch_layers.py tests/golden

writes torch_<stem>.safetensors for each stem below, and torch_folded_network.safetensors. Made with
Python 3.11, PyTorch 2.6.0 (CPU), numpy 2.4.6; seed 5. PyTorch computes in float64 on values that
float32 holds exactly; results are rounded to float32 once. Tensors "<case>.input", "<case>.<weight>",
"<case>.grad_output", "<case>.output", "<case>.grad_input", "<case>.grad_<weight>"; gradients are those
of sum(output * grad_output); <case> is that of tests/cases/<stem>.h. Of the network: "input", "output",
"<layer>.<weight>", "grad.<layer>.<weight>", gradients of sum(output^2) / 2.
"""
import json
import sys

import numpy as np
import torch
import torch.nn.functional as F

rng = np.random.default_rng(5)


def write(path, tensors):
    """A safetensors file in which everything is sorted."""
    header, end = {"__metadata__": {"by": "make_torch_layers.py, PyTorch " + torch.__version__}}, 0
    for name in sorted(tensors):
        value = tensors[name]
        header[name] = {"dtype": "F32", "shape": value.shape,
                        "data_offsets": [end, end + value.nbytes]}
        end += value.nbytes
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(len(text).to_bytes(8, "little") + text)
        for name in sorted(tensors):
            np.ascontiguousarray(tensors[name]).tofile(f)


def random(*shape, scale=1.0):
    """Uniform on [-scale, scale), exact in float32."""
    value = rng.uniform(-scale, scale, shape).astype(np.float32)
    return torch.tensor(value.astype(np.float64), requires_grad=True)


def keep(into, name, function, x, **weights):
    y = function(x, **weights)
    g = random(*y.shape)
    (y * g.detach()).sum().backward()
    found = {"input": x, "output": y, "grad_output": g, "grad_input": x.grad}
    for what, value in weights.items():
        found[what] = value
        found["grad_" + what] = value.grad
    for what, value in found.items():
        into[f"{name}.{what}"] = value.detach().numpy().astype(np.float32)


def activation():
    out = {}
    functions = {
        "relu": F.relu, "sigmoid": torch.sigmoid, "leaky_relu": F.leaky_relu,
        "leaky_relu 0.3": lambda x: F.leaky_relu(x, 0.3), "elu": F.elu,
        "elu 0.4": lambda x: F.elu(x, 0.4), "selu": F.selu, "relu6": F.relu6, "tanh": torch.tanh,
        "gelu": F.gelu, "gelu tanh": lambda x: F.gelu(x, approximate="tanh"), "silu": F.silu,
        "softplus": F.softplus, "softplus 3 2": lambda x: F.softplus(x, 3, 2)}
    for name, function in functions.items():
        keep(out, name + ", tile + 1", function, random(1, 1, 17, scale=5.0))
    return out


def prelu():
    out = {}
    for name, shape, slopes in (("one value", (1, 1, 1), 1), ("flat, channel", (5, 37, 1), 37),
                                ("vector + 1", (2, 3, 17), 3)):
        keep(out, name, F.prelu, random(*shape), weight=random(slopes))
    return out


def pool():
    out = {}
    cases = (
        ("average, gaps", (2, 2, 61), lambda x: F.avg_pool1d(x, 2, 5)),
        ("average, vectors", (1, 2, 300), lambda x: F.avg_pool1d(x, 64, 30)),
        ("average, padding counts", (2, 2, 61), lambda x: F.avg_pool1d(x, 5, 2, padding=2)),
        ("average, overlapping, same", (2, 2, 61),
         lambda x: F.avg_pool1d(x, 5, 2, padding=2, count_include_pad=False)),
        ("adaptive max, uneven", (2, 3, 61), lambda x: F.adaptive_max_pool1d(x, 7)),
        ("adaptive max, more than there are", (2, 3, 5), lambda x: F.adaptive_max_pool1d(x, 8)),
        ("adaptive average, all", (2, 3, 1009), lambda x: F.adaptive_avg_pool1d(x, 1)),
        ("adaptive average, uneven", (2, 3, 61), lambda x: F.adaptive_avg_pool1d(x, 7)),
        ("adaptive average, more than there are", (2, 3, 5), lambda x: F.adaptive_avg_pool1d(x, 8)))
    for name, shape, function in cases:
        keep(out, name, function, random(*shape))
    return out


def conv1d_transpose():
    out = {}
    cases = (  # batch, in, positions, out, kernel, stride, padding, output_padding, dilation
        ("one value", 1, 1, 1, 1, 1, 1, 0, 0, 1), ("one input", 2, 3, 1, 2, 4, 2, 1, 0, 1),
        ("stride 1", 2, 3, 20, 4, 3, 1, 1, 0, 1), ("vector - 1", 2, 3, 15, 4, 4, 2, 1, 0, 1),
        ("vector", 2, 3, 16, 4, 4, 2, 1, 0, 1), ("vector + 1", 2, 3, 17, 4, 4, 2, 1, 1, 1),
        ("gaps", 2, 3, 37, 2, 2, 5, 0, 4, 1),
        ("dilation", 2, 3, 37, 4, 3, 1, 2, 0, 4),
        ("stride and dilation", 2, 3, 37, 4, 4, 2, 3, 1, 3),
        ("added below dilation", 2, 3, 37, 4, 3, 1, 0, 2, 3),
        ("all that the kernel adds is cut", 2, 3, 37, 4, 5, 1, 4, 0, 1))
    for name, batch, cin, positions, cout, k, stride, padding, added, dilation in cases:
        keep(out, name,
             lambda x, weight, bias: F.conv_transpose1d(x, weight, bias, stride, padding, added, 1,
                                                        dilation),
             random(batch, cin, positions), weight=random(cin, cout, k), bias=random(cout))
    return out


def folded_network():
    """Three sources by masks, one decoder for all of them; loss = sum(output^2) / 2."""
    batch, channels, positions, hidden, sources, classes = 3, 4, 21, 5, 3, 4
    x = random(batch, channels, positions)
    w = {"encoder.weight": random(hidden, channels, 3), "encoder.bias": random(hidden),
         "slope.weight": random(1), "masks.weight": random(sources * hidden, hidden, 1),
         "masks.bias": random(sources * hidden), "decoder.weight": random(1, hidden, 3),
         "decoder.bias": random(1), "classes.weight": random(classes, positions),
         "classes.bias": random(classes)}
    e = F.prelu(F.conv1d(x, w["encoder.weight"], w["encoder.bias"], padding=1), w["slope.weight"])
    m = torch.sigmoid(F.conv1d(e, w["masks.weight"], w["masks.bias"]))
    masked = (m.view(batch, sources, hidden, positions) * e[:, None]).reshape(-1, hidden, positions)
    d = F.relu(F.conv1d(masked, w["decoder.weight"], w["decoder.bias"], padding=1))
    y = F.linear(d.view(batch * sources, positions), w["classes.weight"], w["classes.bias"])
    y = y.view(batch, sources * classes)
    ((y * y).sum() / 2).backward()
    out = {"input": x, "output": y}
    for name, value in w.items():
        out[name] = value
        out["grad." + name] = value.grad
    return {name: value.detach().numpy().astype(np.float32) for name, value in out.items()}


folder = sys.argv[1]
for stem in (activation, prelu, pool, conv1d_transpose, folded_network):
    write(f"{folder}/torch_{stem.__name__}.safetensors", stem())
