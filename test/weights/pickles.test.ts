import { describe, expect, it } from "vitest";
import { openCheckpoint } from "../../src/weights/checkpoint.ts";
import type { Checkpoint } from "../../src/weights/tensor.ts";
import { golden } from "./fixtures.ts";

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
