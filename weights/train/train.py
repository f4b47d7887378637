"""Trains a Progressive GAN, for some minutes at a time.

    python -m weights.train.train scenes64|rooms128 --data PACK --out DIR --minutes 5

The same command goes on where the last one stopped. DIR gets checkpoints, log.jsonl (a line an interval, also printed)
and sheet-IMAGES.png (64 samples of the averaged generator, always of the same z). Ctrl-C stops after the step it is in.
"""

import argparse
import json
import os
import signal
import sys
import time
from dataclasses import replace

import torch

from . import checkpoint
from .data import Pack
from .errors import SettingsError, TrainError
from .files import read_weights, sha256, write_json
from .schedule import PRESETS, Settings, growth
from .sheet import write_samples
from .trainer import Trainer


def parse_schedule(text: str):
    """ "8:40,16:80" → ((8, 40000), (16, 80000)): thousands of images at each resolution."""
    try:
        parts = [part.split(":") for part in text.split(",")]
        return tuple((int(size), round(float(count) * 1000)) for size, count in parts)
    except ValueError as error:
        raise SettingsError(f'"{text}" is not a schedule.', "Write resolution:thousands, as in 8:40,16:80.") from error


def parse_arguments(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m weights.train.train", description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("model", choices=sorted(PRESETS))
    add("--data", required=True, help="a pack made by weights.train.data")
    add("--out", required=True)
    add("--minutes", type=float, default=5.0, help="stop after so long, with a checkpoint (5)")
    add("--until", type=float, help="stop at so many thousand images")
    add("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    add("--log-seconds", type=float, default=30.0)
    add("--checkpoint-minutes", type=float, default=5.0)
    kept = parser.add_argument_group("settings of a run", "given when it begins; later they may only be repeated")
    add = kept.add_argument
    add("--schedule", type=parse_schedule, help="resolution:thousands of images, …")
    add("--batch", type=int)
    add("--rate", type=float)
    add("--r1", type=float)
    add("--augment", help='of color,translation,cutout; "" for none')
    add("--average", type=float, help="half-life of the generator's average, in images")
    add("--precision", choices=["bfloat16", "float32"])
    add("--seed", type=int)
    add("--start", help="published weights the generator starts from, at its final resolution")
    add("--critic", help="with --start: a checkpoint of the same model whose discriminator goes on")
    add("--hold", type=int, help="images for which a generator with --start only watches")
    return parser.parse_args(arguments)


def settings_of(options, pack, stored: dict | None) -> Settings:
    """The preset with what the command line says, or those of a run that began, if the command line agrees."""
    names = ("schedule", "batch", "rate", "r1", "augment", "average", "precision", "seed", "hold")
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    for name in ("start", "critic"):
        path = getattr(options, name)
        if path and not os.path.isfile(path):
            raise SettingsError(f"--{name} {path} is not a file.")
        given |= {name: sha256(path)} if path else {}
    if options.critic and not options.start:
        raise SettingsError("--critic goes with --start.")
    if stored is None:
        settings = Settings(model=options.model, data=pack.sha256, **PRESETS[options.model])
        if options.start:
            settings = replace(settings, schedule=settings.schedule[-1:])
        return replace(settings, **given)
    before = Settings.from_json(stored)
    asked = replace(before, model=options.model, data=pack.sha256, **given)
    odd = [f"{k} is {old!r}, asked for {new!r}" for k, old, new in differences(before, asked)]
    if odd:
        raise SettingsError(
            f"{options.out} holds a run with other settings: {'; '.join(odd)}.",
            "Repeat them, leave them out, or choose another --out.",
        )
    return before


def differences(a: Settings, b: Settings):
    b = b.to_json()
    return [(name, value, b[name]) for name, value in a.to_json().items() if value != b[name]]


def read_run(out):
    path = os.path.join(out, "run.json")
    if not os.path.exists(path):
        return None
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except ValueError as error:
        raise SettingsError(f"{path} is damaged: {error}.", "Choose another --out.") from error


def critic_of(path, settings: Settings) -> dict:
    state = checkpoint.read(path)
    if tuple(json.loads(state["settings"])["sizes"]) != settings.sizes:
        raise SettingsError(f"{path} is of a model of other sizes.")
    return state["d"]


class Stop:
    """Set by Ctrl-C or SIGTERM; a second one ends the program at once."""

    def __init__(self):
        self.asked = False
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, self)

    def __call__(self, number, frame):
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


class Journal:
    """Prints a JSON line an interval and appends it to log.jsonl."""

    def __init__(self, out, trainer):
        self.path, self.trainer = os.path.join(out, "log.jsonl"), trainer
        self.time, self.images = time.monotonic(), trainer.images

    def write(self):
        t, now = self.trainer, time.monotonic()
        at = growth(t.settings, max(0, t.images - t.settings.batch))
        speed = (t.images - self.images) / max(1e-9, now - self.time)
        line = {"images": t.images, "of": t.settings.total, "size": at.size, "alpha": round(at.alpha, 4)}
        line |= {"rate": at.rate * t.settings.rate, "images_per_second": round(speed, 2)}
        line |= {name: round(value, 5) for name, value in t.means().items()}
        self.time, self.images, t.sums = now, t.images, {}
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)


def keep(out, trainer):
    """A checkpoint and a sheet of now."""
    trainer.means()  # a run that has diverged is not worth keeping
    checkpoint.save(out, trainer.images, trainer.state())
    at = growth(trainer.settings, max(0, trainer.images - trainer.settings.batch))
    write_samples(os.path.join(out, f"sheet-{trainer.images:09d}.png"), trainer.average, at.size, at.alpha)


def run(out, trainer, minutes: float, until=None, log_seconds=30.0, checkpoint_minutes=5.0, stop=None):
    """Trains until the schedule's end, `until` images, the minutes are over, or `stop.asked`. Returns why it ended."""
    begun, end = time.monotonic(), trainer.settings.total if until is None else min(until, trainer.settings.total)
    journal, kept = Journal(out, trainer), (begun, trainer.images)
    why = "the schedule's end" if end == trainer.settings.total else "as many images as asked for"
    while trainer.images < end:
        if time.monotonic() - begun >= minutes * 60:
            why = "time is over"
        elif stop and stop.asked:
            why = "asked to stop"
        else:
            trainer.step()
            if time.monotonic() - journal.time >= log_seconds:
                journal.write()
            if time.monotonic() - kept[0] >= checkpoint_minutes * 60:
                keep(out, trainer)
                kept = time.monotonic(), trainer.images
            continue
        break
    if trainer.images > journal.images and trainer.sums:
        journal.write()
    if trainer.images > kept[1]:
        keep(out, trainer)
    return why


def main(arguments=None):
    options = parse_arguments(arguments)
    if options.device.startswith("cuda"):
        torch.backends.cudnn.benchmark = True
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = True
    os.makedirs(options.out, exist_ok=True)
    pack = Pack(options.data)
    stored = read_run(options.out)
    settings = settings_of(options, pack, stored)
    state = checkpoint.newest(options.out)
    start = critic = None
    if settings.start and state is None:
        if not options.start or bool(settings.critic) != bool(options.critic):
            raise SettingsError("No checkpoint has been written yet.", "Repeat --start (and --critic).")
        start = read_weights(options.start)
        critic = critic_of(options.critic, settings) if options.critic else None
    trainer = Trainer(settings, pack, options.device, start, critic)
    if state is not None:
        trainer.restore(state)
    write_json(os.path.join(options.out, "run.json"), settings.to_json())
    until = None if options.until is None else round(options.until * 1000)
    why = run(
        options.out, trainer, options.minutes, until, options.log_seconds, options.checkpoint_minutes, stop=Stop()
    )
    print(json.dumps({"stopped": why, "images": trainer.images, "of": settings.total}), flush=True)


if __name__ == "__main__":
    try:
        main()
    except TrainError as error:
        sys.exit(f"{error.code}: {error}")
