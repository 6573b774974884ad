"""What golden scripts of layers share: inputs that float32 holds, and a file of tensors in sorted order."""
import json

import numpy as np


def random(rng, *shape):
    """Uniform on [-1, 1), exact in float32."""
    return rng.uniform(-1, 1, shape).astype(np.float32).astype(np.float64)


def write(path, tensors, settings):
    """A safetensors file in which everything is sorted; settings: its metadata."""
    header, end = {"__metadata__": settings}, 0
    for name in sorted(tensors):
        value = tensors[name]
        header[name] = {"dtype": "F32", "shape": value.shape, "data_offsets": [end, end + value.nbytes]}
        end += value.nbytes
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(len(text).to_bytes(8, "little") + text)
        for name in sorted(tensors):
            np.ascontiguousarray(tensors[name]).tofile(f)
