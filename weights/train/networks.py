"""The two embedded segmenters in PyTorch, to measure with: labels of every pixel and a feature vector an image.

    load_segmenter("weights/scenes64"), load_segmenter("weights/mosaic-ade20k32")

`measure(images)` of [n, 3, s, s], RGB in [-1, 1] at any s, gives (features [n, c], labels int64 [n, h, w]): features are
the means over all pixels of the encoder's last stage, label 0 is "-".
"""

import json
import os

import torch
import torch.nn.functional as F

from .errors import WeightsError
from .files import read_safetensors


def bilinear(x, size):
    return F.interpolate(x, size=size, mode="bilinear", align_corners=False)


def from_corners(x, size):
    """Bilinear, output pixel i at i · in/out (TensorFlow 1's resize without alignment); the last pixel is repeated."""
    for axis, out in ((2, size[0]), (3, size[1])):
        n = x.shape[axis]
        at = torch.arange(out, device=x.device, dtype=torch.float32) * (n / out)
        low = at.floor().long()
        high, t = (low + 1).clamp(max=n - 1), (at - low).reshape([-1 if a == axis else 1 for a in range(4)])
        x = x.index_select(axis, low) * (1 - t) + x.index_select(axis, high) * t
    return x


class UPerNet:
    """Unified parsing's object head (Xiao et al., ECCV 2018): ResNet with bottleneck blocks, PPM, FPN; any widths."""

    MEAN = (102.9801, 115.9465, 122.7717)  # of BGR bytes

    def __init__(self, tensors, labels, device):
        self.w = {name: value.float().to(device) for name, value in tensors.items()}
        self.names, self.size = labels["object"], labels["segsizes"][0]
        self.channels = len(self.w["encoder.layer4.0.bn3.weight"])

    def norm(self, x, name):
        w = self.w
        return F.batch_norm(
            x, *(w[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")), eps=1e-5
        )

    def conv(self, x, name, norm, stride=1):
        weight = self.w[f"{name}.weight"]
        return self.norm(F.conv2d(x, weight, None, stride, weight.shape[-1] // 2), norm)

    def encode(self, images):
        """[C2 … C5] of images."""
        x = ((images + 1) / 2 * 255).flip(1) - torch.tensor(self.MEAN, device=images.device)[:, None, None]
        if x.shape[-1] != self.size:
            x = F.adaptive_avg_pool2d(x, self.size)
        for i in (1, 2, 3):
            x = F.relu(self.conv(x, f"encoder.conv{i}", f"encoder.bn{i}", stride=2 if i == 1 else 1))
        x, stages = F.max_pool2d(x, 3, 2, 1), []
        for stage in (1, 2, 3, 4):
            block = 0
            while (name := f"encoder.layer{stage}.{block}") + ".conv1.weight" in self.w:
                x = self.bottleneck(x, name, 2 if stage > 1 and block == 0 else 1)
                block += 1
            stages.append(x)
        return stages

    def bottleneck(self, x, name, stride):
        y = F.relu(self.conv(x, f"{name}.conv1", f"{name}.bn1"))
        y = F.relu(self.conv(y, f"{name}.conv2", f"{name}.bn2", stride))
        y = self.conv(y, f"{name}.conv3", f"{name}.bn3")
        if f"{name}.downsample.0.weight" in self.w:
            x = self.conv(x, f"{name}.downsample.0", f"{name}.downsample.1", stride)
        return F.relu(y + x)

    def pooled(self, x, bins):
        """Precise RoI pooling over the whole map: the mean over each bin of its bilinear interpolant, 0 outside."""
        n = x.shape[-1]
        edges = torch.arange(bins + 1, dtype=torch.float64)[:, None] * n / bins - torch.arange(n)[None]
        t = edges.clamp(-1, 1)
        area = torch.where(t < 0, (t + 1) ** 2 / 2, 1 - (1 - t) ** 2 / 2)
        matrix = ((area[1:] - area[:-1]) * bins / n).to(x)
        return torch.einsum("py,ncyx,qx->ncpq", matrix, x, matrix)

    def logits(self, stages):
        def part(x, name):
            return F.relu(self.conv(x, f"decoder.{name}.0", f"decoder.{name}.1"))

        size = stages[-1].shape[2:]
        pools = [bilinear(self.pooled(stages[-1], bins), size) for bins in (1, 2, 3, 6)]
        pyramid = [part(pool, f"ppm_conv.{i}") for i, pool in enumerate(pools)]
        top = part(torch.cat([stages[-1], *pyramid], 1), "ppm_last_conv")
        levels = [top]
        for i in (2, 1, 0):
            side = part(stages[i], f"fpn_in.{i}")
            top = side + bilinear(top, side.shape[2:])
            levels.insert(0, part(top, f"fpn_out.{i}.0"))
        x = part(torch.cat([bilinear(level, levels[0].shape[2:]) for level in levels], 1), "conv_fusion")
        x = part(x, "object_head.0")
        return F.conv2d(x, self.w["decoder.object_head.1.weight"], self.w["decoder.object_head.1.bias"])

    @torch.no_grad()
    def measure(self, images):
        """(features, labels at the images' size)"""
        stages = self.encode(images)
        labels = bilinear(self.logits(stages), images.shape[2:]).argmax(1)
        return stages[-1].mean([2, 3]), labels


class OperationList:
    """A network kept as a list of operations (docs/segmenters.md), such as MOSAIC (Wang & Howard, arXiv 2112.11623)."""

    FEATURES = "encoder.Conv_1"

    def __init__(self, tensors, network, labels, device):
        self.w = {name: value.float().to(device) for name, value in tensors.items()}
        self.steps, self.corner = network["operations"], network.get("sampling") == "corner"
        self.names, self.size = [label["name"] for label in labels["labels"]], labels["segsizes"][0]
        self.channels = len(self.w[f"{self.FEATURES}.weight"])
        form = labels["imageformat"]
        if form["byteorder"] != "RGB" or set(form["mean"] + form["stdev"]) != {0.5}:
            raise WeightsError("Only RGB in [-1, 1] is measured with.")

    def resize(self, x, size, sampling="centre"):
        return x if x.shape[2:] == size else (from_corners if sampling == "corner" else bilinear)(x, size)

    def convolution(self, step, x, of):
        weight, bias = self.w[f"{step['filter']}.weight"], self.w.get(f"{step['filter']}.bias")
        stride, dilation, pad = step.get("stride", 1), step.get("dilation", 1), step.get("pad", 0)
        if pad == "same":  # TensorFlow's: what is needed, the larger half at the end
            reach = (weight.shape[-1] - 1) * dilation + 1
            h, w = (max(0, (-(-n // stride) - 1) * stride + reach - n) for n in x.shape[2:])
            x, pad = F.pad(x, (w // 2, w - w // 2, h // 2, h - h // 2)), 0
        groups = len(weight) if step["op"] == "depthwise" else 1
        x = F.conv2d(x, weight, bias, stride, pad, dilation, groups)
        if "add" in step:
            x = x + of[step["add"]]
        activations = {"relu": F.relu, "relu6": F.relu6, "leaky": lambda v: F.leaky_relu(v, 0.2), "none": lambda v: v}
        return activations[step.get("activation", "none")](x)

    def run(self, images):
        """All results by name; the last one is the logits."""
        of = {"input": images}
        for step in self.steps:
            x, kind = of.get(step.get("x")), step["op"]
            if kind in ("conv", "depthwise"):
                y = self.convolution(step, x, of)
            elif kind == "resize":
                y = self.resize(x, of[step["like"]].shape[2:], step.get("sampling", "centre"))
                y = y + of[step["add"]] if "add" in step else y
            elif kind == "concat":
                parts = [of[name] for name in step["parts"]]
                y = torch.cat([self.resize(part, parts[0].shape[2:]) for part in parts], 1)
            elif kind == "slice":
                y = x[:, step["first"] : step["first"] + step["channels"]]
            elif kind == "average":
                y = F.avg_pool2d(x, step["size"])
            else:
                raise WeightsError(f"This measure knows no operation {kind}.")
            of[step["to"]] = y
        return of, y

    @torch.no_grad()
    def measure(self, images):
        """(features, labels at the images' size or the logits', whichever is smaller)"""
        size = images.shape[2:]
        of, logits = self.run(images if size == (self.size, self.size) else bilinear(images, (self.size, self.size)))
        wanted = min(size, logits.shape[2:])
        labels = self.resize(logits, wanted, "corner" if self.corner else "centre").argmax(1)
        return of[self.FEATURES].mean([2, 3]), labels


def load_segmenter(folder, device="cpu"):
    path = os.path.join(folder, "segmenter.safetensors")
    if not os.path.exists(path):
        raise WeightsError(f"There is no {path}.")
    tensors, metadata = read_safetensors(path)
    with open(os.path.join(folder, "labels.json"), encoding="utf-8") as file:
        labels = json.load(file)
    if "ganatomy.operations" in metadata:
        return OperationList(tensors, json.loads(metadata["ganatomy.operations"]), labels, device)
    return UPerNet(tensors, labels, device)
