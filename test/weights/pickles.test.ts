import { describe, expect, it } from "vitest";
import { openCheckpoint } from "../../src/weights/checkpoint.ts";
import type { Source } from "../../src/weights/source.ts";
import type { Checkpoint } from "../../src/weights/tensor.ts";
import { bytes, failure, golden, le, legacy, p, tensor, zip } from "./fixtures.ts";

const open = (name: string): Promise<Checkpoint> => openCheckpoint(golden(`generators/${name}`));

/** The values of every tensor by its name. */
async function values({ tensors }: Checkpoint): Promise<Map<string, { shape: readonly number[]; data: Float32Array }>> {
  const read = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  for (const name of [...tensors.keys()].sort()) {
    const tensor = tensors.get(name)!;
    read.set(name, { shape: tensor.shape, data: await tensor.read() });
  }
  return read;
}

/** TensorFlow's filters [k][k][in][out] as PyTorch's [out][in][k][k], flipped or not. */
function turned({ shape, data }: { shape: readonly number[]; data: Float32Array }, flip: boolean): Float32Array {
  const [kh, kw, inputs, outputs] = shape as [number, number, number, number];
  const filter = new Float32Array(data.length);
  for (let y = 0; y < kh; y++) {
    for (let x = 0; x < kw; x++) {
      const from = (flip ? kh - 1 - y : y) * kw + (flip ? kw - 1 - x : x);
      for (let i = 0; i < inputs; i++) {
        for (let o = 0; o < outputs; o++) {
          filter[((o * inputs + i) * kh + y) * kw + x] = data[(from * inputs + i) * outputs + o]!;
        }
      }
    }
  }
  return filter;
}

describe("StyleGAN2 as ADA's PyTorch code pickles it", () => {
  for (const name of ["skip", "resnet-clamp1", "orig", "skip-conditional"]) {
    for (const protocol of name === "orig" ? [""] : ["", "-protocol3"]) {
      it(`${name}${protocol} holds the tensors of its safetensors`, async () => {
        const file = await open(`stylegan2-${name}-ada${protocol}.pkl`);
        expect([file.format, file.entry, file.entries]).toEqual(["pickle", "G_ema", ["G", "D"]]);
        expect(await values(file)).toEqual(await values(await open(`stylegan2-${name}.safetensors`)));
      });
    }
  }

  it("has the configuration in attributes", async () => {
    const { attributes } = await open("stylegan2-resnet-clamp1-ada-protocol3.pkl");
    const told = (name: string) => attributes.get(name);
    expect(told("__class__")).toBe("Generator");
    expect([told("z_dim"), told("c_dim"), told("synthesis.b8.architecture")]).toEqual([16, 0, "resnet"]);
    expect(told("synthesis.b32.conv1.conv_clamp")).toBe(1);
    expect(told("synthesis.b8.conv1.act_gain")).toBe(Math.SQRT2);
    expect(told("synthesis.block_resolutions.2")).toBe(16);
    expect(told("training_set_kwargs.use_labels")).toBe(false);
    expect(attributes.has("synthesis.b8.conv1.bias")).toBe(false);
  });

  it("gives the raw weights and the discriminator to whoever asks for them", async () => {
    const file = golden("generators/stylegan2-skip-ada.pkl");
    const [raw, average] = [await openCheckpoint(file, { key: "G" }), await openCheckpoint(file)];
    expect([raw.entry, raw.entries]).toEqual(["G", ["D", "G_ema"]]);
    const name = "synthesis.b4.const";
    expect(await raw.tensors.get(name)!.read()).not.toEqual(await average.tensors.get(name)!.read());
    expect(await average.all.get(`G.${name}`)!.read()).toEqual(await raw.tensors.get(name)!.read());
    expect([...(await openCheckpoint(file, { key: "D" })).tensors.keys()]).toContain("b4.out.weight");
  });
});

describe("networks as NVIDIA's TensorFlow code pickles them", () => {
  for (const name of ["skip-tf", "resnet-clamp1-tf", "orig-tf", "skip-conditional-tf5"]) {
    it(`StyleGAN2 ${name} holds the tensors of its safetensors`, async () => {
      const file = await open(`stylegan2-${name}.pkl`);
      expect([file.format, file.entry, file.entries]).toEqual(["pickle", "Gs", ["G", "D"]]);
      const [theirs, ours] = [
        await values(file),
        await values(await open(`stylegan2-${name.replace(/-tf5?$/, "")}.safetensors`)),
      ];
      const { shape, data } = theirs.get("synthesis/4x4/Const/const")!;
      expect([shape, data]).toEqual([[1, 24, 4, 4], ours.get("synthesis.b4.const")!.data]);
      expect(theirs.get("dlatent_avg")!.data).toEqual(ours.get("mapping.w_avg")!.data);
      expect(theirs.get("synthesis/noise0")!.data).toEqual(ours.get("synthesis.b4.conv1.noise_const")!.data);
      const strength = theirs.get("synthesis/8x8/Conv1/noise_strength")!;
      expect([strength.shape, strength.data]).toEqual([[], ours.get("synthesis.b8.conv1.noise_strength")!.data]);
      for (const [theirName, ourName, flip] of [
        ["4x4/Conv", "b4.conv1", false],
        ["8x8/Conv0_up", "b8.conv0", true],
        ["32x32/ToRGB", "b32.torgb", false],
      ] as const) {
        const filter = turned(theirs.get(`synthesis/${theirName}/weight`)!, flip);
        expect(filter, theirName).toEqual(ours.get(`synthesis.${ourName}.weight`)!.data);
      }
      expect(theirs.get("lod")).toEqual({ shape: [], data: Float32Array.of(0) });
    });
  }

  it("has names of functions and arguments in attributes", async () => {
    const { attributes } = await open("stylegan2-resnet-clamp1-tf.pkl");
    expect(attributes.get("build_func_name")).toBe("G_main");
    expect(attributes.get("static_kwargs.architecture")).toBe("resnet");
    expect(attributes.get("components.synthesis.build_func_name")).toBe("G_synthesis");
    expect(attributes.get("components.synthesis.static_kwargs.conv_clamp")).toBe(1);
    expect(
      (await open("stylegan1-fused-tf.pkl")).attributes.get("components.synthesis.static_kwargs.fused_scale"),
    ).toBe(true);
    expect((await open("pgan-labels-tf.pkl")).attributes.get("static_kwargs.label_size")).toBe(3);
  });

  it("Progressive GAN: the tensors of its PyTorch port; the lod that it had reached", async () => {
    const theirs = await values(await open("pgan-fused-tf.pkl"));
    const ours = await values(await open("pgan-fused-gandissect.pth"));
    expect(theirs.get("4x4/Dense/weight")!.shape).toEqual([16, 384]);
    expect(turned(theirs.get("8x8/Conv1/weight")!, false)).toEqual(ours.get("layer4.conv.weight")!.data);
    expect(theirs.get("ToRGB_lod0/bias")!.data).toEqual(ours.get("output_32x32.wscale.b")!.data);
    const growing = await open("pgan-fused-tf-lod1.5.pkl");
    expect([...(await growing.tensors.get("lod")!.read())]).toEqual([1.5]);
  });
});

describe("training checkpoints of torch.save", () => {
  it("rosinality: g_ema, and the mean w beside it", async () => {
    const file = await open("stylegan2-skip-rosinality.pt");
    expect([file.entry, file.entries]).toEqual(["g_ema", ["g", "d", "g_optim"]]);
    const [theirs, ours] = [await values(file), await values(await open("stylegan2-skip.safetensors"))];
    expect(theirs.get("latent_avg")!.data).toEqual(ours.get("mapping.w_avg")!.data);
    expect(theirs.get("input.input")!.data).toEqual(ours.get("synthesis.b4.const")!.data);
    expect(theirs.get("convs.5.conv.weight")!.data).toEqual(ours.get("synthesis.b32.conv1.weight")!.data);
    expect(file.attributes.get("args.n_mlp")).toBe(2);
  });

  it("GAN zoo: avgG, and its configuration", async () => {
    const file = await open("pgan-fused-ganzoo-alpha.pth");
    expect([file.entry, file.entries]).toEqual(["avgG", ["netG", "netD"]]);
    expect(file.tensors.get("formatLayer.module.weight")!.shape).toEqual([384, 16]);
    expect(file.attributes.get("config.alpha")).toBe(0.25);
    expect(file.attributes.get("config.depthOtherScales.1")).toBe(16);
  });
});

/** What `scripts/golden/pickles.py` puts into tensor number `t` in order of names. */
const numbered = (t: number, count: number) => Float32Array.from({ length: count }, (_, i) => ((i + t) % 17) - 8);

describe("modules of PyTorch, whole", () => {
  const files: [file: string, format: string, prefix: string][] = [
    ["state-dict.pth", "pth-zip", ""],
    ["sequential.pth", "pth-zip", ""],
    ["sequential-legacy.pth", "pth-legacy", ""],
    ["author.pth", "pth-zip", "main."],
    ["script.pt", "torchscript", ""],
    ["trace.pt", "torchscript", "main."],
  ];
  it.each(files)("%s holds its tensors by the names of a state dict", async (file, format, prefix) => {
    const checkpoint = await openCheckpoint(golden(`pickles/${file}`));
    expect(checkpoint.format).toBe(format);
    const names = ["0.weight", "1.bias", "1.num_batches_tracked", "1.running_mean", "1.running_var", "1.weight"];
    expect([...checkpoint.tensors.keys()].sort()).toEqual(
      [...names, "4.bias", "4.weight"].map((name) => prefix + name),
    );
    let t = 0;
    for (const [name, { shape, data }] of await values(checkpoint)) {
      expect(data, name).toEqual(numbered(t, data.length));
      if (name === `${prefix}0.weight`) expect(shape).toEqual([4, 6, 4, 3]);
      t += 1;
    }
  });

  it.each(["sequential.pth", "sequential-legacy.pth"])("%s says what a state dict does not", async (file) => {
    const { attributes } = await openCheckpoint(golden(`pickles/${file}`));
    const classes = [...attributes].filter(([name]) => name.endsWith("__class__")).map(([, value]) => value);
    expect(classes).toEqual([
      "torch.nn.modules.container.Sequential",
      "torch.nn.modules.conv.ConvTranspose2d",
      "torch.nn.modules.batchnorm.BatchNorm2d",
      "torch.nn.modules.activation.LeakyReLU",
      "torch.nn.modules.upsampling.Upsample",
      "torch.nn.modules.conv.Conv2d",
      "torch.nn.modules.activation.Tanh",
    ]);
    const told = (...names: string[]) => names.map((name) => attributes.get(name));
    expect(told("0.kernel_size.0", "0.kernel_size.1", "0.stride.0", "0.padding.0", "0.padding.1")).toEqual([
      4, 3, 2, 1, 0,
    ]);
    expect(told("1.eps", "2.negative_slope", "3.scale_factor", "4.groups")).toEqual([0.8, 0.2, 2, 1]);
  });

  it("a class of the author's in DataParallel in a checkpoint", async () => {
    const { entry, attributes } = await openCheckpoint(golden("pickles/author.pth"));
    expect(entry).toBe("netG");
    expect([attributes.get("__class__"), attributes.get("z_dim")]).toEqual(["models.dcgan.DCGAN_G", 4]);
    expect([attributes.get("main.1.eps"), attributes.get("epoch")]).toEqual([0.8, 7]);
  });
});

describe("NumPy in pickles", () => {
  it.each([2, 3, 4, 5])("protocol %i", async (protocol) => {
    const file = await openCheckpoint(golden(`pickles/numpy-${protocol}.pkl`));
    expect([file.format, file.entry, file.entries]).toEqual(["pickle", "weights", []]);
    const read = Object.fromEntries(await values(file));
    const counted = (count: number) => Float32Array.from({ length: count }, (_, i) => i);
    expect(read).toEqual({
      c: { shape: [2, 3, 400], data: counted(2400) },
      fortran: { shape: [3, 400], data: counted(1200) },
      big: { shape: [400], data: counted(400) },
      double: { shape: [3, 2], data: Float32Array.of(0, 1, 400, 401, 800, 801) },
      half: { shape: [5], data: counted(5) },
      bytes: { shape: [256], data: counted(256) },
      long: { shape: [6], data: Float32Array.of(-3, -2, -1, 0, 1, 2) },
      switch: { shape: [2], data: Float32Array.of(1, 0) },
      empty: { shape: [0, 3], data: new Float32Array(0) },
    });
    expect(Object.fromEntries(file.attributes)).toEqual({
      "args.lr": 0.5,
      "args.name": "größe",
      "args.layers.0": 3,
      "args.layers.1": 4,
      "args.scale": 0.25,
      big: 1e300,
    });
  });

  /** An array as NumPy pickles it, of float32. */
  const array = (module: string, { text, size = 2 }: { text: Uint8Array; size?: number }) => {
    const type = p.call(p.global("numpy", "dtype"), p.tuple(p.text("f4"), p.int(0), p.int(1)));
    const order = bytes(
      type,
      p.tuple(p.int(3), p.text("<"), p.none, p.none, p.none, p.int(-1), p.int(-1), p.int(0)),
      "b",
    );
    const made = p.call(
      p.global(module, "_reconstruct"),
      p.tuple(p.global("numpy", "ndarray"), p.tuple(p.int(0)), bytes("C", 1, "b")),
    );
    return bytes(made, p.tuple(p.int(1), p.tuple(p.int(size)), order, p.no, text), "b");
  };
  const raw = new Uint8Array(Float32Array.of(1, -2.5).buffer);

  it("NumPy 2's names", async () => {
    const saved = p.dict(["w", array("numpy._core.multiarray", { text: bytes("C", raw.length, raw) })]);
    expect([...(await (await openCheckpoint(p.whole(saved))).tensors.get("w")!.read())]).toEqual([1, -2.5]);
  });

  it("strings of Python 2 that are bytes, short and long", async () => {
    const short = p.dict(["w", array("numpy.core.multiarray", { text: bytes("U", raw.length, raw) })]);
    expect([...(await (await openCheckpoint(p.whole(short))).tensors.get("w")!.read())]).toEqual([1, -2.5]);
    const many = Float32Array.from({ length: 40_000 }, (_, i) => i / 3);
    const text = bytes("T", le(many.byteLength, 4), new Uint8Array(many.buffer));
    const long = p.dict(["w", array("numpy.core.multiarray", { text, size: many.length })]);
    expect(await (await openCheckpoint(p.whole(long))).tensors.get("w")!.read()).toEqual(many);
  });

  it("what is long stays in the file until it is asked for, whichever part it is of", async () => {
    const part = (fill: number) =>
      p.dict([
        "w",
        array("numpy.core.multiarray", { text: bytes("B", le(4e6, 4), new Uint8Array(4e6).fill(fill)), size: 1e6 }),
      ]);
    const file = p.whole(p.dict(["G", part(1)], ["D", part(2)], ["G_ema", part(3)], ["augment_pipe", p.none]));
    let read = 0;
    const source: Source = {
      name: "networks.pkl",
      size: file.length,
      read: async (start, end) => {
        read += end - start;
        return file.slice(start, end);
      },
    };
    const { entry, tensors } = await openCheckpoint(source);
    expect([entry, read < 300_000, file.length > 12e6]).toEqual(["G_ema", true, true]);
    const [first] = await tensors.get("w")!.read();
    expect(new Uint8Array(Float32Array.of(first!).buffer)).toEqual(new Uint8Array(4).fill(3));
    expect(read).toBeLessThan(4.3e6);
  });

  it("an array with too few bytes", async () => {
    const few = p.dict(["w", array("numpy.core.multiarray", { text: bytes("C", 4, raw.subarray(4)) })]);
    expect((await failure(openCheckpoint(p.whole(few)))).message).toMatch('array "w" has 4 bytes of 8');
  });
});

describe("storages of other machines and kinds", () => {
  const w = tensor({ key: "0", type: "Float", count: 2 }, [2], [1]);
  const big = new Uint8Array(8);
  new DataView(big.buffer).setFloat32(0, 1, false);
  new DataView(big.buffer).setFloat32(4, -2.5, false);

  it("big-endian archives are swapped", async () => {
    const file = zip([
      { name: "m/data.pkl", data: p.whole(p.dict(["w", w])) },
      { name: "m/byteorder", data: bytes("big") },
      { name: "m/data/0", data: big },
    ]);
    expect([...(await (await openCheckpoint(file)).tensors.get("w")!.read())]).toEqual([1, -2.5]);
  });

  it("legacy files show it by the counts before their storages", async () => {
    const whole = legacy(p.dict(["w", w]), [["0", 2, big]]);
    whole.subarray(whole.length - 16, whole.length - 8).reverse();
    const { tensors } = await openCheckpoint(whole);
    for (const _ of [1, 2]) expect([...(await tensors.get("w")!.read())]).toEqual([1, -2.5]);
  });

  it("complex numbers are refused by whoever needs them", async () => {
    const complex = tensor({ key: "1", type: "ComplexFloat", count: 2 }, [2], [1]);
    const file = zip([
      { name: "m/data.pkl", data: p.whole(p.dict(["w", w], ["c", complex])) },
      { name: "m/data/0", data: new Uint8Array(8) },
    ]);
    const { tensors } = await openCheckpoint(file);
    expect(tensors.get("w")!.shape).toEqual([2]);
    expect(() => tensors.get("c")!.shape).toThrow(/"c" is made by torch\.ComplexFloatStorage/);
  });
});
