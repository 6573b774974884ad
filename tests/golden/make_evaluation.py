"""Golden figures of tests/test_evaluation.c, independent of fidmix: scikit-learn where it has the
figure, plain loops over the definitions of docs/training/evaluation.md otherwise, and the bootstrap
with its own Philox4x32-10.

    python tests/golden/make_evaluation.py        (seed 20; versions are written into the output)

evaluation.txt: one line "N C threshold seed resamples", N lines of C true proportions, of C
presences, of C proportions, then "key value low high" for every figure and "k<components>.key ...".
"""
import os

import numpy as np
import sklearn
from sklearn import metrics

HERE = os.path.dirname(os.path.abspath(__file__))
BOOTSTRAP = 13


def philox(counter, key):
    x = [np.uint64(v) for v in counter]
    k = [int(v) for v in key]
    mask = 0xFFFFFFFF
    x = [int(v) for v in x]
    for _ in range(10):
        a = 0xD2511F53 * x[0]
        b = 0xCD9E8D57 * x[2]
        x = [(b >> 32) ^ x[1] ^ k[0], b & mask, (a >> 32) ^ x[3] ^ k[1], a & mask]
        k = [(k[0] + 0x9E3779B9) & mask, (k[1] + 0xBB67AE85) & mask]
    return x


def draws(seed, resample, n):
    words = []
    for block in range((n + 3) // 4):
        words += philox((resample & 0xFFFFFFFF, resample >> 32, 0, block),
                        ((seed ^ (seed >> 32)) & 0xFFFFFFFF, BOOTSTRAP))
    return np.array([w * n >> 32 for w in words[:n]])


def rank(presence, proportion, c):
    """Classes that come before c or cannot be told from it, the least favourable reading."""
    return sum((presence[o], proportion[o]) >= (presence[c], proportion[c])
               for o in range(len(presence)) if o != c)


def sums_figures(t, p, q, threshold):
    y, called = t > 0, p >= threshold
    k = y.sum(1)
    out = {}
    pair_top2, pair_tenth, pair_dev, top, dev = [], [], [], [], []
    for m in range(len(t)):
        here = np.flatnonzero(y[m])
        equal = k[m] == 1 or (k[m] == 2 and np.ptp(t[m][here]) <= 1e-3 * t[m].max())
        for c in here:
            r = rank(p[m], q[m], c)
            top.append(r < k[m])
            dev.append(abs(q[m, c] - t[m, c]))
            if equal:
                pair_top2.append(r < 2)
                pair_tenth.append(p[m, c] >= np.float64(np.float32(0.1)))
                pair_dev.append(abs(q[m, c] - t[m, c]))
    mean = lambda v: np.mean(v) if len(v) else np.nan
    out["top2_pairs"], out["tenth_pairs"] = mean(pair_top2), mean(pair_tenth)
    out["deviation_pairs"] = mean(pair_dev)
    out["top_k"], out["deviation"] = mean(top), mean(dev)
    out["deviation_all"] = metrics.mean_absolute_error(t, q)
    out["exact_match"] = metrics.accuracy_score(y, called)
    undefined = not y.any() and not called.any()
    out["precision_micro"] = np.nan if undefined else metrics.precision_score(
        y.ravel(), called.ravel(), zero_division=0)
    out["recall_micro"] = metrics.recall_score(y.ravel(), called.ravel(), zero_division=np.nan)
    out["f1_micro"] = metrics.f1_score(y.ravel(), called.ravel(), zero_division=np.nan)
    negatives = (~y).sum()
    out["false_positive_rate"] = (called & ~y).sum() / negatives if negatives else np.nan
    out["false_positives_per_mixture"] = (called & ~y).sum() / len(t)
    return out


def all_figures(t, p, q, threshold):
    y, called = t > 0, p >= threshold
    out = sums_figures(t, p, q, threshold)
    occurs, seen = y.any(0), y.any(0) | called.any(0)
    score = lambda f, which: f(y[:, which].astype(int), called[:, which].astype(int),
                               average="macro", zero_division=0)
    out["precision_macro"] = score(metrics.precision_score, seen) if seen.any() else np.nan
    out["recall_macro"] = score(metrics.recall_score, occurs) if occurs.any() else np.nan
    out["f1_macro"] = score(metrics.f1_score, seen) if seen.any() else np.nan
    flat = y.ravel()
    out["auc_micro"] = metrics.roc_auc_score(flat, p.ravel()) if flat.any() and not flat.all() \
        else np.nan
    both = occurs & ~y.all(0)
    out["auc_macro"] = np.mean([metrics.roc_auc_score(y[:, c], p[:, c])
                                for c in np.flatnonzero(both)]) if both.any() else np.nan
    bins = np.minimum((p * 10).astype(int), 9)
    error = 0
    for b in range(10):
        inside = bins == b
        if inside.any():
            error += inside.mean() * abs(p[inside].mean() - y[inside].mean())
    out["calibration_error"] = error
    return out


def data(rng, n, c):
    t = np.zeros((n, c))
    for m in range(n):
        k = rng.integers(0, 5)
        here = rng.choice(c - 1, k, replace=False)  # the last class never occurs
        w = np.full(k, 0.5) if k == 2 and rng.random() < 0.7 else rng.dirichlet(np.ones(k)) \
            if k else []
        t[m, here] = np.full(1, 1.0) if k == 1 else w
    logit = 3.0 * (t > 0) - 2.2 + rng.normal(0, 1.8, (n, c))
    p = np.round(1 / (1 + np.exp(-logit)), 2)  # rounded: many ties
    q = np.maximum(0, t + rng.normal(0, 0.1, (n, c)))
    q /= np.maximum(q.sum(1, keepdims=True), 1e-6)
    return [np.round(v, 4).astype(np.float32).astype(np.float64) for v in (t, p, q)]


def main():
    rng = np.random.default_rng(20)
    n, c, threshold, seed, resamples = 67, 7, 0.5, 12345678901, 200
    t, p, q = data(rng, n, c)
    lines = [f"# make_evaluation.py: numpy {np.__version__}, scikit-learn {sklearn.__version__}",
             f"{n} {c} {threshold} {seed} {resamples}"]
    for table in (t, p, q):
        lines += [" ".join(f"{v:.9g}" for v in row) for row in table]
    k = (t > 0).sum(1)
    points = {**all_figures(t, p, q, threshold)}
    groups = sorted(set(k))
    for g in groups:
        points.update({f"k{g}.{key}": v
                       for key, v in sums_figures(*(x[k == g] for x in (t, p, q)),
                                                  threshold).items()})
    samples = {key: [] for key in points}
    for r in range(resamples):
        i = draws(seed, r, n)
        for key, v in all_figures(t[i], p[i], q[i], threshold).items():
            samples[key].append(v)
        for g in groups:
            j = i[k[i] == g]
            if len(j):
                for key, v in sums_figures(t[j], p[j], q[j], threshold).items():
                    samples[f"k{g}.{key}"].append(v)
    for key, value in points.items():
        v = np.array(samples[key])
        v = v[~np.isnan(v)]
        low, high = np.percentile(v, [2.5, 97.5]) if len(v) and not np.isnan(value) \
            else (np.nan, np.nan)
        lines.append(f"{key} {value:.15g} {low:.15g} {high:.15g}")
    with open(os.path.join(HERE, "evaluation.txt"), "w") as f:
        f.write("\n".join(lines) + "\n")


main()
