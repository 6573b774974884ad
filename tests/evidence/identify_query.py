#!/usr/bin/env python3
"""A query model that knows spin systems only, on nine real spectra of 27 metabolites at 700 MHz.

    tests/evidence/identify_query.py build/release/fidmix MODEL ../shared/data out_query

DATA holds spin_systems/spin_systems.tsv and bruker/mix_27_metabolites_700 with composition.tsv. Candidates
are the 25 of the 27 that have spin systems (NAD and NADH have none), the contaminants ethanol, acetate and
formate, and decoys up to 225 or 1226 compounds: the table's metabolites first, then entries drawn with the
seed; never another stereoisomer of what is in the samples. Other entries of a candidate are its variants,
among them histidine and threonine by their systematic names, and, unless --no-states, their states at
other pH in the project's data/spin_states.yml.

Printed, for each number of candidates, for each spectrum by itself and for all together (--joint):
precision, recall, F1, false positive rate at the model's threshold, the area under the ROC curve, the
expected calibration error (ten bins of probability; over what passed the search, and over all candidates),
by the nominal list (contaminants count as wrong), with the contaminants counted as present, which do not
scale with the dilution and so are in the samples, and with the contaminants aside, neither right nor wrong; the probability of every compound present in every
spectrum; what was named wrongly. Beside it non-negative least squares with rigid lines (at the offset that
identify found, lines of 1.6 Hz) at the threshold that serves it best: more than it could know.

--only limits it to some spectra: exp_10, exp_140 and exp_210 served for choosing settings, the other six
did not. --no-least-squares needs nothing but Python's standard library; otherwise numpy, scipy and h5py
(written with 2.2, 1.15 and 3.13).
"""
import argparse
import json
import math
import pathlib
import random
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from identify_27 import NO_CANDIDATE, NO_SPIN_SYSTEM, PRESENT, composition, stem  # noqa: E402

CONTAMINANTS = ["bmse000297_simulation_1", "bmse000857_simulation_1", "bmse000203_simulation_1"]
SAME = {"2-amino-3-(3h-imidazol-4-yl)propanoic acid": "L-Histidine",  # what it is by another name
        "2-amino-3-hydroxybutanoic acid": "L-Threonine"}
BINS = 10


def key(name):
    """What entries of one compound share, as `fidmix library` groups them."""
    return re.sub(r"( \((bmse|Maybridge)[^()]*\)| - .*)$", "", name).lower()


def read_table(path):
    with open(path, encoding="utf-8") as stream:
        header, *rows = [line.rstrip("\n").split("\t") for line in stream]
    return header, rows


def states(keys):
    """Rows of the built-in states of compounds with these keys."""
    path = pathlib.Path(__file__).parents[2] / "data" / "spin_states.yml"
    rows = []
    for block in path.read_text(encoding="utf-8").split("\n  - name: ")[1:]:
        name = block.split("\n")[0]
        if key(name) not in keys:
            continue
        groups, _, couplings = block.partition("couplings:")
        spins = {group: [f"{group}{i}:{ppm}" for i in range(int(n))] for group, ppm, n in
                 re.findall(r"\{id: (\w+), ppm: (-?[\d.]+), n: (\d+)\}", groups)}
        pairs = [f"{a.split(':')[0]}-{b.split(':')[0]}:{hz}" for one, other, hz in
                 re.findall(r"(\w+)-(\w+): (-?[\d.]+)", couplings) for a in spins[one] for b in spins[other]]
        every = [spin for group in spins.values() for spin in group]
        rows.append([f"state_{len(rows)}", name, "0", str(len(every)), " ".join(every), " ".join(pairs)])
    return rows


def choose(rows, wanted, seed, with_states=True):
    """Rows of the candidates, the present ones first, and the keys of the three kinds."""
    by_entry = {row[0]: row for row in rows}
    present = [by_entry[entry] for entry in PRESENT.values()]
    contaminants = [by_entry[entry] for entry in CONTAMINANTS]
    taken = {stem(row[1]) for row in present + contaminants} | {stem(name) for name in PRESENT}
    rest = [row for row in rows if not NO_CANDIDATE.search(row[1]) and stem(row[1]) not in taken
            and key(row[1]) not in SAME]
    random.Random(seed).shuffle(rest)
    rest.sort(key=lambda row: row[2] != "1")
    keys = {key(row[1]) for row in present + contaminants}
    decoys, stems = [], set()
    for again in (False, True):  # other spellings of a decoy only where there are not enough
        for row in rest:
            if len(keys) < wanted and key(row[1]) not in keys and (again or stem(row[1]) not in stems):
                keys.add(key(row[1]))
                stems.add(stem(row[1]))
                decoys.append(row)
    chosen = present + contaminants + decoys
    entries = {row[0] for row in chosen}
    variants = [row for row in rows if row[0] not in entries and key(row[1]) in keys]
    variants += [[row[0], f"{SAME[key(row[1])]} - {row[0]}", *row[2:]] for row in rows if key(row[1]) in SAME]
    variants += states(keys) if with_states else []
    return (chosen + variants, {key(row[1]) for row in present},
            {key(row[1]) for row in contaminants}, keys)


class Score:
    """Named and not, with probabilities."""

    def __init__(self):
        self.right = self.wrong = self.missed = self.absent = 0
        self.pairs = []  # probability, present, passed the search

    def add(self, probability, asked, threshold, there, candidates):
        for name in candidates:
            p = probability.get(name, 0.0)
            self.pairs.append((p, name in there, name in asked))
            named = p >= threshold
            self.right += named and name in there
            self.wrong += named and name not in there
            self.missed += not named and name in there
            self.absent += name not in there

    def f1(self):
        return 2 * self.right / max(2 * self.right + self.wrong + self.missed, 1)

    def auc(self):
        """Share of pairs in order, equal ones half."""
        order = sorted(self.pairs, key=lambda pair: pair[0])
        positives = sum(there for _, there, _ in order)
        rank_sum = 0.0
        i = 0
        while i < len(order):
            end = i
            while end < len(order) and order[end][0] == order[i][0]:
                end += 1
            rank_sum += sum(there for _, there, _ in order[i:end]) * (i + end + 1) / 2
            i = end
        negatives = len(order) - positives
        return (rank_sum - positives * (positives + 1) / 2) / max(positives * negatives, 1)

    def calibration(self, asked_only):
        """Expected calibration error: |mean probability - share present| by bins."""
        pairs = [pair for pair in self.pairs if pair[2] or not asked_only]
        error = 0.0
        for b in range(BINS):
            inside = [pair for pair in pairs if min(int(pair[0] * BINS), BINS - 1) == b]
            error += abs(sum(p for p, _, _ in inside) - sum(there for _, there, _ in inside))
        return error / max(len(pairs), 1)

    def __str__(self):
        return (f"precision {self.right / max(self.right + self.wrong, 1):.3f} recall "
                f"{self.right / max(self.right + self.missed, 1):.3f} F1 {self.f1():.3f} false positives "
                f"{100 * self.wrong / max(self.absent, 1):.2f} % AUC {self.auc():.3f} calibration error "
                f"{self.calibration(True):.3f} (asked) {self.calibration(False):.4f} (all)")


def three_ways(items, present, contaminants, candidates):
    """Scores by the nominal list, with the contaminants, and with the contaminants aside."""
    nominal, real, aside = Score(), Score(), Score()
    for item in items:
        probability = {key(c["name"]): c["probability"] for c in item["compounds"] + item["others"]}
        nominal.add(probability, probability, item["threshold"], present, candidates)
        real.add(probability, probability, item["threshold"], present | contaminants, candidates)
        aside.add(probability, probability, item["threshold"], present, candidates - contaminants)
    return nominal, real, aside


def identify(given, library, paths, joint):
    start = time.monotonic()
    answer = subprocess.run([given.fidmix, "identify", given.model, *paths, "--library", library, "--json",
                             "--all", *(["--joint"] if joint else [])], check=True, stdout=subprocess.PIPE)
    return json.loads(answer.stdout), time.monotonic() - start


# ---- least squares ------------------------------------------------------------------------------------------

def least_squares(given, library, paths, items, out, present, candidates):
    """Rigid lines of 1.6 Hz by non-negative least squares: the best F1 that any threshold gives."""
    import h5py
    import numpy as np
    from scipy.optimize import nnls
    spectra = out / "spectra.h5"
    if not spectra.exists():
        subprocess.run([given.fidmix, "process", *paths, "--out", spectra, "--recipe", given.recipe, "--quiet"],
                       check=True)
    with h5py.File(spectra) as file:
        ppm, value = file["ppm"][:], file["spectra"][:] / file["noise_sigma"][:][:, None]
        source = [pathlib.Path(s.decode()).name for s in file["source"][:]]
    with h5py.File(library) as file:
        names = [key(n.decode().rstrip("\0")) for n in file["compound_name"][:]]
        first = file["entry_first_multiplet"][:][file["compound_first_entry"][:-1]]
        last = file["entry_first_multiplet"][:][file["compound_first_entry"][:-1] + 1]
        line = file["multiplet_first_line"][:]
        place, protons, field = file["line_ppm"][:], file["line_protons"][:], file.attrs["field_mhz"]
    every = slice(None, None, 4)  # 0.002 ppm: finer than a line
    keep = (ppm[every] < 4.6) | (ppm[every] > 4.95)
    grid = ppm[every][keep]
    half = 0.8 / field
    nominal = Score()
    named = {pathlib.Path(item["path"]).name: item for item in items}
    scores = []
    for row, name in enumerate(source):
        if name not in named:
            continue
        design = np.zeros((len(grid), len(names)))
        for c in range(len(names)):
            for k in range(line[first[c]], line[last[c]]):
                at = place[k] + named[name]["offset_ppm"]
                low, high = np.searchsorted(-grid, [-at - 0.03, -at + 0.03])
                design[low:high, c] += protons[k] / (1 + ((grid[low:high] - at) / half) ** 2)
        scale = np.linalg.norm(design, axis=0)
        scale[scale == 0] = 1
        amount, _ = nnls(design / scale, np.maximum(value[row][every][keep], 0), maxiter=20 * len(names))
        amount /= scale
        scores.append(dict(zip(names, amount / max(amount.max(), 1e-30))))
    best = (0.0, 0.0)
    for threshold in sorted({round(s, 6) for one in scores for s in one.values() if s > 0})[::5]:
        trial = Score()
        for one in scores:
            trial.add(one, one, threshold, present, candidates)
        best = max(best, (trial.f1(), threshold))
    for one in scores:
        nominal.add(one, one, best[1], present, candidates)
    return (f"precision {nominal.right / max(nominal.right + nominal.wrong, 1):.3f} recall "
            f"{nominal.right / max(nominal.right + nominal.missed, 1):.3f} F1 {nominal.f1():.3f} false "
            f"positives {100 * nominal.wrong / max(nominal.absent, 1):.2f} % AUC {nominal.auc():.3f}")


# ---- one number of candidates -------------------------------------------------------------------------------

def short(name):
    return name if len(name) <= 26 else name[:25] + "~"


def tell_compounds(items, joint, present, contaminants):
    table = [{key(c["name"]): c["probability"] for c in item["compounds"] + item["others"]}
             for item in items + joint]
    heads = [pathlib.Path(item["path"]).name.replace("exp_", "") for item in items] + ["joint"] * len(joint)
    print(f"  {'probability':28}" + "".join(f"{head:>7}" for head in heads))
    for kind, names in (("", sorted(present)), ("(contaminant) ", sorted(contaminants))):
        for name in names:
            print(f"  {kind}{short(name):{28 - len(kind)}}"
                  + "".join(f"{one.get(name, 0):7.2f}" if name in one else "      -" for one in table))


def tell_wrong(items, known, title):
    count = {}
    for item in items:
        for compound in item["compounds"]:
            name = key(compound["name"])
            if name not in known:
                count.setdefault(name, []).append(compound["probability"])
    print(f"  wrong, {title}: " + (", ".join(
        f"{short(name)} {len(p)}x (to {max(p):.2f})" for name, p in
        sorted(count.items(), key=lambda x: (-len(x[1]), -max(x[1])))) or "none"))


def run(given, wanted, header, rows, paths):
    out = given.out / str(wanted)
    out.mkdir(parents=True, exist_ok=True)
    chosen, present, contaminants, candidates = choose(rows, wanted, given.seed, not given.no_states)
    library = out / "library.h5"
    if not library.exists():
        spins = out / "candidates.tsv"
        spins.write_text("".join("\t".join(row) + "\n" for row in [header] + chosen), encoding="utf-8")
        subprocess.run([given.fidmix, "library", spins, "--out", library, "--field-mhz", "700", "--quiet"],
                       check=True)
    items, seconds = identify(given, library, paths, False)
    joint, _ = identify(given, library, paths, True)
    found = {key(c["name"]) for item in items for c in item["compounds"] + item["others"]}
    if found - candidates:
        sys.exit(f"names that are no candidates: {sorted(found - candidates)[:5]}")
    print(f"{wanted}: {items[0]['candidates']} candidates, {len(items)} spectra, threshold "
          f"{items[0]['threshold']:.3f}, {seconds:.1f} s for all; offsets "
          + " ".join(f"{item['offset_ppm']:+.4f}" for item in items))
    for title, answers in (("single", items), ("joint", joint)):
        nominal, real, aside = three_ways(answers, present, contaminants, candidates)
        print(f"  {title:7} by the list         {nominal}")
        print(f"  {title:7} with contaminants   {real}")
        print(f"  {title:7} contaminants aside  {aside}")
    f1 = [three_ways([item], present, contaminants, candidates)[0].f1() for item in items]
    mean = sum(f1) / len(f1)
    spread = math.sqrt(sum((x - mean) ** 2 for x in f1) / max(len(f1) - 1, 1))
    print(f"  F1 of each spectrum: {' '.join(f'{x:.3f}' for x in f1)}; mean {mean:.3f} +- {spread:.3f}")
    if not given.no_least_squares:
        print("  least squares, best threshold " + least_squares(given, library, paths, items, given.out,
                                                                  present, candidates))
    tell_compounds(items, joint, present, contaminants)
    tell_wrong(items, present | contaminants, "single")
    tell_wrong(joint, present | contaminants, "joint")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("fidmix")
    parser.add_argument("model")
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--candidates", type=int, nargs="*", default=[225, 1226])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="these spectra only, as in exp_10,exp_140")
    parser.add_argument("--no-states", action="store_true", help="no states at other pH")
    parser.add_argument("--recipe", default="identify", help="how least squares' spectra are processed")
    parser.add_argument("--no-least-squares", action="store_true")
    given = parser.parse_args()
    mixture = given.data / "bruker" / "mix_27_metabolites_700"
    if composition(mixture / "composition.tsv") - NO_SPIN_SYSTEM != set(PRESENT):
        sys.exit("composition.tsv lists other compounds than this script knows")
    paths = sorted(mixture.glob("exp_*"), key=lambda path: int(path.name[4:]))
    if given.only:
        paths = [path for path in paths if path.name in given.only.split(",")]
    header, rows = read_table(given.data / "spin_systems" / "spin_systems.tsv")
    for wanted in given.candidates:
        run(given, wanted, header, rows, paths)


if __name__ == "__main__":
    main()
