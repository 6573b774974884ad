"""Golden lines of tests/test_line_fit.c: scipy's find_peaks and curve_fit on magnitude spectra of
noisy decays (float32).

    python tests/golden/make_line_fit.py   (seed 3; written with numpy 2.4.6, scipy 1.17.1)

line_fit_spectra.npy [12][1000], line_fit_lorentz.npy [12][4] (peak, x0, A, gamma) and
line_fit_voigt.npy [12][4] (x0, A, gamma, eta), float32; points are 1 Hz apart. Spectra on which
scipy does not converge are drawn again.
"""
import os

import numpy as np
import scipy
from scipy.optimize import curve_fit
from scipy.signal import find_peaks

HERE = os.path.dirname(os.path.abspath(__file__))


def lorentz(x, x0, a, g):
    return a / np.pi * g / ((x - x0) ** 2 + g ** 2)


def voigt(x, x0, a, g, eta):
    gauss = np.sqrt(np.log(2) / np.pi) / abs(g) * np.exp(-np.log(2) * ((x - x0) / g) ** 2)
    return a * ((1 - eta) * g / np.pi / ((x - x0) ** 2 + g ** 2) + eta * gauss)


def main():
    rng = np.random.default_rng(3)
    n = 2000
    t = np.arange(n) / n
    x = np.arange(n // 2, dtype=float)
    spectra, lines, voigts = [], [], []
    while len(lines) < 12:
        f, t2 = rng.uniform(50, 450), rng.uniform(0.1, 4)
        fid = (rng.uniform(1, 10) * np.sin(2 * np.pi * (f * t + rng.random())) * np.exp(-t / t2)
               + rng.normal(-0.05, 0.05, n))
        y = (np.abs(np.fft.fft(fid))[: n // 2] / n).astype(np.float32)
        peaks, _ = find_peaks(y, prominence=0.049)
        if len(peaks) == 0:
            continue
        p = peaks[0]
        left = p - np.argmax(y[p::-1] <= 0.5 * y[p])
        right = p + np.argmax(y[p:] <= 0.5 * y[p])
        g = max(0.5, 0.25 * (right - left))
        p0 = [p, np.pi * g * y[p], g]
        options = dict(maxfev=20000, ftol=1e-14, xtol=1e-14, gtol=1e-14)
        try:
            one, _ = curve_fit(lorentz, x, y.astype(float), p0=p0, **options)
            two, _ = curve_fit(voigt, x, y.astype(float), p0=[*p0, 0], **options)
        except RuntimeError:
            continue
        one[1:] *= np.sign(one[2])
        two[1:3] *= np.sign(two[2])
        spectra.append(y)
        lines.append([p, *one])
        voigts.append(two)
    for name, table in (("spectra", spectra), ("lorentz", lines), ("voigt", voigts)):
        np.save(os.path.join(HERE, f"line_fit_{name}.npy"), np.array(table).astype("<f4"))
    print(np.round(lines, 4), np.round(voigts, 4), np.__version__, scipy.__version__)


main()
