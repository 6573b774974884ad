#!/usr/bin/env python3
"""Writes mixture_draw.txt: what mixtures are made of, from the description in
host/signal/mixture_draw.h alone. Python 3.11, no packages; seed 0x123456789abcdef0.

3 + k FIDs of class k (8 classes), rows class by class, all of them in the split. For the lines
"foreign" c02 and c05 are no classes: at most 3 signals of none are added, half of them displaced.
Lines: mode mixture draw parts named snr, then for each part class (-: none) row proportion
displaced turn; numbers as C99 hex.
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


FOREIGN = CLASSES[2] + CLASSES[5]
REST = [c for i, c in enumerate(CLASSES) if i not in (2, 5)]


def draw(mode, mixture, number, least, most, amounts, ratio, snr, classes=CLASSES, foreign=()):
    n = len(classes)
    w = words(mixture, number, 0)
    named = 2 if mode == "pairs" else least + (w[0] * (most - least + 1) >> 32)
    others = w[2] * 4 >> 32 if foreign else 0
    noise = snr[0] * power(snr[1] / snr[0], w[1])
    pairs = [(i, j) for i in range(n) for j in range(i, n)]
    chosen, rows, amount, turn = [], [], [], []
    for k in range(named):
        w = words(mixture, number, k + 1)
        if mode == "pairs":
            chosen.append(pairs[mixture % len(pairs)][k])
        else:
            last = n - named + k
            c = w[0] * (last + 1) >> 32
            chosen.append(last if c in chosen else c)
        members = classes[chosen[-1]]
        rows.append(members[w[1] * len(members) >> 32])
        turn.append(None)
        amount.append(1.0 if mode == "pairs" or amounts == "equal" else
                      power(ratio, w[2]) if amounts == "log_uniform" else
                      1 + (ratio - 1) * (w[2] / 2.0**32))
    for k in range(others):
        w = words(mixture, number, 128 + k)
        displaced = w[0] / 2.0**32 < 0.5
        pool = list(foreign) + (sum(classes, []) if displaced else [])
        rows.append(pool[w[1] * len(pool) >> 32])
        turn.append(w[3] if displaced else None)
        chosen.append("-")
        amount.append(power(ratio, w[2]))
    total = 0.0
    for a in amount[:named] if named else amount:
        total += a
    line = ["foreign" if foreign else mode if mode == "pairs" else amounts, str(mixture),
            str(number), str(named + others), str(named), noise.hex()]
    for c, r, a, t in zip(chosen, rows, amount, turn):
        line += [str(c), str(r), (a / total).hex(), "0" if t is None else "1", str(t or 0)]
    return " ".join(line)


with open(__file__.replace("make_mixture_draw.py", "mixture_draw.txt"), "w") as f:
    for m in list(range(40)) + [2**33 + 5]:
        for mode, amounts in (("pairs", "equal"), ("random", "log_uniform"),
                              ("random", "uniform"), ("random", "equal")):
            print(draw(mode, m, m % 3 << 29 | m % 64, 0, 8, amounts, 20.0, (20.0, 200.0)), file=f)
        print(draw("random", m, m % 3 << 29 | m % 64, 0, 6, "log_uniform", 20.0, (20.0, 200.0),
                   REST, FOREIGN), file=f)
