"""Checkpoints that are whole or not used.

OUT/checkpoint-000012345.pt    all of a run's state after that many images (torch.save of tensors and plain values)
OUT/checkpoint-000012345.json  written after it: its SHA-256. A .pt without it, or with another digest, is passed over
"""

import io
import json
import os
import re
import sys

import torch

from .errors import CheckpointError
from .files import sha256, write_atomic, write_json

KEEP = 3
NAME = re.compile(r"checkpoint-(\d{9})\.pt")


def list_checkpoints(out):
    """Paths, the newest first."""
    names = [name for name in os.listdir(out) if NAME.fullmatch(name)] if os.path.isdir(out) else []
    return [os.path.join(out, name) for name in sorted(names, reverse=True)]


def digest_path(path):
    return path[: -len(".pt")] + ".json"


def save(out, images: int, state: dict) -> str:
    path = os.path.join(out, f"checkpoint-{images:09d}.pt")
    buffer = io.BytesIO()
    torch.save(state, buffer)
    write_atomic(path, buffer.getvalue())
    write_json(digest_path(path), {"images": images, "sha256": sha256(path)})
    for old in list_checkpoints(out)[KEEP:]:
        for name in (digest_path(old), old):
            if os.path.exists(name):
                os.remove(name)
    return path


def read(path) -> dict:
    try:
        with open(digest_path(path), encoding="utf-8") as file:
            expected = json.load(file)["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path} was not finished: {digest_path(path)} is missing or damaged.") from error
    if sha256(path) != expected:
        raise CheckpointError(f"{path} is damaged: its SHA-256 is not the one noted when it was written.")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises whatever it met in the file
        raise CheckpointError(f"{path} cannot be read: {error}.") from error


def newest(out):
    """The state of the newest whole checkpoint, None if there are none at all."""
    paths = list_checkpoints(out)
    for path in paths:
        try:
            return read(path)
        except CheckpointError as error:
            print(f"{error} Trying the one before.", file=sys.stderr)
    if paths:
        raise CheckpointError(f"None of {len(paths)} checkpoints in {out} is whole.", "Begin anew in another --out.")
    return None
