"""pytorch-fid's way: numpy.cov and scipy.linalg.sqrtm. frechet.py D A.f32 B.f32 prints milliseconds and the distance as JSON."""
import json
import sys
import time

import numpy
import scipy
from scipy import linalg

d = int(sys.argv[1])
a, b = (numpy.fromfile(path, numpy.float32).reshape(-1, d).astype(numpy.float64) for path in sys.argv[2:])
wall, cpu = time.perf_counter(), time.process_time()
means = [x.mean(axis=0) for x in (a, b)]
covariances = [numpy.cov(x, rowvar=False) for x in (a, b)]
root = linalg.sqrtm(covariances[0] @ covariances[1], disp=False)[0]
difference = means[0] - means[1]
distance = difference @ difference + sum(numpy.trace(c) for c in covariances) - 2 * numpy.trace(root).real
print(json.dumps({
    "ms": (time.perf_counter() - wall) * 1000,
    "cpuMs": (time.process_time() - cpu) * 1000,
    "distance": float(distance),
    "scipy": scipy.__version__,
}))
