"""Whole modules, TorchScript and NumPy objects as Python pickles them: `python3 pickles.py test/golden/pickles`.

Needs PyTorch and NumPy (made with 1.13 and 1.24). Element i of tensor number t (of all with values, in order of names) is
(i + t) % 17 - 8, so that a test knows them.
"""

import argparse
import collections
import pickle
import sys
import types

import numpy
import torch

FOLDER = sys.argv[1]


def numbered(tensors):
    for t, (_, tensor) in enumerate(sorted(tensors)):
        tensor.data.copy_(((torch.arange(tensor.numel()) + t) % 17 - 8).reshape(tensor.shape))


def layers():
    return torch.nn.Sequential(
        torch.nn.ConvTranspose2d(4, 6, (4, 3), stride=2, padding=(1, 0), bias=False),
        torch.nn.BatchNorm2d(6, 0.8),
        torch.nn.LeakyReLU(0.2),
        torch.nn.Upsample(scale_factor=2),
        torch.nn.Conv2d(6, 3, 3, padding=1),
        torch.nn.Tanh(),
    )


class DCGAN_G(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.z_dim = 4
        self.main = layers()

    def forward(self, z):
        return self.main(z)


DCGAN_G.__module__ = "models.dcgan"
sys.modules["models"] = types.ModuleType("models")
sys.modules["models.dcgan"] = types.ModuleType("models.dcgan")
sys.modules["models.dcgan"].DCGAN_G = DCGAN_G

sequential, author = layers(), DCGAN_G()
numbered(sequential.state_dict().items())
numbered(author.state_dict().items())
torch.save(sequential, f"{FOLDER}/sequential.pth")
torch.save(sequential, f"{FOLDER}/sequential-legacy.pth", _use_new_zipfile_serialization=False)
torch.save({"netG": torch.nn.DataParallel(author), "epoch": 7}, f"{FOLDER}/author.pth")
torch.save(sequential.state_dict(), f"{FOLDER}/state-dict.pth")
torch.jit.save(torch.jit.script(sequential), f"{FOLDER}/script.pt")
torch.jit.save(torch.jit.trace(author.eval(), torch.zeros(1, 4, 1, 1)), f"{FOLDER}/trace.pt")

plain = numpy.arange(2 * 3 * 400, dtype=numpy.float32).reshape(2, 3, 400)
saved = {
    "weights": collections.OrderedDict(
        c=plain,
        fortran=numpy.asfortranarray(plain[0]),
        big=plain[0, 0].astype(">f4"),
        double=plain[0, :, :2].astype(numpy.float64),
        half=plain[0, 0, :5].astype(numpy.float16),
        bytes=numpy.arange(256, dtype=numpy.uint8),
        long=numpy.arange(-3, 3),
        switch=numpy.array([True, False]),
        empty=numpy.zeros((0, 3), numpy.float32),
    ),
    "args": argparse.Namespace(lr=0.5, name="größe", layers=[3, 4], seen={1, 2}, scale=numpy.float32(0.25)),
    "big": numpy.float64(1e300),
    "objects": numpy.array([None, "x"], dtype=object),
}
for protocol in (2, 3, 4, 5):
    with open(f"{FOLDER}/numpy-{protocol}.pkl", "wb") as file:
        pickle.dump(saved, file, protocol)
