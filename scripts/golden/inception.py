"""Features of an Inception v3 with made-up weights: `python3 inception.py` writes test/golden/diagnosis/inception.json.

The graph is written down here from its description (Szegedy et al. 2016; pytorch-fid's README and release notes say what
differs from torchvision's: 1008 classes, average pools that leave padding out, a max pool in the last block), in float64.
Weights are the recipe of common.py by the published names, at the published widths; the picture is common.py's, as bytes.
Needs PyTorch, NumPy and Pillow (made with 1.13, 1.24 and 9.4).
"""

import json
from pathlib import Path

import numpy
import torch
import torch.nn.functional as F
from common import image, weight
from PIL import Image

OUT = Path(__file__).parents[2] / "test" / "golden" / "diagnosis" / "inception.json"
shapes = {}


def learned(key, shape):
    shapes[key] = list(shape)
    return torch.from_numpy(weight(key, shape)).double()


def unit(x, key, outputs, kernel, stride=1, pad=(0, 0)):
    kernel = (kernel, kernel) if isinstance(kernel, int) else kernel
    pad = (pad, pad) if isinstance(pad, int) else pad
    x = F.conv2d(x, learned(f"{key}.conv.weight", (outputs, x.shape[1], *kernel)), stride=stride, padding=pad)
    mean, variance = (learned(f"{key}.bn.running_{what}", (outputs,)) for what in ("mean", "var"))
    gamma, beta = (learned(f"{key}.bn.{what}", (outputs,)) for what in ("weight", "bias"))
    return F.relu(F.batch_norm(x, mean, variance, gamma, beta, eps=0.001))


def average(x):
    return F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)


def shrink(x):
    return F.max_pool2d(x, 3, stride=2)


def block_a(x, key, pool):
    one = unit(x, f"{key}.branch1x1", 64, 1)
    five = unit(unit(x, f"{key}.branch5x5_1", 48, 1), f"{key}.branch5x5_2", 64, 5, pad=2)
    three = unit(unit(x, f"{key}.branch3x3dbl_1", 64, 1), f"{key}.branch3x3dbl_2", 96, 3, pad=1)
    three = unit(three, f"{key}.branch3x3dbl_3", 96, 3, pad=1)
    return torch.cat([one, five, three, unit(average(x), f"{key}.branch_pool", pool, 1)], 1)


def block_b(x, key):
    single = unit(x, f"{key}.branch3x3", 384, 3, stride=2)
    double = unit(unit(x, f"{key}.branch3x3dbl_1", 64, 1), f"{key}.branch3x3dbl_2", 96, 3, pad=1)
    return torch.cat([single, unit(double, f"{key}.branch3x3dbl_3", 96, 3, stride=2), shrink(x)], 1)


ACROSS, DOWN = {"kernel": (1, 7), "pad": (0, 3)}, {"kernel": (7, 1), "pad": (3, 0)}


def block_c(x, key, inner):
    one = unit(x, f"{key}.branch1x1", 192, 1)
    y = unit(x, f"{key}.branch7x7_1", inner, 1)
    y = unit(unit(y, f"{key}.branch7x7_2", inner, **ACROSS), f"{key}.branch7x7_3", 192, **DOWN)
    z = unit(x, f"{key}.branch7x7dbl_1", inner, 1)
    z = unit(unit(z, f"{key}.branch7x7dbl_2", inner, **DOWN), f"{key}.branch7x7dbl_3", inner, **ACROSS)
    z = unit(unit(z, f"{key}.branch7x7dbl_4", inner, **DOWN), f"{key}.branch7x7dbl_5", 192, **ACROSS)
    return torch.cat([one, y, z, unit(average(x), f"{key}.branch_pool", 192, 1)], 1)


def block_d(x, key):
    y = unit(unit(x, f"{key}.branch3x3_1", 192, 1), f"{key}.branch3x3_2", 320, 3, stride=2)
    z = unit(unit(x, f"{key}.branch7x7x3_1", 192, 1), f"{key}.branch7x7x3_2", 192, **ACROSS)
    z = unit(unit(z, f"{key}.branch7x7x3_3", 192, **DOWN), f"{key}.branch7x7x3_4", 192, 3, stride=2)
    return torch.cat([y, z, shrink(x)], 1)


def block_e(x, key, pooled):
    def forked(y, name):
        across = unit(y, f"{key}.{name}a", 384, (1, 3), pad=(0, 1))
        return torch.cat([across, unit(y, f"{key}.{name}b", 384, (3, 1), pad=(1, 0))], 1)

    single = forked(unit(x, f"{key}.branch3x3_1", 384, 1), "branch3x3_2")
    double = unit(unit(x, f"{key}.branch3x3dbl_1", 448, 1), f"{key}.branch3x3dbl_2", 384, 3, pad=1)
    double = forked(double, "branch3x3dbl_3")
    one = unit(x, f"{key}.branch1x1", 320, 1)
    return torch.cat([one, single, double, unit(pooled, f"{key}.branch_pool", 192, 1)], 1)


def features(x):
    found = {}
    x = unit(unit(x, "Conv2d_1a_3x3", 32, 3, stride=2), "Conv2d_2a_3x3", 32, 3)
    x = found["64"] = shrink(unit(x, "Conv2d_2b_3x3", 64, 3, pad=1))
    x = found["192"] = shrink(unit(unit(x, "Conv2d_3b_1x1", 80, 1), "Conv2d_4a_3x3", 192, 3))
    for letter, pool in (("b", 32), ("c", 64), ("d", 64)):
        x = block_a(x, f"Mixed_5{letter}", pool)
    x = block_b(x, "Mixed_6a")
    for letter, inner in (("b", 128), ("c", 160), ("d", 160), ("e", 192)):
        x = block_c(x, f"Mixed_6{letter}", inner)
    found["768"] = x
    x = block_d(x, "Mixed_7a")
    x = block_e(x, "Mixed_7b", average(x))
    found["2048"] = block_e(x, "Mixed_7c", F.max_pool2d(x, 3, stride=1, padding=1))
    return {name: value.mean((2, 3))[0] for name, value in found.items()}


def pytorch_fid(rgb):
    x = torch.from_numpy(rgb).permute(2, 0, 1)[None].double() / 255
    return 2 * F.interpolate(x, size=(299, 299), mode="bilinear", align_corners=False) - 1


def clean_fid(rgb):
    channels = [
        numpy.asarray(Image.fromarray(rgb[:, :, c].astype(numpy.float32), "F").resize((299, 299), Image.BICUBIC))
        for c in range(3)
    ]
    x = torch.from_numpy(numpy.stack(channels).clip(0, 255))[None].double()
    return (x - 128) / 128


def main():
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)
    found = {}
    for name, prepare, height, width in (("pytorch-fid", pytorch_fid, 40, 48), ("clean-fid", clean_fid, 320, 288)):
        picture = image(1, height, width)[0].permute(1, 2, 0).double().numpy()
        rgb = numpy.floor((picture + 1) * 127.5 + 0.5).clip(0, 255).astype(numpy.uint8)
        kept = ("64", "192", "768", "2048") if name == "pytorch-fid" else ("64",)
        made = features(prepare(rgb))
        found[name] = {
            "height": height,
            "width": width,
            # Every eighth of the longer ones: enough to see a channel or a block out of place.
            "features": {k: [float(f"{v:.9g}") for v in made[k][:: 1 if k in ("64", "192") else 8]] for k in kept},
        }
    OUT.write_text(json.dumps({"shapes": shapes, **found}, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
