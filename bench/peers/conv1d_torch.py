#!/usr/bin/env python3
"""PyTorch's convolution in one dimension and its sgemm on the CPU, to hold fidmix's against.

    python bench/peers/conv1d_torch.py [--threads 2] [--rounds 15] [--gemm 1024,1536,2048]

Each case forward, backward data and backward weights apart, in GFLOP/s (2 x batch x out x in x kernel x
positions of the output, for each of the three); then torch.mm of square matrices, whose best is the
machine's sgemm; each line says its share of that. The values are float32. Needs torch 2, numpy;
tried with torch 2.6.0 (oneDNN for the convolutions, MKL for mm).
"""
import argparse
import statistics
import time

import torch

# name, batch, in, out, kernel, stride, positions
CASES = [
    ("pointwise", 32, 128, 128, 1, 1, 4096),
    ("pointwise narrow", 32, 64, 64, 1, 1, 4096),
    ("S1 a_conv", 32, 1, 12, 3, 1, 21800),
    ("S1 b_conv1", 32, 1, 32, 5, 1, 21800),
    ("S1 b_conv2", 32, 32, 64, 9, 4, 3115),
]


def median(call, rounds):
    seconds = []
    for i in range(rounds + 3):
        begin = time.perf_counter()
        call()
        if i >= 3:
            seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds)


def sgemm(sizes, rounds):
    best = 0.0
    for n in sizes:
        a, b, c = torch.rand(n, n), torch.rand(n, n), torch.empty(n, n)
        seconds = median(lambda: torch.mm(a, b, out=c), rounds)
        rate = 2 * n**3 / seconds / 1e9
        best = max(best, rate)
        print(f"sgemm {n:<5}                     {seconds * 1e3:9.2f} ms {rate:8.1f} GFLOP/s")
    return best


def convolution(case, rounds, peak):
    name, batch, cin, cout, kernel, stride, positions = case
    padding = [(kernel - 1) // 2]
    x = torch.rand(batch, cin, positions) - 0.5
    w = torch.rand(cout, cin, kernel) - 0.5
    b = torch.rand(cout)
    y = torch.nn.functional.conv1d(x, w, b, stride, padding[0])
    g = torch.rand_like(y) - 0.5
    flops = 2 * batch * cout * cin * kernel * y.shape[2]

    def backward(mask):
        return torch.ops.aten.convolution_backward(
            g, x, w, [cout], [stride], padding, [1], False, [0], 1, mask)

    parts = (("forward", lambda: torch.nn.functional.conv1d(x, w, b, stride, padding[0])),
             ("backward data", lambda: backward([True, False, False])),
             ("backward weights", lambda: backward([False, True, False])))
    for part, call in parts:
        seconds = median(call, rounds)
        rate = flops / seconds / 1e9
        print(f"{name:<17}{part:<17}{seconds * 1e3:9.2f} ms {rate:8.1f} GFLOP/s "
              f"{100 * rate / peak:6.1f} % of sgemm")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--gemm", default="1024,1536,2048")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(4)
    print(f"torch {torch.__version__}, {args.threads} threads, batch 32, float32")
    with torch.no_grad():
        peak = sgemm([int(n) for n in args.gemm.split(",")], args.rounds)
        for case in CASES:
            convolution(case, args.rounds, peak)


if __name__ == "__main__":
    main()
