"""Golden losses of tests/test_loss.c: PyTorch in double on float32 inputs.

    python tests/golden/make_loss.py      (seed 11; written with the versions in the metadata of
                                           loss.safetensors)

For each name: "<name>.x", "<name>.t" [batch][channels][positions], "<name>.losses" [batch] and
"<name>.grad", that of the sum of the losses. The metadata of a name say which loss and options. Losses
are PyTorch's own functions, item by item; SI-SNR is written out as torchmetrics has it, and the best
permutation is found by trying all of them.
"""
import itertools
import json
import os
import struct

import numpy as np
import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
EPSILON = 1e-8
DELTA = 1.5
POSITIVE = 3.0


def si_snr(x, t):
    """torchmetrics.functional.scale_invariant_signal_noise_ratio, its eps a parameter; negative."""
    t = t - t.mean(-1, keepdim=True)
    x = x - x.mean(-1, keepdim=True)
    alpha = ((x * t).sum(-1, keepdim=True) + EPSILON) / ((t * t).sum(-1, keepdim=True) + EPSILON)
    scaled = alpha * t
    noise = scaled - x
    ratio = ((scaled ** 2).sum(-1) + EPSILON) / ((noise ** 2).sum(-1) + EPSILON)
    return -10 * torch.log10(ratio).mean()


def labels(x, t):
    """x [C][S], t [S][1]; the mean over the labels that are none of -1."""
    t = t.reshape(-1).long()
    if (t < 0).all():
        return 0 * x.sum()
    return F.cross_entropy(x.T, t, ignore_index=-1)


LOSSES = {
    "cross_entropy": lambda x, t: F.cross_entropy(x[None], t[None]),
    "labels": labels,
    "binary_cross_entropy": lambda x, t: F.binary_cross_entropy_with_logits(
        x, (t > 0).to(x.dtype), pos_weight=torch.tensor(POSITIVE, dtype=x.dtype)),
    "mse": F.mse_loss,
    "mae": F.l1_loss,
    "huber": lambda x, t: F.huber_loss(x, t, delta=DELTA),
    "si_snr": si_snr,
}


def permuted(loss, x, t):
    """The least of the losses over all orders of the targets."""
    orders = itertools.permutations(range(len(t)))
    return min((loss(x, t[list(order)]) for order in orders), key=lambda value: float(value))


def write(path, tensors, metadata):
    header, blobs, at = {"__metadata__": metadata}, [], 0
    for name, value in tensors.items():
        blob = np.ascontiguousarray(value, "<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(value.shape),
                        "data_offsets": [at, at + len(blob)]}
        blobs.append(blob)
        at += len(blob)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def main():
    rng = np.random.default_rng(11)
    tensors, metadata = {}, {"tools": f"torch {torch.__version__}, numpy {np.__version__}"}

    def add(kind, x, t, permutation):
        x, t = x.astype(np.float32), t.astype(np.float32)
        given = torch.tensor(x.astype(float), requires_grad=True)
        losses = []
        for item, target in zip(given, torch.tensor(t.astype(float))):
            loss = LOSSES[kind]
            losses.append(permuted(loss, item, target) if permutation else loss(item, target))
        torch.stack(losses).sum().backward()
        name = f"{kind}.{sum(key.startswith(kind + '.') for key in metadata)}"
        metadata[name] = f"permutation={permutation} delta={DELTA} positive={POSITIVE}"
        tensors[name + ".x"] = x
        tensors[name + ".t"] = t
        tensors[name + ".losses"] = np.array([float(value) for value in losses])
        tensors[name + ".grad"] = given.grad.numpy()

    shares = rng.dirichlet(np.ones(7), 4) * (rng.random((4, 7)) < 0.5)
    add("cross_entropy", rng.normal(0, 3, (4, 7, 1)), shares[:, :, None], 0)
    columns = rng.dirichlet(np.ones(5), (2, 6)).transpose(0, 2, 1)
    add("cross_entropy", rng.normal(0, 3, (2, 5, 6)), columns, 0)
    picks = rng.integers(0, 10, (4, 3, 1)).astype(float)
    picks[1, 1] = -1
    picks[3] = -1
    add("labels", rng.normal(0, 3, (4, 10, 3)), picks, 0)
    add("labels", rng.normal(0, 3, (4, 10, 3)), picks, 1)
    add("labels", rng.normal(0, 3, (2, 10, 5)), rng.integers(-1, 10, (2, 5, 1)).astype(float), 1)
    # the published toy's slip: probabilities taken for logits
    twice = torch.softmax(torch.tensor(rng.normal(0, 3, (3, 10, 3))), 1).numpy()
    add("labels", twice, rng.integers(0, 10, (3, 3, 1)).astype(float), 0)
    add("binary_cross_entropy", rng.normal(0, 3, (3, 29, 1)), rng.random((3, 29, 1)) - 0.5, 0)
    for kind in ("mse", "mae", "huber", "si_snr"):
        add(kind, rng.normal(0, 2, (3, 1, 50)), rng.normal(0, 2, (3, 1, 50)), 0)
        for sources in (3, 5):
            t = rng.normal(0, 2, (2, sources, 33))
            t[1, sources - 2:] = 0
            add(kind, rng.normal(0, 2, t.shape), t, 0)
            close = t[:, ::-1] + rng.normal(0, 0.1, t.shape)
            add(kind, close, t, 1)
    write(os.path.join(HERE, "loss.safetensors"), tensors, metadata)


if __name__ == "__main__":
    main()
