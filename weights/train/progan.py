"""The Progressive GAN: a generator in the published layout, and a discriminator of our own.

Generator: Karras, Aila, Laine, Lehtinen, "Progressive Growing of GANs" (ICLR 2018), with the names and the exact
arithmetic of the PyTorch port that GAN Dissection uses: layer1 … layerK, output_RxR; `conv.weight`, `wscale.b`.
Discriminator: residual blocks (Karras et al., StyleGAN2, CVPR 2020, configuration "resnet D") with minibatch standard
deviation (2018, section 3). Both grow: `size` is the resolution now trained, `alpha` the share of its newest layers.

Shapes are [n, channels, height, width]; images are RGB, nominally in [-1, 1]. Both networks keep float32 weights and
compute in the type of their input, so bfloat16 in gives bfloat16 arithmetic on any device and any PyTorch.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from .errors import SettingsError

SLOPE = 0.2  # of LeakyReLU, in both networks
FIRST = 8  # the smallest resolution that is trained


def check_sizes(sizes) -> int:
    """Resolution of `sizes` = [z, channels at 4x4, at 8x8, …]."""
    if len(sizes) < 3 or any(not isinstance(c, int) or c < 1 for c in sizes):
        raise SettingsError(f"sizes {list(sizes)} are not [z, channels at 4x4, at 8x8, …].")
    return 2 ** len(sizes)


def pixelnorm(x):
    """x / sqrt(mean of x² over channels + 1e-8), per pixel; the mean in float32."""
    return x * torch.rsqrt(x.float().square().mean(1, keepdim=True) + 1e-8).to(x.dtype)


class Bias(nn.Module):
    """Holds `b` [channels] under the published name `wscale.b`; the scale itself is a constant and not stored."""

    def __init__(self, channels: int):
        super().__init__()
        self.b = nn.Parameter(torch.zeros(channels))


class Block(nn.Module):
    """pixelnorm → (nearest ×2) → conv × gain/sqrt(inputs) + b → (LeakyReLU): one named layer of the generator.

    Equalised learning rate: weights are drawn from N(0, 1) and scaled when used. The gain is √2/kernel, so that
    gain/sqrt(inputs) is He's constant √2/sqrt(inputs·kernel²); 1 for the output.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, padding: int, *, upsample=False, last=False):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=padding, bias=False)
        nn.init.normal_(self.conv.weight)
        self.wscale = Bias(outputs)
        self.scale = (1.0 if last else math.sqrt(2) / kernel) / math.sqrt(inputs)
        self.upsample, self.last = upsample, last

    def forward(self, x):
        x = pixelnorm(x)
        if self.upsample:
            x = F.interpolate(x, scale_factor=2, mode="nearest")
        weight, bias = (self.conv.weight * self.scale).to(x.dtype), self.wscale.b.to(x.dtype)
        x = F.conv2d(x, weight, bias, padding=self.conv.padding)
        return x if self.last else F.leaky_relu(x, SLOPE)


class Generator(nn.Module):
    """z [n, sizes[0]] (or [n, sizes[0], 1, 1]) → image [n, 3, size, size].

    Layers 2i−1 and 2i work at 4·2^(i−1) pixels. `growing` holds the outputs of the smaller sizes, which only training
    needs: `published()` leaves them out.
    """

    def __init__(self, sizes):
        super().__init__()
        self.sizes, self.size = list(sizes), check_sizes(sizes)
        for i, (before, here) in enumerate(zip(sizes, sizes[1:])):
            first = Block(before, here, 4, 3) if i == 0 else Block(before, here, 3, 1, upsample=True)
            self.add_module(f"layer{2 * i + 1}", first)
            self.add_module(f"layer{2 * i + 2}", Block(here, here, 3, 1))
        self.add_module(f"output_{self.size}x{self.size}", Block(sizes[-1], 3, 1, 0, last=True))
        smaller = [(4 * 2**i, channels) for i, channels in enumerate(sizes[1:-1]) if 4 * 2**i >= FIRST]
        self.growing = nn.ModuleDict({str(size): Block(channels, 3, 1, 0, last=True) for size, channels in smaller})

    def output(self, size: int) -> Block:
        return getattr(self, f"output_{size}x{size}") if size == self.size else self.growing[str(size)]

    def forward(self, z, size=None, alpha=1.0):
        size = size or self.size
        x, before, here = z.reshape(len(z), -1, 1, 1), None, 4
        for i in range(1, 2 * int(math.log2(size)) - 1):
            if i > 1 and i % 2:
                before, here = x, here * 2
            x = getattr(self, f"layer{i}")(x)
        image = self.output(size)(x)
        if alpha < 1:
            smaller = F.interpolate(self.output(size // 2)(before), scale_factor=2, mode="nearest")
            image = alpha * image + (1 - alpha) * smaller
        return image

    def published(self) -> dict:
        """The state dict that other programs read: float32, on the CPU, without what only growing needs."""
        state = self.state_dict()
        return {k: v.detach().float().cpu().contiguous() for k, v in state.items() if not k.startswith("growing.")}

    def load_published(self, state: dict):
        """Sets layer1 … output_RxR from a published state dict; outputs of smaller sizes stay as they are."""
        own = self.published()
        if {k: tuple(v.shape) for k, v in state.items()} != {k: tuple(v.shape) for k, v in own.items()}:
            odd = sorted(set(state) ^ set(own)) or [k for k in own if state[k].shape != own[k].shape]
            raise SettingsError(f"The weights are not a generator of sizes {self.sizes}: {', '.join(odd[:4])}.")
        self.load_state_dict({k: v.float() for k, v in state.items()}, strict=False)


class EqualConv(nn.Module):
    """conv with an equalised learning rate and a bias; weight ~ N(0, 1) × gain/sqrt(inputs·kernel²)."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, padding=None, gain=math.sqrt(2)):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.scale = gain / math.sqrt(inputs * kernel * kernel)
        self.padding = kernel // 2 if padding is None else padding

    def forward(self, x):
        return F.conv2d(x, (self.weight * self.scale).to(x.dtype), self.bias.to(x.dtype), padding=self.padding)


class Halve(nn.Module):
    """A residual block to half the size: (conv → pool → conv + pool → 1×1) / √2."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.conv1 = EqualConv(inputs, inputs, 3)
        self.conv2 = EqualConv(inputs, outputs, 3)
        self.skip = EqualConv(inputs, outputs, 1, gain=1.0)

    def forward(self, x):
        y = F.avg_pool2d(F.leaky_relu(self.conv1(x), SLOPE), 2)
        y = F.leaky_relu(self.conv2(y), SLOPE)
        return (y + self.skip(F.avg_pool2d(x, 2))) * math.sqrt(0.5)


def minibatch_deviation(x, group=4):
    """Appends one channel: the standard deviation over groups of `group` images, averaged over features and pixels."""
    n, c, h, w = x.shape
    group = group if n % group == 0 else n
    y = x.float().reshape(group, n // group, c, h, w)  # image i belongs to group i mod (n / group)
    deviation = (y - y.mean(0)).square().mean(0).add(1e-8).sqrt().mean([1, 2, 3])
    return torch.cat([x, deviation.repeat(group).reshape(n, 1, 1, 1).expand(n, 1, h, w).to(x.dtype)], 1)


class Discriminator(nn.Module):
    """image [n, 3, size, size] → score [n], large for photographs."""

    def __init__(self, sizes):
        super().__init__()
        self.size, c4 = check_sizes(sizes), sizes[1]
        at = {4 * 2**i: channels for i, channels in enumerate(sizes[1:])}
        self.from_rgb = nn.ModuleDict({str(size): EqualConv(3, c, 1) for size, c in at.items()})
        self.halve = nn.ModuleDict({str(size): Halve(c, at[size // 2]) for size, c in at.items() if size > 4})
        self.conv = EqualConv(c4 + 1, c4, 3)
        self.dense = EqualConv(c4, c4, 4, padding=0)
        self.score = EqualConv(c4, 1, 1, gain=1.0)

    def forward(self, image, alpha=1.0):
        size = image.shape[-1]
        x = F.leaky_relu(self.from_rgb[str(size)](image), SLOPE)
        while size > 4:
            x = self.halve[str(size)](x)
            size //= 2
            if alpha < 1 and size * 2 == image.shape[-1]:
                smaller = F.leaky_relu(self.from_rgb[str(size)](F.avg_pool2d(image, 2)), SLOPE)
                x = alpha * x + (1 - alpha) * smaller
        x = F.leaky_relu(self.conv(minibatch_deviation(x)), SLOPE)
        return self.score(F.leaky_relu(self.dense(x), SLOPE)).reshape(-1).float()
