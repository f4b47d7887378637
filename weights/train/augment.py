"""DiffAugment: Zhao, Liu, Lin, Zhu, Han, "Differentiable Augmentation for Data-Efficient GAN Training" (NeurIPS 2020).

The same kinds of change are made to photographs and to samples before the discriminator sees either, so that few
photographs cannot be learned by heart; gradients flow through to the generator. Images are [n, 3, s, s] in [-1, 1].
Every random number comes from the CPU generator passed in, so that a run does not depend on the device's.
"""

import torch
import torch.nn.functional as F

from .errors import SettingsError


def uniform(images, generator, low, high):
    """One number an image, [n, 1, 1, 1]."""
    u = torch.rand(len(images), 1, 1, 1, generator=generator)
    return (low + (high - low) * u).to(images.device, images.dtype)


def integer(images, generator, low, high):
    """One integer of low … high an image, [n, 1, 1]."""
    return torch.randint(low, high + 1, (len(images), 1, 1), generator=generator).to(images.device)


def color(x, generator):
    """Brightness ± 0.5, saturation × 0 … 2, contrast × 0.5 … 1.5."""
    x = x + uniform(x, generator, -0.5, 0.5)
    grey = x.mean(1, keepdim=True)
    x = grey + (x - grey) * uniform(x, generator, 0, 2)
    level = x.mean([1, 2, 3], keepdim=True)
    return level + (x - level) * uniform(x, generator, 0.5, 1.5)


def translation(x, generator, share=1 / 8):
    """Moves by up to an eighth of the size; what comes in from outside is 0."""
    n, _, h, w = x.shape
    most = max(1, int(w * share + 0.5))
    rows = torch.arange(h, device=x.device)[None, :, None] + integer(x, generator, -most, most) + 1
    columns = torch.arange(w, device=x.device)[None, None, :] + integer(x, generator, -most, most) + 1
    padded = F.pad(x, (1, 1, 1, 1))
    batch = torch.arange(n, device=x.device)[:, None, None]
    moved = padded.permute(0, 2, 3, 1)[batch, rows.clamp(0, h + 1), columns.clamp(0, w + 1)]
    return moved.permute(0, 3, 1, 2)


def cutout(x, generator, share=1 / 2):
    """Blanks a square of half the size (a corner of it may lie outside)."""
    _, _, h, w = x.shape
    side = int(w * share + 0.5)
    top, left = (integer(x, generator, -side // 2, size - side // 2 - 1) for size in (h, w))
    rows, columns = torch.arange(h, device=x.device)[None, :, None], torch.arange(w, device=x.device)[None, None, :]
    hole = (rows >= top) & (rows < top + side) & (columns >= left) & (columns < left + side)
    return x * (~hole)[:, None].to(x.dtype)


KINDS = {"color": color, "translation": translation, "cutout": cutout}


def parse(policy: str):
    """The augmentations named in `policy`, e.g. "color,translation,cutout"; "" is none."""
    names = [name for name in policy.split(",") if name]
    for name in names:
        if name not in KINDS:
            raise SettingsError(f'There is no augmentation "{name}".', f"Those there are: {', '.join(KINDS)}.")
    return names


def augment(images, policy: str, generator):
    for name in parse(policy):
        images = KINDS[name](images, generator)
    return images
