"""What is trained when: the settings of a run, their presets, and the state of growth after n images.

A run's position is the number of images it has been shown, never the clock: it can stop anywhere and go on elsewhere.
"""

from dataclasses import asdict, dataclass

from .errors import SettingsError
from .progan import FIRST, check_sizes


@dataclass(frozen=True)
class Settings:
    """All that decides the course of a run, apart from the device it is computed on."""

    model: str
    sizes: tuple  # [z, channels at 4x4, …]
    schedule: tuple  # ((resolution, images shown at it), …)
    batch: int
    rate: float  # of both Adams
    r1: float  # weight at the final resolution; in proportion to the number of pixels at smaller ones
    augment: str  # see augment.py
    average: float  # half-life in images of the generator's average
    seed: int = 1
    fade: float = 0.3  # part of a phase in which its layers come in
    decay: float = 0.25  # last part of the run, in which the rate falls to a twentieth
    r1_every: int = 16
    precision: str = "bfloat16"  # or float32
    hold: int = 0  # images for which the generator stays as it is (for --start)
    start: str = ""  # SHA-256 of the weights the generator starts from
    critic: str = ""  # SHA-256 of the checkpoint whose discriminator this one starts as
    data: str = ""  # SHA-256 of the pack

    def __post_init__(self):
        size = check_sizes(self.sizes)
        steps = [step for step, _ in self.schedule]
        doubling = [size >> k for k in reversed(range(len(steps)))]
        if not steps or steps != doubling or steps[0] < FIRST or any(count < 1 for _, count in self.schedule):
            raise SettingsError(
                f"The schedule's resolutions are {steps}.",
                f"They must double, from {FIRST} or more up to {size}, with one image or more at each.",
            )
        if self.batch < 1 or self.rate <= 0 or not 0 <= self.fade <= 1:
            raise SettingsError("batch must be 1 or more, rate positive, fade in 0 … 1.")
        if self.precision not in ("float32", "bfloat16"):
            raise SettingsError(f'precision "{self.precision}" is neither float32 nor bfloat16.')

    def to_json(self) -> dict:
        return asdict(self)

    @staticmethod
    def from_json(values: dict) -> "Settings":
        values = dict(values)
        values["sizes"] = tuple(values["sizes"])
        values["schedule"] = tuple((int(size), int(count)) for size, count in values["schedule"])
        return Settings(**values)

    @property
    def total(self) -> int:
        return sum(count for _, count in self.schedule)


@dataclass(frozen=True)
class Growth:
    """size: resolution now; alpha: share of its newest layers; rate: factor of the learning rate; r1: weight."""

    size: int
    alpha: float
    rate: float
    r1: float


def growth(settings: Settings, images: int) -> Growth:
    """Where a run stands after `images` images (the first phase does not fade in)."""
    begin, alpha, size = 0, 1.0, settings.schedule[-1][0]
    for index, (step, count) in enumerate(settings.schedule):
        if images < begin + count:
            size = step
            if index and settings.fade:
                alpha = min(1.0, (images - begin) / (count * settings.fade))
            break
        begin += count
    left = 1 - min(1.0, images / settings.total)
    rate = 1.0 if left >= settings.decay else max(0.05, left / settings.decay)
    return Growth(size, alpha, rate, settings.r1 * (size / settings.schedule[-1][0]) ** 2)


THOUSAND = 1000
PRESETS = {
    "scenes64": dict(
        sizes=(128, 128, 128, 128, 64, 32),
        schedule=((8, 40 * THOUSAND), (16, 80 * THOUSAND), (32, 200 * THOUSAND), (64, 1200 * THOUSAND)),
        batch=32,
        rate=1.5e-3,
        r1=0.3,
        augment="",  # scenes can be drawn at will
        average=10_000,
    ),
    "rooms128": dict(
        sizes=(512, 512, 512, 512, 256, 128, 64),
        schedule=(
            (8, 60 * THOUSAND),
            (16, 120 * THOUSAND),
            (32, 240 * THOUSAND),
            (64, 480 * THOUSAND),
            (128, 1500 * THOUSAND),
        ),
        batch=64,
        rate=2e-3,
        r1=0.5,
        augment="color,translation,cutout",
        average=20_000,
    ),
}
