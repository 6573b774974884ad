"""Opens a Bruker folder that fidmix wrote with nmrglue; any difference ends with an exception.

    python3 tests/interop/check_bruker.py FOLDER PPM

FOLDER also holds expected.f32, the values as re, im pairs in single precision; PPM is where the one
line of the decay lies. Tried with nmrglue 0.12.
"""

import sys

import nmrglue as ng
import numpy as np

folder, ppm = sys.argv[1], float(sys.argv[2])
expected = np.fromfile(folder + "/expected.f32", "<f4").astype(float).view(complex)
parameters, data = ng.bruker.read(folder, read_pulseprogram=False, read_procs=True)
acqus, procs = parameters["acqus"], parameters["procs"]

assert acqus["TD"] == 2 * len(expected) and data.shape == expected.shape, data.shape
assert (acqus["BYTORDA"], acqus["DTYPA"], acqus["AQ_mod"]) == (0, 0, 3), acqus
assert acqus["NUC1"] == "1H" and acqus["SOLVENT"] == "D2O" and acqus["NS"] == 32, acqus
assert abs(acqus["SW_h"] - 7211.53846153846) < 1e-9 and acqus["GRPDLY"] == 67.98, acqus
largest = np.abs(expected.view(float)).max()
stored = np.abs(data.view(float)).max()
assert 2**28 <= stored < 2**29, stored
values = data * 2.0 ** acqus["NC"]
assert np.abs((values - expected).view(float)).max() <= largest * 2.0**-29

spectrum = np.fft.fft(ng.bruker.remove_digital_filter(parameters, values), procs["SI"])
f_hz = np.fft.fftfreq(procs["SI"], 1 / acqus["SW_h"])
peak = (acqus["SFO1"] * 1e6 + f_hz[np.abs(spectrum).argmax()]) / procs["SF"] - 1e6
step = acqus["SW_h"] / procs["SF"] / procs["SI"]
assert abs(peak - ppm) <= step, (peak, ppm)
left = ((acqus["SFO1"] - procs["SF"]) * 1e6 + acqus["SW_h"] / 2) / procs["SF"]
assert abs(procs["OFFSET"] - left) < 1e-9, (procs["OFFSET"], left)
