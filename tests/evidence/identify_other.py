#!/usr/bin/env python3
"""What a query model says of other real FIDs, of noise, of water and of compounds that its library lacks.

    tests/evidence/identify_other.py build/release/fidmix MODEL ../shared/data out_other

DATA holds spin_systems/spin_systems.tsv and bruker. Candidates are those of identify_query.py (225 and
1226, their states at other pH included unless --no-states), with lines at each spectrum's own
field. Printed:

- pure compounds (glucose, citrate at eight pH values, GABA, 2-ketobutyrate, putrescine): the rank of the right
  name and its probability, and everything else that is named;
- mixtures: what is named and, of what is known to be in such samples, what is not. Seven amino acids and
  glucose (the source does not say which seven), coffee in methanol, urine, serum, the example of the R package
  ASICS, a plant extract. Lists of what is known are from the literature, not from these samples;
- compounds that the library lacks (in other solvents, too): nothing should be named;
- noise only and water only, made here from the glucose experiment's parameters: nothing should be named.

Python 3.9's standard library only.
"""
import argparse
import json
import math
import pathlib
import random
import shutil
import struct
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from identify_query import choose, key, read_table, states  # noqa: E402

PURE = [  # folder below bruker, names that are right
    ("glucose_D2O_600", {"d-(+)-glucose", "alpha-d-glucose", "beta-d-glucose"}),
    ("GABA_20mM_1H_500", {"gamma-aminobutyric acid", "gamma-aminobutyric-acid"}),
    ("2-ketobutyrate_bmse000325_500", {"2-ketobutyric-acid"}),
    ("putrescine_bmse000109_1H_500", {"putrescine"}),
] + [(f"citrate_pH_series_600/titr_{n}", {"citrate"})
     for n in ("01", "03", "06", "08", "11", "15", "18", "21")]
MIXTURES = [  # folder, what such samples are known to hold: parts of names
    ("mix_7AA_glucose_600/sample_1", ["glucose"]),
    ("mix_7AA_glucose_600/sample_2", ["glucose"]),
    ("mix_7AA_glucose_600/sample_3", ["glucose"]),
    ("mix_7AA_glucose_600/sample_5", ["glucose"]),
    ("mix_ASICS_faq_Beck01_600", []),
    ("coffee_MeOH_400/exp_20", ["caffeine", "trigonelline", "sucrose", "acetate", "formate"]),
    ("coffee_MeOH_400/exp_22", ["caffeine", "trigonelline", "sucrose", "acetate", "formate"]),
    ("urine_MTBLS1_700/ADG10003u_007", ["creatinine", "hippur", "citrate", "glycine", "alanine"]),
    ("urine_MTBLS1_700/ADG10003u_008", ["creatinine", "hippur", "citrate", "glycine", "alanine"]),
    ("urine_MTBLS1_700/ADG19007u_011", ["creatinine", "hippur", "citrate", "glycine", "alanine"]),
    ("serum_500/HumanSerum_10", ["lact", "glucose", "alanine", "valine", "glutamine", "creatin"]),
    ("plant_extract_CD_BBI_16P02_500/R1", ["glucose", "sucrose", "malic", "citrate"]),
]
STRANGERS = [("andrographolide_DMSO_500", "andrographolide"), ("cyclosporin_C6D6_500", "cyclosporin"),
             ("1-naphthoic_acid_acetone_500", "naphthoic"), ("aspirin_CDCl3_300", "acetylsalicyl")]
MODEL_OF_NOISE = "glucose_D2O_600"


def make_fid(source, out, seed, water):
    """The experiment `source` with another FID: noise and, with water, a line at the carrier."""
    if out.exists():
        return out
    shutil.copytree(source, out)
    draw = random.Random(seed)
    points = (out / "fid").stat().st_size // 8
    values = []
    for i in range(points):
        line = water * math.exp(-i / 2000)
        values += [int(line + draw.gauss(0, 300)), int(draw.gauss(0, 300))]
    order = "<"
    for text in (out / "acqus").read_text(encoding="latin-1").splitlines():
        if text.startswith("##$BYTORDA=") and text.split("=")[1].strip() == "1":
            order = ">"
    (out / "fid").chmod(0o644)
    (out / "fid").write_bytes(struct.pack(f"{order}{len(values)}i", *values))
    return out


def ask(given, spins, path):
    answer = subprocess.run([given.fidmix, "identify", given.model, path, "--library", spins, "--json", "--all",
                             "--quiet"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if answer.returncode != 0:
        return None, (answer.stderr.strip().splitlines() or [f"exit code {answer.returncode}"])[-1]
    return json.loads(answer.stdout)[0], None


def named(item):
    return ", ".join(f"{c['name']} {c['probability']:.2f}" for c in item["compounds"]) or "nothing"


def tell_pure(given, spins, data):
    first = 0
    for folder, right in PURE:
        item, why = ask(given, spins, data / folder)
        if item is None:
            print(f"  {folder}: {why}")
            continue
        order = [key(c["name"]) for c in item["compounds"] + item["others"]]
        rank = min((i + 1 for i, name in enumerate(order) if name in right), default=0)
        p = max((c["probability"] for c in item["compounds"] + item["others"] if key(c["name"]) in right),
                default=0)
        is_named = rank > 0 and rank <= len(item["compounds"])
        first += is_named and rank == 1
        print(f"  {folder}: {'rank ' + str(rank) if rank else 'not found'}, probability {p:.3f}; named: "
              f"{named(item)}")
    print(f"  right and first: {first} of {len(PURE)}")


def tell_mixtures(given, spins, data, candidates):
    for folder, known in MIXTURES:
        known = [part for part in known if any(part in name for name in candidates)]
        item, why = ask(given, spins, data / folder)
        if item is None:
            print(f"  {folder}: {why}")
            continue
        names = [key(c["name"]) for c in item["compounds"]]
        missed = [part for part in known if not any(part in name for name in names)]
        print(f"  {folder} (offset {item['offset_ppm']:+.4f} ppm, {item['seconds']:.2f} s): {named(item)}"
              + (f"; known and not named: {', '.join(missed)}" if missed else ""))


def tell_nothing(given, spins, data, out, candidates):
    made = [make_fid(data / MODEL_OF_NOISE, out / f"noise_{seed}", seed, 0) for seed in (1, 2, 3)]
    made += [make_fid(data / MODEL_OF_NOISE, out / "water", 4, 3e5)]
    right = 0
    paths = [data / folder for folder, part in STRANGERS
             if not any(part in name for name in candidates)] + made
    for path in paths:
        item, why = ask(given, spins, path)
        print(f"  {path.name}: {why if item is None else named(item)}")
        right += item is not None and not item["compounds"]
    print(f"  nothing named: {right} of {len(paths)}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("fidmix")
    parser.add_argument("model")
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--candidates", type=int, nargs="*", default=[225, 1226])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-states", action="store_true", help="no states at other pH")
    parser.add_argument("--only-pure", action="store_true", help="pure compounds only")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    header, rows = read_table(given.data / "spin_systems" / "spin_systems.tsv")
    for wanted in given.candidates:
        chosen, _, _, _ = choose(rows, wanted, given.seed, False)
        names = {key(row[1]) for row in chosen}
        extra = [row for row in rows if key(row[1]) not in names
                 and any(key(row[1]) in right for _, right in PURE)]  # the pure ones are candidates, too
        spins = given.out / f"candidates_{wanted}.tsv"
        names |= {key(row[1]) for row in extra}
        chosen += extra + ([] if given.no_states else states(names))
        spins.write_text("".join("\t".join(row) + "\n" for row in [header] + chosen), encoding="utf-8")
        print(f"{len(names)} candidates\npure compounds")
        tell_pure(given, spins, given.data / "bruker")
        if given.only_pure:
            continue
        print("mixtures")
        tell_mixtures(given, spins, given.data / "bruker", names)
        print("compounds that the library lacks, noise, water")
        tell_nothing(given, spins, given.data / "bruker", given.out, names)


if __name__ == "__main__":
    main()
