"""torch.optim.Adam on alphas in [0, 1], as gandissect's aceoptimize.py runs it: `python3 adam.py > test/golden/adam.json`.

Needs PyTorch and NumPy (made with 1.13 and 1.24). Gradients are NumPy's RandomState(5) in float32; after every step alphas
are clamped to [0, 1]; the regulariser is 0.005 * 20 * sum(alpha²). Alphas after steps 1, 2, 10, 50 are printed.
"""

import json

import numpy
import torch

UNITS, STEPS = 8, 50
random = numpy.random.RandomState(5)
start = random.uniform(size=UNITS).astype(numpy.float32)
gradients = random.standard_normal((STEPS, UNITS)).astype(numpy.float32)
gradients[:, 0] *= 1e-6  # where epsilon counts
gradients[:, 1] += 3  # towards 0
gradients[:, 2] -= 3  # towards 1

alpha = torch.tensor(start, requires_grad=True)
adam = torch.optim.Adam([alpha], lr=0.01)
after = {}
for step in range(1, STEPS + 1):
    adam.zero_grad()
    loss = (alpha * torch.tensor(gradients[step - 1])).sum() + 0.005 * 20 * (alpha**2).sum()
    loss.backward()
    adam.step()
    with torch.no_grad():
        alpha.clamp_(0, 1)
    if step in (1, 2, 10, 50):
        after[step] = alpha.tolist()
print(json.dumps({"start": start.tolist(), "gradients": gradients.tolist(), "after": after}))
