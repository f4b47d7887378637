"""Runs the published GAN Dissection (a checkout of CSAILVision/gandissect that you fetched) on scenes64, without pictures.

Nothing of it is copied here. What it needs to run on today's PyTorch, without a GPU, is put in place at run time: see README.md.
The last line on stdout is JSON: seconds without imports, CPU seconds of them, and what the process used in all.
"""

import argparse
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import resource
import sys
import time
import types

parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
parser.add_argument("--gandissect", required=True, help="folder of the checkout: the one that holds netdissect/")
parser.add_argument("--weights", required=True, help="folder with generator.pth and segmenter/")
parser.add_argument("--outdir", required=True, help="where its files go")
parser.add_argument("--size", type=int, default=100, help="images of each set")
parser.add_argument("--layers", nargs="+", default=["layer4", "layer6"])
parser.add_argument("--examples", type=int, default=20)
parser.add_argument("--batch", type=int, default=100, help="images a batch where it does not insist on one")
parser.add_argument("--threads", type=int, default=1)
arguments = parser.parse_args()
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = str(arguments.threads)

import numpy  # noqa: E402 (after what it reads its number of threads from)
import torch  # noqa: E402

#: Only data sets of photographs and pictures need these, and here there are neither.
UNUSED = ("torchvision", "scipy", "skimage")


class Absent(types.ModuleType):
    """A package that is not installed: whatever is imported from it is there, and fails if it is called."""

    __path__ = []

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {"__init__": lambda *_: sys.exit(f"{self.__name__}.{name} is needed after all.")})


class AbsentFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] not in missing:
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        return Absent(spec.name)

    def exec_module(self, module):
        pass


class PrRoIPool2D(torch.nn.Module):
    """Precise RoI pooling of whole maps, which is how the segmenter uses it; the published one is for CUDA alone.

    The mean over a bin of the bilinear interpolation of a map is separable: a matrix along each axis, exact as the published one.
    """

    def __init__(self, height, width, scale):
        super().__init__()
        self.size = (int(height), int(width))
        self.scale = scale
        self.matrices = {}

    def matrix(self, extent, bins):
        if (extent, bins) not in self.matrices:
            matrix = torch.zeros(bins, extent, dtype=torch.float64)
            for row in range(bins):
                low, high = row * extent / bins, (row + 1) * extent / bins
                for pixel in range(extent):  # whose share falls off linearly to zero at its neighbours
                    matrix[row, pixel] = (ramp(high - pixel) - ramp(low - pixel)) / (high - low)
            self.matrices[extent, bins] = matrix.float()
        return self.matrices[extent, bins]

    def forward(self, features, rois):
        height, width = features.shape[2:]
        assert (rois[:, 1:] == torch.tensor([0, 0, width, height])).all() and self.scale == 1, "Not a whole map."
        return self.matrix(height, self.size[0]) @ features @ self.matrix(width, self.size[1]).T


def ramp(x):
    """The integral of max(0, 1 − |t|) up to x."""
    x = min(max(x, -1.0), 1.0)
    return 0.5 * (x + 1) ** 2 if x < 0 else 1 - 0.5 * (1 - x) ** 2


class Zeros(torch.nn.Module):
    """A head that the checkpoint has not: one channel of nothing, at no cost."""

    def __init__(self, pooled):
        super().__init__()
        self.pooled = pooled

    def forward(self, x):
        return x.new_zeros(len(x), 1, 1, 1) if self.pooled else x.new_zeros(len(x), 1, 2, 2)


def patch():
    """Everything that is replaced in PyTorch and in the checkout."""
    # It calls cuda() without asking; what is compared here is the CPU.
    torch.Tensor.cuda = lambda self, *_, **__: self
    torch.nn.Module.cuda = lambda self, *_, **__: self
    # Its grids have corners at −1 and 1, which was the only meaning before PyTorch 1.3 and is not the default since.
    sample = torch.nn.functional.grid_sample
    torch.nn.functional.grid_sample = lambda *given, **named: sample(*given, **{"align_corners": True, **named})
    # It saves lists of arrays of different lengths, which NumPy used to make arrays of objects of by itself.
    save = numpy.savez
    numpy.savez = lambda path, **arrays: save(path, **{name: whole(array) for name, array in arrays.items()})
    module = types.ModuleType("netdissect.upsegmodel.prroi_pool")
    module.PrRoIPool2D = PrRoIPool2D
    sys.modules[module.__name__] = module


def whole(array):
    if not isinstance(array, (list, tuple)) or len({numpy.shape(part) for part in array}) < 2:
        return array
    ragged = numpy.empty(len(array), dtype=object)
    ragged[:] = array
    return ragged


def fitted(module, state):
    """The module at the checkpoint's widths: its layers' numbers are replaced, whatever their shapes."""
    for name, child in module.named_modules():
        if f"{name}.weight" not in state:
            assert not hasattr(child, "weight"), f"The checkpoint has no {name}."
            continue
        for key in ("weight", "bias"):
            if getattr(child, key) is not None:
                setattr(child, key, torch.nn.Parameter(state[f"{name}.{key}"]))
        if isinstance(child, torch.nn.Conv2d):
            child.out_channels, child.in_channels = child.weight.shape[:2]
        else:
            child.num_features = len(child.weight)
            child.running_mean, child.running_var = state[f"{name}.running_mean"], state[f"{name}.running_var"]
    return module


def load_segmenter(folder):
    from netdissect import segmenter, upsegmodel
    from netdissect.upsegmodel import models, resnet

    with open(os.path.join(folder, "labels.json")) as file:
        labels = json.load(file)
    encoder, decoder = (torch.load(os.path.join(folder, f"{part}_epoch_1.pth")) for part in ("encoder", "decoder"))
    body = models.Resnet(resnet.resnet50(pretrained=False))
    for stage in ("layer1", "layer2", "layer3", "layer4"):
        blocks = {int(key.split(".")[1]) for key in encoder if key.startswith(f"{stage}.")}
        setattr(body, stage, getattr(body, stage)[: len(blocks)])
    head = models.UPerNet({"object": len(labels["object"]), "scene": 1, "part": 1, "material": 1}, 2048, True, fpn_dim=512)
    head.scene_head, head.part_head, head.material_head = Zeros(True), Zeros(False), Zeros(False)
    labels = {**labels, "material": ["-"], "scene": ["-"]}
    network = upsegmodel.SegmentationModule(fitted(body, encoder), fitted(head, decoder), labels)

    class Scenes(segmenter.UnifiedParsingSegmenter):
        """The published segmenter's methods; its constructor insists on parts of buildings and persons."""

        def __init__(self):
            self.segmodel = network.eval()
            self.segsizes, self.segdiv, self.divmult = labels["segsizes"], "undivided", 1
            self.objects_with_parts, self.part_index, self.part_names = [], [], []
            self.num_classes = len(labels["object"])
            self.num_object_classes = len(labels["object"]) - 1

    return Scenes()


def main():
    torch.set_num_threads(arguments.threads)
    torch.set_num_interop_threads(1)
    patch()
    sys.path.insert(0, arguments.gandissect)
    sys.meta_path.append(AbsentFinder())
    from netdissect import GeneratorSegRunner, InstrumentedModel, dissect, proggan, z_dataset_for_model

    began, used = time.perf_counter(), time.process_time()
    model = InstrumentedModel(proggan.from_pth_file(os.path.join(arguments.weights, "generator.pth")))
    model.retain_layers(arguments.layers)
    model.eval()
    model(torch.zeros(1, next(model.parameters()).shape[1], 1, 1))  # so that it knows its layers
    dissect(
        arguments.outdir,
        model,
        z_dataset_for_model(model, arguments.size),
        train_dataset=z_dataset_for_model(model, arguments.size, seed=2),
        segrunner=GeneratorSegRunner(load_segmenter(os.path.join(arguments.weights, "segmenter"))),
        examples_per_unit=arguments.examples,
        quantile_threshold="iqr",
        make_images=False,
        batch_size=arguments.batch,
        num_workers=0,  # its own processes would be threads by another name
        netname="scenes64",
    )
    seconds, cpu = time.perf_counter() - began, time.process_time() - used
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    unit = 1 if sys.platform == "darwin" else 1024  # what ru_maxrss counts in
    print(
        json.dumps(
            {
                "work": seconds,
                "workCpu": cpu,
                "cpu": sum(each.ru_utime + each.ru_stime for each in usage),
                "rss": unit * usage[0].ru_maxrss / 2**20,
                "torch": torch.__version__,
                "numpy": numpy.__version__,
                "threads": arguments.threads,
            }
        )
    )


missing = {name for name in UNUSED if importlib.util.find_spec(name) is None}
main()
