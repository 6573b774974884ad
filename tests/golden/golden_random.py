"""What the golden scripts of the generated sources share: fidmix's random words, and safetensors."""
import json
import struct

import numpy as np


def philox(counter, key):
    c = [int(x) & 0xFFFFFFFF for x in counter]
    k = list(key)
    for _ in range(10):
        a = 0xD2511F53 * c[0]
        b = 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & 0xFFFFFFFF, (a >> 32) ^ c[3] ^ k[1], a & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def many(t, n):
    """Word 0 of counters (t, 0, i), i < n, key (7, 10)."""
    m = np.uint64(0xFFFFFFFF)
    c = [np.full(n, v, np.uint64) for v in (t, 0, 0)] + [np.arange(n, dtype=np.uint64)]
    k = [np.uint64(7), np.uint64(10)]
    for _ in range(10):
        a, b = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        s = np.uint64(32)
        c = [(b >> s) ^ c[1] ^ k[0], b & m, (a >> s) ^ c[3] ^ k[1], a & m]
        k = [(k[0] + np.uint64(0x9E3779B9)) & m, (k[1] + np.uint64(0xBB67AE85)) & m]
    return c[0]


def words(seed, purpose, item, draw, position):
    return philox((item & 0xFFFFFFFF, item >> 32, draw, position), (seed, purpose))


def below(word, n):
    return word * n >> 32


def write(path, tensors):
    header, data = {}, b""
    for name, value in tensors.items():
        value = np.ascontiguousarray(value, "<f4")
        header[name] = {"dtype": "F32", "shape": list(value.shape),
                        "data_offsets": [len(data), len(data) + value.nbytes]}
        data += value.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)
