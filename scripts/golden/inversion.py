"""What Adam makes of scenes64's z and of its layer4 in float64: test/golden/diagnosis/inversion.json.

The weights are those of this repository (float16, scaled as the generator does), the image is image 0 of
seed 1. z goes 150 steps from image 0 of seed 7, rate 0.05, loss mean (G(z) - t)^2. From three places of that
way Adam starts anew, so that a test can follow it closely: over many steps float32 leaves any other way, as
PyTorch's own does at step 7 (a unit's sign). Last, layer4 from what the last z makes, rate 0.01, loss
mean (G(r) - t)^2 + 0.01 mean (r - r0)^2.

Run: /usr/bin/python3 scripts/golden/inversion.py
"""
import json

import torch
from scenes64 import ROOT, made, sampled

PLACES, STEPS, FEW = (0, 50, 150), 150, 6


def adam(start, loss, rate, steps):
    """torch.optim.Adam's steps: the losses, and where each was."""
    x = start.clone().requires_grad_(True)
    first, second = torch.zeros_like(x), torch.zeros_like(x)
    losses, way = [], []
    for t in range(1, steps + 2):
        value = loss(x)
        losses.append(value.item())
        way.append(x.detach().clone())
        (g,) = torch.autograd.grad(value, [x])
        with torch.no_grad():
            first.mul_(0.9).add_(g, alpha=0.1)
            second.mul_(0.999).addcmul_(g, g, value=0.001)
            x.add_(first / (1 - 0.9**t) / ((second / (1 - 0.999**t)).sqrt() + 1e-8), alpha=-rate)
    return losses, way


target = made(sampled(1))


def error(x, first=1):
    return ((made(x, first) - target) ** 2).mean()


losses, way = adam(sampled(7), error, 0.05, STEPS)
latents = []
for place in PLACES:
    # what a test starts from is float32
    z = way[place].float().double()
    latents.append({"z": z.flatten().tolist(), "losses": adam(z, error, 0.05, FEW)[0]})
start = made(way[STEPS].float().double(), last=4)
features, _ = adam(start, lambda r: error(r, 5) + 0.01 * ((r - start) ** 2).mean(), 0.01, FEW)
out = {"rate": 0.05, "latents": latents, "way": losses, "layer": "layer4", "layerRate": 0.01, "features": features}
path = ROOT / "test/golden/diagnosis/inversion.json"
path.write_text(json.dumps(out) + "\n")
print(losses[:3], losses[-1], [latent["losses"] for latent in latents], features)
