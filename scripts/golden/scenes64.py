"""The generator of weights/scenes64 in float64: a Progressive GAN of 64 pixels, z of 128 numbers."""
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from common import read

ROOT = Path(__file__).parents[2]
LAYERS = 10
STORED = read(ROOT / "weights/scenes64/generator.safetensors")
STATE = {name: torch.from_numpy(values.astype(np.float64)) for name, values in STORED.items()}


def scaled(name, gain):
    weight = STATE[f"{name}.conv.weight"]
    return weight * gain / np.sqrt(weight.shape[1] * weight.shape[2] * weight.shape[3])


# As they convolve.
WEIGHTS = {f"layer{i}": scaled(f"layer{i}", np.sqrt(2)) for i in range(1, LAYERS + 1)}
WEIGHTS["output_64x64"] = scaled("output_64x64", 1)


def normed(x):
    return x / torch.sqrt((x * x).mean(1, keepdim=True) + 1e-8)


def layer(i, x, weights):
    x = normed(x)
    if i > 1 and i % 2:
        x = x.repeat_interleave(2, 2).repeat_interleave(2, 3)
    weight, bias = weights[f"layer{i}"], STATE[f"layer{i}.wscale.b"]
    return F.leaky_relu(F.conv2d(x, weight, bias, padding=3 if i == 1 else 1), 0.2)


def made(x, first=1, last=LAYERS, weights=WEIGHTS):
    """The image, or a layer, of z or of what `first` is made of."""
    for i in range(first, last + 1):
        x = layer(i, x, weights)
    if last < LAYERS:
        return x
    return F.conv2d(normed(x), weights["output_64x64"], STATE["output_64x64.wscale.b"])


def sampled(seed):
    return torch.from_numpy(np.random.RandomState(seed).standard_normal((1, 128, 1, 1)))
