"""Small networks as torch.onnx.export writes them, and what PyTorch computes: `python3 onnx_exports.py ../../test/golden/onnx`.

Needs PyTorch (made with 1.13) and NumPy; no onnx package. Every network has what exports of its kind are made of: a
generator (dense, batch norm of vectors, transposed convolutions), a Progressive GAN (pixel norm, nearest upsampling), a
class-conditional one (embedding), a dilated convolution network with squeeze-and-excitation and hard swish, one of
transformers (overlapping patches, attention with a reduced sequence, GELU, layer norm), a plain vision transformer (one
projection for query, key and value) and one with group norm, SiLU, pixel shuffle and reflected padding. Each is written in
two versions of ONNX's operators, with an open batch size, and its inputs and output for two images as safetensors.
"""

import json
import os
import struct
import sys

import numpy
import torch
import torch.nn.functional as F
from torch import nn


class Pixel(nn.Module):
    def forward(self, x):
        return x / torch.sqrt(torch.mean(x**2, dim=1, keepdim=True) + 1e-8)


class Dcgan(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense = nn.Sequential(nn.Linear(6, 5 * 3 * 2), nn.BatchNorm1d(30), nn.ReLU())
        self.net = nn.Sequential(
            nn.ConvTranspose2d(5, 7, 4, 2, 1, bias=False), nn.BatchNorm2d(7), nn.LeakyReLU(0.2),
            nn.ConvTranspose2d(7, 6, 3, 2, 1, output_padding=1, groups=1), nn.BatchNorm2d(6), nn.ReLU(),
            nn.ConvTranspose2d(6, 3, (5, 3), (1, 2), (2, 0)), nn.Tanh(),
        )

    def forward(self, z):
        return self.net(self.dense(z).view(-1, 5, 3, 2))


class Progan(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(Pixel(), nn.ConvTranspose2d(6, 8, 4), nn.LeakyReLU(0.2), Pixel())
        self.convs = nn.Sequential(
            nn.Conv2d(8, 8, 3, padding=1), nn.LeakyReLU(0.2), Pixel(), nn.Upsample(scale_factor=2),
            nn.Conv2d(8, 5, 3, padding=1), nn.LeakyReLU(0.2), Pixel(), nn.Conv2d(5, 3, 1),
        )

    def forward(self, z):
        return self.convs(self.first(z.view(z.size(0), -1, 1, 1)))


class Conditional(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(4, 3)
        self.dense = nn.Linear(8, 6 * 4)
        self.net = nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(6, 4, 3, padding=1), nn.BatchNorm2d(4, 0.8), nn.Softplus(), nn.Conv2d(4, 1, 3), nn.Sigmoid())

    def forward(self, z, label):
        x = self.dense(torch.cat((z, self.table(label)), -1))
        return self.net(x.view(x.shape[0], 6, 2, 2))


class Gate(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.down, self.up = nn.Conv2d(channels, 2, 1), nn.Conv2d(2, channels, 1)

    def forward(self, x):
        return x * F.hardsigmoid(self.up(F.relu(self.down(F.adaptive_avg_pool2d(x, 1)))))


class Dilated(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.Hardswish(), nn.MaxPool2d(3, 2, 1, ceil_mode=True))
        self.block = nn.Sequential(nn.Conv2d(8, 12, 1), nn.BatchNorm2d(12), nn.ReLU6(), nn.Conv2d(12, 12, 3, padding=1, groups=12), nn.BatchNorm2d(12), nn.Hardswish(), Gate(12), nn.Conv2d(12, 8, 1))
        self.branches = nn.ModuleList([nn.Conv2d(8, 5, 1), nn.Conv2d(8, 5, 3, padding=2, dilation=2)])
        self.pooled = nn.Conv2d(8, 5, 1)
        self.last = nn.Conv2d(15, 6, 1)

    def forward(self, x):
        f = self.stem(x)
        f = f + self.block(f)
        pooled = F.interpolate(self.pooled(F.adaptive_avg_pool2d(f, 1)), size=f.shape[2:], mode="bilinear", align_corners=False)
        f = self.last(torch.cat([*[F.relu(b(f)) for b in self.branches], pooled], 1))
        return F.interpolate(f, size=x.shape[2:], mode="bilinear", align_corners=True)


class Attention(nn.Module):
    def __init__(self, dim, heads, ratio):
        super().__init__()
        self.heads, self.ratio = heads, ratio
        self.q, self.kv, self.proj = nn.Linear(dim, dim), nn.Linear(dim, 2 * dim), nn.Linear(dim, dim)
        if ratio > 1:
            self.sr, self.norm = nn.Conv2d(dim, dim, ratio, ratio), nn.LayerNorm(dim)

    def forward(self, x, h, w):
        b, n, c = x.shape
        q = self.q(x).reshape(b, n, self.heads, c // self.heads).permute(0, 2, 1, 3)
        if self.ratio > 1:
            x = self.norm(self.sr(x.permute(0, 2, 1).reshape(b, c, h, w)).reshape(b, c, -1).permute(0, 2, 1))
        kv = self.kv(x).reshape(b, -1, 2, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        k, v = kv[0], kv[1]
        a = ((q @ k.transpose(-2, -1)) * (c // self.heads) ** -0.5).softmax(dim=-1)
        return self.proj((a @ v).transpose(1, 2).reshape(b, n, c))


class Stage(nn.Module):
    def __init__(self, into, dim, kernel, stride, ratio):
        super().__init__()
        self.patch, self.norm0 = nn.Conv2d(into, dim, kernel, stride, kernel // 2), nn.LayerNorm(dim)
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(dim), nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attention = Attention(dim, 2, ratio)
        self.fc1, self.depthwise, self.fc2 = nn.Linear(dim, 2 * dim), nn.Conv2d(2 * dim, 2 * dim, 3, 1, 1, groups=2 * dim), nn.Linear(2 * dim, dim)

    def forward(self, x):
        x = self.patch(x)
        b, c, h, w = x.shape
        x = self.norm0(x.flatten(2).transpose(1, 2))
        x = x + self.attention(self.norm1(x), h, w)
        y = self.fc1(self.norm2(x))
        y = self.depthwise(y.transpose(1, 2).view(b, 2 * c, h, w)).flatten(2).transpose(1, 2)
        x = x + self.fc2(F.gelu(y))
        return self.norm3(x).reshape(b, h, w, -1).permute(0, 3, 1, 2).contiguous()


class Segformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = Stage(3, 8, 7, 4, 2), Stage(8, 12, 3, 2, 1)
        self.c1, self.c2 = nn.Linear(8, 6), nn.Linear(12, 6)
        self.fuse = nn.Sequential(nn.Conv2d(12, 6, 1, bias=False), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 5, 1))

    def forward(self, x):
        a = self.one(x)
        b = self.two(a)
        p = lambda layer, f: layer(f.flatten(2).transpose(1, 2)).permute(0, 2, 1).reshape(f.shape[0], -1, f.shape[2], f.shape[3])
        second = F.interpolate(p(self.c2, b), size=a.size()[2:], mode="bilinear", align_corners=False)
        return self.fuse(torch.cat([second, p(self.c1, a)], dim=1))


class Vit(nn.Module):
    def __init__(self):
        super().__init__()
        self.patch, self.position = nn.Conv2d(3, 8, 4, 4), nn.Parameter(torch.randn(1, 6, 8))
        self.norm1, self.norm2, self.qkv, self.proj = nn.LayerNorm(8), nn.LayerNorm(8), nn.Linear(8, 24), nn.Linear(8, 8)
        self.mlp = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8))
        self.head = nn.Linear(8, 3 * 16)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2) + self.position
        b, n, c = x.shape
        q, k, v = self.qkv(self.norm1(x)).reshape(b, n, 3, 2, 4).permute(2, 0, 3, 1, 4).unbind(0)
        x = x + self.proj((((q / 2.0) @ k.transpose(-2, -1)).softmax(-1) @ v).transpose(1, 2).reshape(b, n, c))
        x = x + self.mlp(self.norm2(x))
        x = self.head(x).reshape(b, 2, 3, 4, 4, 3).permute(0, 5, 1, 3, 2, 4)
        return torch.tanh(x.reshape(b, 3, 8, 12))


class Unet(nn.Module):
    def __init__(self):
        super().__init__()
        self.into, self.norm1, self.down = nn.Conv2d(3, 8, 3, padding=1, padding_mode="reflect"), nn.GroupNorm(4, 8), nn.Conv2d(8, 12, 3, 2, 1)
        self.norm2, self.middle, self.up = nn.InstanceNorm2d(12, affine=True), nn.Conv2d(12, 12, 3, padding=2, dilation=2), nn.Conv2d(12, 32, 1)
        self.out = nn.Conv2d(16, 2, 3, padding=1)

    def forward(self, x):
        a = self.into(x)
        b = F.silu(self.norm1(a))
        c = self.middle(F.elu(self.norm2(self.down(b))))
        d = F.pixel_shuffle(self.up(F.mish(c)), 2)
        left, right = torch.cat([d, a], 1).chunk(2, 1)
        return self.out(torch.cat([left * torch.sigmoid(right), right - left.mean(dim=(2, 3), keepdim=True)], 1)).clamp(-1, 1)


def settled(net):
    """Running statistics and affine parameters that are not those of a new network."""
    for module in net.modules():
        for name in ("weight", "bias"):
            value = getattr(module, name, None)
            if value is not None and isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d, nn.LayerNorm, nn.GroupNorm, nn.InstanceNorm2d)):
                value.data = torch.randn(value.shape) * 0.3 + (name == "weight")
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.running_mean = torch.randn(module.running_mean.shape) * 0.3
            module.running_var = torch.rand(module.running_var.shape) + 0.3
    return net.eval()


def save(path, tensors):
    header, at = {}, 0
    for name, value in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [at, at + 4 * value.size]}
        at += 4 * value.size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for value in tensors.values():
            file.write(numpy.ascontiguousarray(value, "<f4").tobytes())


NETWORKS = {
    "dcgan": (Dcgan, {"z": (6,)}),
    "progan": (Progan, {"z": (6,)}),
    "conditional": (Conditional, {"z": (5,), "label": ()}),
    "dilated": (Dilated, {"x": (3, 21, 30)}),
    "segformer": (Segformer, {"x": (3, 32, 48)}),
    "vit": (Vit, {"x": (3, 8, 12)}),
    "unet": (Unet, {"x": (3, 10, 12)}),
}

if __name__ == "__main__":
    for index, (name, (make, shapes)) in enumerate(NETWORKS.items()):
        torch.manual_seed(index)
        net = settled(make())
        inputs = {key: torch.randint(0, 4, (2,)) if key == "label" else torch.randn(2, *shape) for key, shape in shapes.items()}
        with torch.no_grad():
            y = net.double()(*[value if key == "label" else value.double() for key, value in inputs.items()])
        net.float()
        save(f"{sys.argv[1]}/{name}.safetensors", {**{key: value.numpy() for key, value in inputs.items()}, "y": y.numpy()})
        for opset in (11, 17):
            names = [*inputs, "y"]
            torch.onnx.export(
                net, tuple(value[:1] for value in inputs.values()), f"{sys.argv[1]}/{name}-{opset}.onnx", opset_version=opset,
                input_names=names[:-1], output_names=["y"], dynamic_axes={key: {0: "n"} for key in names},
            )
            print(name, opset, os.path.getsize(f"{sys.argv[1]}/{name}-{opset}.onnx"), list(y.shape))
