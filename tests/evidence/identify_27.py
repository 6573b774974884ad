#!/usr/bin/env python3
"""A model that knows spin systems only, on nine real spectra of 27 metabolites at 700 MHz.

    tests/evidence/identify_27.py build/release/fidmix ../shared/data out27

DATA holds spin_systems/spin_systems.tsv and bruker/mix_27_metabolites_700 with composition.tsv. Candidates
are the 25 of the 27 that have spin systems (NAD and NADH have none), the contaminants acetate, formate,
ethanol and lactate, and decoys: the table's other metabolites first, then BMRB entries drawn with the seed;
never another entry or stereoisomer of a candidate. Further entries are foreign: signals without target, so
that the network leaves what it does not know unnamed. FIDs of all are simulated, a network is trained on
mixtures of them (fidmix run, tests/evidence/mixture_27.yml), and the nine FIDs are identified, referenced to
the library of their lines (--calibrate).

Printed: what is named rightly, wrongly and missed in each spectrum and over all, with and without the
contaminants, which do not scale with the dilution: they are in the samples, though not on the list. --only
limits it to some spectra: exp_10, exp_140 and exp_210 served for choosing settings, the other six did not.
Python 3.9's standard library only.
"""
import argparse
import csv
import json
import pathlib
import random
import re
import string
import subprocess
import sys

PRESENT = {  # name in composition.tsv: entry of the table
    "Adenosine_Triphosphate": "bmse000854_simulation_1",
    "Citric-Acid": "bmse000076_simulation_1",
    "Creatine": "bmse000950_simulation_1",
    "Creatinine": "bmse000155_simulation_1",
    "D-Glucose": "bmse000015_simulation_1",
    "Glycine": "bmse000977_simulation_1",
    "L-Alanine": "bmse000028_simulation_1",
    "L-Arginine": "bmse000899_simulation_1",
    "L-Aspartic-Acid": "bmse000875_simulation_1",
    "L-Asparagine": "bmse000912_simulation_1",
    "L-Cysteine": "bmse000975_simulation_1",
    "L-Glutamic-Acid": "bmse000913_simulation_1",
    "L-Glutamine": "bmse000038_simulation_1",
    "L-Histidine": "bmse000976_simulation_1",
    "L-Isoleucine": "bmse000866_simulation_1",
    "L-Leucine": "bmse000042_simulation_1",
    "L-Lysine": "bmse000914_simulation_1",
    "L-Methionine": "bmse000915_simulation_1",
    "L-Phenylalanine": "bmse000900_simulation_1",
    "L-Proline": "bmse000047_simulation_2",
    "L-Serine": "bmse000867_simulation_1",
    "L-Threonine": "bmse000859_simulation_1",
    "L-Tryptophan": "bmse000868_simulation_1",
    "L-Tyrosine": "bmse000051_simulation_1",
    "L-Valine": "bmse000860_simulation_1",
}
NO_SPIN_SYSTEM = {"NAD", "NADH"}
CONTAMINANTS = ["bmse000857_simulation_1", "bmse000203_simulation_1", "bmse000297_simulation_1",
                "bmse000979_simulation_1"]  # acetate, formate, ethanol, lactate
NO_CANDIDATE = re.compile(r"DSS|TSP|TMS|D2O|water|HEPES", re.I)
MOST_SPINS = 16  # of a decoy: larger ones only take time


def stem(name):
    """The name without what tells entries, salts and stereoisomers apart."""
    name = re.sub(r"( - .*| bmse.*|_.*)$", "", name.lower())
    name = re.sub(r"^(dl|d-l|d|l|r|s|alpha-d|beta-d|alpha|beta|gamma)-|\([+-]+\)", "", name)
    name = re.sub(r"\bacid\b|[-() +]", "", name)
    return re.sub(r"(ate|ic)$", "", name)


def choose(table, decoys, foreign, seed):
    with open(table, encoding="utf-8") as stream:
        header, *rows = [line.rstrip("\n").split("\t") for line in stream]
    by_entry = {row[0]: row for row in rows}
    chosen = [by_entry[entry] for entry in list(PRESENT.values()) + CONTAMINANTS]
    taken = {stem(row[1]) for row in chosen} | {stem(name) for name in PRESENT}
    rest = [row for row in rows if row[0].startswith("bmse") and not NO_CANDIDATE.search(row[1])
            and int(row[3]) <= MOST_SPINS and '"' not in row[1]]
    random.Random(seed).shuffle(rest)
    rest.sort(key=lambda row: row[2] != "1")  # metabolites first, otherwise as drawn
    others = []
    for row in rest:
        if len(others) < decoys + foreign and stem(row[1]) not in taken:
            taken.add(stem(row[1]))
            others.append(row)
    return header, chosen + others[:decoys], others[decoys:]


def composition(path):
    with open(path, encoding="utf-8") as file:
        rows = csv.reader((line for line in file if not line.startswith("#")), delimiter="\t")
        return {row[1] for row in rows if row and row[0] == "metabolite"}


def train(given, out):
    header, chosen, foreign = choose(given.data / "spin_systems" / "spin_systems.tsv", given.decoys,
                                     given.foreign, given.seed)
    spins = out / "candidates.tsv"
    spins.write_text("".join("\t".join(row) + "\n" for row in [header] + chosen + foreign),
                     encoding="utf-8")
    if not (out / "library.h5").exists():
        subprocess.run([given.fidmix, "library", spins, "--out", out / "library.h5", "--field-mhz", "700"],
                       check=True)
    recipe = out / "mixture_27.yml"
    text = (pathlib.Path(__file__).parent / "mixture_27.yml").read_text(encoding="utf-8")
    filled = string.Template(text).substitute(spins=spins.resolve(), classes=len(chosen),
                                              foreign=", ".join(f'"{row[1]}"' for row in foreign))
    recipe.write_text(filled, encoding="utf-8")
    if not given.no_training:
        subprocess.run([given.fidmix, "run", recipe, "--out", out / "run"], check=True)
    return [row[1] for row in chosen]


class Count:
    def __init__(self):
        self.hits = self.wrong = self.missed = self.absent = 0
        self.wrong_names = {}
        self.missed_names = {}

    def add(self, named, there, candidates):
        wrong, missed = named - there, there - named
        self.hits += len(named & there)
        self.wrong += len(wrong)
        self.missed += len(missed)
        self.absent += len(candidates - there)
        for name in wrong:
            self.wrong_names[name] = self.wrong_names.get(name, 0) + 1
        for name in missed:
            self.missed_names[name] = self.missed_names.get(name, 0) + 1

    def __str__(self):
        return (f"{self.hits} right, {self.wrong} wrong, {self.missed} missed: precision "
                f"{self.hits / max(self.hits + self.wrong, 1):.3f}, recall "
                f"{self.hits / (self.hits + self.missed):.3f}, F1 "
                f"{2 * self.hits / (2 * self.hits + self.wrong + self.missed):.3f}, false positive "
                f"rate {self.wrong / self.absent:.4f}")


def most(names):
    return ", ".join(f"{name} {count}" for name, count in sorted(names.items(), key=lambda x: -x[1]))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("fidmix")
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--decoys", type=int, default=90)
    parser.add_argument("--foreign", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="*", help="these spectra only, as in exp_10")
    parser.add_argument("--no-training", action="store_true", help="the model is there already")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    mixture = given.data / "bruker" / "mix_27_metabolites_700"
    if composition(mixture / "composition.tsv") - NO_SPIN_SYSTEM != set(PRESENT):
        sys.exit("composition.tsv lists other compounds than this script knows")
    names = train(given, given.out)
    # names are those of the folders: letters that no file system minds
    candidates = [re.sub(r"[^A-Za-z0-9+.()-]", "_", name) for name in names]
    listed = set(candidates[:len(PRESENT)])
    there = listed | set(candidates[len(PRESENT):len(PRESENT) + len(CONTAMINANTS)])
    paths = sorted(mixture.glob("exp_*"))
    if given.only:
        paths = [path for path in paths if path.name in given.only]
    answer = subprocess.run([given.fidmix, "identify", given.out / "run" / "model.safetensors", *paths,
                             "--library", given.out / "library.h5", "--calibrate", "--json"],
                            check=True, stdout=subprocess.PIPE)
    nominal, real = Count(), Count()
    for item in json.loads(answer.stdout):
        named = {compound["name"]: compound["probability"] for compound in item["compounds"]}
        nominal.add(set(named), listed, set(candidates))
        real.add(set(named) - (there - listed), listed, set(candidates) - (there - listed))
        wrong = sorted(set(named) - there, key=lambda name: -named[name])
        print(f"{pathlib.Path(item['path']).name:8} offset {item['offset_ppm']:+.4f} ppm, right "
              f"{len(listed & set(named)):2}, wrong {len(wrong):2}, missed {len(listed - set(named)):2}, "
              f"contaminants {len((there - listed) & set(named))}; wrong: "
              + ", ".join(f"{name} {named[name]:.2f}" for name in wrong)
              + "; missed: " + ", ".join(sorted(listed - set(named))))
    print(f"{len(paths)} spectra, {len(candidates)} candidates, threshold {item['threshold']:.3f}")
    print("by the list:               ", nominal)
    print("contaminants not counted:  ", real)
    print("wrong:", most(real.wrong_names))
    print("missed:", most(real.missed_names))


if __name__ == "__main__":
    main()
