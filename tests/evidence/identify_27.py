#!/usr/bin/env python3
"""What a network that was trained from spin systems alone names in nine real spectra of 27 metabolites.

    fidmix run tests/evidence/mixture_27.yml --out out27
    tests/evidence/identify_27.py build/release/fidmix out27/model.safetensors \
        ../shared/data/bruker/mix_27_metabolites_700

Prints, for each spectrum and together, compounds named rightly, wrongly and missed, against
composition.tsv. NAD and NADH have no spin system: the other 25 are scored. Needs Python 3.9, nothing else.
"""
import csv
import json
import pathlib
import subprocess
import sys

OURS = {
    "Adenosine_Triphosphate": "ATP",
    "Citric-Acid": "Citrate",
    "L-Aspartic-Acid": "L-Aspartate",
    "L-Glutamic-Acid": "L-Glutamate",
}


def composition(path):
    with open(path, encoding="utf-8") as file:
        rows = csv.reader((line for line in file if not line.startswith("#")), delimiter="\t")
        return {OURS.get(row[1], row[1]) for row in rows if row and row[0] == "metabolite"}


def main():
    program, model, folder = sys.argv[1:4]
    folder = pathlib.Path(folder)
    there = composition(folder / "composition.tsv") - {"NAD", "NADH"}
    paths = sorted(str(path) for path in folder.glob("exp_*"))
    out = subprocess.run([program, "identify", model, *paths, "--json"], check=True,
                         capture_output=True, text=True).stdout
    total = {"hit": 0, "wrong": 0, "missed": 0}
    wrong_names = {}
    missed_names = {}
    results = json.loads(out)
    candidates = results[0]["candidates"]
    for result in results:
        named = {compound["name"] for compound in result["compounds"]}
        hits, wrong, missed = there & named, named - there, there - named
        total["hit"] += len(hits)
        total["wrong"] += len(wrong)
        total["missed"] += len(missed)
        for name in wrong:
            wrong_names[name] = wrong_names.get(name, 0) + 1
        for name in missed:
            missed_names[name] = missed_names.get(name, 0) + 1
        print(f"{pathlib.Path(result['path']).name:10} right {len(hits):2} wrong {len(wrong):2} "
              f"missed {len(missed):2}  wrong: {', '.join(sorted(wrong))}")
    hit, wrong, missed = total["hit"], total["wrong"], total["missed"]
    precision = hit / (hit + wrong) if hit + wrong else float("nan")
    recall = hit / (hit + missed)
    f1 = 2 * hit / (2 * hit + wrong + missed)
    absent = (candidates - len(there)) * len(results)
    print(f"{len(results)} spectra, {candidates} candidates, {len(there)} of them there: precision "
          f"{precision:.3f}, recall {recall:.3f}, F1 {f1:.3f}, false positive rate "
          f"{wrong / absent:.3f}, threshold {results[0]['threshold']:.3f}")
    print("wrong:", ", ".join(f"{n} {c}" for n, c in sorted(wrong_names.items(), key=lambda x: -x[1])))
    print("missed:", ", ".join(f"{n} {c}" for n, c in sorted(missed_names.items(), key=lambda x: -x[1])))


if __name__ == "__main__":
    main()
