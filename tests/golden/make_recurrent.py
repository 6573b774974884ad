#!/usr/bin/env python3
"""Goldens of lstm and gru, by PyTorch.

    python make_recurrent.py tests/golden

writes recurrent.safetensors. Made with Python 3.11, torch 2.6.0, numpy 2.4.6, safetensors; seed 6.

PyTorch computes in float64 on inputs that float32 holds exactly, and the results are rounded to float32
once. Tensors "<case>.<what>": input [batch][channels][positions], grad_output, output, grad_input and,
under PyTorch's own names, every weight and grad_<weight>. Gradients are those of
sum(output * grad_output). Outputs: [batch][channels][positions], or [..][1] where the case's name ends
in "last": nn.LSTM's h_n of the top layer, both directions one after the other.
"""
import sys

import numpy
import torch
from safetensors.numpy import save_file

# name, module, batch, channels, positions, units, layers, both directions, bias, last
CASES = [
    ("lstm", torch.nn.LSTM, 3, 4, 9, 5, 1, False, True, False),
    ("lstm last", torch.nn.LSTM, 2, 3, 11, 17, 1, False, True, True),
    ("lstm stacked both", torch.nn.LSTM, 3, 2, 7, 6, 2, True, True, False),
    ("lstm stacked both last", torch.nn.LSTM, 9, 2, 7, 4, 2, True, True, True),
    ("lstm no bias", torch.nn.LSTM, 2, 3, 8, 4, 1, True, False, False),
    ("gru", torch.nn.GRU, 3, 4, 9, 5, 1, False, True, False),
    ("gru last", torch.nn.GRU, 2, 3, 11, 17, 1, False, True, True),
    ("gru stacked both", torch.nn.GRU, 3, 2, 7, 6, 2, True, True, False),
    ("gru stacked both last", torch.nn.GRU, 9, 2, 7, 4, 2, True, True, True),
    ("gru no bias", torch.nn.GRU, 2, 3, 8, 4, 1, True, False, False),
]


def values(generator, *shape):
    return torch.tensor(generator.uniform(-1, 1, shape).astype(numpy.float32)).double()


def main(folder):
    tensors = {}
    generator = numpy.random.default_rng(6)
    for name, module, batch, channels, positions, units, layers, both, bias, last in CASES:
        network = module(channels, units, layers, bias=bias, batch_first=True,
                         bidirectional=both).double()
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.copy_(values(generator, *parameter.shape))
        x = values(generator, batch, channels, positions).requires_grad_(True)
        sequence, state = network(x.transpose(1, 2))
        h = state[0] if module is torch.nn.LSTM else state
        directions = 2 if both else 1
        if last:
            top = h.view(layers, directions, batch, units)[-1]
            output = torch.cat(list(top), dim=1)[:, :, None]
        else:
            output = sequence.transpose(1, 2)
        grad = values(generator, *output.shape)
        (output * grad).sum().backward()
        tensors[f"{name}.input"] = x
        tensors[f"{name}.grad_input"] = x.grad
        tensors[f"{name}.output"] = output
        tensors[f"{name}.grad_output"] = grad
        for key, parameter in network.named_parameters():
            tensors[f"{name}.{key}"] = parameter
            tensors[f"{name}.grad_{key}"] = parameter.grad
    save_file({key: numpy.ascontiguousarray(value.detach().numpy().astype(numpy.float32))
               for key, value in sorted(tensors.items())}, f"{folder}/recurrent.safetensors")


if __name__ == "__main__":
    main(sys.argv[1])
