"""A random orthogonal matrix by Householder's QR in LAPACK: `python3 rotation.py > test/golden/rotation.json`.

Needs NumPy (made with 2.4). Q of QR = A with a positive diagonal of R, where A is RandomState(5).standard_normal in rows, rounded
to float32, as CVPR 2017 draws the rotations of its control.
"""

import json

import numpy

SEED, UNITS = 5, 9
drawn = numpy.random.RandomState(SEED).standard_normal((UNITS, UNITS)).astype(numpy.float32).astype(numpy.float64)
q, r = numpy.linalg.qr(drawn)
print(json.dumps({"seed": SEED, "units": UNITS, "rotation": (q * numpy.sign(numpy.diag(r))).ravel().tolist()}))
