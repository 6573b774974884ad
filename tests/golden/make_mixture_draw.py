#!/usr/bin/env python3
"""Writes mixture_draw.txt: what mixtures are made of, from the description in
host/signal/mixture_draw.h alone. Python 3.11, no packages; seed 0x123456789abcdef0.

3 + k FIDs of class k (8 classes), rows class by class, all of them in the split.
Lines: mode mixture draw parts snr, then class row proportion for each part; numbers as C99 hex.
"""
import math

SEED = 0x123456789ABCDEF0
M32 = 0xFFFFFFFF


def philox(counter, key):
    x, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * x[0], 0xCD9E8D57 * x[2]
        x = [(b >> 32) ^ x[1] ^ k[0], b & M32, (a >> 32) ^ x[3] ^ k[1], a & M32]
        k = [(k[0] + 0x9E3779B9) & M32, (k[1] + 0xBB67AE85) & M32]
    return x


def words(item, draw, position):
    key = ((SEED ^ SEED >> 32) & M32, 8)
    return philox((item & M32, item >> 32, draw, position), key)


def power(base, word):
    result, root = 1.0, base
    for bit in range(31, -1, -1):
        root = math.sqrt(root)
        if root <= 1:
            break
        if word >> bit & 1:
            result *= root
    return result


CLASSES = [list(range(sum(3 + i for i in range(k)), sum(3 + i for i in range(k + 1))))
           for k in range(8)]


def draw(mode, mixture, number, least, most, amounts, ratio, snr):
    n = len(CLASSES)
    w = words(mixture, number, 0)
    parts = 2 if mode == "pairs" else least + (w[0] * (most - least + 1) >> 32)
    noise = snr[0] * power(snr[1] / snr[0], w[1])
    pairs = [(i, j) for i in range(n) for j in range(i, n)]
    chosen, rows, amount = [], [], []
    for k in range(parts):
        w = words(mixture, number, k + 1)
        if mode == "pairs":
            chosen.append(pairs[mixture % len(pairs)][k])
        else:
            last = n - parts + k
            c = w[0] * (last + 1) >> 32
            chosen.append(last if c in chosen else c)
        members = CLASSES[chosen[-1]]
        rows.append(members[w[1] * len(members) >> 32])
        amount.append(1.0 if mode == "pairs" or amounts == "equal" else
                      power(ratio, w[2]) if amounts == "log_uniform" else
                      1 + (ratio - 1) * (w[2] / 2.0**32))
    total = 0.0
    for a in amount:
        total += a
    line = [mode if mode == "pairs" else amounts, str(mixture), str(number), str(parts),
            noise.hex()]
    for c, r, a in zip(chosen, rows, amount):
        line += [str(c), str(r), (a / total).hex()]
    return " ".join(line)


with open(__file__.replace("make_mixture_draw.py", "mixture_draw.txt"), "w") as f:
    for m in list(range(40)) + [2**33 + 5]:
        for mode, amounts in (("pairs", "equal"), ("random", "log_uniform"),
                              ("random", "uniform"), ("random", "equal")):
            print(draw(mode, m, m % 3 << 29 | m % 64, 0, 8, amounts, 20.0, (20.0, 200.0)), file=f)
