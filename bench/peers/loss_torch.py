"""PyTorch beside `fidmix bench loss`: losses with their gradients, float32, eager, the least of the
rounds in microseconds.

    python bench/peers/loss_torch.py [THREADS]

The cases are those of tests/cases/loss.h. "in any order" compares all pairs of sources, takes the
matrices to the host for scipy.optimize.linear_sum_assignment, and computes the loss of the pairs that
it chose, as separation programs do. Tried with torch 2.6.0, scipy 1.17.1.
"""
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from scipy.optimize import linear_sum_assignment

EPSILON = 1e-8


def si_snr(x, t):
    """Of the last axis; shapes broadcast."""
    x = x - x.mean(-1, keepdim=True)
    t = t - t.mean(-1, keepdim=True)
    scale = ((x * t).sum(-1, keepdim=True) + EPSILON) / ((t * t).sum(-1, keepdim=True) + EPSILON)
    scaled = scale * t
    noise = scaled - x
    ratio = ((scaled ** 2).sum(-1) + EPSILON) / ((noise ** 2).sum(-1) + EPSILON)
    return -10 * torch.log10(ratio)


def any_order(pair, x, t):
    with torch.no_grad():
        costs = pair(x[:, :, None], t[:, None]).numpy()
    order = torch.tensor(np.array([linear_sum_assignment(cost)[1] for cost in costs]))
    return pair(x, torch.gather(t, 1, order[:, :, None].expand_as(t))).mean()


def mse(x, t):
    return ((x - t) ** 2).mean(-1)


def rows():
    """Name, loss and shape."""
    for name, shape in (("published", (32, 29, 1)), ("spectra", (32, 1, 65536)),
                        ("masks", (4, 8, 16384)), ("sources", (8, 20, 4096))):
        if shape[1] > 1:
            yield f"cross_entropy, {name}", F.cross_entropy, shape
        yield (f"binary_cross_entropy, {name}",
               lambda x, t: F.binary_cross_entropy_with_logits(x, (t > 0).float()), shape)
        yield f"mse, {name}", F.mse_loss, shape
        yield f"mae, {name}", F.l1_loss, shape
        yield f"huber, {name}", F.huber_loss, shape
        if shape[2] > 1:
            yield f"si_snr, {name}", lambda x, t: si_snr(x, t).mean(), shape
    yield "mse, sources in any order", lambda x, t: any_order(mse, x, t), (8, 20, 4096)
    yield "si_snr, sources in any order", lambda x, t: any_order(si_snr, x, t), (8, 20, 4096)


def main():
    torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
    torch.manual_seed(1)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    for name, loss, shape in rows():
        x = (2 * torch.rand(shape) - 1).requires_grad_()
        t = 2 * torch.rand(shape) - 1
        least, until = float("inf"), time.perf_counter() + 1.5
        rounds = 0
        while rounds < 11 or time.perf_counter() < until:
            x.grad = None
            start = time.perf_counter()
            loss(x, t).backward()
            least = min(least, time.perf_counter() - start)
            rounds += 1
        print(f"{name:44s} {1e6 * least:12.1f}")


if __name__ == "__main__":
    main()
