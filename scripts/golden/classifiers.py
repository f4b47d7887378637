"""Logits and layers of narrow classifiers with made-up weights: `python3 classifiers.py CIFAR DISSECT TRAINED` writes
test/golden/classifiers.json.

  torchvision   0.14 (Debian 12's python3-torchvision), Pillow 9.4: ResNets, VGGs, AlexNet, SqueezeNets, MobileNetV2, whose modules
                are replaced by narrower ones; their forward code, strides and pads stay
  CIFAR         the folder of resnet.py of akamaster/pytorch_resnet_cifar10 (d5489e89), whose ResNets are narrow as they are
  TRAINED       CIFAR's resnet20-12fca82f.th, of which logits alone are kept
  DISSECT       the folder of oldalexnet.py and oldvgg16.py of davidbau/dissect (9421eaa; experiment/)

Weights and pictures are the recipes of common.py, in float64; pictures of 0 to 1 are normalised by ImageNet's statistics.
"""

import base64
import json
import math
import sys
from pathlib import Path

import numpy
import torch
import torchvision
from common import fill, image
from PIL import Image

sys.path += sys.argv[1:3]
import oldalexnet
import oldvgg16
import resnet as cifar

OUT = Path(__file__).parents[2] / "test" / "golden" / "classifiers.json"
CLASSES = 10


def narrower(module, divisor):
    """A built network with its widths divided; a linear layer over a map keeps the map."""

    def width(channels):
        return channels if channels == 3 or channels == CLASSES else max(4, math.ceil(channels / divisor / 4) * 4)

    def flat(features):
        for area in (49, 36):
            if features % area == 0 and features > 4096:
                return width(features // area) * area
        return width(features)

    for name, child in module.named_children():
        if isinstance(child, torch.nn.Conv2d):
            options = {key: getattr(child, key) for key in ("kernel_size", "stride", "padding", "dilation")}
            inner, outer = width(child.in_channels), width(child.out_channels)
            deep = child.groups == child.in_channels and child.groups > 1
            groups = inner if deep else min(child.groups, 2)
            setattr(module, name, torch.nn.Conv2d(inner, outer, bias=child.bias is not None, groups=groups, **options))
        elif isinstance(child, torch.nn.BatchNorm2d):
            setattr(module, name, torch.nn.BatchNorm2d(width(child.num_features)))
        elif isinstance(child, torch.nn.Linear):
            setattr(module, name, torch.nn.Linear(flat(child.in_features), width(child.out_features)))
        else:
            narrower(child, divisor)
    return module


def run(network, edge, kept):
    """What the network makes of two pictures: its logits, and the means of some layers' maps."""
    shapes = fill(network) if kept else []
    network.double()
    found = {}

    def keep(name):
        # A copy: ReLUs in place come later.
        return lambda module, inputs, output: found.__setitem__(name, output.clone())

    for name, ours in kept.items():
        network.get_submodule(name).register_forward_hook(keep(ours))
    mean, deviation = (torch.tensor(v).double()[:, None, None] for v in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))
    logits = network(((image(2, edge, edge).double() + 1) / 2 - mean) / deviation)
    numbers = lambda values: [float(f"{value:.9g}") for value in values.flatten().tolist()]
    layers = {
        name: {"shape": list(value.shape[1:]), "means": numbers(value.flatten(2).mean(2) if value.dim() > 2 else value)}
        for name, value in found.items()
    }
    return {"edge": edge, "shapes": shapes, "logits": numbers(logits), "layers": layers}


def views():
    """Bytes that torchvision makes of Pillow images: resized and cut out."""
    transforms = torchvision.transforms
    found = []
    for height, width, edge, resized, fit in ((37, 61, 28, 32, "crop"), (45, 20, 28, 32, "crop"), (37, 61, 21, 24, "squash")):
        picture = (image(1, height, width)[0].permute(1, 2, 0).double().numpy() + 1) * 127.5 + 0.5
        picture = Image.fromarray(numpy.floor(picture).clip(0, 255).astype(numpy.uint8))
        size = (resized, resized) if fit == "squash" else resized
        seen = transforms.CenterCrop(edge)(transforms.Resize(size)(picture))
        data = base64.b64encode(numpy.asarray(seen).tobytes()).decode()
        found.append({"height": height, "width": width, "view": {"edge": edge, "resized": resized, "fit": fit}, "rgb": data})
    return found


def main():
    torch.set_grad_enabled(False)
    torch.manual_seed(0)
    models = torchvision.models
    small = lambda make, divisor=16, **options: narrower(make(num_classes=CLASSES, **options), divisor)
    stages = {"relu": "relu", "maxpool": "maxpool", "layer2.0": "layer2.0", "layer4": "layer4"}
    vgg = {"features.3": "relu1_2", "features.29": "relu5_3", "features.30": "pool5", "classifier.4": "relu7"}
    trained = cifar.resnet20()
    state = torch.load(sys.argv[3], map_location="cpu")["state_dict"]
    trained.load_state_dict({key.replace("module.", ""): value for key, value in state.items()})
    golden = {
        "resnet18": run(small(models.resnet18), 64, stages),
        "resnet50": run(small(models.resnet50), 64, stages),
        "resnext50_32x4d": run(small(models.resnext50_32x4d), 64, {"layer3.1": "layer3.1"}),
        "vgg16": run(small(models.vgg16, 64), 64, vgg),
        "vgg11_bn": run(small(models.vgg11_bn, 64), 64, {"features.2": "relu1_1", "features.27": "relu5_2"}),
        "alexnet": run(small(models.alexnet, 64), 96, {"features.1": "relu1", "features.12": "pool5"}),
        "squeezenet1_0": run(small(models.squeezenet1_0), 64, {"features.1": "features.1", "features.12": "features.12"}),
        "squeezenet1_1": run(small(models.squeezenet1_1), 64, {"features.5": "features.5", "features.12": "features.12"}),
        "mobilenet_v2": run(small(models.mobilenet_v2, 4), 64, {"features.2": "features.2", "features.18": "features.18"}),
        "cifar": run(cifar.ResNet(cifar.BasicBlock, [1, 2, 1]), 32, {"layer2.0": "layer2.0", "layer3": "layer3"}),
        "caffe-alexnet": run(
            narrower(oldalexnet.AlexNet(num_classes=CLASSES), 12), 227, {"lrn1": "lrn1", "relu5": "relu5", "relu6": "relu6"}
        ),
        "pnas-vgg16": run(small(oldvgg16.vgg16, 64), 64, {"features.relu5_3": "relu5_3", "classifier.relu6": "relu6"}),
        "resnet20-12fca82f": run(trained.double().eval(), 32, {}),
        "views": views(),
    }
    lines = [f"{json.dumps(name)}: {json.dumps(what, separators=(',', ':'))}" for name, what in golden.items()]
    OUT.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
