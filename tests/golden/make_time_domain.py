#!/usr/bin/env python3
"""Goldens of the time-domain stages: a simulated decay after each of them, by nmrglue and scipy.

Made with Python 3.11, nmrglue 0.12, scipy 1.17.1, numpy 2.4.6; seed 20240611.
Run in tests/golden: python3 make_time_domain.py
"""
import nmrglue as ng
import numpy as np
import scipy.signal

SW_HZ, POINTS, DELAY = 6000.0, 1500, 67.9842
FILLED = 4096

rng = np.random.default_rng(20240611)
t = (np.arange(POINTS) - DELAY) / SW_HZ
fid = np.zeros(POINTS, complex)
for _ in range(12):  # lines, and water near the transmitter
    hz, width, height = rng.uniform(-2500, 2500), rng.uniform(1, 6), rng.uniform(1, 10)
    fid += height * np.exp(2j * np.pi * hz * t - np.pi * width * t) * (t >= 0)
fid += 300 * np.exp(2j * np.pi * 1.5 * t - np.pi * 8 * t) * (t >= 0)
# the filter's build-up: a windowed sinc of the delay's length on both sides
taps = np.sinc(np.arange(-60, 61) * 0.9) * np.blackman(121)
fid = np.convolve(fid, taps / taps.sum(), mode="same")
fid += rng.normal(0, 0.2, POINTS) + 1j * rng.normal(0, 0.2, POINTS)


def save(name, data):
    np.save(f"time_domain_{name}.npy", np.asarray(data).astype(np.complex64))


fid = fid.astype(np.complex64)
save("input", fid)
data = ng.bruker.rm_dig_filter(fid.astype(complex), decim=0, dspfvs=0, grpdly=DELAY)
save("digital_filter", data)
# nmrglue's sol_boxcar calls a scipy function that is gone; this is what it did, fl = 5
data = ng.proc_bl.sol_general(data, np.ones(11), w=11, mode="same")
save("low_pass", data)
b, a = scipy.signal.bessel(1, 60.0, btype="highpass", fs=SW_HZ)
for _ in range(2):
    data = scipy.signal.filtfilt(b, a, data)
save("bessel", data)
data = ng.proc_base.em(data, lb=0.3 / SW_HZ)
save("apodisation", data)
save("zero_filling", ng.proc_base.zf_size(data, FILLED))

# The delay taken out as a phase ramp: nothing is cut, frequencies k / FILLED from N/2 - 1 down to -N/2.
ramp = np.fft.fft(fid.astype(complex), FILLED) * np.exp(2j * np.pi * np.fft.fftfreq(FILLED) * DELAY)
save("ramp_spectrum", np.fft.fftshift(ramp)[::-1])
