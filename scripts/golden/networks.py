"""Golden outputs of narrowed segmentation networks, computed by the published PyTorch code.

  upernet-tiny.safetensors        UPerNet-ResNet50 of CSAILVision/gandissect through its UnifiedParsingSegmenter
  <encoder>-<decoder>.safetensors networks of CSAILVision/semantic-segmentation-pytorch

mobilenetv2dilated-c1 also lists the keys of a c1_deepsup decoder, whose outputs are checked here to be the same.

Run: python networks.py GANDISSECT SEMSEG OUT
  GANDISSECT, SEMSEG  checkouts of the two repositories; OUT  the folder to write to
What it needs besides: see common.py.
"""

import argparse
import os
import sys

import torch

from common import (
    IMAGE_RECIPE,
    fill,
    image,
    labelled,
    model_folder,
    narrow,
    netdissect,
    sampled,
    ties,
    use_cpu,
    write,
)

RECIPE = (
    "n = RandomState(crc32(key)).standard_normal in float32; 4-d: n * f32(sqrt(2 / (shape[1] * kh * kw))); "
    "running_var: 1 + 0.1 |n|; running_mean and bias: 0.1 n; other 1-d: 1 + 0.1 n"
)
TINY = {
    "object": ["-", "wall", "sky", "floor", "tree", "building", "person", "window", "door", "bed", "lamp", "column"],
    "material": ["-", "brick", "glass", "metal", "stone", "wood"],
    "scene": ["kitchen", "church", "street", "bedroom"],
    "part": ["-", "cloud", "window", "door", "roof", "column", "leg", "head", "headboard"],
    "object_part": {
        "sky": ["-", "cloud"],
        "building": ["-", "window", "door", "roof", "column"],
        "person": ["-", "leg", "head"],
        "bed": ["-", "leg", "headboard"],
    },
}
LABELS = 10
SEMSEG = [
    ("resnet18dilated", "ppm_deepsup", 512),
    ("resnet50dilated", "ppm_deepsup", 2048),
    ("resnet101dilated", "ppm_deepsup", 2048),
    ("mobilenetv2dilated", "c1", 160),
]
SIZES = [(64, 64), (72, 72), (75, 61)]


def resize(logits, size):
    return torch.nn.functional.interpolate(logits, size=size, mode="bilinear", align_corners=False)


def upernet(root, out):
    segmenter = netdissect(root)
    with model_folder("upp-resnet50-upernet", TINY, 40):
        segmentation = segmenter.UnifiedParsingSegmenter(segsizes=[256])
    model = segmentation.segmodel
    encoder, decoder = fill(narrow(model.encoder)), fill(narrow(model.decoder))
    raw, stages = {}, {}

    def keep(name):
        return lambda module, inputs, output: raw.__setitem__(name, output)

    model.encoder.register_forward_hook(lambda module, inputs, output: stages.update(enumerate(output)))
    for head in ("object", "part", "material"):
        getattr(model.decoder, f"{head}_head").register_forward_hook(keep(head))
    picture = image(1, 256, 256)
    labels = segmentation.segment_batch(picture, downsample=2)
    probability, parts = segmentation.raw_seg_prediction(picture, downsample=2)
    tensors = {"labels": labelled(labels, "uint8")}
    for i, stage in stages.items():
        tensors.update(sampled(f"c{i + 2}", stage, 64))
    for head, logits in raw.items():
        tensors.update(sampled(f"{head}.logits", logits))
    margins = {}
    for head, scores in probability.items():
        margins[head] = ties(resize(raw[head], (128, 128)))
        tensors[f"{head}.argmax"] = labelled(scores.argmax(1), "uint8")
    tensors["part.argmax"] = labelled(torch.stack([scores.argmax(1) for scores in parts.values()], 1), "uint8")
    groups = TINY["object_part"]
    resized = resize(raw["part"], (128, 128)).split([len(group) for group in groups.values()], 1)
    for owner, part in zip(groups, resized):
        margins[f"part of {owner}"] = ties(part)
    names, categories = segmentation.get_label_and_category_names()
    # Logits are so large here that probabilities are 0 or 1 but for a few pixels: only the mask is worth comparing.
    _, mask = segmentation.predict_single_class(picture, TINY["object"].index("window"), downsample=2)
    tensors["window.mask"] = labelled(mask, "uint8")
    print("upernet-tiny", margins, [torch.bincount(labels[:, i].flatten()).tolist() for i in range(3)])
    print({head: (list(logits.shape), float(logits.pow(2).mean().sqrt())) for head, logits in raw.items()})
    metadata = {
        "source": "CSAILVision/gandissect: UnifiedParsingSegmenter(segsizes=[256]), downsample 2; widths divided by 16",
        "weights": RECIPE,
        "image": f"[1, 3, 256, 256] RGB in [-1, 1]: {IMAGE_RECIPE}",
        "encoder": encoder,
        "decoder": decoder,
        "labels.json": TINY,
        "names": names,
        "categories": categories,
        "ties": margins,
    }
    write(os.path.join(out, "upernet-tiny.safetensors"), tensors, metadata)


def semseg(root, out):
    sys.path.insert(0, root)
    from mit_semseg.models import ModelBuilder, SegmentationModule, models

    for arch, head, channels in SEMSEG:
        mobile = arch.startswith("mobilenet")
        if mobile:
            # The published builder only makes width 1; its network and its dilation take any.
            net = models.MobileNetV2Dilated(models.mobilenet.MobileNetV2(width_mult=0.5), dilate_scale=8)
        else:
            net = narrow(ModelBuilder.build_encoder(arch=arch, weights="recipe"))
        options = {"fc_dim": channels, "num_class": LABELS, "weights": "recipe", "use_softmax": True}
        decoder = ModelBuilder.build_decoder(arch=head, **options)
        if not mobile:
            narrow(decoder)
        else:
            deepsup = ModelBuilder.build_decoder(arch="c1_deepsup", **options)
        metadata = {
            "source": f"CSAILVision/semantic-segmentation-pytorch: {arch} + {head}, {LABELS} labels, use_softmax; "
            + ("width_mult 0.5" if mobile else "widths divided by 16"),
            "weights": RECIPE,
            "image": f"img_data [1, 3, h, w], not normalised further: {IMAGE_RECIPE}",
            "encoder": fill(net),
            "decoder": fill(decoder),
        }
        if mobile:
            metadata["decoder c1_deepsup"] = fill(deepsup)
        model = SegmentationModule(net, decoder, None).eval()
        seen = {}
        net.register_forward_hook(lambda module, inputs, output: seen.update(features=output[-1]))
        decoder.conv_last.register_forward_hook(lambda module, inputs, output: seen.update(logits=output))
        tensors, margins = {}, {}
        for height, width in SIZES:
            name = f"{height}x{width}"
            probability = model({"img_data": image(1, height, width)}, segSize=(height, width))
            tensors.update(sampled(f"{name}.features", seen["features"], 128))
            tensors[f"{name}.logits"] = seen["logits"].numpy()
            tensors[f"{name}.argmax"] = labelled(probability.argmax(1), "uint8")
            margins[name] = ties(resize(seen["logits"], (height, width)))
            if mobile:
                deep = {"img_data": image(1, height, width)}
                assert torch.equal(SegmentationModule(net, deepsup, None)(deep, segSize=(height, width)), probability)
            counts = torch.bincount(probability.argmax(1).flatten(), minlength=LABELS).tolist()
            rms = float(seen["logits"].pow(2).mean().sqrt())
            if rms < 1e3:
                tensors.update(sampled(f"{name}.probability", probability))
            shapes = [list(seen[key].shape) for key in ("features", "logits")]
            print(arch, head, name, *shapes, f"rms {rms:.3g}", counts, margins[name])
        metadata["ties"] = margins
        write(os.path.join(out, f"{arch}-{head}.safetensors"), tensors, metadata)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("gandissect", "semseg", "out"):
        parser.add_argument(name)
    paths = parser.parse_args()
    gandissect, semantic, out = map(os.path.abspath, vars(paths).values())
    os.makedirs(out, exist_ok=True)
    use_cpu()
    with torch.no_grad():
        semseg(semantic, out)
        upernet(gandissect, out)


if __name__ == "__main__":
    main()
