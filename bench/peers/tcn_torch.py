#!/usr/bin/env python3
"""PyTorch's dilated block (depthwise convolution, PReLU, GroupNorm of one group) on the CPU.

    python bench/peers/tcn_torch.py [--threads 2] [--rounds 7] [--compile]

Forward alone (no gradients) and forward + backward of the cases of `fidmix bench tcn`, in milliseconds: the median of
the rounds after two to warm up, eager and, with --compile, torch.compile (needs a C++ compiler). float32. Then the
rate of a copy of 64 MiB, what the machine's memory gives (bytes read and written). Needs torch 2; tried with 2.6.0.
"""
import argparse
import statistics
import time

import torch

# name, batch, channels, positions, kernel, dilation; kernel 0: PReLU and GroupNorm alone
CASES = [
    ("512 x 32768", 1, 512, 32768, 3, 1),
    ("128 x 4096, dilation 64", 16, 128, 4096, 3, 64),
    ("prelu, 512 x 4096", 4, 512, 4096, 0, 1),
]


def median(call, rounds):
    seconds = []
    for i in range(rounds + 2):
        begin = time.perf_counter()
        call()
        if i >= 2:
            seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds) * 1e3


def block(channels, kernel, dilation):
    layers = [torch.nn.PReLU(), torch.nn.GroupNorm(1, channels)]
    if kernel:
        layers.insert(0, torch.nn.Conv1d(channels, channels, kernel, padding="same", dilation=dilation,
                                         groups=channels))
    return torch.nn.Sequential(*layers)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--compile", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(5)
    print(f"torch {torch.__version__}, {args.threads} threads, float32")
    for name, batch, channels, positions, kernel, dilation in CASES:
        x = (torch.rand(batch, channels, positions) - 0.5).requires_grad_(True)
        g = torch.rand(batch, channels, positions) - 0.5
        net = block(channels, kernel, dilation)
        for kind in ["eager", "compiled"] if args.compile else ["eager"]:
            run = torch.compile(net) if kind == "compiled" else net

            def forward():
                with torch.no_grad():
                    run(x)

            def both():
                x.grad = None
                net.zero_grad()
                run(x).backward(g)

            print(f"{name:<26}{kind:<10}forward {median(forward, args.rounds):8.2f} ms   forward + backward "
                  f"{median(both, args.rounds):8.2f} ms")
    a, b = torch.rand(1 << 24), torch.empty(1 << 24)
    seconds = median(lambda: b.copy_(a), args.rounds) / 1e3
    print(f"copy of 64 MiB: {2 * a.numel() * 4 / seconds / 1e9:.1f} GB/s")


if __name__ == "__main__":
    main()
