"""Shared by the golden-file generators: the recipes, safetensors files, and how the published code is imported.

Needs Python 3.9+, PyTorch, NumPy and scikit-image (made with 1.13, 1.24 and 0.19: Debian 12's python3-torch and
python3-skimage). Runs on a CPU. The published code is imported from checkouts, none of it is here.
"""

import contextlib
import importlib
import json
import math
import os
import struct
import sys
import tempfile
import types
import zlib

import numpy
import torch

F = numpy.float32
DTYPES = {"float32": "F32", "float16": "F16", "int32": "I32", "uint16": "U16", "uint8": "U8"}


# ---------------------------------------------------------------- recipes


def normal(key, shape):
    """NumPy's legacy generator, seeded by the CRC-32 of the UTF-8 key."""
    generator = numpy.random.RandomState(zlib.crc32(key.encode()))
    return generator.standard_normal(math.prod(shape)).astype(F).reshape(shape)


def weight(key, shape):
    n = normal(key, shape)
    if len(shape) in (2, 4):
        return n * F(math.sqrt(2 / math.prod(shape[1:])))
    if key.endswith("running_var"):
        return F(1) + F(0.1) * numpy.abs(n)
    if key.endswith(("running_mean", "bias")):
        return F(0.1) * n
    return F(1) + F(0.1) * n


IMAGE_RECIPE = (
    "image[i, c, y, x] = clip(f32(0.5) * coarse[i, c, y // 16, x // 16] + f32(0.25) * fine[i, c, y // 4, x // 4], -1, 1); "
    "coarse and fine = RandomState(crc32('image coarse'|'image fine')).standard_normal, float32, "
    "[n, 3, ceil(h / 16), ceil(w / 16)] and [n, 3, ceil(h / 4), ceil(w / 4)]"
)


def image(n, height, width):
    """A blocky random picture that a test can build without resampling."""

    def blocks(key, size):
        grid = normal(key, (n, 3, math.ceil(height / size), math.ceil(width / size)))
        return grid.repeat(size, 2).repeat(size, 3)[:, :, :height, :width]

    total = F(0.5) * blocks("image coarse", 16) + F(0.25) * blocks("image fine", 4)
    return torch.from_numpy(numpy.clip(total, F(-1), F(1)))


GRID_RECIPE = (
    "grid = f32(3) * RandomState(seed).standard_normal([n, channels, 16, 16]) in float32, then grid[:, channel] += bias; "
    "logits = bilinear resize of grid, align_corners false"
)


def grid(seed, shape, bias=()):
    values = F(3) * numpy.random.RandomState(seed).standard_normal(shape).astype(F)
    for channel, add in bias:
        values[:, channel] += F(add)
    return torch.from_numpy(values)


# ---------------------------------------------------------------- networks


def narrow(module, divisor=16):
    """Divides every hidden width (a multiple of 64) of a built network; forward code, strides and dilations stay."""

    def width(channels):
        return channels // divisor if channels % 64 == 0 else channels

    for name, child in module.named_children():
        if isinstance(child, torch.nn.Conv2d):
            assert child.groups == 1
            options = {key: getattr(child, key) for key in ("kernel_size", "stride", "padding", "dilation")}
            bias = child.bias is not None
            widths = width(child.in_channels), width(child.out_channels)
            setattr(module, name, torch.nn.Conv2d(*widths, bias=bias, **options))
        elif isinstance(child, torch.nn.modules.batchnorm._BatchNorm):
            setattr(module, name, type(child)(width(child.num_features)))
        else:
            narrow(child, divisor)
    return module


def fill(module):
    """Sets the weights by the recipe; returns [key, shape] of each."""
    state = {key: value for key, value in module.state_dict().items() if not key.endswith("num_batches_tracked")}
    shapes = [[key, list(value.shape)] for key, value in state.items()]
    module.load_state_dict({key: torch.from_numpy(weight(key, shape)) for key, shape in shapes}, strict=False)
    module.eval()
    return shapes


class PrRoIPool2D(torch.nn.Module):
    """Precise RoI pooling over the whole map, which is all that UPerNet asks of it; the published operator needs CUDA."""

    def __init__(self, height, width, scale):
        super().__init__()
        assert height == width and scale == 1
        self.bins = height

    def forward(self, x, rois):
        rows, columns = (torch.from_numpy(self.matrix(size)).to(x.dtype) for size in x.shape[2:])
        return torch.einsum("py,ncyx,qx->ncpq", rows, x, columns)

    def matrix(self, size):
        """[bin, pixel]: the mean over each bin of the pixel's bilinear hat function, zero outside of the map."""
        edges = numpy.arange(self.bins + 1)[:, None] * size / self.bins - numpy.arange(size)[None, :]
        t = numpy.clip(edges, -1, 1)
        integral = numpy.where(t < 0, (t + 1) ** 2 / 2, 1 - (1 - t) ** 2 / 2)
        return (numpy.diff(integral, axis=0) * self.bins / size).astype(F)


# ---------------------------------------------------------------- published code


def use_cpu():
    """The published wrappers call .cuda(); checkpoints are replaced by the recipe, so loading one gives no tensors."""
    torch.Tensor.cuda = torch.nn.Module.cuda = lambda self, *args, **kwargs: self
    torch.load = lambda *args, **kwargs: {}
    torch.set_num_threads(2)
    sys.modules.setdefault("torchvision", types.ModuleType("torchvision"))


def netdissect(root):
    """The `netdissect.segmenter` module of a checkout, without running the package's own imports."""
    for name in [name for name in sys.modules if name.split(".")[0] == "netdissect"]:
        del sys.modules[name]
    package = types.ModuleType("netdissect")
    package.__path__ = [os.path.join(root, "netdissect")]
    sys.modules["netdissect"] = package
    pool = types.ModuleType("netdissect.upsegmodel.prroi_pool")
    pool.PrRoIPool2D = PrRoIPool2D
    sys.modules[pool.__name__] = pool
    return importlib.import_module("netdissect.segmenter")


@contextlib.contextmanager
def model_folder(name, labels, epoch):
    """A working directory in which the published loaders find a model's folder: labels.json and two empty checkpoints."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as root:
        for datasets in ("dataset", "datasets"):
            folder = os.path.join(root, datasets, "segmodel", name)
            os.makedirs(folder)
            with open(os.path.join(folder, "labels.json"), "w") as file:
                json.dump(labels, file)
            for part in ("encoder", "decoder"):
                open(os.path.join(folder, f"{part}_epoch_{epoch}.pth"), "w").close()
        os.chdir(root)
        try:
            yield
        finally:
            os.chdir(before)


# ---------------------------------------------------------------- output


def sampled(name, values, count=512):
    """{name.index, name.value, name.rms}: flat C-order indices, the values there, and the root mean square of all."""
    flat = values.detach().numpy().astype(F).ravel()
    chosen = numpy.random.RandomState(0).permutation(flat.size)[:count]
    chosen.sort()
    rms = numpy.sqrt(numpy.mean(flat.astype(numpy.float64) ** 2))
    return {
        f"{name}.index": chosen.astype(numpy.int32),
        f"{name}.value": flat[chosen],
        f"{name}.rms": numpy.array([rms], F),
    }


def labelled(values, dtype):
    array = values.numpy()
    assert array.min() >= 0 and array.max() <= numpy.iinfo(dtype).max
    return array.astype(dtype)


def ties(logits, nearer=1e-4):
    """How near the argmax of logits [n, c, h, w] comes to a tie, in units of their rms: the smallest gap between the best
    and the second best channel, and the flat indices into [n, h, w] of the pixels with a gap smaller than `nearer`."""
    best = logits.topk(2, dim=1).values
    gap = (best[:, 0] - best[:, 1]) / logits.pow(2).mean().sqrt()
    near = (gap.flatten() < nearer).nonzero()[:, 0].tolist()
    return {"smallest": float(f"{float(gap.min()):.3g}"), f"nearer than {nearer:g}": near}


def read(path):
    """The arrays of a safetensors file, by name, as they are stored."""
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    types = {stored: numpy.dtype(name).newbyteorder("<") for name, stored in DTYPES.items()}
    arrays = {}
    for name, about in header.items():
        values = numpy.frombuffer(data, types[about["dtype"]], math.prod(about["shape"]), 8 + length + about["data_offsets"][0])
        arrays[name] = values.reshape(about["shape"])
    return arrays


def write(path, tensors, metadata):
    """A safetensors file. Larger elements first, which keeps every tensor aligned."""
    names = sorted(tensors, key=lambda name: -tensors[name].dtype.itemsize)
    compact = {"separators": (",", ":")}
    texts = {key: value if isinstance(value, str) else json.dumps(value, **compact) for key, value in metadata.items()}
    header, data = {"__metadata__": texts}, b""
    for name in names:
        array = numpy.ascontiguousarray(tensors[name])
        start = len(data)
        data += array.astype(array.dtype.newbyteorder("<")).tobytes()
        offsets = [start, len(data)]
        header[name] = {"dtype": DTYPES[array.dtype.name], "shape": list(array.shape), "data_offsets": offsets}
    text = json.dumps(header, **compact).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)
    print(f"{path}: {os.path.getsize(path)} bytes, {len(tensors)} tensors")
