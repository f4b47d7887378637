"""Sheets of samples at fixed z, so that two sheets of one run show the same scenes."""

import io

import numpy
import torch
from PIL import Image

from .files import write_atomic


def latents(n: int, depth: int, seed: int = 1):
    """z [n, depth] as GAN Dissection draws them (NumPy's legacy generator): row i does not depend on n."""
    values = numpy.random.RandomState(seed).standard_normal(n * depth)
    return torch.from_numpy(values.reshape(n, depth).astype(numpy.float32))


def to_bytes(images):
    """[-1, 1] → uint8, truncated as the published code does."""
    return ((images.float().clamp(-1, 1) + 1) / 2 * 255).to(torch.uint8)


def grid(images, columns: int = 8):
    """uint8 [n, 3, s, s] → uint8 [rows · s, columns · s, 3]; a short last row ends in black."""
    n, _, s, _ = images.shape
    rows = -(-n // columns)
    cells = torch.zeros(rows * columns, 3, s, s, dtype=torch.uint8)
    cells[:n] = images.cpu()
    return cells.reshape(rows, columns, 3, s, s).permute(0, 3, 1, 4, 2).reshape(rows * s, columns * s, 3).numpy()


def write_png(path, pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    write_atomic(path, buffer.getvalue())


@torch.no_grad()
def write_samples(path, generator, size: int, alpha: float, count: int = 64, seed: int = 1):
    """A PNG of `count` samples, enlarged to the final size while the generator is still smaller."""
    device = next(generator.parameters()).device
    z = latents(count, generator.sizes[0], seed).to(device)
    images = torch.cat([to_bytes(generator(part, size, alpha)) for part in z.split(16)])
    factor = generator.size // size
    write_png(path, grid(images.repeat_interleave(factor, 2).repeat_interleave(factor, 3)))
