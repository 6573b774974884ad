#!/usr/bin/env python3
"""Trainings of small recurrent networks, by PyTorch.

    python make_recurrent_network.py tests/golden

writes recurrent_network.safetensors (initial weights: recurrent_network_<name>.safetensors). Made with
Python 3.11, torch 2.6.0, numpy 2.4.6, safetensors; seed 9.

  windows          the recipe s1_lstm, small: 10 windows of 24 points, each through four blocks of
                   convolution, batch normalisation (Keras's), ReLU, pooling; flatten; LSTM(5), its last
                   state; dense; 8 steps of Adam (Keras's), lr 1e-3
  lstm, gru        a classifier of 60 points: LSTM(8) or GRU(8), two layers, both directions, last state;
                   dense; 100 steps of Adam (PyTorch's), lr 2e-3

input [16][1][points], target [16][3]; step t takes rows 8 (t mod 2) to 8 (t mod 2) + 7. <name>.loss:
before each step, in float64 from weights that float32 holds exactly; <name>.off: how far PyTorch itself,
in float32 with the same start, is from that in this step or one before; final.<name>.<tensor> and metadata
"float32.<tensor>", the same for weights after the last step.
"""
import sys

import numpy as np
import torch
from safetensors.numpy import save_file
from torch import nn

SEED, ROWS, BATCH, CLASSES = 9, 16, 8, 3
LR = 2e-3  # at 3e-3 the LSTM's losses pass a stretch where one float32 rounding grows to 4e-4
FILTERS, KERNELS, WINDOWS, POINTS = (4, 6, 8, 8), (5, 5, 3, 3), 10, 24


class Windows(nn.Module):
    def __init__(self):
        super().__init__()
        before = 1
        for i, (filters, kernel) in enumerate(zip(FILTERS, KERNELS), 1):
            self.add_module(f"c{i}", nn.Conv1d(before, filters, kernel, padding=kernel // 2))
            self.add_module(f"n{i}", nn.BatchNorm1d(filters, eps=1e-3, momentum=0.01))
            before = filters
        self.r = nn.LSTM(16, 5, batch_first=True)
        self.out = nn.Linear(5, CLASSES)

    def forward(self, x):
        x = x.reshape(-1, 1, POINTS)
        for i in range(1, 5):
            x = torch.relu(getattr(self, f"n{i}")(getattr(self, f"c{i}")(x)))
            x = nn.functional.max_pool1d(x, 2, ceil_mode=True)
        sequence, _ = self.r(x.flatten(1).reshape(-1, WINDOWS, 16))
        return self.out(sequence[:, -1])


class Classifier(nn.Module):
    def __init__(self, module):
        super().__init__()
        self.r = module(1, 8, 2, batch_first=True, bidirectional=True)
        self.out = nn.Linear(16, CLASSES)

    def forward(self, x):
        _, state = self.r(x.transpose(1, 2))
        h = state[0] if isinstance(state, tuple) else state
        return self.out(torch.cat([h[-2], h[-1]], dim=1))


class KerasAdam:
    """p -= lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + eps)"""

    def __init__(self, parameters, lr):
        self.parameters, self.lr, self.t = list(parameters), lr, 0
        self.m = [torch.zeros_like(p) for p in self.parameters]
        self.v = [torch.zeros_like(p) for p in self.parameters]

    def step(self):
        self.t += 1
        rate = self.lr * (1 - 0.999**self.t) ** 0.5 / (1 - 0.9**self.t)
        with torch.no_grad():
            for p, m, v in zip(self.parameters, self.m, self.v):
                m += (p.grad - m) * 0.1
                v += (p.grad**2 - v) * 0.001
                p -= rate * m / (v.sqrt() + 1e-7)


def spectra(generator, points):
    """Two lines per class, moved, with noise; exact in float32."""
    at = np.arange(points)
    x = generator.normal(0, 0.02, (ROWS, 1, points))
    label = np.arange(ROWS) % CLASSES
    for i in range(ROWS):
        for line in range(2):
            centre = points * (0.15 + 0.7 * ((2 * label[i] + line) * 0.37 % 1))
            x[i, 0] += 1 / (1 + ((at - centre - generator.uniform(-2, 2)) / 1.5) ** 2)
    return x.astype(np.float32), np.eye(CLASSES, dtype=np.float32)[label]


def train(make, optimiser, start, x, target, steps, dtype):
    network = make().to(dtype)
    network.load_state_dict({k: v.to(dtype) for k, v in start.items()})
    x, target = torch.tensor(x).to(dtype), torch.tensor(target).to(dtype)
    rule, losses = optimiser(network.parameters()), []
    for t in range(steps):
        rows = slice(BATCH * (t % 2), BATCH * (t % 2) + BATCH)
        loss = nn.functional.cross_entropy(network(x[rows]), target[rows])
        for p in network.parameters():
            p.grad = None
        loss.backward()
        rule.step()
        losses.append(loss.item())
    return np.array(losses), {k: v.double().numpy() for k, v in network.state_dict().items()}


def main(folder):
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    generator = np.random.default_rng(SEED)
    out, notes = {}, {}
    for name, make, optimiser, points, steps in (
            ("windows", Windows, lambda p: KerasAdam(p, 1e-3), WINDOWS * POINTS, 8),
            ("lstm", lambda: Classifier(nn.LSTM), lambda p: torch.optim.Adam(p, LR), 60, 100),
            ("gru", lambda: Classifier(nn.GRU), lambda p: torch.optim.Adam(p, LR), 60, 100)):
        x, target = spectra(generator, points)
        start = make().float().state_dict()
        for key, value in start.items():
            if key[0] == "n" and value.dim() == 1:
                value += 0.3 * torch.rand_like(value)
        save_file({k: np.ascontiguousarray(v.numpy()) for k, v in start.items() if v.dim() > 0},
                  f"{folder}/recurrent_network_{name}.safetensors")
        exact, end = train(make, optimiser, start, x, target, steps, torch.float64)
        single, single_end = train(make, optimiser, start, x, target, steps, torch.float32)
        out[f"{name}.input"], out[f"{name}.target"] = x, target
        out[f"{name}.loss"] = exact
        out[f"{name}.off"] = np.maximum.accumulate(np.abs(exact - single))
        for key, value in end.items():
            if key.split(".")[0] in ("r", "out"):
                out[f"final.{name}.{key}"] = value
                notes[f"float32.{name}.{key}"] = "%.2e" % np.abs(value - single_end[key]).max()
        print(name, exact[[0, 1, -2, -1]], out[f"{name}.off"][[0, 1, -1]])
    print(notes)
    save_file({k: np.ascontiguousarray(np.asarray(v, dtype=np.float32)) for k, v in out.items()},
              f"{folder}/recurrent_network.safetensors", metadata=notes)


if __name__ == "__main__":
    main(sys.argv[1])
