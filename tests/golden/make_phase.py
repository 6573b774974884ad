"""Golden values of `phase`: nmrglue's ps on a small random spectrum, seed 11.

Writes phase.txt beside this script: the versions it was made with, then per set a line
"p0 p1 points" and per point "re im re' im'".
"""
import os

import nmrglue
import numpy

rng = numpy.random.default_rng(11)
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "phase.txt")
with open(path, "w") as out:
    out.write("# nmrglue %s, numpy %s\n" % (nmrglue.__version__, numpy.__version__))
    for p0, p1 in ((35.0, 0.0), (0.0, -120.0), (-61.25, 87.5)):
        z = (rng.uniform(-1, 1, 11) + 1j * rng.uniform(-1, 1, 11)).astype(numpy.complex64)
        turned = nmrglue.process.proc_base.ps(z.astype(complex), p0=p0, p1=p1)
        out.write("%g %g %d\n" % (p0, p1, len(z)))
        for a, b in zip(z, turned):
            out.write("%.9g %.9g %.9g %.9g\n" % (a.real, a.imag, b.real, b.imag))
