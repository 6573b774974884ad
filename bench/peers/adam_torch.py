#!/usr/bin/env python3
"""PyTorch's fused Adam on the CPU, to hold fidmix's against.

    python bench/peers/adam_torch.py [--parameters 67108864] [--threads 2] [--rounds 15]

One tensor of float32; prints the median, the bandwidth (28 bytes a parameter: gradient read,
parameter and two moments read and written) and that of a plain copy in the same run. Needs torch >=
2.4 (fused on the CPU), numpy. Tried with torch 2.6.0.
"""
import argparse
import statistics
import time

import torch


def median(call, rounds):
    seconds = []
    for i in range(rounds + 3):
        begin = time.perf_counter()
        call()
        if i >= 3:
            seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds), min(seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parameters", type=int, default=64 << 20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=15)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(4)
    n = args.parameters
    source, target = torch.rand(n), torch.empty(n)
    copy, _ = median(lambda: target.copy_(source), args.rounds)
    del source, target
    print(f"torch {torch.__version__}, {args.threads} threads, {n} parameters")
    print(f"copy        {copy * 1e3:9.2f} ms  {8 * n / copy / 1e9:6.2f} GB/s")
    for name, options in (("adam fused", {"fused": True}), ("adam foreach", {"foreach": True})):
        parameter = torch.rand(n).sub_(0.5).requires_grad_()
        parameter.grad = torch.rand(n).sub_(0.5)
        optimiser = torch.optim.Adam([parameter], lr=1e-3, eps=1e-7, **options)
        middle, least = median(optimiser.step, args.rounds)
        print(f"{name:<12}{middle * 1e3:9.2f} ms  {28 * n / middle / 1e9:6.2f} GB/s  "
              f"{28 * n / middle / (8 * n / copy) * 100:5.1f} % of the copy  "
              f"(least {least * 1e3:.2f} ms)")
        del parameter, optimiser


if __name__ == "__main__":
    main()
