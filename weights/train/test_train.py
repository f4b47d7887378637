"""python3 -m unittest weights.train.test_train    (from the repository's root; a minute on a CPU)"""

import contextlib
import hashlib
import io
import json
import os
import signal
import tempfile
import unittest
import zipfile
from dataclasses import replace

import numpy
import torch
from PIL import Image

from . import checkpoint, data, export, measure, scenes, shrink, train
from .augment import augment
from .errors import CheckpointError, DataError, DivergedError, SettingsError, WeightsError
from .files import encode_safetensors, read_safetensors, read_weights, write_atomic
from .losses import r1
from .networks import from_corners, load_segmenter
from .progan import Discriminator, Generator, minibatch_deviation
from .schedule import PRESETS, Growth, Settings, growth
from .sheet import latents
from .trainer import Trainer

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
GOLDEN = os.path.join(ROOT, "test", "golden")
SIZES = (8, 8, 8, 8)
TINY = Settings("tiny", SIZES, ((8, 24), (16, 40)), batch=4, rate=1e-3, r1=1.0, augment="color,translation,cutout",
                average=100.0, r1_every=3)  # fmt: skip


class Folder(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        torch.manual_seed(0)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def quietly(self, function, *arguments, **options):
        """(result, what was printed)"""
        text = io.StringIO()
        with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
            return function(*arguments, **options), text.getvalue()

    def photographs(self, count=12, size=64):
        random = numpy.random.RandomState(0)
        for i in range(count):
            folder = self.path("photos", "abc"[i % 3])
            os.makedirs(folder, exist_ok=True)
            shape = (size + 8 * (i % 2), size + 16, 3)
            Image.fromarray(random.randint(0, 255, shape, dtype=numpy.uint8)).save(os.path.join(folder, f"{i}.png"))
        return self.path("photos")

    def pack(self, size=16):
        if not os.path.exists(self.path("pack", "manifest.json")):
            self.quietly(data.pack_photographs, self.photographs(), self.path("pack"), size, 4, 1)
        return data.Pack(self.path("pack"))


class Networks(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(0)

    def test_generator_has_the_published_layout(self):
        sizes = PRESETS["rooms128"]["sizes"]
        self.assertEqual(sizes, (512, 512, 512, 512, 256, 128, 64))
        expected, blocks = {}, [(512, 512)] * 6 + [(512, 256), (256, 256), (256, 128), (128, 128), (128, 64), (64, 64)]
        for i, (inputs, outputs) in enumerate(blocks, 1):
            k = 4 if i == 1 else 3
            expected |= {f"layer{i}.conv.weight": (outputs, inputs, k, k), f"layer{i}.wscale.b": (outputs,)}
        expected |= {"output_128x128.conv.weight": (3, 64, 1, 1), "output_128x128.wscale.b": (3,)}
        found = {name: tuple(value.shape) for name, value in Generator(sizes).published().items()}
        self.assertEqual(found, expected)

    def test_generator_computes_what_the_published_code_does(self):
        expected, _ = read_safetensors(os.path.join(GOLDEN, "progan-tiny.expected.safetensors"))
        for container in ("legacy", "zip", "old-names", "views"):
            state = read_weights(os.path.join(GOLDEN, f"progan-tiny.{container}.pth"))
            self.assertEqual(measure.sizes_of(state), [16, 16, 24, 16, 8])
            generator, seen = Generator([16, 16, 24, 16, 8]), {}
            generator.load_published(state)
            for name, module in generator.named_children():
                module.register_forward_hook(lambda m, i, output, name=name: seen.__setitem__(name, output))
            with torch.no_grad():
                generator(expected["z"])
            for name in set(expected) - {"z"}:
                # In units of the layer's rms. The expected values are float32: an exact (float64) computation is up to
                # 1.7e-5 away from single ones of them, which bounds what a maximum can show.
                rms, error = expected[name].square().mean().sqrt(), seen[name] - expected[name]
                self.assertLess(float(error.square().mean().sqrt() / rms), 1e-5, f"{container} {name}")
                self.assertLess(float(error.abs().max() / rms), 5e-5, f"{container} {name}")

    def test_embedded_generator_loads(self):
        state = read_weights(os.path.join(ROOT, "weights", "scenes64"))
        self.assertEqual(tuple(measure.sizes_of(state)), PRESETS["scenes64"]["sizes"])
        with self.assertRaisesRegex(SettingsError, "not a generator of sizes"):
            Generator(SIZES).load_published(state)

    def test_latents_are_gan_dissections(self):
        z = latents(2, 512, 1)
        self.assertTrue(numpy.allclose(z[0, :3], [1.62434536, -0.61175641, -0.52817175]))
        self.assertTrue(numpy.allclose(z[1, :3], [0.16986926, -1.16400797, 0.69336623]))
        self.assertTrue(torch.equal(latents(9, 512, 1)[:2], z))

    def test_growing_begins_with_the_smaller_picture(self):
        g, d, z = Generator(SIZES), Discriminator(SIZES), torch.randn(4, 8)
        with torch.no_grad():
            small, large = g(z, 8), g(z, 16, 1e-9)
            self.assertTrue(torch.allclose(small.repeat_interleave(2, 2).repeat_interleave(2, 3), large, atol=1e-5))
            self.assertTrue(torch.allclose(d(small), d(large, 1e-9), atol=1e-4))
            self.assertTrue(torch.equal(g(z, 16), g(z)))
            self.assertEqual(g(z.bfloat16(), 16, 0.5).dtype, torch.bfloat16)

    def test_minibatch_deviation(self):
        x = torch.zeros(4, 2, 3, 3)
        self.assertAlmostEqual(float(minibatch_deviation(x)[:, 2].max()), 1e-4, places=6)
        x[:2] = 2.0  # half 2, half 0: a deviation of 1
        self.assertTrue(torch.allclose(minibatch_deviation(x)[:, 2], torch.ones(4, 3, 3)))

    def test_r1_of_a_linear_score(self):
        w = torch.randn(3, 4, 4)
        penalty = r1(torch.randn(5, 3, 4, 4), lambda images: (images * w).sum([1, 2, 3]))
        self.assertAlmostEqual(float(penalty), float(w.square().sum()), places=3)

    def test_augmentation(self):
        x = torch.rand(6, 3, 16, 16) * 2 - 1
        random = torch.Generator().manual_seed(3)
        self.assertIs(augment(x, "", random), x)
        y = augment(x.requires_grad_(True), "color,translation,cutout", random)
        again = augment(x, "color,translation,cutout", torch.Generator().manual_seed(3))
        self.assertTrue(torch.equal(y, again))
        y.sum().backward()
        self.assertTrue((x.grad != 0).any() and torch.isfinite(x.grad).all())
        moved = augment(torch.ones(200, 3, 16, 16), "translation", random)
        self.assertTrue(set(moved.unique().tolist()) == {0.0, 1.0})
        self.assertEqual(float(moved.mean([1, 2, 3]).min()), 14 * 14 / 256)
        holes = augment(torch.ones(200, 3, 16, 16), "cutout", random).mean([1, 2, 3])
        self.assertEqual((float(holes.min()), float(holes.max()) <= 1 - 16 / 256), (0.75, True))
        with self.assertRaisesRegex(SettingsError, "Those there are: color"):
            augment(x, "colour", random)


class Scenes(unittest.TestCase):
    SHA256 = {
        0: "dee230d0547d6e9e9304984aada13720e8f23c09303d5698bdb4e8a1ab4efa44",
        1_000_000: "312ff3428de5b8ccbfc3675e2ad20219dfda1313cbba2f3c94382358921647eb",
        1_000_007: "6589b1718694159fd71fd6c86f2a0686b607041e3fab1c24e3f77c79cc250081",
    }

    def test_scenes_are_the_ones_the_embedded_models_saw(self):
        for seed, digest in self.SHA256.items():
            image, labels = scenes.scene(seed)
            self.assertEqual(hashlib.sha256(image.tobytes() + labels.tobytes()).hexdigest(), digest)

    def test_labels_belong_to_the_picture(self):
        seen, images, labels = set(), [], []
        for seed in range(60):
            image, label = scenes.scene(seed)
            seen |= set(numpy.unique(label))
            images.append(image.astype(float))
            labels.append(label)
        self.assertEqual(seen, set(range(1, len(scenes.CONCEPTS))))
        images, labels = numpy.stack(images), numpy.stack(labels)
        names = {name: images[labels == k].mean(0) for k, name in enumerate(scenes.CONCEPTS) if k}
        self.assertGreater(names["sky"][2], names["sky"][0])  # bluer than red
        self.assertGreater(names["grass"][1], names["grass"][2] + 40)
        self.assertGreater(names["cloud"].min(), 225)
        self.assertGreater(names["tree"][1], names["tree"][2])
        for label in labels:  # things that stand on others
            self.assertTrue((label == 10).sum() == 0 or (label == 7).sum() > 0, "a door without a house")
            self.assertTrue((label[0] == 5).sum() == 0 and (label[-1] == 1).sum() == 0, "upside down")

    def test_embedded_segmenter_agrees(self):
        pairs = [scenes.scene(scenes.HELD_OUT + i) for i in range(24)]
        images = torch.from_numpy(numpy.stack([image for image, _ in pairs])).permute(0, 3, 1, 2).float() / 127.5 - 1
        features, found = load_segmenter(os.path.join(ROOT, "weights", "scenes64")).measure(images)
        self.assertEqual(features.shape, (24, 512))
        right = (found.numpy() == numpy.stack([label for _, label in pairs])).mean()
        self.assertGreater(right, 0.985)  # 99.2 % on 1,000 scenes


class Packing(Folder):
    def test_photographs(self):
        folder = self.photographs()
        write_atomic(os.path.join(folder, "b", "broken.jpg"), b"\xff\xd8 no photograph")
        write_atomic(os.path.join(folder, "b", "notes.txt"), b"text")
        Image.new("RGB", (9, 9)).save(os.path.join(folder, "c", "small.png"))
        manifest, said = self.quietly(data.pack_photographs, folder, self.path("pack"), 16, 4, 1)
        self.assertIn("b/broken.jpg", said)
        self.assertEqual(set(manifest["left_out"]), {"b/broken.jpg", "c/small.png"})
        self.assertEqual((manifest["count"], manifest["classes"]), (12, {"a": 4, "b": 4, "c": 4}))
        pack = data.Pack(self.path("pack"))
        self.assertEqual(pack.images.shape, (12, 16, 16, 3))
        with open(self.path("pack", "journal.jsonl"), encoding="utf-8") as file:
            first = [line for line in map(json.loads, file) if "source" in line and "left_out" not in line][0]["source"]
        self.assertTrue((pack.images[0] == data.photograph(os.path.join(folder, first), 16)).all())
        x = pack.batch(500, torch.Generator().manual_seed(0))
        held_out = pack.tensor(range(4))
        self.assertFalse(any(torch.equal(a, b) for a in held_out for b in x))
        self.assertTrue(-1 <= x.min() and x.max() <= 1)

    def test_interrupted_packing_goes_on(self):
        folder = self.photographs()
        whole, _ = self.quietly(data.pack_photographs, folder, self.path("whole"), 16, 4, 1)
        for cut_bytes, cut_journal in ((5 * 768 + 100, 0), (12 * 768, 150), (0, 0)):
            out = self.path(f"part{cut_bytes}")
            self.quietly(data.pack_photographs, folder, out, 16, 4, 1)
            os.remove(os.path.join(out, "manifest.json"))
            with open(os.path.join(out, "images.u8"), "ab") as file:
                file.truncate(cut_bytes)
            with open(os.path.join(out, "journal.jsonl"), "ab") as file:
                file.truncate(file.tell() - cut_journal)
            with self.assertRaisesRegex(DataError, "not a finished pack"):
                data.Pack(out)
            self.assertEqual(self.quietly(data.pack_photographs, folder, out, 16, 4, 1)[0], whole)
        with self.assertRaisesRegex(DataError, "other settings"):
            data.pack_photographs(folder, self.path("whole"), 16, 4, 2)

    def test_what_is_no_pack(self):
        with self.assertRaisesRegex(DataError, "not a folder"):
            data.pack_photographs(self.path("nothing"), self.path("pack"), 16, 4, 1)
        pack = self.pack()
        with open(self.path("pack", "images.u8"), "ab") as file:
            file.truncate(700)
        with self.assertRaisesRegex(DataError, "700 bytes instead of 9216"):
            data.Pack(pack.folder)

    def test_scenes(self):
        manifest, _ = self.quietly(data.pack_scenes, self.path("pack"), 3, 2)
        pack = data.Pack(self.path("pack"))
        self.assertEqual((manifest["count"], pack.held_out, pack.labels.shape), (5, 2, (5, 64, 64)))
        self.assertTrue((pack.images[1] == scenes.scene(scenes.HELD_OUT + 1)[0]).all())
        self.assertTrue((pack.labels[2] == scenes.scene(scenes.TRAINING)[1]).all())


    def test_shrunk_photographs(self):
        folder, out = self.photographs(), self.path("parts")
        parts, _ = self.quietly(shrink.shrink, folder, out, 16, quality=95, limit=4000)
        self.assertGreater(len(parts), 1)
        for name in parts:
            self.assertLess(os.path.getsize(os.path.join(out, name)), 4000)
            with zipfile.ZipFile(os.path.join(out, name)) as file:
                file.extractall(self.path("small"))
        self.assertEqual(len(data.find_photographs(self.path("small"), 1)), 12)
        self.quietly(data.pack_photographs, self.path("small"), self.path("pack"), 16, 4, 1)
        whole = data.photograph(os.path.join(folder, "a", "0.png"), 16).astype(float)
        small = data.photograph(os.path.join(self.path("small"), "a", "0.jpg"), 16)
        self.assertLess(abs(whole - small).mean(), 10)


class Training(Folder):
    def digest(self, trainer):
        """Of every tensor of a run's state."""
        state, total = trainer.state(), hashlib.sha256()
        for part in (*trainer.NETWORKS, "random"):
            values = state[part].values() if part != "random" else [state[part]]
            for value in values:
                total.update(value.numpy().tobytes())
        for part in trainer.OPTIMISERS:
            for index in sorted(state[part]):
                for key in sorted(state[part][index]):
                    total.update(torch.as_tensor(state[part][index][key]).numpy().tobytes())
        return total.hexdigest()

    def test_resuming_is_bit_identical(self):
        for precision in ("float32", "bfloat16"):
            settings, out = replace(TINY, precision=precision), self.path(precision)
            os.makedirs(out)
            whole = Trainer(settings, self.pack())
            while whole.images < settings.total:
                whole.step()
            part = Trainer(settings, self.pack())
            while part.images < settings.total:  # a new process after every other step, so to speak
                for _ in range(2):
                    part.step()
                checkpoint.save(out, part.images, part.state())
                torch.rand(3)  # other code may use the global generator
                part = Trainer(settings, self.pack())
                part.restore(checkpoint.newest(out))
            self.assertEqual(part.images, settings.total)
            self.assertEqual(self.digest(part), self.digest(whole))
            self.assertLessEqual(len(checkpoint.list_checkpoints(out)), checkpoint.KEEP)

    def test_damaged_checkpoints(self):
        trainer = Trainer(TINY, self.pack())
        for _ in range(2):
            trainer.step()
            checkpoint.save(self.folder, trainer.images, trainer.state())
        newest, before = checkpoint.list_checkpoints(self.folder)
        with open(newest, "r+b") as file:
            file.seek(2000)
            file.write(b"damage")
        state, said = self.quietly(checkpoint.newest, self.folder)
        self.assertEqual(state["images"], 4)
        self.assertIn("checkpoint-000000008.pt is damaged", said)
        os.remove(checkpoint.digest_path(before))
        with self.assertRaisesRegex(CheckpointError, "None of 2 checkpoints"):
            self.quietly(checkpoint.newest, self.folder)
        self.assertIsNone(checkpoint.newest(self.path("pack")))

    def test_growth(self):
        self.assertEqual(growth(TINY, 0), Growth(8, 1.0, 1.0, 0.25))
        self.assertEqual(growth(TINY, 24).alpha, 0)
        self.assertAlmostEqual(growth(TINY, 30).alpha, 0.5)
        self.assertEqual((growth(TINY, 36).alpha, growth(TINY, 36).size), (1, 16))
        self.assertEqual((growth(TINY, 64).size, growth(TINY, 64).rate), (16, 0.05))
        for schedule in (((8, 1),), ((8, 1), (32, 1)), ((16, 1), (8, 1)), ((4, 1), (8, 1), (16, 1)), ((8, 0), (16, 1))):
            with self.assertRaises(SettingsError):
                replace(TINY, schedule=schedule)

    def command(self, *arguments):
        before = [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)]
        try:
            where = ["--data", self.path("scenes"), "--out", self.path("run")]
            return self.quietly(train.main, ["scenes64", *where, "--device", "cpu", *arguments])[1]
        finally:
            for number, handler in zip((signal.SIGINT, signal.SIGTERM), before):
                signal.signal(number, handler)

    def test_the_command(self):
        self.quietly(data.pack_scenes, self.path("scenes"), 6, 2)
        begin = ["--schedule", "8:0.016,16:0.016,32:0.008,64:0.008", "--batch", "8"]
        said = self.command(*begin, "--until", "0.024", "--log-seconds", "0")
        self.assertEqual(json.loads(said.splitlines()[-1])["images"], 24)
        with self.assertRaisesRegex(SettingsError, "batch is 8, asked for 4; seed is 1, asked for 2"):
            self.command("--batch", "4", "--seed", "2")
        self.assertIn('"time is over", "images": 24', self.command("--minutes", "0"))
        self.assertIn("the schedule's end", self.command(*begin, "--minutes", "5"))
        with open(self.path("run", "log.jsonl"), encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        self.assertEqual((lines[-1]["images"], lines[-1]["size"]), (48, 64))
        with Image.open(self.path("run", "sheet-000000048.png")) as sheet:
            self.assertEqual(sheet.size, (512, 512))
        out = self.path("export")
        self.quietly(export.main, [self.path("run"), "--out", out])
        self.assertEqual(len(read_weights(out)), 22)

    def test_starting_from_weights(self):
        start = Generator(SIZES).published()
        settings = replace(TINY, schedule=((16, 64),), hold=8, start="digest")
        trainer = Trainer(settings, self.pack(), start=start)
        trainer.step()
        trainer.step()
        same = [torch.equal(value, start[name]) for name, value in trainer.average.published().items()]
        self.assertTrue(all(same))
        trainer.step()
        self.assertFalse(torch.equal(trainer.g.layer1.conv.weight, start["layer1.conv.weight"]))

    def test_going_on_after_the_end(self):
        self.quietly(data.pack_scenes, self.path("scenes"), 6, 2)
        self.command("--schedule", "64:0.008", "--batch", "4")
        self.quietly(export.main, [self.path("run"), "--out", self.path("export")])
        before = checkpoint.newest(self.path("run"))
        os.rename(self.path("run"), self.path("before"))
        (last,) = checkpoint.list_checkpoints(self.path("before"))
        begin = ["--start", self.path("export", "generator.pth"), "--schedule", "64:0.016", "--batch", "4"]
        self.command(*begin, "--critic", last, "--until", "0.004", "--hold", "4")
        after = checkpoint.newest(self.path("run"))
        self.assertTrue(torch.equal(before["average"]["layer3.conv.weight"], after["g"]["layer3.conv.weight"]))
        moved = (before["d"]["conv.weight"] - after["d"]["conv.weight"]).abs().max()
        self.assertTrue(0 < moved < 0.01)
        self.command("--until", "0.008")
        with self.assertRaisesRegex(SettingsError, "critic is"):
            self.command("--start", self.path("export", "generator.pth"), "--critic", self.path("run", "run.json"))

    def test_a_run_that_diverges_says_so(self):
        trainer = Trainer(TINY, self.pack())
        with torch.no_grad():
            trainer.g.layer1.conv.weight.fill_(float("nan"))
        trainer.step()
        with self.assertRaisesRegex(DivergedError, "loss_d"):
            train.keep(self.folder, trainer)
        self.assertEqual(checkpoint.list_checkpoints(self.folder), [])

    def test_another_size(self):
        with self.assertRaisesRegex(SettingsError, "pack has 32 pixels"):
            Trainer(TINY, self.pack(32))


class Exporting(Folder):
    def test_round_trip(self):
        generator = Generator(SIZES)
        export.export(generator.state_dict(), TINY, 64, self.folder)
        published = generator.published()
        read, metadata = read_safetensors(self.path("generator.safetensors"))
        self.assertEqual(metadata["images"], "64")
        for name, value in published.items():
            self.assertTrue(torch.equal(read[name], value if value.ndim == 1 else value.half()))
        self.assertTrue(all(torch.equal(read_weights(self.path("generator.pth"))[k], v) for k, v in published.items()))
        with open(self.path("SHA256SUMS"), encoding="utf-8") as file:
            for line in file:
                digest, name = line.split()
                with open(self.path(name), "rb") as weights:
                    self.assertEqual(hashlib.sha256(weights.read()).hexdigest(), digest)

    def test_shards(self):
        generator = Generator(SIZES)
        export.export(generator.state_dict(), TINY, 64, self.folder)
        whole = read_weights(self.folder)
        limit = export.HEADER + 700  # layer1 alone has 2,048 bytes
        names = export.export(generator.state_dict(), TINY, 64, self.folder, limit)
        self.assertFalse(os.path.exists(self.path("generator.safetensors")))
        self.assertGreater(len(names), 8)
        self.assertTrue(all(os.path.getsize(self.path(name)) < limit for name in names if name != "index.json"))
        joined = read_weights(self.folder)
        self.assertEqual(list(joined), list(generator.published()))
        self.assertTrue(all(torch.equal(joined[name], value) for name, value in whole.items()))
        with open(self.path(names[1]), "r+b") as file:
            last = file.read()[-1]
            file.seek(-1, os.SEEK_END)
            file.write(bytes([last ^ 1]))
        with self.assertRaisesRegex(WeightsError, "generator-00002.safetensors is damaged"):
            read_weights(self.folder)

    def test_what_is_no_weight_file(self):
        for content in (b"", b"\xff" * 40, encode_safetensors({"a": numpy.zeros(9, "f4")}, {})[:-4]):
            write_atomic(self.path("x.safetensors"), content)
            with self.assertRaisesRegex(WeightsError, "not a safetensors file"):
                read_safetensors(self.path("x.safetensors"))
        write_atomic(self.path("x.pth"), b"text")
        with self.assertRaisesRegex(WeightsError, "cannot be read"):
            read_weights(self.path("x.pth"))


class Measuring(Folder):
    def test_frechet_distance(self):
        random = numpy.random.RandomState(0)
        x = random.standard_normal((400, 6))
        self.assertAlmostEqual(measure.frechet(x, x), 0, places=6)
        x = (x - x.mean(0)) @ numpy.linalg.inv(numpy.linalg.cholesky(numpy.cov(x, rowvar=False)).T)  # exactly N(0, 1)
        self.assertAlmostEqual(measure.frechet(x, 2 * x + 3), 6 * (3**2 + (2 - 1) ** 2), places=6)
        turn, _ = numpy.linalg.qr(random.standard_normal((6, 6)))
        scale = numpy.arange(1, 7.0)
        self.assertAlmostEqual(measure.frechet(x @ turn, x * scale), ((scale - 1) ** 2).sum(), places=6)
        flat = numpy.concatenate([x[:, :3], numpy.zeros((400, 3))], 1)  # a singular covariance
        self.assertAlmostEqual(measure.frechet(x, flat), 3, places=6)

    def test_areas(self):
        labels = torch.tensor([[[0, 1], [1, 1]], [[2, 2], [0, 2]]])
        self.assertEqual(measure.areas(labels, 4).tolist(), [[25, 75, 0, 0], [25, 0, 75, 0]])

    def test_resize_from_corners(self):
        x = torch.tensor([[0.0, 4.0]]).reshape(1, 1, 1, 2)
        self.assertEqual(from_corners(x, (1, 4)).flatten().tolist(), [0, 2, 4, 4])

    def test_mosaic_runs(self):
        mosaic = load_segmenter(os.path.join(ROOT, "weights", "mosaic-ade20k32"))
        image, _ = scenes.scene(3)
        features, labels = mosaic.measure(torch.from_numpy(image).permute(2, 0, 1)[None].float() / 127.5 - 1)
        self.assertEqual((features.shape, labels.shape, len(mosaic.names)), ((1, 448), (1, 64, 64), 32))
        self.assertEqual(mosaic.names[int(labels[0, 2, 2])], "sky")

    def test_a_measure(self):
        self.quietly(data.pack_scenes, self.path("scenes"), 40, 40)
        segmenter = load_segmenter(os.path.join(ROOT, "weights", "scenes64"))
        weights = os.path.join(ROOT, "weights", "scenes64")
        result = measure.measure([weights], data.Pack(self.path("scenes")), segmenter, count=40)
        real, drawn = result["pictures against pictures"], result[weights]
        self.assertLess(real["frechet"], drawn["frechet"])
        self.assertAlmostEqual(sum(drawn["areas"].values()), 100, places=1)
        with self.assertRaisesRegex(SettingsError, "too few for 41"):
            measure.measure([], data.Pack(self.path("scenes")), segmenter, count=41)


if __name__ == "__main__":
    unittest.main()
