"""Gradients by weights: PyTorch's autograd in float64 through scenes64, test/golden/diagnosis/weight-gradients.safetensors.

Of the mean squared distance of the image that layer4 of image 0 of seed 7 makes from image 0 of seed 1, by the weights of
all convolutions behind layer4 as they convolve, [out, in, taps down, taps across].

Run: /usr/bin/python3 scripts/golden/weight_gradients.py
"""
import torch
from common import sampled as some
from common import write
from scenes64 import LAYERS, ROOT, WEIGHTS, made, sampled

FIRST = 5
with torch.no_grad():
    target, features = made(sampled(1)), made(sampled(7), last=FIRST - 1).float().double()
names = [*(f"layer{i}" for i in range(FIRST, LAYERS + 1)), "output_64x64"]
own = {name: WEIGHTS[name].clone().requires_grad_() for name in names}
loss = ((made(features, FIRST, weights=own) - target) ** 2).mean()
found = torch.autograd.grad(loss, list(own.values()))
tensors = {}
for name, gradient in zip(names, found):
    tensors.update(some(name, gradient, 256))
metadata = {
    "source": f"torch.autograd {torch.__version__} in float64 through weights/scenes64",
    "of": "mean (image of layer4 of seed 7 - image of seed 1)^2",
    "loss": repr(loss.item()),
}
write(ROOT / "test/golden/diagnosis/weight-gradients.safetensors", tensors, metadata)
