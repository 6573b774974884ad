"""Turns the library of pure spectra of ASICS, as npy and tsv tables, into a dataset that `fidmix library`
takes: one row per compound, with its number of protons.

    python scripts/asics_dataset.py FOLDER asics.h5
    fidmix library asics.h5 --out asics_library.h5                       # measured spectra alone
    fidmix library spin_systems asics.h5 --out library.h5                # beside simulated ones

FOLDER holds ppm_f64.npy (rising), rowptr_i32.npy, index_i32.npy, values_f32.npy (a sparse matrix by rows)
and names.tsv (name and protons, with a heading). The spectra were measured at 600.13 MHz; they hold no noise.
"""
import csv
import os
import sys

import h5py
import numpy as np

FIELD_MHZ = 600.13


def read(folder):
    ppm = np.load(os.path.join(folder, "ppm_f64.npy"))
    first = np.load(os.path.join(folder, "rowptr_i32.npy"))
    index = np.load(os.path.join(folder, "index_i32.npy"))
    value = np.load(os.path.join(folder, "values_f32.npy"))
    with open(os.path.join(folder, "names.tsv"), encoding="utf-8") as stream:
        rows = list(csv.reader(stream, delimiter="\t"))
    heading = [h.strip().lower() for h in rows[0]]
    name = next(i for i, h in enumerate(heading) if "name" in h)
    protons = next(i for i, h in enumerate(heading) if "proton" in h)
    spectra = np.zeros((len(first) - 1, len(ppm)), np.float32)
    for r in range(len(spectra)):
        part = slice(first[r], first[r + 1])
        spectra[r, index[part]] = value[part]
    names = [row[name] for row in rows[1:]]
    if len(names) != len(spectra):
        sys.exit(f"{folder}: {len(names)} names for {len(spectra)} spectra")
    return ppm[::-1], spectra[:, ::-1], names, np.array([float(r[protons]) for r in rows[1:]], "f4")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder, out = sys.argv[1:]
    ppm, spectra, names, protons = read(folder)
    rows = len(names)
    text = h5py.string_dtype()
    with h5py.File(out, "x") as f:
        f["spectra"] = spectra
        f["ppm"] = ppm.astype("f8")
        f.create_dataset("name", data=names, dtype=text)
        f.create_dataset("source", data=[folder] * rows, dtype=text)
        f["parent"] = np.arange(rows, dtype="i4")
        f["field_mhz"] = np.full(rows, FIELD_MHZ, "f4")
        for column in ("p0_deg", "p1_deg", "noise_sigma"):
            f[column] = np.zeros(rows, "f4")
        f["protons"] = protons
        f.attrs["nucleus"] = "1H"
        f.attrs["recipe"] = ""
        f.attrs["fidmix_version"] = ""
        f.attrs["seed"] = np.uint64(0)
    print(f"{out}: {rows} spectra of {len(ppm)} points")


main()
