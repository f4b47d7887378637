"""Packs pictures of one size into a memory-mapped file of bytes, and hands out batches of it.

    python -m weights.train.data scenes --out PACK [--count 24000] [--held-out 10000]
    python -m weights.train.data photographs FOLDER --size 128 --out PACK [--held-out 5000] [--seed 1]

PACK/images.u8      uint8 [n, size, size, 3], RGB
PACK/labels.u8      uint8 [n, size, size], where labels are known (scenes)
PACK/journal.jsonl  one line a picture taken or left out, in the order of the file; lets packing go on where it stopped
PACK/manifest.json  written last: counts, classes, the held-out ones (the first `held_out` of the file), digests

The order of photographs is shuffled by the seed, so the first ones are a fair sample. A photograph that cannot be read
is named in the journal and on the screen and left out.
"""

import argparse
import hashlib
import json
import os
import sys

import numpy
import torch
from PIL import Image, ImageOps

from . import scenes
from .errors import DataError, TrainError
from .files import sha256, write_json

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
SMALLEST = 64  # edge in pixels of a photograph that is of use at all


def photograph(path, size: int):
    """The largest central square of a photograph, as bytes [size, size, 3] (averaged, never sharpened)."""
    try:
        with Image.open(path) as file:
            picture = ImageOps.exif_transpose(file).convert("RGB")
    except Exception as error:  # Pillow raises whatever it met in the file
        raise DataError(f"{path} cannot be read: {error}.") from error
    w, h = picture.size
    edge = min(w, h)
    if edge < min(SMALLEST, size):
        raise DataError(f"{path} is only {w}x{h} pixels.")
    left, top = (w - edge) // 2, (h - edge) // 2
    box = (left, top, left + edge, top + edge)
    return numpy.asarray(picture.resize((size, size), Image.BOX if edge % size == 0 else Image.LANCZOS, box))


def find_photographs(folder, seed: int):
    """Relative paths under `folder`, shuffled by the seed; the same on every machine."""
    if not os.path.isdir(folder):
        raise DataError(f"{folder} is not a folder.")
    found = []
    for here, _, names in os.walk(folder):
        found += [os.path.join(here, name) for name in names if name.lower().endswith(ENDINGS)]
    paths = sorted(os.path.relpath(path, folder).replace(os.sep, "/") for path in found)
    if not paths:
        raise DataError(f"{folder} holds no {', '.join(ENDINGS)}.")
    return [paths[i] for i in numpy.random.RandomState(seed).permutation(len(paths))]


class Packer:
    """Appends pictures to a pack and can be opened again after an interruption at any point."""

    def __init__(self, out, description: dict, labels: bool):
        self.out, self.description = out, description
        os.makedirs(out, exist_ok=True)
        self.path = os.path.join(out, "journal.jsonl")
        size = description["size"]
        self.streams = {"images.u8": size * size * 3} | ({"labels.u8": size * size} if labels else {})
        self.done = self.read_journal()
        self.taken = sum("left_out" not in line for line in self.done)
        for name, length in self.streams.items():
            self.truncate(name, self.taken * length)
        self.files = {name: open(os.path.join(out, name), "ab") for name in self.streams}
        self.journal = open(self.path, "w", encoding="utf-8")  # rewritten, so that a torn last line goes
        self.note(description)
        for line in self.done:
            self.note(line)
        self.journal.flush()

    def read_journal(self):
        if not os.path.exists(self.path):
            return []
        lines = []
        with open(self.path, encoding="utf-8") as file:
            for text in file:
                try:
                    lines.append(json.loads(text))
                except ValueError:
                    break
        if lines and lines[0] != self.description:
            raise DataError(f"{self.out} was begun with other settings: {lines[0]}.", "Choose another --out.")
        # Only what is in every file counts.
        have = min(self.length(name) // length for name, length in self.streams.items())
        whole = []
        for line in lines[1:]:
            if have == 0 and "left_out" not in line:
                break
            have -= "left_out" not in line
            whole.append(line)
        return whole

    def length(self, name):
        path = os.path.join(self.out, name)
        return os.path.getsize(path) if os.path.exists(path) else 0

    def truncate(self, name, length):
        with open(os.path.join(self.out, name), "ab") as file:
            file.truncate(length)

    def note(self, line):
        self.journal.write(json.dumps(line) + "\n")

    def add(self, source, arrays):
        for file, array in zip(self.files.values(), arrays):
            file.write(array.tobytes())
        self.note({"source": source})
        self.taken += 1
        if self.taken % 500 == 0:
            for file in (*self.files.values(), self.journal):
                file.flush()

    def leave_out(self, source, reason):
        print(f"left out: {reason}", file=sys.stderr)
        self.note({"source": source, "left_out": reason})

    def finish(self, held_out: int):
        for file in (*self.files.values(), self.journal):
            file.close()
        if self.taken < held_out + 2:
            raise DataError(f"{self.taken} pictures are too few for {held_out} held out.", "Lower --held-out.")
        with open(self.path, encoding="utf-8") as file:
            lines = [json.loads(text) for text in file][1:]
        kept = [line["source"] for line in lines if "left_out" not in line]
        folders = [str(source).rpartition("/")[0] for source in kept]
        manifest = {
            **self.description,
            "count": self.taken,
            "held_out": held_out,
            "classes": {name: folders.count(name) for name in sorted(set(folders))},
            "left_out": {line["source"]: line["left_out"] for line in lines if "left_out" in line},
            "sources_sha256": hashlib.sha256("\n".join(map(str, kept)).encode()).hexdigest(),
            "sha256": {name: sha256(os.path.join(self.out, name)) for name in self.streams},
        }
        write_json(os.path.join(self.out, "manifest.json"), manifest)
        return manifest


def pack_photographs(folder, out, size: int, held_out: int, seed: int):
    paths = find_photographs(folder, seed)
    digest = hashlib.sha256("\n".join(paths).encode()).hexdigest()
    packer = Packer(out, {"kind": "photographs", "size": size, "seed": seed, "found_sha256": digest}, labels=False)
    for index, path in enumerate(paths[len(packer.done) :], len(packer.done)):
        try:
            packer.add(path, [photograph(os.path.join(folder, path), size)])
        except DataError as error:
            packer.leave_out(path, error.message)
        if (index + 1) % 2000 == 0:
            print(f"{index + 1} of {len(paths)}", file=sys.stderr)
    return packer.finish(held_out)


def pack_scenes(out, count: int, held_out: int):
    """Held-out scenes first, as in every pack; seeds from scenes.HELD_OUT and scenes.TRAINING."""
    seeds = [scenes.HELD_OUT + i for i in range(held_out)] + [scenes.TRAINING + i for i in range(count)]
    description = {"kind": "scenes", "size": scenes.SIZE, "training": count, "held_out_scenes": held_out}
    packer = Packer(out, description, labels=True)
    for seed in seeds[len(packer.done) :]:
        packer.add(seed, scenes.scene(seed))
        if packer.taken % 2000 == 0:
            print(f"{packer.taken} of {len(seeds)}", file=sys.stderr)
    return packer.finish(held_out)


class Pack:
    """A finished pack. `images` is uint8 [n, size, size, 3] in the file; the first `held_out` are never trained on."""

    def __init__(self, folder):
        try:
            with open(os.path.join(folder, "manifest.json"), encoding="utf-8") as file:
                self.manifest = json.load(file)
        except (OSError, ValueError) as error:
            raise DataError(f"{folder} is not a finished pack: {error}.", "Run weights.train.data first.") from error
        self.folder, self.size = folder, self.manifest["size"]
        self.count, self.held_out = self.manifest["count"], self.manifest["held_out"]
        self.sha256 = self.manifest["sha256"]["images.u8"]
        self.images = self.map("images.u8", (self.count, self.size, self.size, 3))
        has_labels = "labels.u8" in self.manifest["sha256"]
        self.labels = self.map("labels.u8", (self.count, self.size, self.size)) if has_labels else None

    def map(self, name, shape):
        path = os.path.join(self.folder, name)
        found = os.path.getsize(path) if os.path.exists(path) else 0
        if found != numpy.prod(shape, dtype=numpy.int64):
            raise DataError(f"{path} has {found} bytes instead of {numpy.prod(shape, dtype=numpy.int64)}.")
        return numpy.memmap(path, numpy.uint8, "r", shape=shape)

    def tensor(self, indices, device="cpu"):
        """float32 [n, 3, size, size] in [-1, 1]."""
        raw = torch.from_numpy(numpy.ascontiguousarray(self.images[numpy.asarray(indices)]))
        return raw.to(device).permute(0, 3, 1, 2).float() / 127.5 - 1

    def batch(self, n: int, generator, device="cpu"):
        """`n` training pictures drawn with replacement."""
        indices = torch.randint(self.held_out, self.count, (n,), generator=generator)
        return self.tensor(indices.numpy(), device)


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m weights.train.data", description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    photographs = commands.add_parser("photographs")
    photographs.add_argument("folder")
    photographs.add_argument("--size", type=int, default=128)
    photographs.add_argument("--seed", type=int, default=1)
    photographs.add_argument("--held-out", type=int, default=5000)
    drawn = commands.add_parser("scenes")
    drawn.add_argument("--count", type=int, default=24_000)
    drawn.add_argument("--held-out", type=int, default=10_000)
    for command in (photographs, drawn):
        command.add_argument("--out", required=True)
    options = parser.parse_args(arguments)
    if options.command == "scenes":
        manifest = pack_scenes(options.out, options.count, options.held_out)
    else:
        manifest = pack_photographs(options.folder, options.out, options.size, options.held_out, options.seed)
    print(json.dumps({key: manifest[key] for key in ("count", "held_out", "classes", "left_out", "sha256")}))


if __name__ == "__main__":
    try:
        main()
    except TrainError as error:
        sys.exit(f"{error.code}: {error}")
