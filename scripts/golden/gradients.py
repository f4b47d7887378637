"""Golden gradients: PyTorch's autograd in double precision, through networks of the published code.

  progan-tiny    gandissect's generator, by z and by layer2
  upernet-tiny   UPerNet-ResNet50 through gandissect's UnifiedParsingSegmenter.predict_single_class, by the image
  <encoder>-<decoder>  networks of CSAILVision/semantic-segmentation-pytorch, logits by the image

All are of Σ seed · output with the recipe's normals as the seed. One file, gradients.safetensors.

Run: python gradients.py GANDISSECT SEMSEG GENERATOR OUT
  GANDISSECT, SEMSEG  checkouts of the two repositories; GENERATOR  progan-tiny.zip.pth; OUT  the folder to write to
What it needs besides: see common.py.
"""

import argparse
import importlib
import os
import sys

import numpy
import torch

from common import fill, image, model_folder, narrow, netdissect, normal, sampled, use_cpu, write
from networks import LABELS, RECIPE, TINY

EDGE = 64
CONCEPT = "window"
# Logits of random weights are so large that probabilities are 0 or 1; a power of two keeps the weights exact.
SOFTER = 2.0**-10
SEMSEG = [("resnet18dilated", "ppm", 512), ("mobilenetv2dilated", "c1", 160)]


def gradients(output, inputs):
    """Of Σ seed · output by the inputs, float32."""
    seed = torch.from_numpy(normal("gradient seed", tuple(output.shape))).double()
    return torch.autograd.grad((seed * output).sum(), inputs)


def progan(state):
    proggan = importlib.import_module("netdissect.proggan")
    model = proggan.ProgressiveGenerator(sizes=proggan.sizes_from_state_dict(state)).double()
    model.load_state_dict(state)
    seen = {}
    model.layer2.register_forward_hook(lambda module, inputs, output: seen.update(layer2=output))
    z = torch.from_numpy(numpy.random.RandomState(1).standard_normal((4, 16)).astype("float32")).double()
    z.requires_grad_()
    picture = model(z)
    by_z, by_layer2 = gradients(picture, [z, seen["layer2"]])
    return {"progan-tiny.z": by_z.float().numpy(), **sampled("progan-tiny.layer2", by_layer2, 1024)}


def soften(convolution):
    with torch.no_grad():
        convolution.weight *= SOFTER
        convolution.bias *= SOFTER


def upernet(segmenter):
    with model_folder("upp-resnet50-upernet", TINY, 40):
        segmentation = segmenter.UnifiedParsingSegmenter(segsizes=[EDGE])
    model = segmentation.segmodel
    fill(narrow(model.encoder))
    fill(narrow(model.decoder))
    for head in (model.decoder.object_head, model.decoder.part_head):
        soften(head[1])
    model.double()
    picture = image(1, EDGE, EDGE).double().requires_grad_()
    score, _ = segmentation.predict_single_class(picture, TINY["object"].index(CONCEPT), downsample=2)
    print("upernet-tiny", list(score.shape), "from", float(score.min()), "to", float(score.max()))
    (by_image,) = gradients(score, [picture])
    return sampled("upernet-tiny.image", by_image, 2048)


def semseg(models, arch, head, channels):
    if arch.startswith("mobilenet"):
        net = models.MobileNetV2Dilated(models.mobilenet.MobileNetV2(width_mult=0.5), dilate_scale=8)
    else:
        net = narrow(models.ModelBuilder.build_encoder(arch=arch, weights="recipe"))
    options = {"fc_dim": channels, "num_class": LABELS, "weights": "recipe", "use_softmax": True}
    decoder = models.ModelBuilder.build_decoder(arch=head, **options)
    if not arch.startswith("mobilenet"):
        narrow(decoder)
    fill(net)
    fill(decoder)
    seen = {}
    decoder.conv_last.register_forward_hook(lambda module, inputs, output: seen.update(logits=output))
    net.double()
    decoder.double()
    picture = image(1, EDGE, EDGE).double().requires_grad_()
    decoder(net(picture, return_feature_maps=True), segSize=(EDGE, EDGE))
    (by_image,) = gradients(seen["logits"], [picture])
    return sampled(f"{arch}-{head}.image", by_image, 2048)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("gandissect", "semseg", "generator", "out"):
        parser.add_argument(name)
    gandissect, semantic, generator, out = map(os.path.abspath, vars(parser.parse_args()).values())
    os.makedirs(out, exist_ok=True)
    state = torch.load(generator)
    use_cpu()
    segmenter = netdissect(gandissect)
    tensors = progan(state)
    torch.set_default_dtype(torch.float64)
    tensors.update(upernet(segmenter))
    sys.path.insert(0, semantic)
    models = importlib.import_module("mit_semseg.models.models")
    for arch, head, channels in SEMSEG:
        tensors.update(semseg(models, arch, head, channels))
    metadata = {
        "source": "torch.autograd in float64 through CSAILVision/gandissect and CSAILVision/semantic-segmentation-pytorch",
        "weights": f"{RECIPE}; upernet-tiny's object and part heads are multiplied by {SOFTER}",
        "seed": "RandomState(crc32('gradient seed')).standard_normal in float32, in the output's NCHW shape",
        "concept": CONCEPT,
        "edge": str(EDGE),
    }
    write(os.path.join(out, "gradients.safetensors"), tensors, metadata)


if __name__ == "__main__":
    main()
