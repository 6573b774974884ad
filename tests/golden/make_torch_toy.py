#!/usr/bin/env python3
"""Golden losses of the toy network of reference system S2 (data/recipes/s2_toy_published.yml), by
PyTorch: 100 steps of batch 1 with the three published optimisers.

    python tests/golden/make_torch_toy.py

writes torch_toy.safetensors: <optimiser>.loss [100], by PyTorch in float64, and
<optimiser>.float32 [100], by PyTorch in float32 from the same start (what float alone does to it);
<optimiser>.encoder.weight and .classifier.weight, the same with .float32, are those after the last
step; optimisers sgd (1e-2), momentum (1e-4, 0.99), adam (1e-4), all with weight decay 1e-5.
Made with Python 3.11, torch 2.6.0, numpy 2.2.

Compounds and mixtures are those that fidmix draws with library 0 (Philox, below); mixtures come in
the order of the list. Initial weights come from the same Philox, so that no file holds them: value i of
the tensor number t in the order of `named_parameters` is (2 u - 1) / sqrt(fan_in) rounded to float32, u
= word 0 of counter (t, 0, i), key (7, 10); the weight of a GroupNorm is 1 + that / 8, its bias that /
8, a PReLU's slope 0.25.
"""
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from golden_random import below, many, words, write

HERE = os.path.dirname(os.path.abspath(__file__))
STEPS = 100
FINAL = ("encoder.weight", "classifier.weight")


KINDS = [[1, 0, 0, 0, 0, 0], [1, 1, 0, 0, 0, 0], [1, 2, 1, 0, 0, 0], [1, 3, 3, 1, 0, 0],
         [1, 4, 6, 4, 1, 0], [1, 3, 6, 6, 3, 1]]


def library(seed=0, compounds=10, positions=21):
    out = []
    for c in range(compounds):
        for attempt in range(1000):
            one = np.zeros((positions, 6))
            for p in range(positions):
                w = words(seed, 2, c, 0x10000 + attempt, p)
                for k in range(2):
                    if w[2 * k + 1] / 2 ** 32 < 0.1:
                        one[p] += KINDS[below(w[2 * k], 6)]
            if one.any() and not any((one == o).all() for o in out):
                break
        out.append(one)
    return np.array(out)


def triples(seed=0, count=10, draw=0):
    return [[below(w, 10) for w in words(seed, 8, i, draw, 0)[:3]] for i in range(count)]


class Block(nn.Module):
    def __init__(self, b, h, dilation):
        super().__init__()
        self.conv = nn.Conv1d(b, h, 1)
        self.prelu_1 = nn.PReLU()
        self.norm_1 = nn.GroupNorm(1, h)
        self.depthwise = nn.Conv1d(h, h, 3, padding=dilation, dilation=dilation, groups=h)
        self.prelu_2 = nn.PReLU()
        self.norm_2 = nn.GroupNorm(1, h)
        self.skip = nn.Conv1d(h, b, 1)
        self.residual = nn.Conv1d(h, b, 1)

    def forward(self, x):
        y = self.norm_1(self.prelu_1(self.conv(x)))
        y = self.norm_2(self.prelu_2(self.depthwise(y)))
        return x + self.residual(y), self.skip(y)


class Toy(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Conv1d(6, 64, 3, padding=1)
        self.norm = nn.GroupNorm(1, 64)
        self.bottleneck = nn.Conv1d(64, 16, 1)
        self.blocks = nn.ModuleList(Block(16, 64, 2 ** k) for _ in range(3) for k in range(4))
        self.prelu = nn.PReLU()
        self.masks = nn.Conv1d(16, 3 * 64, 1)
        self.decoder = nn.Conv1d(64, 1, 3, padding=1)
        self.classifier = nn.Linear(21, 10)

    def forward(self, x):
        e = self.encoder(x)
        y = self.bottleneck(self.norm(e))
        total = 0
        for block in self.blocks:
            y, skip = block(y)
            total = total + skip
        m = torch.sigmoid(self.masks(self.prelu(total))).reshape(-1, 3, 64, 21)
        s = (m * e[:, None]).reshape(-1, 64, 21)
        c = torch.relu(self.classifier(torch.relu(self.decoder(s)).reshape(-1, 21)))
        return torch.softmax(c, 1)  # [3][10] for one mixture


def start(model):
    with torch.no_grad():
        for t, (name, p) in enumerate(model.named_parameters()):
            if "prelu" in name:
                p.fill_(0.25)
                continue
            n = p.numel()
            u = many(t, n) / 2 ** 32
            module = model.get_submodule(name.rsplit(".", 1)[0])
            if isinstance(module, nn.GroupNorm):
                v = (2 * u - 1) / 8 + (1 if name.endswith("weight") else 0)
            else:
                w = module.weight
                v = (2 * u - 1) / np.sqrt(w.numel() // w.shape[0])
            p.copy_(torch.from_numpy(v.astype(np.float32).reshape(p.shape)))


def losses(kind, dtype):
    torch.set_default_dtype(dtype)
    model = Toy()
    assert sum(p.numel() for p in model.parameters()) == 50246
    start(model)
    p = model.parameters()
    optimiser = {"sgd": lambda: torch.optim.SGD(p, 1e-2, weight_decay=1e-5),
                 "momentum": lambda: torch.optim.SGD(p, 1e-4, momentum=0.99, weight_decay=1e-5),
                 "adam": lambda: torch.optim.Adam(p, 1e-4, weight_decay=1e-5)}[kind]()
    singles, train = library(), triples()
    out = []
    for step in range(STEPS):
        triple = train[step % 10]
        x = torch.tensor(singles[triple].sum(0).reshape(1, 6, 21), dtype=dtype)
        optimiser.zero_grad()
        loss = F.cross_entropy(model(x), torch.tensor(triple))
        loss.backward()
        optimiser.step()
        out.append(loss.item())
    weights = {name: model.get_parameter(name).detach().double().numpy() for name in FINAL}
    return np.array(out), weights


def main():
    torch.set_num_threads(1)
    assert many(3, 9)[8] == words(7, 10, 3, 0, 8)[0]
    tensors = {"library": library().reshape(10, 126), "train": np.array(triples())}
    for kind in ("sgd", "momentum", "adam"):
        exact, weights = losses(kind, torch.float64)
        rounded, float_weights = losses(kind, torch.float32)
        print(kind, exact[:3], exact[-3:], np.abs(exact - rounded).max())
        tensors[kind + ".loss"] = exact
        tensors[kind + ".float32"] = rounded
        for name in FINAL:
            tensors[f"{kind}.{name}"] = weights[name]
            tensors[f"{kind}.{name}.float32"] = float_weights[name]
    write(os.path.join(HERE, "torch_toy.safetensors"), tensors)


if __name__ == "__main__":
    main()
