"""One training run: its networks, optimisers, random numbers and position, and the step from one position to the next."""

import copy
import json
import math

import torch
import torch.nn.functional as F

from .augment import augment, parse
from .errors import CheckpointError, DivergedError, SettingsError
from .losses import discriminator_loss, follow, generator_loss, r1
from .progan import Discriminator, Generator
from .schedule import Settings, growth

BETAS, EPSILON = (0.0, 0.99), 1e-8  # Adam's, as in Karras et al. 2018


class Trainer:
    """Every random number of a run comes from `random`, a CPU generator, so that its state is all there is to keep."""

    def __init__(self, settings: Settings, pack, device="cpu", start: dict | None = None, critic: dict | None = None):
        if pack.size != settings.schedule[-1][0]:
            raise SettingsError(f"The pack has {pack.size} pixels, the model {settings.schedule[-1][0]}.")
        parse(settings.augment)
        self.settings, self.pack, self.device, self.images, self.steps = settings, pack, torch.device(device), 0, 0
        self.random = torch.Generator().manual_seed(settings.seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self.g, self.d = Generator(settings.sizes), Discriminator(settings.sizes)
        if start is not None:
            self.g.load_published(start)
        if critic is not None:
            self.d.load_state_dict(critic)
        for network in (self.g, self.d):
            network.to(self.device, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.g).requires_grad_(False)
        self.g_adam, self.d_adam = (
            torch.optim.Adam(network.parameters(), settings.rate, BETAS, EPSILON) for network in (self.g, self.d)
        )
        self.type = torch.bfloat16 if settings.precision == "bfloat16" else torch.float32
        self.sums: dict[str, list] = {}

    # -------------------------------------------------------------- state

    NETWORKS, OPTIMISERS = ("g", "d", "average"), ("g_adam", "d_adam")

    def state(self) -> dict:
        """Tensors, whole numbers and text only: what every PyTorch reads without running anything (`weights_only`).

        Optimisers' options are left out, as they follow from the settings and differ between versions of PyTorch.
        """
        position = {"images": self.images, "steps": self.steps, "random": self.random.get_state()}
        networks = {name: getattr(self, name).state_dict() for name in self.NETWORKS}
        optimisers = {name: getattr(self, name).state_dict()["state"] for name in self.OPTIMISERS}
        return {"settings": json.dumps(self.settings.to_json()), **position, **networks, **optimisers}

    def restore(self, state: dict):
        if Settings.from_json(json.loads(state["settings"])) != self.settings:
            raise CheckpointError("The checkpoint belongs to a run with other settings.")
        for name in self.NETWORKS:
            getattr(self, name).load_state_dict(state[name])
        for name in self.OPTIMISERS:
            optimiser = getattr(self, name)
            options = optimiser.state_dict()["param_groups"]
            optimiser.load_state_dict({"state": state[name], "param_groups": options})
        self.random.set_state(state["random"])
        self.images, self.steps, self.sums = state["images"], state["steps"], {}

    # -------------------------------------------------------------- one step

    def real(self, now):
        """A batch of pictures at the size of now, mirrored half of the time, as coarse as the fading generator's."""
        x = self.pack.batch(self.settings.batch, self.random, self.device)
        mirrored = (torch.rand(len(x), generator=self.random) < 0.5).to(self.device)
        x = torch.where(mirrored[:, None, None, None], x.flip(3), x)
        if x.shape[-1] > now.size:
            x = F.avg_pool2d(x, x.shape[-1] // now.size)
        if now.alpha < 1:
            x = now.alpha * x + (1 - now.alpha) * F.interpolate(F.avg_pool2d(x, 2), scale_factor=2, mode="nearest")
        return x.contiguous(memory_format=torch.channels_last)

    def fake(self, now):
        z = torch.randn(self.settings.batch, self.settings.sizes[0], generator=self.random)
        return self.g(z.to(self.device, self.type), now.size, now.alpha)

    def score(self, images, now):
        return self.d(augment(images, self.settings.augment, self.random), now.alpha)

    def step(self):
        """Discriminator, then generator, then the average; moves on by one batch."""
        s, now = self.settings, growth(self.settings, self.images)
        for optimiser in (self.g_adam, self.d_adam):
            for group in optimiser.param_groups:
                group["lr"] = s.rate * now.rate

        self.d.requires_grad_(True)
        self.d_adam.zero_grad(set_to_none=True)
        real = self.real(now)
        with torch.no_grad():
            fake = self.fake(now)
        on_real, on_fake = self.score(real.to(self.type), now), self.score(fake, now)
        loss = discriminator_loss(on_real, on_fake)
        loss.backward()
        if now.r1 and self.steps % s.r1_every == 0:  # seldom and as much stronger (lazy regularisation, StyleGAN2)
            penalty = r1(real[: max(1, s.batch // 2)], lambda images: self.score(images, now))
            (penalty * (now.r1 / 2 * s.r1_every)).backward()
            self.note(r1=penalty)
        self.d_adam.step()
        self.note(loss_d=loss, score_real=on_real.mean(), score_fake=on_fake.mean())

        if self.images >= s.hold:
            self.d.requires_grad_(False)
            self.g_adam.zero_grad(set_to_none=True)
            loss = generator_loss(self.score(self.fake(now), now))
            loss.backward()
            self.g_adam.step()
            self.note(loss_g=loss)
            # Weights that were good to begin with need not be forgotten fast.
            follow(self.average, self.g, math.inf if s.start else self.images, s.batch, s.average)
        self.images += s.batch
        self.steps += 1

    # -------------------------------------------------------------- what happened

    def note(self, **values):
        for name, value in values.items():
            self.sums.setdefault(name, []).append(value.detach())

    def means(self) -> dict:
        """Of the values noted since `sums` was last emptied.  @raises DivergedError where one is not a number"""
        means = {name: float(torch.stack(values).float().mean()) for name, values in self.sums.items()}
        wrong = [name for name, value in means.items() if not math.isfinite(value)]
        if wrong:
            raise DivergedError(
                f"{', '.join(wrong)} stopped being a number near image {self.images}.",
                "The last checkpoint is from before; begin anew with a lower --rate or another --seed.",
            )
        return means
