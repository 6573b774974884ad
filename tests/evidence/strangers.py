#!/usr/bin/env python3
"""How many compounds that the demo's network does not know stay without a name.

    fidmix run demo --out build/demo
    tests/evidence/strangers.py build/release/fidmix data/recipes/demo.yml build/demo/model.safetensors OUT

One FID of every compound of the built-in spin systems that is no class of the recipe, simulated as the demo's
are (each multiplet moved by up to 0.02 ppm), seed 1, alone. Counted apart: those that the recipe lists as foreign,
whose other FIDs the network has seen, and those that it has never seen. Python 3.9's standard library only.
"""
import json
import pathlib
import re
import subprocess
import sys

REFERENCES = {"DSS", "TSP", "TMS"}


def names_of(recipe, key):
    found = re.search(rf"^  {key}: \[(.*?)\]$", recipe, re.S | re.M)
    return [name.strip().strip('"') for name in re.findall(r'"[^"]*"|[^,\s][^,]*', found[1])] if found else []


def plain(name):
    """As folders are named."""
    return re.sub(r"[^A-Za-z0-9+.()-]", "_", name)


def main():
    program, recipe, model, out = sys.argv[1:5]
    out = pathlib.Path(out)
    text = pathlib.Path(recipe).read_text(encoding="utf-8")
    classes, foreign = names_of(text, "only"), names_of(text, "foreign")
    spins = (pathlib.Path(__file__).parents[2] / "data" / "spin_systems.yml").read_text(encoding="utf-8")
    known = [name.strip().strip('"') for name in re.findall(r"^ *- name: (.*)$", spins, re.M)]
    others = [name for name in known if name not in classes and name not in REFERENCES]
    subprocess.run([program, "simulate", "--spins", "spin_systems", "--only", ",".join(others),
                    "--field-mhz", "500", "--points", "8192", "--line-width-hz", "0.7:2.5",
                    "--multiplet-shift-ppm", "0.02", "--water", "0", "--out", out, "--resume", "--quiet"],
                   check=True)
    answer = subprocess.run([program, "identify", model, out, "--json"], check=True, stdout=subprocess.PIPE)
    listed = {plain(name) for name in foreign}
    items = json.loads(answer.stdout)
    for label, group in (("all", items),
                         ("listed as foreign", [i for i in items if i["name"] in listed]),
                         ("never seen", [i for i in items if i["name"] not in listed])):
        silent = sum(not item["compounds"] for item in group)
        names = sum(len(item["compounds"]) for item in group)
        print(f"{label}: {silent} of {len(group)} without a name, {names / max(len(group), 1):.2f} names each")
    for item in items:
        if item["compounds"]:
            mark = " (listed as foreign)" if item["name"] in listed else ""
            print(f"  {item['name']}{mark}: " + ", ".join(
                f"{compound['name']} {compound['probability']:.2f}" for compound in item["compounds"]))


if __name__ == "__main__":
    main()
