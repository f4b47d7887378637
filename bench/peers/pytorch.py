"""A network that bench/peers/torch.ts describes, run by PyTorch: on CUDA where there is one, else on the CPU.

`--version` says what it is; otherwise the description is read from stdin, and milliseconds and output are written to stdout.
"""

import json
import statistics
import sys
import time

import numpy
import torch
import torch.nn.functional as F

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
BUDGET = 5.0  # seconds
MOST_RUNS = 50
SLOPE = 0.2
ACTIVATIONS = {"none": lambda x: x, "relu": F.relu, "leaky": lambda x: F.leaky_relu(x, SLOPE)}


def read():
    data = sys.stdin.buffer.read()
    header, count = numpy.frombuffer(data, numpy.uint32, 2)
    lengths = numpy.frombuffer(data, numpy.uint32, count, 8)
    start = 4 * (2 + count)
    description = json.loads(data[start : start + header])
    start += int(header)
    arrays = []
    for length in lengths:
        arrays.append(torch.from_numpy(numpy.frombuffer(data, numpy.float32, length, start).copy()))
        start += 4 * int(length)
    return description, arrays


def image(x, shape):
    """[n, h, w, c] as PyTorch sees it, [n, c, h, w] with channels last in memory."""
    return x.reshape(shape).to(DEVICE).permute(0, 3, 1, 2)


def translate(operation, arrays):
    """The operation as a function of its inputs."""
    op = operation["op"]
    numbers = lambda key: arrays[operation[key]["array"]].to(DEVICE)
    n, height, width, channels = operation["inputs"][0]["shape"]
    shape = operation["outputs"][0]["shape"]
    if op == "pixelnorm":
        return lambda x: x * torch.rsqrt((x * x).mean(1, keepdim=True) + 1e-8)
    if op == "upsample":
        return lambda x: F.interpolate(x, scale_factor=2, mode="nearest")
    if op == "dense":
        bias = numbers("bias")
        weight = numbers("weight").reshape(channels, len(bias))
        dense = lambda x: F.leaky_relu(torch.addmm(bias, x.reshape(n, channels), weight), SLOPE)
        return lambda x: dense(x).reshape(shape).permute(0, 3, 1, 2)
    if op == "conv":
        return convolution(operation, numbers, channels)
    if op == "add":
        activation = ACTIVATIONS[operation["activation"]]
        return lambda a, b: activation(a + b)
    if op == "concat":
        return lambda *parts: torch.cat(parts, 1)
    if op == "split":
        return lambda x: torch.chunk(x, len(operation["outputs"]), 1)
    if op == "resize":
        return resize(operation, height, width, shape)
    if op == "maxpool":
        return lambda x: F.max_pool2d(x, 3, 2, 1)
    if op == "avgpool":
        return lambda x: F.avg_pool2d(x, operation["size"])
    if op == "matrixpool":
        matrix = numbers("matrix").reshape(-1, height)
        return lambda x: matrix @ x @ matrix.T
    if op == "count":
        return count(operation, numbers, channels)
    if op == "quantiles":
        low = torch.tensor([position["low"] for position in operation["positions"]], device=DEVICE)
        weight = torch.tensor([position["weight"] for position in operation["positions"]], device=DEVICE)
        return lambda x: quantiles(x, low, weight.float())
    if op == "edit":
        features = image(numbers("features"), shape)
        return lambda x: features * (1 - x)
    if op == "probability":
        channel = operation["channel"]
        return lambda x: torch.softmax(x, 1)[:, channel : channel + 1]
    raise ValueError(f"no operation {op}")


def convolution(operation, numbers, channels):
    kernel, groups = operation["kernel"], operation["groups"]
    bias = numbers("bias")
    weight = numbers("weight").reshape(len(bias), channels // groups, kernel, kernel)
    weight = weight.contiguous(memory_format=torch.channels_last)
    top, left, bottom, right = operation["pad"]
    even = top == bottom and left == right
    options = {"stride": operation["stride"], "dilation": operation["dilation"], "groups": groups}
    options["padding"] = (top, left) if even else 0
    activation = ACTIVATIONS[operation["activation"]]
    padded = (lambda x: x) if even else (lambda x: F.pad(x, (left, right, top, bottom)))
    return lambda x: activation(F.conv2d(padded(x), weight, bias, **options))


def resize(operation, height, width, shape):
    size = shape[1:3]
    if operation["sampling"] == "half-pixel":
        return lambda x: F.interpolate(x, size=size, mode="bilinear", align_corners=False)
    # Corners as TensorFlow 1 had them, which PyTorch has no name for: two small matrices.
    down, across = corner(height, size[0]), corner(width, size[1])
    return lambda x: down @ x @ across.T


def corner(extent, size):
    at = torch.arange(size, dtype=torch.float64) * extent / size
    low = at.long()
    matrix = torch.zeros(size, extent, dtype=torch.float64)
    matrix[torch.arange(size), low] += 1 - (at - low)
    matrix[torch.arange(size), (low + 1).clamp(max=extent - 1)] += at - low
    return matrix.float().to(DEVICE)


def count(operation, numbers, units):
    """One level by a matrix product of masks, many by a search for each activation's bucket and a count of buckets."""
    size, concepts = operation["size"], operation["concepts"]
    levels = numbers("levels").reshape(-1, units)
    labels = numbers("labels").view(torch.int32).long()
    onehot = F.one_hot(labels, concepts).T.float()
    buckets = len(levels) + 1
    ladder = levels.T.contiguous()
    first = (torch.arange(units, device=DEVICE)[:, None] * concepts + labels) * buckets

    def run(x):
        x = F.interpolate(x, size=[size, size], mode="bilinear", align_corners=False)
        x = x.reshape(units, size * size)
        if buckets == 2:
            return (onehot @ (x.T > levels).float())[None, None]
        bucket = torch.searchsorted(ladder, x.contiguous())
        joint = torch.bincount((first + bucket).flatten(), minlength=units * concepts * buckets)
        above = joint.reshape(units, concepts, buckets).flip(2).cumsum(2).flip(2)[:, :, 1:]
        return above.permute(2, 1, 0)[None].float()

    return lambda x: run(x).permute(0, 3, 1, 2)


def quantiles(x, low, weight):
    samples = torch.sort(x.permute(0, 2, 3, 1).reshape(-1, x.shape[1]), 0).values
    a = samples[low]
    b = samples[(low + 1).clamp(max=len(samples) - 1)]
    return (a + (b - a) * weight[:, None])[None, None].permute(0, 3, 1, 2)


def main():
    if sys.argv[1:] == ["--version"]:
        print(f"PyTorch {torch.__version__} on {torch.cuda.get_device_name() if DEVICE == 'cuda' else 'the CPU'}")
        return
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    description, arrays = read()
    start = description["input"]
    x = image(arrays[0], start["shape"])
    steps = [(operation, translate(operation, arrays)) for operation in description["operations"]]
    backward = description["gradient"]
    x.requires_grad_(backward)

    def compute():
        values = {start["name"]: x}
        for operation, apply in steps:
            result = apply(*[values[value["name"]] for value in operation["inputs"]])
            results = result if isinstance(result, (tuple, list)) else [result]
            for value, tensor in zip(operation["outputs"], results):
                values[value["name"]] = tensor
        output = values[description["output"]["name"]]
        return torch.autograd.grad(output.mean(), x)[0] if backward else output

    def run():
        output = compute()
        if DEVICE == "cuda":
            torch.cuda.synchronize()
        return output

    times, spent = [], []
    began = time.perf_counter()
    with torch.set_grad_enabled(backward):
        output = run()
        while len(times) < MOST_RUNS and (not times or time.perf_counter() - began < BUDGET):
            before, used = time.perf_counter(), time.process_time()
            output = run()
            spent.append(1000 * (time.process_time() - used))
            times.append(1000 * (time.perf_counter() - before))
    for each in (times, spent):
        sys.stdout.buffer.write(numpy.float64(statistics.median(each)).tobytes())
    sys.stdout.buffer.write(output.permute(0, 2, 3, 1).contiguous().float().cpu().numpy().tobytes())


main()
