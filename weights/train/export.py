"""Writes the averaged generator of a run as the files other programs read.

    python -m weights.train.export RUN --out DIR

generator.pth            float32, the published state dict in the published (legacy) container
generator.safetensors    float16 convolutions, float32 biases, when that is less than a shard (4 MB)
generator-00001.safetensors …, index.json
                         else: shards of less than 4 MB. A tensor too large for one is cut along its first axis; its
                         pieces keep its name and lie in consecutive shards: index.json lists them in order
samples.png              64 samples of z seed 1
SHA256SUMS               of the weight files
"""

import argparse
import hashlib
import json
import os
import sys
from collections import OrderedDict

import numpy
import torch

from . import checkpoint
from .errors import CheckpointError, TrainError, WeightsError
from .files import encode_safetensors, sha256, write_atomic, write_json
from .progan import Generator
from .schedule import Settings, growth
from .sheet import write_samples

SHARD = 4_000_000  # bytes a file stays under
HEADER = 4096  # kept free for a shard's header
LICENSES = {
    "scenes64": "CC0-1.0",
    "rooms128": "Non-commercial research use only (trained on photographs of Places365)",
}


def halves(state: dict) -> dict:
    """Convolutions in float16; what has one dimension stays float32."""
    result = {}
    for name, value in state.items():
        array = value.numpy()
        result[name] = array if array.ndim == 1 else array.astype(numpy.float16)
        if not numpy.isfinite(result[name]).all():
            raise WeightsError(f"{name} does not fit into float16.")
    return result


def cut(arrays: dict, limit: int):
    """Shards [{name: piece}] of less than `limit` bytes of data, filled in order."""
    shards, room = [{}], limit
    for name, array in arrays.items():
        begin, row = 0, array[:1].nbytes
        if row > limit:
            raise WeightsError(f"One row of {name} is larger than a shard.")
        while begin < len(array):
            if room < row:
                shards.append({})
                room = limit
            rows = min(len(array) - begin, room // row)
            shards[-1][name] = array[begin : begin + rows]
            begin, room = begin + rows, room - rows * row
    return shards


def write_shards(out, state: dict, metadata: dict, limit=SHARD):
    """Writes generator.safetensors, or shards and index.json; returns the names of the files."""
    arrays = halves(state)
    whole = encode_safetensors(arrays, metadata)
    if len(whole) < limit:
        write_atomic(os.path.join(out, "generator.safetensors"), whole)
        return ["generator.safetensors"]
    files, pieces = [], {name: [] for name in arrays}
    for index, shard in enumerate(cut(arrays, limit - HEADER), 1):
        name, data = f"generator-{index:05d}.safetensors", encode_safetensors(shard, metadata)
        write_atomic(os.path.join(out, name), data)
        files.append({"file": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()})
        for tensor in shard:
            pieces[tensor].append(name)
    tensors = {
        name: {"dtype": "F32" if array.ndim == 1 else "F16", "shape": list(array.shape), "files": pieces[name]}
        for name, array in arrays.items()
    }
    write_json(os.path.join(out, "index.json"), {"metadata": metadata, "files": files, "tensors": tensors})
    return [entry["file"] for entry in files] + ["index.json"]


def export(state: dict, settings: Settings, images: int, out, limit=SHARD):
    """`state`: the averaged generator's, with what growing needs."""
    os.makedirs(out, exist_ok=True)
    for name in os.listdir(out):  # of an earlier export, which may have had more shards
        if name == "index.json" or (name.startswith("generator") and name.endswith(".safetensors")):
            os.remove(os.path.join(out, name))
    generator = Generator(settings.sizes)
    generator.load_state_dict(state)
    published = generator.published()
    metadata = {"license": LICENSES.get(settings.model, "unknown"), "model": settings.model}
    metadata |= {"images": str(images), "sizes": json.dumps(list(settings.sizes))}
    names = write_shards(out, published, metadata, limit)
    path = os.path.join(out, "generator.pth")
    torch.save(OrderedDict(published), f"{path}.partial", _use_new_zipfile_serialization=False)
    os.replace(f"{path}.partial", path)
    sums = "".join(f"{sha256(os.path.join(out, name))}  {name}\n" for name in [*names, "generator.pth"])
    write_atomic(os.path.join(out, "SHA256SUMS"), sums.encode())
    with torch.no_grad():
        write_samples(os.path.join(out, "samples.png"), generator, generator.size, 1.0)
    return names


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m weights.train.export", description=__doc__.partition("\n")[0])
    parser.add_argument("run", help="the --out of a training run, or one of its checkpoints")
    parser.add_argument("--out", required=True)
    options = parser.parse_args(arguments)
    state = checkpoint.newest(options.run) if os.path.isdir(options.run) else checkpoint.read(options.run)
    if state is None:
        raise CheckpointError(f"{options.run} holds no checkpoint.")
    settings = Settings.from_json(json.loads(state["settings"]))
    at = growth(settings, max(0, state["images"] - settings.batch))
    if at.size < settings.schedule[-1][0] or at.alpha < 1:
        print(f"Its last layers are not trained yet (now {at.size} pixels, {at.alpha:.0%} in).", file=sys.stderr)
    print("\n".join(export(state["average"], settings, state["images"], options.out)))


if __name__ == "__main__":
    try:
        main()
    except TrainError as error:
        sys.exit(f"{error.code}: {error}")
