"""How near samples are to pictures they have not seen.

    python -m weights.train.measure WEIGHTS [WEIGHTS …] --data PACK --segmenter weights/scenes64 [--count 5000]

For each generator, against `count` held-out pictures:

- frechet: the Fréchet distance (Heusel et al., NeurIPS 2017) of Gaussians fitted to features of the segmenter's encoder,
  averaged over pixels. A fixed network that ships with this repository and knows this domain; so the numbers compare
  with each other, not with published FIDs, which use Inception.
- segmentation: the Fréchet segmentation distance (Bau et al., ICCV 2019): the same of each image's concept areas in
  percent, "-" included.
- areas: the mean area of each concept, in percent.

Beside them the same numbers of as many other pictures of the pack ("pictures against pictures"): what 0 looks like at
this count. Samples are of z as GAN Dissection draws them, seed 1, and rounded to bytes as pictures are.
"""

import argparse
import json
import sys

import numpy
import torch

from .data import Pack
from .errors import SettingsError, TrainError, WeightsError
from .files import read_weights, write_json
from .networks import load_segmenter
from .progan import Generator
from .sheet import latents, to_bytes


def sizes_of(state: dict):
    """[z, channels at 4x4, …] of a published state dict."""
    odd = [name for name in state if name.startswith("layer") and name.endswith(".conv.weight")]
    count = len(odd)
    if "layer1.conv.weight" not in state or count % 2:
        raise WeightsError(f"This is no Progressive GAN generator: it holds {', '.join(list(state)[:3])} ….")
    first = state["layer1.conv.weight"].shape[1]
    return [int(first)] + [int(state[f"layer{i}.conv.weight"].shape[0]) for i in range(1, count, 2)]


def load_generator(path, device="cpu") -> Generator:
    state = read_weights(path)
    generator = Generator(sizes_of(state)).requires_grad_(False)
    generator.load_published(state)
    return generator.to(device)


def moments(values):
    """float64 (mean [c], covariance [c, c]) of [n, c]."""
    values = numpy.asarray(values, numpy.float64)
    return values.mean(0), numpy.cov(values, rowvar=False).reshape(values.shape[1], -1)


def root(matrix):
    """The square root of a symmetric positive semidefinite matrix; eigenvalues that rounding made negative count as 0."""
    values, vectors = numpy.linalg.eigh((matrix + matrix.T) / 2)
    return (vectors * numpy.sqrt(values.clip(0))) @ vectors.T


def frechet(a, b) -> float:
    """‖μ1 − μ2‖² + tr(Σ1 + Σ2 − 2 (Σ1^½ Σ2 Σ1^½)^½) of two sets [n, c] of vectors."""
    (mean_a, covariance_a), (mean_b, covariance_b) = moments(a), moments(b)
    half = root(covariance_a)
    inner = numpy.linalg.eigvalsh(half @ covariance_b @ half).clip(0)
    spread = numpy.trace(covariance_a) + numpy.trace(covariance_b) - 2 * numpy.sqrt(inner).sum()
    return float(((mean_a - mean_b) ** 2).sum() + spread)


def areas(labels, count: int):
    """int64 [n, h, w] → the share of each of `count` labels in each image, in percent [n, count]."""
    n = len(labels)
    numbers = labels.reshape(n, -1) + count * torch.arange(n, device=labels.device)[:, None]
    counted = torch.bincount(numbers.flatten(), minlength=count * n).reshape(n, count)
    return counted.double() * (100 / labels[0].numel())


def describe(batches, segmenter):
    """Batches of images in [-1, 1] → (features [n, c], areas [n, labels])."""
    features, shares = [], []
    for images in batches:
        f, labels = segmenter.measure(images)
        features.append(f.cpu().numpy())
        shares.append(areas(labels, len(segmenter.names)).cpu().numpy())
    return numpy.concatenate(features), numpy.concatenate(shares)


def pictures(pack, begin, count, batch, device):
    for at in range(begin, begin + count, batch):
        yield pack.tensor(range(at, min(at + batch, begin + count)), device)


@torch.no_grad()
def samples(generator, count, batch, device, seed=1):
    for z in latents(count, generator.sizes[0], seed).split(batch):
        yield to_bytes(generator(z.to(device))).float() / 127.5 - 1


def compare(reference, other, names):
    shares = {name: round(float(share), 3) for name, share in zip(names, other[1].mean(0)) if share > 0}
    scores = {"frechet": frechet(reference[0], other[0]), "segmentation": frechet(reference[1], other[1])}
    return {**{key: round(value, 4) for key, value in scores.items()}, "areas": shares}


def measure(paths, pack, segmenter, count=5000, batch=50, device="cpu", seed=1):
    if count > pack.held_out or 2 * count > pack.count:
        raise SettingsError(f"The pack holds {pack.held_out} pictures out of {pack.count}, too few for {count}.")
    reference = describe(pictures(pack, 0, count, batch, device), segmenter)
    second = describe(pictures(pack, count, count, batch, device), segmenter)
    result = {"count": count, "seed": seed, "features": segmenter.channels, "pack": pack.sha256}
    shares = reference[1].mean(0)
    result["held out"] = {"areas": {n: round(float(s), 3) for n, s in zip(segmenter.names, shares) if s > 0}}
    result["pictures against pictures"] = compare(reference, second, segmenter.names)
    for path in paths:
        generator = load_generator(path, device)
        if generator.size != pack.size:
            raise SettingsError(f"{path} makes {generator.size} pixels, the pack has {pack.size}.")
        drawn = describe(samples(generator, count, batch, device, seed), segmenter)
        result[path] = compare(reference, drawn, segmenter.names)
    return result


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m weights.train.measure", description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("weights", nargs="*", help="generators: .pth, .safetensors, or a folder of shards")
    add("--data", required=True)
    add("--segmenter", required=True, help="weights/scenes64 or weights/mosaic-ade20k32")
    add("--count", type=int, default=5000)
    add("--batch", type=int, default=50)
    add("--seed", type=int, default=1)
    add("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    add("--out", help="also write the JSON there")
    options = parser.parse_args(arguments)
    segmenter = load_segmenter(options.segmenter, options.device)
    pack = Pack(options.data)
    result = measure(options.weights, pack, segmenter, options.count, options.batch, options.device, options.seed)
    print(json.dumps(result, indent=1))
    if options.out:
        write_json(options.out, result)


if __name__ == "__main__":
    try:
        main()
    except TrainError as error:
        sys.exit(f"{error.code}: {error}")
