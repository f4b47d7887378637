"""Where the published code lays the cells of classifiers: `python3 cells.py DISSECT NETDISSECT` writes test/golden/cells.json and
test/golden/cells.safetensors.

  DISSECT     the folder of upsample.py of davidbau/dissect (9421eaa; netdissect/): PNAS 2020
  NETDISSECT  the folder of upsample.py of CSAILVision/NetDissect (20ce6f8; src/): CVPR 2017, of Caffe's networks

Needs SciPy 1.10 (RectBivariateSpline), PyTorch 1.13, NumPy 1.24 and Pillow 9.4. NetDissect-Lite (2163454) calls
scipy.misc.imresize(map, shape, mode='F'), which is Pillow's `resize` of a float32 image (SciPy removed it).

PNAS 2020 gives its AlexNet's cells the receptive fields of pool5 whatever the layer, as it hands over all convolutions and pools;
here those up to the layer are handed over, as the function's own docstring has it.
"""

import importlib.util
import json
import sys
import types
from pathlib import Path

import numpy
import torch
from common import normal, write
from PIL import Image

GOLDEN = Path(__file__).parents[2] / "test" / "golden"


def published(folder, name):
    spec = importlib.util.spec_from_file_location(name, Path(folder) / "upsample.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# dissect's names torchvision's transforms, which it looks for in data sets; there are none here.
transforms = types.ModuleType("torchvision.transforms")
for kind in ("Resize", "RandomCrop", "RandomResizedCrop", "CenterCrop"):
    setattr(transforms, kind, type(kind, (), {}))
sys.modules["torchvision"] = types.ModuleType("torchvision")
sys.modules["torchvision"].transforms = transforms
sys.modules["torchvision.transforms"] = transforms
dissect = published(sys.argv[1], "dissect_upsample")
netdissect = published(sys.argv[2], "netdissect_upsample")

# Kernel, stride, padding of what lies before a layer, on the way of the largest fields.
THREE = (3, 1, 1)


def alexnet(pad):
    conv = [(11, 4, pad), (3, 2, 0), (5, 1, 2), (3, 2, 0), THREE, THREE, THREE]
    return {"relu1": conv[:1], "pool1": conv[:2], "relu2": conv[:3], "relu5": conv, "pool5": [*conv, (3, 2, 0)]}


def vgg16():
    layers, way = {}, []
    for stage, count in enumerate((2, 2, 3, 3, 3), 1):
        for index in range(1, count + 1):
            way.append(THREE)
            layers[f"relu{stage}_{index}"] = list(way)
        way.append((2, 2, 0))
    return {name: layers[name] for name in ("relu1_2", "relu3_3", "relu5_3")}


def resnet18():
    layers, way = {}, [(7, 2, 3), (3, 2, 1)]
    for stage in range(1, 5):
        way += [(3, 1 if stage == 1 else 2, 1), THREE, THREE, THREE]
        layers[f"layer{stage}"] = list(way)
    return layers


def squeezenet(first, pools):
    layers, way = {}, [first]
    for index in range(2, 13):
        way.append((3, 2, 0) if index in pools else THREE)
        layers[f"features.{index}"] = list(way)
    return {name: layers[name] for name in ("features.4", "features.12")}


def mobilenet_v2():
    layers, way = {}, [(3, 2, 1)]
    strides = [1, *(2, 1), *(2, 1, 1), *(2, 1, 1, 1), *(1, 1, 1), *(2, 1, 1), 1]
    for index, stride in enumerate(strides, 1):
        way.append((3, stride, 1))
        layers[f"features.{index}"] = list(way)
    return {name: layers[name] for name in ("features.1", "features.17")}


def cifar():
    return {"layer3": [THREE, *[THREE] * 2, (3, 2, 1), THREE, (3, 2, 1), THREE]}


NETWORKS = {
    "alexnet": alexnet(2),
    "caffe-alexnet": alexnet(0),
    "vgg16": vgg16(),
    "resnet18": resnet18(),
    "squeezenet1_0": squeezenet((7, 2, 0), (2, 6, 11)),
    "squeezenet1_1": squeezenet((3, 2, 0), (2, 5, 8)),
    "mobilenet_v2": mobilenet_v2(),
    "cifar": cifar(),
}


def modules(way):
    return [torch.nn.MaxPool2d(kernel, stride, padding) for kernel, stride, padding in way]


def fieldmap(way):
    whole = ((0, 0), (1, 1), (1, 1))
    for kernel, stride, padding in way:
        whole = netdissect.compose_fieldmap(whole, ((-padding,) * 2, (kernel,) * 2, (stride,) * 2))
    return whole


fields = {
    network: {
        layer: {"scale_offset": dissect.sequence_scale_offset(modules(way))[0], "fieldmap": [v[0] for v in fieldmap(way)]}
        for layer, way in layers.items()
    }
    for network, layers in NETWORKS.items()
}

tensors = {}


def case(name, map_, surface):
    tensors[f"{name}.map"] = map_
    tensors[f"{name}.surface"] = numpy.asarray(surface, numpy.float32)


conv5 = normal("cells of conv5", (13, 13))
scale_offset = dissect.sequence_scale_offset(modules(alexnet(0)["relu5"]))
up = dissect.upsampler((56, 56), data_shape=(13, 13), image_size=(227, 227), scale_offset=scale_offset, dtype=torch.float64)
case("pnas-2020 caffe-alexnet relu5", conv5, up(torch.from_numpy(conv5).double()[None, None])[0, 0].numpy())
way = fieldmap(alexnet(0)["relu5"])
cvpr = netdissect.upsampleL(way, conv5.astype(numpy.float64)[None], shape=(113, 113), reduction=2)[0]
case("cvpr-2017 caffe-alexnet relu5", conv5, cvpr)
conv53 = normal("cells of conv5_3", (14, 14))
cvpr = netdissect.upsampleL(fieldmap(vgg16()["relu5_3"]), conv53.astype(numpy.float64)[None], shape=(112, 112), reduction=2)[0]
case("cvpr-2017 vgg16 relu5_3", conv53, cvpr)
lite = numpy.asarray(Image.fromarray(conv5).resize((113, 113), Image.Resampling.BILINEAR))
case("netdissect-lite caffe-alexnet relu5", conv5, lite)

(GOLDEN / "cells.json").write_text(json.dumps(fields, indent=1) + "\n")
write(GOLDEN / "cells.safetensors", tensors, {"made by": "scripts/golden/cells.py"})
