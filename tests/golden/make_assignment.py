"""Golden totals of tests/test_assignment.c: scipy.optimize.linear_sum_assignment in double on
float32 costs.

    python tests/golden/make_assignment.py      (seed 7; written with numpy and scipy as printed
                                                 into assignment.safetensors' metadata)

For each name: "<name>.costs" [batch][n][n] and "<name>.totals" [batch]. `ties` holds whole numbers
0 to 3, `absent` costs of which some columns are equal for all rows (sources that are silent).
"""
import json
import os
import struct

import numpy as np
import scipy
from scipy.optimize import linear_sum_assignment

HERE = os.path.dirname(os.path.abspath(__file__))


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
    rng = np.random.default_rng(7)
    costs = {
        "three": rng.uniform(-1, 1, (5, 3, 3)),
        "ties": rng.integers(0, 4, (4, 20, 20)).astype(float),
        "twenty": rng.uniform(0, 1, (4, 20, 20)),
        "absent": rng.uniform(0, 1, (3, 20, 20)),
        "decibel": rng.uniform(-30, 80, (2, 33, 33)),
        "sixtyfour": rng.normal(0, 1, (1, 64, 64)),
    }
    costs["absent"][:, :, 11:] = costs["absent"][:, :, 11:12]
    tensors = {}
    for name, value in costs.items():
        value = value.astype(np.float32)
        totals = [c.astype(float)[linear_sum_assignment(c.astype(float))].sum() for c in value]
        tensors[name + ".costs"] = value
        tensors[name + ".totals"] = np.array(totals)
    write(os.path.join(HERE, "assignment.safetensors"), tensors,
          {"tools": f"numpy {np.__version__}, scipy {scipy.__version__}"})


if __name__ == "__main__":
    main()
