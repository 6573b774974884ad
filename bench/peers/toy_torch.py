#!/usr/bin/env python3
"""A training step of the recipe s2_toy_published in PyTorch on the CPU, and fidmix's in turns with it.

    python bench/peers/toy_torch.py [--fidmix build/release/fidmix] [--device pocl] [--rounds 5]
                                    [--batch 1] [--threads 2] [--compile]

A step: a batch, forward, cross-entropy, backward, SGD with weight decay; 50,246 weights, the network of
tests/golden/make_torch_toy.py. PyTorch's is the median of a round's 11 groups of steps. fidmix's is what
`fidmix train` takes for many steps less what it takes for few, so without start and compilation but with
all that a training does at the end of its epochs: ten batches each, as published, the files written as
always; with and without the ten items of validation behind each epoch. The table's figures are
medians over the rounds. Needs torch 2; tried with torch 2.6.0.
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "tests", "golden"))
from make_torch_toy import Toy  # noqa: E402

EPOCH = 10  # batches
GROUPS = 11


class Peer:
    def __init__(self, batch, compiled):
        torch.manual_seed(1)
        self.network = Toy()
        self.call = torch.compile(self.network) if compiled else self.network
        self.optimiser = torch.optim.SGD(self.network.parameters(), lr=1e-2, weight_decay=1e-5)
        self.input = torch.rand(EPOCH, batch, 6, 21)
        self.label = torch.randint(0, 10, (EPOCH, 3 * batch))
        self.steps = 0

    def step(self):
        at = self.steps % EPOCH
        self.steps += 1
        self.optimiser.zero_grad()
        F.cross_entropy(self.call(self.input[at]), self.label[at]).backward()
        self.optimiser.step()

    def round_ms(self, steps):
        times = []
        self.step()
        for _ in range(GROUPS):
            begin = time.perf_counter()
            for _ in range(steps):
                self.step()
            times.append((time.perf_counter() - begin) / steps)
        return statistics.median(times) * 1e3


def train_s(given, folder, epochs, validate):
    out = os.path.join(folder, "toy.safetensors")
    command = [given.fidmix, "train", "--quiet", "--recipe", "s2_toy_published", "--out", out]
    for setting in (f"epochs={epochs}", f"batch={given.batch}", f"items={EPOCH * given.batch}",
                    f"validate={'true' if validate else 'false'}"):
        command += ["--set", "train." + setting]
    if given.device:
        command += ["--device", given.device]
    begin = time.perf_counter()
    subprocess.run(command, check=True)
    spent = time.perf_counter() - begin
    for name in os.listdir(folder):
        os.remove(os.path.join(folder, name))
    return spent


def fidmix_ms(given, validate):
    few, many = (4, 44) if given.batch > 16 else (50, 450)
    with tempfile.TemporaryDirectory() as folder:
        spent = [train_s(given, folder, epochs, validate) for epochs in (few, many)]
    return (spent[1] - spent[0]) / ((many - few) * EPOCH) * 1e3


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--fidmix")
    options.add_argument("--device")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--batch", type=int, default=1)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--compile", action="store_true")
    given = options.parse_args()
    torch.set_num_threads(given.threads)
    peers = {"PyTorch eager": Peer(given.batch, False)}
    if given.compile:
        peers["PyTorch compiled"] = Peer(given.batch, True)
    times = {}
    for _ in range(given.rounds):
        for name, peer in peers.items():
            times.setdefault(name, []).append(peer.round_ms(20 if given.batch < 16 else 3))
        for validate in (False, True) if given.fidmix else ():
            name = "fidmix, validated" if validate else "fidmix"
            times.setdefault(name, []).append(fidmix_ms(given, validate))
    best = min(statistics.median(times[name]) for name in peers)
    print(f"torch {torch.__version__}, {given.threads} threads, batch {given.batch}, "
          f"{given.rounds} rounds")
    for name, ms in times.items():
        median = statistics.median(ms)
        print(f"{name:<18} {median:9.3f} ms a step ({min(ms):.3f} to {max(ms):.3f})"
              f"{best / median:8.2f}x")


if __name__ == "__main__":
    main()
