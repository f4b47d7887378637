"""A Progressive GAN as NVIDIA's Theano code pickled it, from Python 2: `python3 theano_progan.py test/golden/generators`.

Needs NumPy (made with 1.24). The networks are those of pgan-unfused-tf.pkl there, whose goldens hold. Arrays are in the order
and the layouts that Lasagne's get_all_param_values gives for the published networks: of every layer W, the scale by which
WScaleLayer multiplies what it makes, b; convolutions flip their kernels.
"""

import io
import pickle
import struct
import sys
import types

import numpy

FOLDER = sys.argv[1]


class Network(object):
    def __init__(self, state=None):
        self.state = state

    def __getstate__(self):
        return self.state

    def __setstate__(self, state):
        self.state = state


for module in ("tfutil", "network"):
    sys.modules[module] = types.ModuleType(module)
    sys.modules[module].Network = Network
Network.__module__ = "network"


class Python2Pickler(pickle._Pickler):
    """Strings are bytes, of which Python 2's opcodes tell nothing."""

    dispatch = dict(pickle._Pickler.dispatch)

    def save_string(self, value):
        data = value.encode("latin1") if isinstance(value, str) else value
        length = bytes([85, len(data)]) if len(data) < 256 else b"T" + struct.pack("<i", len(data))
        self.write(length + data)

    dispatch[str] = dispatch[bytes] = save_string


def scaled(weight, gain, back):
    """W, of mean square 1, and the scale that was taken out of it."""
    effective = weight.astype("f8") * gain / numpy.sqrt(numpy.prod(weight.shape[:-1]))
    scale = numpy.sqrt((effective**2).mean())
    return [numpy.ascontiguousarray(back(effective / scale), dtype="f4"), numpy.array(scale, "f4")]


def kernel(weight):
    return weight[::-1, ::-1].transpose(3, 2, 0, 1)


def layers(variables, resolution):
    relu = numpy.sqrt(2)
    dense = lambda weight: weight.reshape(weight.shape[0], -1, 4, 4).transpose(1, 0, 2, 3)
    names = [("4x4/Dense", relu / 4, dense), ("4x4/Conv", relu, kernel)]
    edges = [8 << i for i in range(int(numpy.log2(resolution)) - 2)]
    names += [(f"{edge}x{edge}/Conv{i}", relu, kernel) for edge in edges for i in (0, 1)]
    names += [(f"ToRGB_lod{lod}", 1, lambda weight: weight[0, 0]) for lod in range(len(edges) + 1)]
    for name, gain, back in names:
        yield from [*scaled(variables[f"{name}/weight"], gain, back), variables[f"{name}/bias"]]


def theano(network, func):
    variables = dict(network.state["variables"])
    spec = {key: network.state["static_kwargs"][key] for key in ("num_channels", "resolution", "label_size")}
    values = list(layers(variables, spec["resolution"])) if func == "G_paper" else list(variables.values())
    return Network({
        "build_func_spec": {"func": func, "use_wscale": True, **spec},
        "build_module_src": "# the source text of network.py, which is not run\n" * 6,
        "param_values": values,
        "toplevel_params": {"cur_lod": numpy.array(0, "f4")},
    })


with open(f"{FOLDER}/pgan-unfused-tf.pkl", "rb") as file:
    generator, discriminator, average = pickle.load(file)
out = io.BytesIO()
networks = (theano(generator, "G_paper"), theano(discriminator, "D_paper"), theano(average, "G_paper"))
Python2Pickler(out, 2).dump(networks)
with open(f"{FOLDER}/pgan-unfused-theano.pkl", "wb") as file:
    file.write(out.getvalue())
