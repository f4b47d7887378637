"""Fréchet distances as NumPy's singular values make them: test/golden/diagnosis/frechet.json.

Of the stored label areas (fsd.safetensors), which are of deficient rank, and of made-up vectors that
are longer than what the library decomposes exactly. No covariance is formed: tr (S1 S2)^1/2 is the
sum of the singular values of A B^T, A and B the centred rows over sqrt(n - 1).
"""
import json
from pathlib import Path

import numpy as np
from common import read

GOLDEN = Path(__file__).parents[2] / "test" / "golden" / "diagnosis"


def frechet(a, b):
    centred = [(x - x.mean(0)) / np.sqrt(len(x) - 1) for x in (a, b)]
    mean = float(((a.mean(0) - b.mean(0)) ** 2).sum())
    overlap = np.linalg.svd(centred[0] @ centred[1].T, compute_uv=False).sum()
    covariance = float((centred[0] ** 2).sum() + (centred[1] ** 2).sum() - 2 * overlap)
    return {"distance": mean + covariance, "mean": mean, "covariance": covariance}


def vectors(seed, n, d):
    """Rows of unlike scales, one column without values and one that repeats another."""
    rows = np.random.RandomState(seed).standard_normal(n * d).reshape(n, d).astype(np.float32).astype(np.float64)
    rows /= 1 + np.arange(d) % 16
    rows[:, 5] = 0
    rows[:, 7] = rows[:, 6]
    return rows


areas = {name: counts / 4096 * 100 for name, counts in read(GOLDEN / "fsd.safetensors").items()}
pairs = [(p["a"], p["b"]) for p in json.loads((GOLDEN / "fsd.json").read_text())["pairs"]]
made = [(3, 900, 4, 850, 800), (5, 60, 6, 850, 800), (7, 90, 8, 70, 40)]
found = {
    "areas": [{"a": a, "b": b, **frechet(areas[a], areas[b])} for a, b in pairs],
    "vectors": [
        {"seeds": [s, t], "sizes": [n, m], "d": d, **frechet(vectors(s, n, d), vectors(t, m, d) + 0.125)}
        for s, n, t, m, d in made
    ],
    "numpy": np.__version__,
}
(GOLDEN / "frechet.json").write_text(json.dumps(found, indent=1) + "\n")
