#!/usr/bin/env python3
"""A temporal convolutional classifier, trained by PyTorch for 24 steps.

    python make_torch_tcn.py tests/golden

writes torch_tcn_network.safetensors, the first weights, and torch_tcn_steps.safetensors. Made with Python 3.11,
PyTorch 2.6.0 (CPU), numpy 2.4.6; seed 6.

The network: Conv1d(1, 16, 5) > 2 stacks x 3 blocks (hidden 32, kernel 3, dilation 1 2 4, GroupNorm of one group, as the
macro `tcn` draws them) > PReLU > Flatten > Linear > softmax cross-entropy with proportions. state_dict's names are the
names of fidmix's tensors. The last block has no residual convolution.

torch_tcn_steps: input [16][1][64], target [16][3]; step t takes rows 8 (t mod 2) to 8 (t mod 2) + 7; loss [24] before each
step of Adam(1e-3); grad0.<tensor> of the first step; final.<tensor>. PyTorch computes in float64 from weights that
float32 holds exactly. Metadata float32.loss, float32.<tensor>: largest difference that PyTorch itself shows in float32
from the same start, after all steps (losses: at any).
"""
import json
import sys

import numpy as np
import torch

STEPS, ROWS, BATCH, POINTS, CLASSES = 24, 16, 8, 64, 3


class Block(torch.nn.Module):
    def __init__(self, channels, hidden, dilation, last):
        super().__init__()
        n = torch.nn
        self.conv = n.Conv1d(channels, hidden, 1)
        self.prelu_1 = n.PReLU()
        self.norm_1 = n.GroupNorm(1, hidden, eps=1e-8)
        self.depthwise = n.Conv1d(hidden, hidden, 3, padding="same", dilation=dilation, groups=hidden)
        self.prelu_2 = n.PReLU()
        self.norm_2 = n.GroupNorm(1, hidden, eps=1e-8)
        self.skip = n.Conv1d(hidden, channels, 1)
        if not last:
            self.residual = n.Conv1d(hidden, channels, 1)

    def forward(self, x):
        y = self.norm_1(self.prelu_1(self.conv(x)))
        y = self.norm_2(self.prelu_2(self.depthwise(y)))
        return (x + self.residual(y) if hasattr(self, "residual") else x), self.skip(y)


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        n = torch.nn
        self.encoder = n.Conv1d(1, 16, 5, padding=2)
        self.tcn_1 = n.ModuleList(n.ModuleList(Block(16, 32, 2**l, s == 1 and l == 2) for l in range(3))
                                  for s in range(2))
        self.slope = n.PReLU()
        self.out = n.Linear(16 * POINTS, CLASSES)

    def forward(self, x):
        x = self.encoder(x)
        skips = 0
        for stack in self.tcn_1:
            for block in stack:
                x, skip = block(x)
                skips = skips + skip
        return self.out(self.slope(skips).flatten(1))


def write(path, tensors, metadata=None):
    """A safetensors file in which everything is sorted."""
    tensors = {k: np.ascontiguousarray(v.detach().numpy(), dtype=np.float32) for k, v in tensors.items()}
    header, end = {"__metadata__": metadata or {}}, 0
    for name in sorted(tensors):
        value = tensors[name]
        header[name] = {"dtype": "F32", "shape": value.shape, "data_offsets": [end, end + value.nbytes]}
        end += value.nbytes
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(len(text).to_bytes(8, "little") + text)
        for name in sorted(tensors):
            tensors[name].tofile(f)


def train(start, x, target, dtype):
    net = Net().to(dtype)
    net.load_state_dict({k: v.to(dtype) for k, v in start.items()})
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-3)
    losses, first = [], {}
    for step in range(STEPS):
        rows = slice(BATCH * (step % 2), BATCH * (step % 2) + BATCH)
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(net(x[rows].to(dtype)), target[rows].to(dtype))
        loss.backward()
        losses.append(loss.detach().double())
        if step == 0:
            first = {k: v.grad.clone() for k, v in net.named_parameters()}
        optimiser.step()
    return torch.stack(losses), first, {k: v.double() for k, v in net.state_dict().items()}


def main():
    torch.manual_seed(6)
    rng = np.random.default_rng(6)
    start = Net().state_dict()
    x = torch.tensor(rng.normal(0, 1, (ROWS, 1, POINTS)).astype(np.float32))
    target = torch.zeros(ROWS, CLASSES)
    for i in range(ROWS):
        target[i, i % CLASSES] = 1
        x[i, 0, 10 + 20 * (i % CLASSES) + i % 5] += 6
    losses, first, final = train(start, x, target, torch.float64)
    losses32, _, final32 = train(start, x, target, torch.float32)
    metadata = {"float32.loss": f"{(losses - losses32).abs().max():.9g}"}
    kept = {"input": x, "target": target, "loss": losses}
    for name in final:
        metadata[f"float32.{name}"] = f"{(final[name] - final32[name]).abs().max():.9g}"
        stride = 1 if final[name].numel() <= 256 else 31
        if stride > 1:
            metadata[f"stride.{name}"] = str(stride)
        kept[f"final.{name}"] = final[name].flatten()[::stride]
        kept[f"grad0.{name}"] = first[name].flatten()[::stride]
    write(sys.argv[1] + "/torch_tcn_network.safetensors", start)
    write(sys.argv[1] + "/torch_tcn_steps.safetensors", kept, metadata)
    print("losses", losses.numpy().round(4), "float32 off by", metadata["float32.loss"])


main()
