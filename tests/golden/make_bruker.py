"""Makes bruker_values.txt, what nmrglue reads from the real Bruker files of the shared working set, and
bruker_delays.txt.

    python3 tests/golden/make_bruker.py ../shared/data > tests/golden/bruker_values.txt
    python3 tests/golden/make_bruker.py > tests/golden/bruker_delays.txt

The second is its table of group delays by DSPFVS and DECIM, one "dspfvs decim points" a line.

Made with Python 3.11, nmrglue 0.12, numpy 2.4.6; no random numbers. Values are multiplied by 2^NC
(2^NC_proc), which nmrglue leaves to its user for a FID. The points past TD are cut off.
"""

import os
import sys

import nmrglue as ng
import numpy as np

if len(sys.argv) < 2:
    print("# nmrglue", ng.__version__)
    for dspfvs, table in ng.bruker.bruker_dsp_table.items():
        for decim, points in table.items():
            print(dspfvs, decim, "%.15g" % points)
    sys.exit()
root = sys.argv[1]


def row(kind, path, points, data, ppm=()):
    values = [data[0], data[1], data[-2], data[-1], np.sum(np.abs(data))]
    numbers = ["%.17g" % float(v) for v in values] + ["%.12f" % v for v in ppm]
    print(kind, os.path.relpath(path, root), points, *numbers)


def fid(path):
    parameters, data = ng.bruker.read(path, read_pulseprogram=False)
    acqus = parameters["acqus"]
    data = data.astype(complex).ravel()[: int(acqus["TD"]) // 2]
    flat = np.column_stack([data.real, data.imag]).ravel() * 2.0 ** acqus["NC"]
    row("fid", path, len(data), flat)


def spectrum(path):
    parameters, data = ng.bruker.read_pdata(path, bin_files=["1r"], scale_data=True)
    procs = parameters["procs"]
    ppm = procs["OFFSET"] - np.arange(len(data)) * procs["SW_p"] / procs["SF"] / len(data)
    row("spectrum", path, len(data), data, (ppm[0], ppm[-1]))


print("# nmrglue", ng.__version__, "numpy", np.__version__)
print("# kind path points first second last-but-one last sum-of-magnitudes [ppm-first ppm-last]")
for folder in ("bruker", "bruker_processed_only"):
    for path, folders, files in os.walk(os.path.join(root, folder)):
        folders.sort()
        if "fid" in files:
            fid(path)
        elif "1r" in files:
            spectrum(path)
