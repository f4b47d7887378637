"""Golden outputs of the segmenters' label logic, computed by the published wrappers around networks with given logits.

  upp-labels.safetensors  UnifiedParsingSegmenter: undivided and quad (CSAILVision/gandissect), all parts and merged with a
                          colour segmenter (davidbau/dissect), with the full vocabulary
  semantic.safetensors    SemanticSegmenter of CSAILVision/gandissect

Run: python labels.py GANDISSECT DISSECT UNIFIEDPARSING OUT
  the three are checkouts: gandissect, davidbau/dissect, CSAILVision/unifiedparsing (for its CSV files of names only)
What it needs besides: see common.py.
"""

import argparse
import csv
import os

import numpy
import skimage.morphology
import torch

from common import (
    GRID_RECIPE,
    IMAGE_RECIPE,
    fill,
    grid,
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

N, SIZE = 2, 64
SEEDS = {"object": 11, "material": 12, "part": 13, "color": 14}
FREQUENT = {
    "wall": 7,
    "sky": 7.5,
    "tree": 6,
    "building": 8,
    "person": 7.5,
    "window": 6,
    "door": 5,
    "cabinet": 5.5,
    "car": 6,
    "bed": 5.5,
    "chair": 5,
}
COLORS = ["black", "blue", "brown", "grey", "green", "orange", "pink", "purple", "red", "white", "yellow"]
# Plain, merged with a part, material (the last "wood": the first is an object), part only; then parts of many owners.
CONCEPTS = {
    "undivided": lambda listed: {name: listed.index(name) for name in ("tree", "window", "roof")}
    | {"wood": max(i for i, name in enumerate(listed) if name == "wood")},
    "all": lambda listed: {name: listed.index(name) for name in ("window", "drawer", "leg")},
    "merged": lambda listed: {"black": listed.index("black")},
}


# Two names that the project's specification (appendix A) gives otherwise than the CSV files.
RENAMED = {"fire place": "fireplace", "rubber/latex": "rubber"}


def resize(logits, size):
    return torch.nn.functional.interpolate(logits, size=size, mode="bilinear", align_corners=False)


def vocabulary(root):
    """labels.json from the published lists of names."""

    def rows(name):
        with open(os.path.join(root, "meta_file", "joint_dataset", f"{name}.csv"), newline="") as file:
            return list(csv.DictReader(file))

    labels = {}
    for kind in ("object", "material", "scene", "part"):
        labels[kind] = [RENAMED.get(row["name"], row["name"]) for row in rows(kind)]
    labels["object_part"] = {row["object_name"]: row["part_names"].split(";") for row in rows("object_part_hierarchy")}
    assert list(labels["object_part"]) == [name for name in labels["object"] if name in labels["object_part"]]
    return labels


class Given(torch.nn.Module):
    """A head that gives the same logits whatever it is given."""

    def __init__(self, logits):
        super().__init__()
        self.logits = logits

    def forward(self, _):
        return self.logits


class GivenNetwork(torch.nn.Module):
    """A network of the semantic-segmentation family; the unused convolution is what the wrapper counts its labels by."""

    def __init__(self, logits, softmax):
        super().__init__()
        self.logits, self.softmax = logits, softmax
        self.convolution = torch.nn.Conv2d(1, logits[0].shape[1], 1)
        self.inputs = []

    def forward(self, feed, *, segSize):
        given = self.logits[len(self.inputs) % len(self.logits)]
        self.inputs.append(feed["img_data"])
        scores = resize(given, segSize)
        return scores.softmax(1) if self.softmax else scores


def semantic_segmenter(segmenter, network, folder, labels, epoch=1, **options):
    """The published SemanticSegmenter, its builders giving `network`."""

    class Builder:
        def build_encoder(self, **options):
            return None

        def build_decoder(self, **options):
            return None

    segmenter.segmodel_module.ModelBuilder = Builder
    segmenter.segmodel_module.SegmentationModule = lambda encoder, decoder, loss: network
    with model_folder(folder, labels, epoch):
        vocab, *arch = folder.split("-")
        return segmenter.SemanticSegmenter(segvocab=vocab, segarch=tuple(arch), **options)


def upp_segmenter(segmenter, labels, heads, **options):
    """The published UnifiedParsingSegmenter with the published UPerNet, its heads giving `heads`."""
    with model_folder("upp-resnet50-upernet", labels, 40):
        segmentation = segmenter.UnifiedParsingSegmenter(segsizes=[SIZE], **options)
    model = segmentation.segmodel
    fill(narrow(model.encoder))
    fill(narrow(model.decoder))
    for head, logits in heads.items():
        setattr(model.decoder, f"{head}_head", Given(logits))
    return segmentation


def last_components(objects):
    """The component that the published subdivision leaves out: the one numbered last by scikit-image."""
    masks = []
    for labels in objects.numpy():
        numbered, count = skimage.morphology.label(labels, return_num=True)
        masks.append(numbered == count if count else numpy.zeros_like(labels, bool))
        print("components", count, "last", int(masks[-1].sum()), "pixels")
    return numpy.stack(masks).astype("uint8")


def concept(segmentation, picture, name, index, tensors):
    score, mask = segmentation.predict_single_class(picture, index)
    tensors.update(sampled(f"{name}.score", score))
    tensors[f"{name}.mask"] = labelled(mask, "uint8")
    return index


def upp(gandissect, dissect, unifiedparsing, out):
    labels = vocabulary(unifiedparsing)
    channels = {kind: len(labels[kind]) for kind in ("object", "material")}
    channels["part"] = sum(len(parts) for parts in labels["object_part"].values())
    bias = [[labels["object"].index(name), value] for name, value in FREQUENT.items()]
    biases = {"object": bias}
    heads = {kind: grid(SEEDS[kind], (N, count, 16, 16), biases.get(kind, ())) for kind, count in channels.items()}
    picture = image(N, SIZE, SIZE)
    tensors, names, concepts = {}, {}, {}
    for config, root, options in (
        ("undivided", gandissect, {}),
        ("quad", gandissect, {"segdiv": "quad"}),
        ("all", dissect, {"all_parts": True}),
        ("all-quad", dissect, {"all_parts": True, "segdiv": "quad"}),
        ("merged", dissect, {"all_parts": True, "segdiv": "quad"}),
    ):
        segmenter = netdissect(root)
        segmentation = upp_segmenter(segmenter, labels, heads, **options)
        if config == "merged":
            segmentation = segmenter.MergedSegmenter([segmentation, color_segmenter(segmenter)])
        found = segmentation.segment_batch(picture)
        tensors[f"{config}.labels"] = labelled(found, "uint16")
        names[config] = segmentation.get_label_and_category_names()
        print(config, len(names[config][0]), list(found.shape), [len(found[:, i].unique()) for i in range(len(found[0]))])
        listed = [name for name, _ in names[config][0]]
        for name, index in CONCEPTS.get(config, lambda _: {})(listed).items():
            key = f"{config}.{name}"
            concepts[key] = concept(segmentation, picture, key, index, tensors)
            print(key, index, int(tensors[f"{key}.mask"].sum()), "pixels")
    tensors["last-component"] = last_components(torch.from_numpy(tensors["undivided.labels"][:, 0].astype("int64")))
    near = {kind: ties(resize(heads[kind], (SIZE, SIZE))) for kind in ("object", "material")}
    groups = labels["object_part"]
    objects = tensors["undivided.labels"][:, 0].ravel()
    near["part, where the owner is"] = {}
    parts = resize(heads["part"], (SIZE, SIZE)).split([len(group) for group in groups.values()], 1)
    for owner, part in zip(groups, parts):
        close = [at for at in ties(part)["nearer than 0.0001"] if objects[at] == labels["object"].index(owner)]
        near["part, where the owner is"].update({owner: close} if close else {})
    print(near)
    grids = {kind: {"seed": SEEDS[kind], "shape": list(logits.shape)} for kind, logits in heads.items()}
    grids["object"]["bias"] = bias
    grids["color"] = {"seed": SEEDS["color"], "shape": [N, len(COLORS), 16, 16]}
    metadata = {
        "source": "UnifiedParsingSegmenter(segsizes=[64]), images 64x64, downsample 1. "
        "undivided, quad: CSAILVision/gandissect; all, all-quad: davidbau/dissect, all_parts; "
        "merged: davidbau/dissect, MergedSegmenter of all-quad and the colours",
        "logits": GRID_RECIPE,
        "grids": grids,
        "colors": "the network gives softmax(logits), as the published one does; the wrapper takes the softmax of that again",
        "labels.json": labels,
        "concepts": concepts,
        "ties": near,
    }
    for config, (listed, categories) in names.items():
        metadata[f"{config}.names"], metadata[f"{config}.categories"] = listed, categories
    write(os.path.join(out, "upp-labels.safetensors"), tensors, metadata)


def color_segmenter(segmenter):
    labels = {
        "imageformat": {"byteorder": "BGR", "mean": [0.403844, 0.454692, 0.481458], "stdev": [1 / 255] * 3},
        "categories": [{"name": "color"}],
        "labels": [{"name": name, "category": "color"} for name in COLORS],
        "segsizes": [SIZE],
    }
    network = GivenNetwork([grid(SEEDS["color"], (N, len(COLORS), 16, 16))], softmax=True)
    return semantic_segmenter(segmenter, network, "color-resnet18dilated-ppm_deepsup", labels, 20)


SEMANTIC = {
    "imageformat": {"byteorder": "BGR", "mean": [0.45, 0.46, 0.48], "stdev": [0.225, 0.224, 0.229]},
    "categories": [{"name": "thing"}, {"name": "body", "mask": "person"}],
    "labels": [
        {"name": "sky", "category": "thing"},
        {"name": "car", "category": "thing"},
        {"name": "hand", "category": "body"},
        {"name": "person", "category": "thing"},
        {"name": "void", "category": "thing", "internal": True},
        {"name": "car", "category": "thing"},
        {"name": "head", "category": "body"},
        {"name": "tree", "category": "thing"},
        {"name": "torso", "category": "body"},
    ],
    "segsizes": [64, 48],
}


def semantic(gandissect, out):
    seeds, sizes = [21, 22], SEMANTIC["segsizes"]
    count = len(SEMANTIC["labels"])
    bias = [[3, 3]]
    network = GivenNetwork([grid(seed, (N, count, 16, 16), bias) for seed in seeds], softmax=False)
    folder = "baseline-resnet50_dilated8-ppm_bilinear_deepsup"
    segmentation = semantic_segmenter(netdissect(gandissect), network, folder, SEMANTIC)
    picture = image(N, SIZE, SIZE)
    found, scores = segmentation.raw_segment_batch(picture)
    tensors = {"labels": labelled(found, "uint8"), **sampled("probability", scores)}
    for size, fed in zip(sizes, network.inputs):
        assert list(fed.shape[2:]) == [size, size]
        tensors.update(sampled(f"input-{size}", fed))
    tensors["half.labels"] = labelled(segmentation.segment_batch(picture, downsample=2), "uint8")
    names, categories = segmentation.get_label_and_category_names()
    listed = [name for name, _ in names]
    concepts = {name: concept(segmentation, picture, name, listed.index(name), tensors) for name in ("car", "person", "head")}
    best = [scores[:, index].topk(2, dim=1).values for index in segmentation.category_indexes.values()]
    gaps = {name: float((top[:, 0] - top[:, 1]).min()) for name, top in zip(segmentation.category_indexes, best)}
    print(gaps, names, categories)
    print([torch.bincount(found[:, i].flatten()).tolist() for i in range(found.shape[1])])
    metadata = {
        "source": f"CSAILVision/gandissect: SemanticSegmenter, segsizes {sizes}, images 64x64; half: downsample 2",
        "image": f"[{N}, 3, 64, 64] RGB in [-1, 1]: {IMAGE_RECIPE}",
        "logits": GRID_RECIPE,
        "grids": {size: {"seed": seed, "shape": [N, count, 16, 16], "bias": bias} for size, seed in zip(sizes, seeds)},
        "labels.json": SEMANTIC,
        "names": names,
        "categories": categories,
        "concepts": concepts,
        "smallest gaps of probability": gaps,
    }
    write(os.path.join(out, "semantic.safetensors"), tensors, metadata)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("gandissect", "dissect", "unifiedparsing", "out"):
        parser.add_argument(name)
    paths = parser.parse_args()
    gandissect, dissect, unifiedparsing, out = map(os.path.abspath, vars(paths).values())
    os.makedirs(out, exist_ok=True)
    use_cpu()
    with torch.no_grad():
        semantic(gandissect, out)
        upp(gandissect, dissect, unifiedparsing, out)


if __name__ == "__main__":
    main()
