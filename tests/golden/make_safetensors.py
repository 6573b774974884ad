#!/usr/bin/env python3
"""A small file by the format's own library: every type that fidmix knows, metadata, an empty
tensor and one of rank 0.

    python3 tests/golden/make_safetensors.py tests/golden/types.safetensors

Made with safetensors 0.8.0 and numpy 1.26.4. Value i of each tensor is i - 2 (unsigned: i, truth: i
odd); no seed is needed.
"""
import sys

import numpy as np
from safetensors.numpy import save_file

def values(*shape):
    return (np.arange(np.prod(shape, dtype=int)) - 2).reshape(shape)

save_file({
    "layer.weight": values(3, 2, 5).astype(np.float32),
    "layer.bias": values(3).astype(np.float32),
    "wide": values(4).astype(np.float64),
    "half": values(4).astype(np.float16),
    "tracked": np.array(7, dtype=np.int64),
    "whole": values(2, 2).astype(np.int32),
    "short": values(3).astype(np.int16),
    "tiny": values(3).astype(np.int8),
    "bytes": (values(5) + 2).astype(np.uint8),
    "truth": (values(3) + 2) % 2 == 1,
    "empty": np.zeros((0, 4), np.float32),
    "gr\u00f6\u00dfe \"x\"": values(1).astype(np.float32),
}, sys.argv[1], metadata={"format": "np", "note": "line\nbreak \"and\" \u00b5"})
