"""Files that are whole or not there at all, their digests, and safetensors."""

import hashlib
import json
import os
import re
import struct

import numpy
import torch

from .errors import WeightsError

DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U8": "u1"}
CODES = {numpy.dtype(text): code for code, text in DTYPES.items()}


def write_atomic(path, data: bytes):
    """The old content or the new, whatever happens in between."""
    partial = f"{path}.partial"
    with open(partial, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def write_json(path, value):
    write_atomic(path, (json.dumps(value, indent=1) + "\n").encode())


def sha256(path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def encode_safetensors(tensors: dict, metadata: dict) -> bytes:
    """{name: array or tensor} → a file: 8 bytes of length, JSON {name: {dtype, shape, data_offsets}}, the data.

    Wider elements come first, so that everything is aligned; metadata values are strings.
    """
    arrays = {name: numpy.asarray(value) for name, value in tensors.items()}
    header, data, at = {"__metadata__": metadata} if metadata else {}, [], 0
    for name in sorted(arrays, key=lambda name: -arrays[name].dtype.itemsize):
        dtype = arrays[name].dtype.newbyteorder("<")
        raw = numpy.ascontiguousarray(arrays[name], dtype).tobytes()
        header[name] = {"dtype": CODES[dtype], "shape": list(arrays[name].shape), "data_offsets": [at, at + len(raw)]}
        data.append(raw)
        at += len(raw)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(data)


def read_safetensors(path):
    """A file → ({name: torch tensor}, metadata). Every length is checked before it is used."""
    with open(path, "rb") as file:
        raw = file.read()
    try:
        (length,) = struct.unpack("<Q", raw[:8])
        if length > len(raw) - 8:
            raise ValueError("its header is longer than the file")
        header = json.loads(raw[8 : 8 + length])
        metadata, tensors, data = header.pop("__metadata__", {}), {}, memoryview(raw)[8 + length :]
        for name, entry in header.items():
            begin, end = entry["data_offsets"]
            if not 0 <= begin <= end <= len(data):
                raise ValueError(f"{name} ends beyond the file")
            values = numpy.frombuffer(data[begin:end], DTYPES[entry["dtype"]]).reshape(entry["shape"])
            tensors[name] = torch.from_numpy(values.astype(values.dtype.newbyteorder("=")))
    except (KeyError, TypeError, ValueError, struct.error) as error:
        raise WeightsError(f"{path} is not a safetensors file: {error}.") from error
    return tensors, metadata


def read_weights(path) -> dict:
    """Tensors of a generator: .safetensors, a folder that export.py wrote, or a .pth of plain tensors."""
    path = os.fspath(path)
    if not os.path.exists(path):
        raise WeightsError(f"There is no {path}.")
    if os.path.isdir(path):
        return read_folder(path)
    if path.endswith(".safetensors"):
        return read_safetensors(path)[0]
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises whatever it met in the file
        raise WeightsError(f"{path} cannot be read: {error}.") from error
    return current_names(dict(state.get("state_dict", state)))


def read_folder(path) -> dict:
    """generator.safetensors, or the shards that index.json lists, their digests checked and their pieces joined."""
    single, listed = os.path.join(path, "generator.safetensors"), os.path.join(path, "index.json")
    if os.path.exists(single):
        return read_safetensors(single)[0]
    if not os.path.exists(listed):
        raise WeightsError(f"{path} holds neither generator.safetensors nor index.json.")
    with open(listed, encoding="utf-8") as file:
        index = json.load(file)
    shards = {}
    for entry in index["files"]:
        name = os.path.basename(entry["file"])
        if sha256(os.path.join(path, name)) != entry["sha256"]:
            raise WeightsError(f"{name} is damaged: its SHA-256 is not the one in index.json.")
        shards[name] = read_safetensors(os.path.join(path, name))[0]
    state = {k: torch.cat([shards[name][k] for name in entry["files"]]) for k, entry in index["tensors"].items()}
    for name, entry in index["tensors"].items():
        if list(state[name].shape) != entry["shape"]:
            raise WeightsError(f"{name} is {list(state[name].shape)}, index.json says {entry['shape']}.")
    return state


def current_names(state: dict) -> dict:
    """The names before 2019, features.{i-1} and output, become layer{i} and output_RxR."""
    if "features.0.conv.weight" not in state:
        return state
    blocks = sum(bool(re.fullmatch(r"features\.\d+\.conv\.weight", name)) for name in state)
    size = 4 * 2 ** ((blocks - 1) // 2)
    renamed = {re.sub(r"^features\.(\d+)", lambda m: f"layer{int(m[1]) + 1}", k): v for k, v in state.items()}
    return {re.sub(r"^output\.", f"output_{size}x{size}.", k): v for k, v in renamed.items()}
