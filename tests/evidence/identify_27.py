#!/usr/bin/env python3
"""A model that knows spin systems only, on real spectra: nine of a mixture of 27 metabolites, 700 MHz.

  identify_27.py FIDMIX DATA OUT [--decoys 75] [--epochs 30] [--seed 1]

DATA holds spin_systems/spin_systems.tsv and bruker/mix_27_metabolites_700 with composition.tsv. Candidates
are the 25 of the 27 that have spin systems (NAD and NADH have none) and decoys: other metabolites of the
table first, then entries drawn with the seed; never another entry or stereoisomer of one of the 25. FIDs of
each are simulated, a network is trained on their mixtures (fidmix run), and the nine FIDs are identified.
Printed: true and false positives and misses of each, and over all. Python's standard library only.
"""
import argparse
import csv
import json
import os
import random
import re
import subprocess
import sys

PRESENT = {  # name in composition.tsv: entry of the table
    'Adenosine_Triphosphate': 'bmse000854_simulation_1', 'Citric-Acid': 'bmse000076_simulation_1',
    'Creatine': 'bmse000950_simulation_1', 'Creatinine': 'bmse000155_simulation_1',
    'D-Glucose': 'bmse000015_simulation_1', 'Glycine': 'bmse000977_simulation_1',
    'L-Alanine': 'bmse000028_simulation_1', 'L-Arginine': 'bmse000899_simulation_1',
    'L-Aspartic-Acid': 'bmse000875_simulation_1', 'L-Asparagine': 'bmse000912_simulation_1',
    'L-Cysteine': 'bmse000975_simulation_1', 'L-Glutamic-Acid': 'bmse000913_simulation_1',
    'L-Glutamine': 'bmse000038_simulation_1', 'L-Histidine': 'bmse000976_simulation_1',
    'L-Isoleucine': 'bmse000866_simulation_1', 'L-Leucine': 'bmse000042_simulation_1',
    'L-Lysine': 'bmse000914_simulation_1', 'L-Methionine': 'bmse000915_simulation_1',
    'L-Phenylalanine': 'bmse000900_simulation_1', 'L-Proline': 'bmse000047_simulation_2',
    'L-Serine': 'bmse000867_simulation_1', 'L-Threonine': 'bmse000859_simulation_1',
    'L-Tryptophan': 'bmse000868_simulation_1', 'L-Tyrosine': 'bmse000051_simulation_1',
    'L-Valine': 'bmse000860_simulation_1',
}
NO_SPIN_SYSTEM = {'NAD', 'NADH'}
# references, solvents, buffers
NO_CANDIDATE = re.compile(r'DSS|TSP|TMS|D2O|water|HEPES', re.I)

RECIPE = '''fidmix: 1
name: identify_27
seed: {seed}
axis: {{nucleus: 1H, first_ppm: 9.2, last_ppm: 0.6, points: 16384}}
database:
  spins: {spins}
  per_compound: 12
  field_mhz: 700
  fid_points: 16384
  width_least_hz: 0.8
  width_most_hz: 2.2
  snr_least: 500
  snr_most: 500
  multiplet_shift_ppm: 0.02
  water: 0
process:
  - digital_filter: {{mode: phase_ramp}}
  - solvent: {{mode: low_pass}}
  - apodisation: {{window: exponential, lb_hz: 0.5}}
  - zero_filling: {{factor: 2, first_point: 0.5}}
  - fft
  - autophase: {{method: lines}}
  - reference
  - noise
  - baseline: {{method: percentile}}
  - regions: {{water: noise, water_from_ppm: 4.55, water_to_ppm: 5.05}}
  - resample: {{method: linear, outside: zero}}
augment:
  - augmentation: {{shift_ppm: [-0.02, 0.02], warp_ppm: [-0.005, 0.005], warp_knots: 16,
                   interpolation: linear}}
mixtures: {{mode: random, count: 1000, least: 0, most: 30, ratio: 10, scale: as_stored, augment: true,
           snr_least: 100, snr_most: 1000, divide: true, split: test}}
model:
  - compress: {{scale: 0.01}}
  - conv1d: {{filters: 16, kernel: 15, stride: 4}}
  - batch_norm: {{convention: pytorch}}
  - relu
  - max_pool: {{window: 4, padding: same}}
  - conv1d: {{filters: 32, kernel: 9}}
  - batch_norm: {{convention: pytorch}}
  - relu
  - max_pool: {{window: 4, padding: same}}
  - flatten
  - dense: {{units: 384}}
  - relu: {{name: trunk}}
  - dense: {{from: trunk, units: {classes}}}
  - sigmoid: {{name: presence}}
  - dense: {{from: trunk, units: {classes}}}
  - softmax: {{name: proportion}}
train:
  source: mixtures
  batch: 64
  epochs: {epochs}
  items: 6400
  validation_items: 1000
  stop_patience: 0
  plateau_patience: 1
  plateau_factor: 0.6
  plateau_least: 0.03
  plateau_floor: 2.0e-5
  loss:
    - binary_cross_entropy: {{layer: presence, weight: 10}}
    - cross_entropy: {{layer: proportion, weight: 0.3}}
  optimiser: {{adam: {{learning_rate: 0.002}}}}
'''


def stem(name):
    """The name without what tells entries and stereoisomers apart."""
    name = re.sub(r'( - .*| bmse.*|_.*)$', '', name.lower())
    name = re.sub(r'\bacid\b|[-() +]', '', re.sub(r'^(dl|d-l|d|l|alpha-d|beta-d)-', '', name))
    return re.sub(r'(ate|ic)$', '', name)


def choose(table, decoys, seed):
    with open(table, newline='') as stream:
        header, *rows = [line.rstrip('\n').split('\t') for line in stream]
    by_entry = {row[0]: row for row in rows}
    chosen = [by_entry[entry] for entry in PRESENT.values()]
    taken = {stem(row[1]) for row in chosen} | {stem(name) for name in PRESENT}
    rest = [row for row in rows if not NO_CANDIDATE.search(row[1])]
    random.Random(seed).shuffle(rest)
    rest.sort(key=lambda row: row[2] != '1')  # metabolites first, otherwise as drawn
    for row in rest:
        if len(chosen) == len(PRESENT) + decoys:
            break
        if stem(row[1]) not in taken:
            taken.add(stem(row[1]))
            chosen.append(row)
    return header, chosen


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('fidmix')
    parser.add_argument('data')
    parser.add_argument('out')
    parser.add_argument('--decoys', type=int, default=75)
    parser.add_argument('--epochs', type=int, default=30)
    parser.add_argument('--seed', type=int, default=1)
    given = parser.parse_args()
    os.makedirs(given.out, exist_ok=True)
    mixture = os.path.join(given.data, 'bruker', 'mix_27_metabolites_700')
    with open(os.path.join(mixture, 'composition.tsv'), newline='') as stream:
        lines = [line for line in stream if not line.startswith('#')]
    listed = {row['name'] for row in csv.DictReader(lines, delimiter='\t')
              if row['role'] == 'metabolite'}
    if listed - NO_SPIN_SYSTEM != set(PRESENT):
        sys.exit('composition.tsv lists other compounds than this script knows')
    header, chosen = choose(os.path.join(given.data, 'spin_systems', 'spin_systems.tsv'),
                            given.decoys, given.seed)
    spins = os.path.abspath(os.path.join(given.out, 'candidates.tsv'))
    with open(spins, 'w') as stream:
        for row in [header] + chosen:
            stream.write('\t'.join(row) + '\n')
    recipe = os.path.join(given.out, 'identify_27.yml')
    with open(recipe, 'w') as stream:
        stream.write(RECIPE.format(seed=given.seed, spins=spins, classes=len(chosen),
                                   epochs=given.epochs))
    run = os.path.join(given.out, 'run')
    subprocess.run([given.fidmix, 'run', recipe, '--out', run], check=True)
    answer = subprocess.run([given.fidmix, 'identify', os.path.join(run, 'model.safetensors'),
                             mixture, '--json'], check=True, stdout=subprocess.PIPE)
    # dataset names are those of the folders: letters that no file system minds
    plain = lambda name: re.sub(r'[^A-Za-z0-9+.()-]', '_', name)
    true = {plain(row[1]) for row in chosen[:len(PRESENT)]}
    sums = [0, 0, 0]
    for item in json.loads(answer.stdout):
        named = {plain(c['name']): c['probability'] for c in item['compounds']}
        found = sorted(true & set(named))
        false = sorted(set(named) - true)
        missed = sorted(true - set(named))
        for i, group in enumerate((found, false, missed)):
            sums[i] += len(group)
        print(f"{os.path.basename(item['path'])}: {len(found)} true, {len(false)} false, "
              f"{len(missed)} missed (threshold {item['threshold']:.3g})")
        print('  false:  ' + ', '.join(f'{name} {named[name]:.2f}' for name in false))
        print('  missed: ' + ', '.join(missed))
    tp, fp, fn = sums
    print(f"all: {len(chosen)} candidates; precision {tp / max(tp + fp, 1):.3f}, recall "
          f"{tp / max(tp + fn, 1):.3f}, F1 {2 * tp / max(2 * tp + fp + fn, 1):.3f}, false positive "
          f"rate {fp / (9 * max(len(chosen) - len(true), 1)):.4f}")


if __name__ == '__main__':
    main()
