"""The two losses, the gradient penalty and the average of the weights."""

import torch
import torch.nn.functional as F


def discriminator_loss(real, fake):
    """Scores [n] of photographs and samples → Goodfellow's logistic loss (NeurIPS 2014)."""
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def generator_loss(fake):
    """Its non-saturating form for the generator."""
    return F.softplus(-fake).mean()


def r1(images, score):
    """R1: the mean squared norm of d score / d image at photographs (Mescheder et al., ICML 2018)."""
    images = images.detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad(score(images).sum(), images, create_graph=True)
    return gradient.square().sum([1, 2, 3]).mean()


@torch.no_grad()
def follow(average, model, images: int, batch: int, half_life: float):
    """Moves `average` towards `model` (exponential moving average, Karras et al. 2018, with a half-life in images).

    Early on the half-life is a twentieth of the images seen, so that the start is forgotten (StyleGAN2-ADA, 2020).
    """
    life = max(min(half_life, images / 20), batch)
    keep = 0.5 ** (batch / life)
    for mean, now in zip(average.parameters(), model.parameters()):
        mean.lerp_(now, 1 - keep)
