"""Makes formats.txt: what nmrglue reads from the real files of the shared working set other than Bruker's
(those are in bruker_values.txt), and of nmrML what the few lines below do.

    python3 tests/golden/make_formats.py ../shared/data > tests/golden/formats.txt

A row: format, path, points, whether they are complex, the first two and the last two numbers, the sum of
magnitudes, and the sum of every number times 1 + (its index modulo 251), which tells an order from another.
Numbers of complex points are real, imaginary, real ...; the imaginary sign is fidmix's: nmrglue turns that of
JEOL's FIDs, fidmix that of Bruker's JCAMP-DX spectra (docs/formats.md).

Made with Python 3.11, nmrglue 0.12, numpy 2.4.6; no random numbers. nmrglue.nmrml needs a package for XML and
gives complex points only; the decoding here uses the standard library.
"""

import base64
import glob
import os
import sys
import warnings
import xml.etree.ElementTree as xml
import zlib

import nmrglue as ng
import numpy as np

warnings.simplefilter("ignore")  # nmrglue warns of every label that it does not use
root = sys.argv[1]


def row(kind, path, data, other_sign=False):
    data = np.asarray(data)
    if np.iscomplexobj(data):
        data = data.astype(complex)
        flat = np.column_stack([data.real, -data.imag if other_sign else data.imag]).ravel()
    else:
        flat = data.astype(float)
    weights = 1 + np.arange(len(flat)) % 251
    values = [flat[0], flat[1], flat[-2], flat[-1], np.sum(np.abs(flat)), np.sum(flat * weights)]
    name = os.path.relpath(path, root)
    print(kind, name, len(data), int(np.iscomplexobj(data)), *["%.17g" % v for v in values])


def jcamp(path):
    parameters, data = ng.jcampdx.read(path)
    if isinstance(data, list) and len(data) == 2:
        data = np.array(data[0]) + 1j * np.array(data[1])
        is_decay = "FID" in parameters["DATATYPE"][0].upper()
        row("jcamp-dx", path, data, not is_decay)
    else:
        row("jcamp-dx", path, data)


def nmrml(path):
    tree = xml.parse(path).getroot()
    node = next(n for n in tree.iter() if n.tag.endswith("fidData"))
    raw = base64.b64decode(node.text)
    if node.get("compressed") == "true":
        raw = zlib.decompress(raw)
    count = int(next(n for n in tree.iter() if n.tag.endswith("DirectDimensionParameterSet")).get("numberOfDataPoints"))
    if "Integer" in node.get("byteFormat"):  # either order: the one that makes smaller numbers
        values = min((np.frombuffer(raw, order) for order in ("<i4", ">i4")),
                     key=lambda v: np.abs(v.astype(float)).sum())
    else:
        values = np.frombuffer(raw, "<f8" if len(raw) == 8 * count else "<f4")
    row("nmrml", path, values[0::2] + 1j * values[1::2])


print("# nmrglue", ng.__version__, "numpy", np.__version__)
print("# format path points is-complex first second last-but-one last sum-of-magnitudes weighted-sum")
for folder in sorted(glob.glob(os.path.join(root, "varian", "*"))):
    names = [n for n in ("fid", "FID", "procpar", "PROCPAR") if os.path.exists(os.path.join(folder, n))]
    row("varian", folder, ng.varian.read(folder, fid_file=names[0], procpar_file=names[1])[1])
for path in sorted(glob.glob(os.path.join(root, "jeol", "*.jdf"))):
    row("jeol", path, ng.jeol.read(path)[1], True)
for folder in sorted(glob.glob(os.path.join(root, "spinsolve", "*"))):
    row("spinsolve", folder, ng.spinsolve.read(folder, "data.1d")[1])
for path in sorted(glob.glob(os.path.join(root, "nmrpipe", "*"))):
    row("nmrpipe", path, ng.pipe.read(path)[1])
for path in sorted(glob.glob(os.path.join(root, "nmrml", "*.nmrML"))):
    nmrml(path)
for path in sorted(glob.glob(os.path.join(root, "jcamp", "*", "*dx")) + glob.glob(os.path.join(root, "spinsolve", "*", "*.dx"))):
    jcamp(path)
