#!/usr/bin/env python3
"""A locally connected layer in PyTorch on the CPU, which has none of its own: as einsum over windows, as a batched
product from a convolution's layout, and as that product alone on operands that lie position by position already.

    python bench/peers/locally_connected_torch.py [--threads 2] [--rounds 11]

Forward alone and backward alone of the cases of `fidmix bench locally_connected1d` (64 channels x 512 positions to 16
filters, 32 items, one and three taps), in milliseconds: the median of the rounds after two to warm up. float32. Needs
torch 2; tried with 2.6.0.
"""
import argparse
import statistics
import time

import torch

BATCH, CHANNELS, POSITIONS, FILTERS = 32, 64, 512, 16


def windows_of(x, taps):
    """[batch][channels][taps][positions], padded as `same`."""
    x = torch.nn.functional.pad(x, ((taps - 1) // 2, taps // 2))
    return torch.stack([x[:, :, t:t + POSITIONS] for t in range(taps)], 2)


def kinds_of(taps):
    """name, leaves, call"""
    x = torch.randn(BATCH, CHANNELS, POSITIONS, requires_grad=True)
    w = torch.randn(FILTERS, CHANNELS, taps, POSITIONS, requires_grad=True)
    xp = torch.randn(POSITIONS, BATCH, CHANNELS * taps, requires_grad=True)
    wp = torch.randn(POSITIONS, CHANNELS * taps, FILTERS, requires_grad=True)

    def product():
        a = windows_of(x, taps).permute(3, 0, 1, 2).reshape(POSITIONS, BATCH, -1)
        b = w.permute(3, 1, 2, 0).reshape(POSITIONS, -1, FILTERS)
        return torch.bmm(a, b).permute(1, 2, 0).contiguous()

    return [("einsum", lambda: torch.einsum("bctn,fctn->bfn", windows_of(x, taps), w)),
            ("bmm", product),
            ("bmm, turned before", lambda: torch.bmm(xp, wp))]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=11)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    print(f"torch {torch.__version__}, {args.threads} threads, float32")
    for taps in (1, 3):
        for name, call in kinds_of(taps):
            there, back = [], []
            for i in range(args.rounds + 2):
                begin = time.perf_counter()
                y = call()
                middle = time.perf_counter()
                y.backward(torch.ones_like(y))
                end = time.perf_counter()
                if i >= 2:
                    there.append(middle - begin)
                    back.append(end - middle)
            print(f"{taps} taps, {name}: forward {statistics.median(there) * 1e3:.2f} ms, "
                  f"backward {statistics.median(back) * 1e3:.2f} ms")


if __name__ == "__main__":
    main()
