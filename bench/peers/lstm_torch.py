#!/usr/bin/env python3
"""PyTorch's LSTM and GRU on the CPU, and fidmix's bench in turns with it.

    python bench/peers/lstm_torch.py [--fidmix build/release/fidmix] [--device pocl] [--rounds 5]
                                     [--threads 2] [--no-compile]

Each case forward (training mode) and forward with backward, from and to float32 [batch][positions]
[channels], gradients of all weights and of the input, all positions returned; eager and compiled. With
--fidmix every round runs `fidmix bench recurrent --json` between PyTorch's turns; the table's figures
are medians over the rounds, of each round's median. Needs torch 2; tried with torch 2.6.0.
"""
import argparse
import json
import statistics
import subprocess
import time

import torch

# name as in tests/cases/recurrent.h, module, batch, channels, positions
CASES = [
    ("lstm(50), 21800 x 1", torch.nn.LSTM, 1, 1, 21800),
    ("lstm(50), 2180 x 32", torch.nn.LSTM, 32, 1, 2180),
    ("lstm(50), 120 x 32", torch.nn.LSTM, 32, 1, 120),
    ("gru(50), 2180 x 32", torch.nn.GRU, 32, 1, 2180),
]


class Case:
    def __init__(self, module, batch, channels, positions, compiled):
        torch.manual_seed(1)
        self.network = module(channels, 50, batch_first=True)
        self.call = torch.compile(self.network) if compiled else self.network
        self.x = (torch.rand(batch, positions, channels) - 0.5).requires_grad_(True)
        self.grad = torch.rand(batch, positions, 50) - 0.5

    def forward(self):
        return self.call(self.x)[0]

    def both(self):
        self.network.zero_grad(set_to_none=True)
        self.x.grad = None
        self.forward().backward(self.grad)


def median_ms(call, least=3, seconds=0.3):
    call()
    times = []
    while len(times) < least or sum(times) < seconds:
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return statistics.median(times) * 1e3


def fidmix_ms(program, device):
    """Name of a case -> wall time, host included."""
    command = [program, "bench", "recurrent", "--json", "--quiet"]
    if device:
        command += ["--device", device]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {r["case"]: r["wall_us"] / 1e3 for r in json.loads(text)["results"]}


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--fidmix")
    options.add_argument("--device")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--no-compile", action="store_true")
    given = options.parse_args()
    torch.set_num_threads(given.threads)
    ways = ["eager"] if given.no_compile else ["eager", "compiled"]
    cases = {(c[0], way): Case(*c[1:], way == "compiled") for c in CASES for way in ways}
    times = {}
    for _ in range(given.rounds):
        for (name, way), case in cases.items():
            times.setdefault((name, way), []).append(median_ms(case.forward))
            times.setdefault((name + ", both", way), []).append(median_ms(case.both))
        if given.fidmix:
            for name, ms in fidmix_ms(given.fidmix, given.device).items():
                times.setdefault((name, "fidmix"), []).append(ms)
    print(f"torch {torch.__version__}, {given.threads} threads, {given.rounds} rounds")
    print(f"{'case':<28}" + "".join(f"{w + ' ms':>13}" for w in ways + ["fidmix", "ratio"]))
    for name in [c[0] + tail for c in CASES for tail in ("", ", both")]:
        row = {way: statistics.median(times.get((name, way), [float("nan")]))
               for way in ways + ["fidmix"]}
        ratio = min(row[way] for way in ways) / row["fidmix"]
        print(f"{name:<28}" + "".join(f"{row[w]:13.2f}" for w in ways + ["fidmix"]) +
              f"{ratio:13.2f}")


if __name__ == "__main__":
    main()
