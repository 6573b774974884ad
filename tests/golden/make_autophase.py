"""Golden values of `autophase`: nmrglue's ACME objective of a small spectrum at given phases, seed 3.

Writes autophase.txt beside this script: the versions it was made with, then "points tries", per
point "re im", and per try "p0 p1 objective" (angles of the correction, degrees).
"""
import os

import nmrglue
import numpy
from nmrglue.process.proc_autophase import _ps_acme_score

rng = numpy.random.default_rng(3)
POINTS = 400
f = -numpy.arange(POINTS) * 0.25
z = 0.02 * (rng.standard_normal(POINTS) + 1j * rng.standard_normal(POINTS))
for f0, w, a in ((-20.0, 0.6, 1.0), (-44.0, 0.8, 0.7), (-75.0, 0.5, 0.9)):
    z += a / (w + 1j * (f - f0))
z *= numpy.exp(1j * numpy.deg2rad(40 - 70 * numpy.arange(POINTS) / POINTS))
z = z.astype(numpy.complex64)
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "autophase.txt")
with open(path, "w") as out:
    out.write("# nmrglue %s, numpy %s\n" % (nmrglue.__version__, numpy.__version__))
    out.write("%d %d\n" % (POINTS, 16))
    for v in z:
        out.write("%.9g %.9g\n" % (v.real, v.imag))
    for i in range(16):
        p0 = -180.0 + 22.5 * i
        p1 = -90.0 + 12.0 * i
        score = _ps_acme_score((p0, p1), z.astype(complex))
        out.write("%g %g %.12g\n" % (p0, p1, score))
