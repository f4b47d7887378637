"""What the published server (netdissect/serverstate.py of gandissect) makes of masks, interventions and features.

  python3 server.py GANDISSECT OUT

writes OUT/server.json and OUT/quantiles.npz (test/golden). GANDISSECT is a checkout of CSAILVision/gandissect at f55fc568;
none of its code is here. Needs PyTorch, NumPy and Pillow (made with 1.13, 1.24 and 9.4: Debian 12's). The functions that
are called: mask_to_numpy, decode_intervention_array, GanTester.feature_stats, RunningQuantile's quantiles and normalize,
and adaptive_max_pool2d and adaptive_avg_pool2d as the server calls them. Where one raises, the expected result is null.
"""

import base64
import importlib
import io
import json
import os
import sys
import threading
import types

import numpy
import torch
from PIL import Image

SHAPES = {"layer2": (1, 3, 4, 4), "layer4": (1, 5, 8, 8)}


def published(root):
    """netdissect.serverstate, without the package's own imports, which need torchvision and a GPU."""
    package = types.ModuleType("netdissect")
    package.__path__ = [os.path.join(root, "netdissect")]
    sys.modules["netdissect"] = package
    for name, attribute in (("modelconfig", "create_instrumented_model"), ("dissection", "safe_dir_name")):
        stub = types.ModuleType(f"netdissect.{name}")
        setattr(stub, attribute, None)
        sys.modules[stub.__name__] = stub
    return importlib.import_module("netdissect.serverstate")


def attempt(call, *args):
    try:
        return call(*args)
    except Exception:  # any of them is a status of 500 there
        return None


def png(mode, array, **options):
    stream = io.BytesIO()
    Image.fromarray(array, mode).save(stream, "png", **options)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


def masks():
    random = numpy.random.RandomState(7)

    def bits(count):
        return "".join(str(bit) for bit in random.randint(2, size=count))

    # A stroke as GANPaint sends it: transparent but for a blob with soft edges.
    stroke = numpy.zeros((32, 32, 4), numpy.uint8)
    stroke[5:11, 9:20] = (255, 0, 0, 255)
    stroke[4, 9:20, 3] = 1
    rgba = random.randint(256, size=(12, 16, 4)).astype(numpy.uint8)
    rgba[..., 3] *= random.randint(2, size=(12, 16)).astype(numpy.uint8)
    rgb = random.randint(250, 256, size=(16, 12, 3)).astype(numpy.uint8)
    grey = random.randint(254, 256, size=(8, 8)).astype(numpy.uint8)
    return {
        "one pixel of a click": {"shape": [64, 64], "bitbounds": [20, 33, 21, 34], "bitstring": "1"},
        "last pixel": {"shape": [7, 9], "bitbounds": [6, 8, 7, 9], "bitstring": "1"},
        "box": {"shape": [16, 16], "bitbounds": [3, 4, 8, 10], "bitstring": bits(30)},
        "whole shape": {"shape": [6, 10], "bitstring": bits(60)},
        "empty lists": {"shape": [], "bitbounds": [], "bitstring": "0" * 30000 + "1" * 5536 + "0" * 30000},
        "null lists": {"shape": None, "bitbounds": None, "bitstring": png("RGBA", rgba)},
        "nothing on": {"shape": [4, 4], "bitstring": "0" * 16},
        "stroke": {"shape": [], "bitbounds": [], "bitstring": png("RGBA", stroke)},
        "rgba png": {"bitstring": png("RGBA", rgba)},
        "rgb png": {"bitstring": png("RGB", rgb)},
        "png without data:": {"bitstring": png("RGBA", rgba)[5:]},
        "png in a larger shape": {"shape": [32, 32], "bitbounds": [8, 4, 20, 20], "bitstring": png("RGBA", rgba)},
        "too few bits": {"shape": [4, 4], "bitstring": "1" * 15},
        "too many bits": {"shape": [4, 4], "bitstring": "1" * 17},
        "one bit for a box": {"shape": [8, 8], "bitbounds": [1, 1, 4, 5], "bitstring": "1"},
        "box beyond the shape": {"shape": [8, 8], "bitbounds": [6, 6, 9, 9], "bitstring": "1" * 9},
        "png of another size than its box": {"shape": [8, 8], "bitbounds": [0, 0, 4, 4], "bitstring": png("RGBA", rgba)},
        "grey png": {"bitstring": png("L", grey)},
        "null bits": {"shape": [4, 4], "bitstring": None},
    }


def interventions(of):
    def record(layer, unit, **more):
        return {"layer": layer, "unit": unit, **more}

    box = of["box"]
    return {
        "none": [],
        "ablate": [{"ablations": [record("layer4", 1), record("layer4", 3, alpha=None, value=None)]}],
        "insert under a box": [{"ablations": [record("layer4", 2, alpha=0.75, value=4.5)], "mask": box}],
        "mean pooling": [{"ablations": [record("layer2", 0, value=2)], "mask": box, "maskpooling": "mean"}],
        "unknown pooling": [{"ablations": [record("layer2", 0, value=2)], "mask": box, "maskpooling": "median"}],
        "null mask": [{"ablations": [record("layer4", 4, value=-1)], "mask": None}],
        "last record of a unit": [{"ablations": [record("layer4", 0, value=3), record("layer4", 0, alpha=0.5, value=1)]}],
        "a record of nothing": [{"ablations": [record("layer4", 0, value=3), record("layer4", 0, alpha=0, value=0)]}],
        "alpha 0 with a value": [{"ablations": [record("layer4", 0, value=3), record("layer4", 0, alpha=0, value=2)]}],
        "two layers": [{"ablations": [record("layer2", 1), record("layer4", 1, value=6)], "mask": box}],
        "three strokes": [
            {"ablations": [record("layer4", 0, alpha=0.5, value=4), record("layer4", 1, value=2)], "mask": box},
            {"ablations": [record("layer4", 0, alpha=0.25, value=-2)]},
            {"ablations": [record("layer4", 1, alpha=1, value=7)], "mask": of["one pixel of a click"], "maskpooling": "mean"},
        ],
        "no ablations": [{"mask": box}, {"ablations": []}],
        "null": [None],
        "unit out of range": [{"ablations": [record("layer4", 5)]}],
        "unknown layer": [{"ablations": [record("layer9", 0)]}],
        "broken mask": [{"ablations": [record("layer4", 0)], "mask": of["too few bits"]}],
    }


class Features:
    """In a model's place: retained features are given, z selects their rows."""

    def __init__(self, features):
        self.features = features
        self.now = None

    def __call__(self, z):
        rows = z.view(-1).long()
        self.now = {name: value[rows] for name, value in self.features.items()}

    def retained_features(self):
        return self.now

    def remove_edits(self):
        pass


def main(root, out):
    server = published(root)
    cases = masks()
    made_masks = []
    for name, mask in cases.items():
        result = attempt(server.mask_to_numpy, mask)
        if result is None or result.dtype == object:
            made_masks.append({"name": name, "mask": mask, "result": None})
            continue
        assert set(numpy.unique(result)) <= {0, 1}
        pools = {}
        for size in ((4, 4), (8, 8), (3, 5), (11, 13)):
            whole = torch.from_numpy(result)[None, None]
            pools["%dx%d" % size] = {
                "max": torch.nn.functional.adaptive_max_pool2d(whole, size).view(-1).tolist(),
                "mean": torch.nn.functional.adaptive_avg_pool2d(whole, size).view(-1).tolist(),
            }
        ones = numpy.flatnonzero(numpy.diff(numpy.concatenate([[0], result.ravel(), [0]]))).tolist()
        made_masks.append(
            {"name": name, "mask": mask, "result": {"shape": list(result.shape), "runs": ones, "pooled": pools}}
        )

    made_interventions = []
    for name, given in interventions(cases).items():
        result = attempt(server.decode_intervention_array, given, SHAPES)
        made_interventions.append(
            {
                "name": name,
                "interventions": given,
                "result": result
                and {layer: {"alpha": both[0].reshape(-1).tolist(), "value": both[1].reshape(-1).tolist()} for layer, both in result.items()}
                if result is None or result
                else {},
            }
        )

    random = numpy.random.RandomState(11)
    data = random.standard_normal((700, 3)).astype(numpy.float32) * numpy.float32([1, 2, 0.5])
    data[:, 2] = numpy.maximum(data[:, 2], 0)  # as after a ReLU: many are equal
    torch.manual_seed(3)
    runnings = server.RunningQuantile(resolution=64)
    for start in range(0, 700, 70):
        runnings.add(torch.from_numpy(data[start : start + 70]))
    path = os.path.join(out, "quantiles.npz")
    numpy.savez(path, **{key: asarray(value) for key, value in runnings.state_dict().items()})
    state = numpy.load(path, allow_pickle=True)
    kept = server.RunningQuantile(state=state)
    asked = [0.0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0]
    probes = numpy.concatenate([numpy.linspace(-6, 6, 25), [0.0, 0.1, 1e-9]]).astype(numpy.float32)
    quantiles = {
        "asked": asked,
        "levels": kept.quantiles(torch.from_numpy(numpy.array(asked))).tolist(),
        "values": probes.tolist(),
        "normalized": kept.normalize(torch.from_numpy(numpy.tile(probes, (3, 1)))).tolist(),
    }

    features = {
        "layer2": random.standard_normal((4, 3, 4, 4)).astype(numpy.float32),
        "layer4": random.standard_normal((4, 5, 8, 8)).astype(numpy.float32),
    }
    tester = server.GanTester.__new__(server.GanTester)
    tester.model = Features({name: torch.from_numpy(value) for name, value in features.items()})
    tester.device = torch.device("cpu")
    tester.modellock = threading.Lock()
    tester.quantiles = {"layer2": kept, "layer4": None}
    over = ["box", "one pixel of a click", "nothing on"]
    made_features = []
    for ids, names, layers in (([2], over[1:2], None), ([0, 1, 3], ["whole shape"] * 3, ["layer4"]), ([3, 3], ["last pixel"] * 2, None), ([1], over[2:], None), ([0], ["box"], ["layer2", "layer7"])):
        mask = torch.stack([torch.from_numpy(server.mask_to_numpy(cases[name])) for name in names])[:, None]
        stats = tester.feature_stats(torch.tensor(ids).float()[:, None], mask, None, layers)
        made_features.append(
            {
                "ids": ids,
                "masks": names,
                "layers": layers,
                "result": {layer: {key: value.tolist() for key, value in found.items()} for layer, found in stats.items()},
            }
        )

    golden = {
        "source": "CSAILVision/gandissect at f55fc568, netdissect/serverstate.py and runningstats.py, PyTorch %s" % torch.__version__,
        "shapes": {name: list(shape[1:]) for name, shape in SHAPES.items()},
        "masks": made_masks,
        "interventions": made_interventions,
        "quantiles": quantiles,
        "features": {name: value.reshape(-1).tolist() for name, value in features.items()},
        "stats": made_features,
    }
    with open(os.path.join(out, "server.json"), "w") as file:
        json.dump(golden, file)
        file.write("\n")


def asarray(value):
    """As NumPy before 1.24 took lists of arrays of different lengths: an array of objects."""
    if not isinstance(value, list) or not all(isinstance(one, numpy.ndarray) for one in value):
        return value
    result = numpy.empty(len(value), dtype=object)
    for i, one in enumerate(value):
        result[i] = one
    return result


if __name__ == "__main__":
    main(*map(os.path.abspath, sys.argv[1:3]))
