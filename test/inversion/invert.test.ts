import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ascend } from "../../src/causality/ascent.ts";
import { ShapeError } from "../../src/errors.ts";
import { fitting, latentsOf } from "../../src/inversion/fitting.ts";
import {
  type Inversion,
  type InversionProgress,
  type InvertOptions,
  invert,
  type Picture,
} from "../../src/inversion/index.ts";
import { loadGenerator } from "../../src/load.ts";
import { Generator } from "../../src/models/generator.ts";
import type { Device } from "../../src/runtime/device.ts";
import { requestDevice } from "../gpu.ts";
import { oblongGenerator } from "../models/oblong.ts";
import { scenes64 } from "../session/places.ts";

let device: Device;
let generator: Generator;
/** Image 0 of seed 1 as the generator makes it, [height, width, 3]. */
let image: Float32Array;
beforeAll(async () => {
  device = await requestDevice();
  generator = await loadGenerator((await scenes64()).generator, { device, name: "scenes64" });
  using run = await generator.forward(generator.sample({ size: 1, seed: 1 }));
  image = (await run.image.read()).filter((_, at) => at % 4 !== 3);
});
afterAll(() => device?.dispose());

/** All progress, and what came of it. */
async function inverted(options: InvertOptions, of = generator, to: Picture | Float32Array = image) {
  const progress: InversionProgress[] = [];
  let partial: Inversion | undefined;
  for await (const event of invert(of, to, options)) {
    if (event.type === "progress") progress.push(event);
    else if (event.type === "partial") partial = event.inversion;
    else return { progress, partial, inversion: event.inversion };
  }
  throw new Error("no result");
}

const errorOf = (psnr: number): number => 4 / 10 ** (psnr / 10);
const meanSquare = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0) / a.length;

describe("what is minimised", async () => {
  const path = new URL("../golden/diagnosis/inversion.json", import.meta.url);
  const golden = JSON.parse(await readFile(path, "utf8"));

  /** Losses on the way of Adam. */
  async function losses(of: string, start: Float32Array<ArrayBuffer>, rate: number, stay?: number) {
    const target = new Float32Array((4 * image.length) / 3);
    image.forEach((value, i) => {
      target[4 * Math.floor(i / 3) + (i % 3)] = value;
    });
    const objective = fitting(generator, { n: 1, of, given: new Map([[of, start]]), target, ...(stay && { stay }) });
    const found: number[] = [];
    const options = { steps: golden.features.length - 1, rate, epsilon: 1e-8 };
    for await (const { values } of ascend(device, objective, start, options)) found.push(-values[0]!);
    return found;
  }
  const apart = (found: readonly number[], expected: readonly number[]): number =>
    Math.max(...found.map((value, i) => Math.abs(value / expected[i]! - 1)));

  // Not the last place, where z has come to an end: which way Adam takes its first step, as long as
  // the rate, is a matter of rounding where the gradient is about 0.
  test.each([0, 1])("falls as float64 does, place %i of z", async (place) => {
    const { z, losses: expected } = golden.latents[place];
    const found = await losses("z", Float32Array.from(z), golden.rate);
    expect(found).toHaveLength(expected.length);
    expect(apart(found, expected)).toBeLessThan(1e-5);
  });

  test("falls as float64 does, features that are to stay near", async () => {
    const z = Float32Array.from(golden.latents[2].z);
    const start = (await latentsOf(generator, z, 1, golden.layer)).get(golden.layer)!;
    const found = await losses(golden.layer, start, golden.layerRate, 0.01);
    expect(apart(found, golden.features)).toBeLessThan(1e-5);
  });
});

describe("an image of the generator itself", () => {
  const options = { starts: 3, steps: 25, layer: "layer4", layerSteps: 15, batch: 2, seed: 7 };

  test("comes near, from the best of several starts", async () => {
    const { progress, partial, inversion } = await inverted(options);
    const { layer: _, features: __, ...found } = inversion;
    const { psnr: latentPsnr, images: latentImages } = partial!;
    expect(partial).toEqual({ ...found, psnr: latentPsnr, images: latentImages });
    expect(latentPsnr).toEqual({ starts: found.psnr.starts, latents: found.psnr.latents });
    expect(latentImages).toEqual({ latent: found.images.latent });
    const { psnr, start, latent, features, layer } = inversion;
    expect(psnr.starts).toHaveLength(3);
    expect(psnr.latents[start]).toBe(Math.max(...psnr.latents));
    for (const [i, after] of psnr.latents.entries()) expect(after).toBeGreaterThan(psnr.starts[i]! + 1);
    expect(psnr.layer).toBeGreaterThan(psnr.latents[start]! + 2);
    expect(layer).toBe("layer4");

    // what it says is so: images of the latent, of the features, and of the start
    using plan = await generator.compile({ batch: 1 });
    const made = async (rows: Float32Array) => {
      plan.run(rows);
      return (await plan.image!.read()).filter((_, at) => at % 4 !== 3);
    };
    expect(meanSquare(await made(latent), image)).toBeCloseTo(errorOf(psnr.latents[start]!), 6);
    const sampled = generator.sample({ size: 1, seed: 7, start });
    expect(meanSquare(await made(sampled), image)).toBeCloseTo(errorOf(psnr.starts[start]!), 6);
    using behind = await generator.compile({ batch: 1, from: "layer4" });
    behind.run(features!);
    const end = (await behind.image!.read()).filter((_, at) => at % 4 !== 3);
    expect(meanSquare(end, image)).toBeCloseTo(errorOf(psnr.layer!), 6);

    const stage = (wanted: string) => progress.filter((one) => one.stage === wanted);
    expect(stage("latent").at(-1)).toMatchObject({ step: 75, steps: 75, psnr: psnr.latents[start] });
    expect(stage("latent").map(({ step }) => step)).toEqual(
      stage("latent")
        .map(({ step }) => step)
        .toSorted((a, b) => a - b),
    );
    expect(stage("layer").at(-1)).toMatchObject({ step: 15, steps: 15, psnr: psnr.layer });
  });

  test("goes on from what an earlier call told, to the same bits", async () => {
    const few = { starts: 2, steps: 4, layer: "layer4", layerSteps: 3, weightSteps: 2, seed: 7 };
    const told: Inversion[] = [];
    for await (const event of invert(generator, image, few)) {
      if (event.type !== "progress") told.push(event.inversion);
    }
    const [latent, features, result] = told;
    for (const [found, stages] of [[latent!, ["layer", "weights"]] as const, [features!, ["weights"]] as const]) {
      const { progress, inversion } = await inverted({ ...few, found });
      expect(inversion).toEqual(result);
      expect([...new Set(progress.map(({ stage }) => stage))]).toEqual(stages);
    }
    const other = { ...latent!, latent: latent!.latent.subarray(1) };
    await expect(inverted({ ...few, found: other })).rejects.toThrow("`found` is z [127], which is no z of scenes64");
    await expect(inverted({ ...few, found: { ...latent!, space: "w" } })).rejects.toThrow("`found` is w [128]");
    const short = { ...features!, features: features!.features!.subarray(1) };
    await expect(inverted({ ...few, found: short })).rejects.toThrow("`found` has 8191 numbers of layer4");
  });

  test("is found at once among the starts", async () => {
    const { psnr, start } = (await inverted({ starts: 2, steps: 1 })).inversion;
    expect(start).toBe(0);
    expect(psnr.starts[0]).toBeGreaterThan(100);
    expect(psnr.latents[0]).toBe(psnr.starts[0]); // no step makes it better, and the best is kept
  });

  test("takes 150 steps of a start and 80 of a layer's features unless told otherwise", async () => {
    const first = async (options: InvertOptions) => {
      const climb = invert(generator, image, options);
      for await (const event of climb) if (event.type === "progress") return event;
      return undefined;
    };
    expect(await first({ starts: 2, batch: 1 })).toMatchObject({ stage: "latent", step: 0, steps: 300 });
    const { inversion: found } = await inverted({ starts: 1, steps: 1 });
    expect(await first({ layer: "layer4", found })).toMatchObject({ stage: "layer", step: 0, steps: 80 });
  });

  test("keeps the best on the way, not the last", async () => {
    // All but the image of seed 1's z 0: from there every step of 0.05 is too long.
    const almost = image.map((value) => 0.999 * value);
    const { psnr, images } = (await inverted({ starts: 1, steps: 2 }, generator, almost)).inversion;
    expect(psnr.starts[0]).toBeGreaterThan(50);
    expect(psnr.latents).toEqual(psnr.starts);
    expect(meanSquare(images.latent, almost)).toBeCloseTo(errorOf(psnr.latents[0]!), 9);
  });

  test("steps by 0.05, in a layer by 0.02, as far as Adam's first step goes", async () => {
    const { inversion, partial } = await inverted({ starts: 1, steps: 1, seed: 7, layer: "layer4", layerSteps: 1 });
    const furthest = (from: Float32Array, to: Float32Array) =>
      to.reduce((most, value, i) => Math.max(most, Math.abs(value - from[i]!)), 0);
    expect(furthest(generator.sample({ size: 1, seed: 7 }), partial!.latent)).toBeCloseTo(0.05, 4);
    using plan = await generator.compile({ batch: 1, retain: ["layer4"], until: "layer4" });
    plan.run(partial!.latent);
    expect(furthest(await plan.layers.get("layer4")!.read(), inversion.features!)).toBeCloseTo(0.02, 4);
  });

  test("ends where the signal says", async () => {
    const controller = new AbortController();
    const climb = invert(generator, image, { ...options, signal: controller.signal });
    await climb.next();
    controller.abort(new Error("enough"));
    await expect(climb.next()).rejects.toThrow("enough");
  });
});

describe("StyleGAN2", () => {
  let stylegan: Generator;
  beforeAll(async () => {
    const file = new URL("../golden/generators/stylegan2-orig.safetensors", import.meta.url);
    stylegan = await loadGenerator(new Blob([await readFile(file)]), { device, name: "StyleGAN2" });
  });

  test.each([
    ["w+", undefined],
    ["w", "w"],
    ["z", "z"],
  ] as const)("in %s", async (expected, space) => {
    using run = await stylegan.forward(stylegan.sample({ size: 1, seed: 9 }));
    const to = (await run.image.read()).filter((_, at) => at % 4 !== 3);
    const { inversion } = await inverted({ starts: 2, steps: 12, ...(space && { space }) }, stylegan, to);
    const { psnr, start, latent } = inversion;
    expect(inversion.space).toBe(expected);
    expect(inversion).not.toHaveProperty("features");
    const { height = 1, channels } = expected === "z" ? { channels: stylegan.zSize } : stylegan.layer(expected);
    expect(latent).toHaveLength(height * channels);
    expect(psnr.latents[start]).toBeGreaterThan(psnr.starts[start]! + 1);
  });

  test("refuses features that other inputs lead around, before any step", async () => {
    const layer = stylegan.hiddenLayers[1]!.name;
    const climb = invert(stylegan, new Float32Array(3 * stylegan.height * stylegan.width), { layer });
    await expect(climb.next()).rejects.toThrow(/needs .* too/);
  });
});

/** What a plan makes of one row, [height, width, 3]. */
async function drawn(of: Generator, row: Float32Array, from?: string): Promise<Float32Array> {
  using plan = await of.compile({ batch: 1, ...(from && { from }) });
  plan.run(row);
  return (await plan.image!.read()).filter((_, at) => at % 4 !== 3);
}

test("images that are not square, of layers that fill no vec4, stage by stage", async () => {
  const oblong = await oblongGenerator(device);
  const { height, width, channels } = oblong.layer("layer4");
  expect([oblong.height, oblong.width, channels % 4]).toEqual([12, 20, 2]);
  const to = await drawn(oblong, oblong.sample({ size: 1, seed: 5 }));
  const options = { starts: 3, batch: 2, steps: 6, layer: "layer4", layerSteps: 4, weightSteps: 0 };
  const { inversion, partial } = await inverted(options, oblong, to);
  const { latent, features, psnr, images, start } = inversion;
  expect([latent.length, features!.length]).toEqual([oblong.zSize, height * width * channels]);
  expect([...images.latent]).toEqual([...(await drawn(oblong, latent))]);
  // as tensors hold it: two channels of nothing behind each cell's six
  const held = Float32Array.from({ length: (8 * features!.length) / 6 }, (_, at) =>
    at % 8 < 6 ? features![6 * Math.floor(at / 8) + (at % 8)]! : 0,
  );
  expect([...images.layer!]).toEqual([...(await drawn(oblong, held, "layer4"))]);
  expect(meanSquare(images.latent, to)).toBeCloseTo(errorOf(psnr.latents[start]!), 6);
  expect(meanSquare(images.layer!, to)).toBeCloseTo(errorOf(psnr.layer!), 6);
  for (const found of [partial!, inversion]) {
    expect((await inverted({ ...options, found }, oblong, to)).inversion).toEqual(inversion);
  }
  const long = { ...inversion, features: new Float32Array(features!.length + 1) };
  await expect(inverted({ ...options, found: long }, oblong, to)).rejects.toThrow("which are not 12,20,6");
  oblong.dispose();
});

test("a class is taken as it was drawn, told beside the latent, and needed to go on", async () => {
  const file = await readFile(new URL("../golden/generators/pgan-labels-tf.pkl", import.meta.url));
  const classes = await loadGenerator(new Blob([file]), { device, name: "classes" });
  const to = await drawn(classes, classes.sample({ size: 1, seed: 4 }));
  const options = { starts: 3, steps: 3, seed: 6, layer: "layer4", layerSteps: 2 };
  const { inversion, partial } = await inverted(options, classes, to);
  const { latent, inputs, images, start } = inversion;
  const row = classes.sample({ size: 1, seed: 6, start });
  expect([latent.length, [...inputs.keys()], row.length]).toEqual([16, ["label"], 16 + 3]);
  expect([...inputs.get("label")!]).toEqual([...row.subarray(16)]);
  expect([...images.latent]).toEqual([...(await drawn(classes, Float32Array.of(...latent, ...inputs.get("label")!)))]);
  // Its way was that of images of the class, too.
  expect(meanSquare(images.latent, to)).toBeCloseTo(errorOf(inversion.psnr.latents[start]!), 6);
  expect((await inverted({ ...options, found: partial! }, classes, to)).inversion).toEqual(inversion);
  const without = { ...partial!, inputs: new Map() };
  await expect(inverted({ ...options, found: without }, classes, to)).rejects.toThrow("which is no z of classes");
  classes.dispose();
});

test.each<readonly [string, InvertOptions, RegExp]>([
  ["no starts", { starts: 0 }, /`starts` is 0/],
  ["half a batch", { batch: 0.5 }, /`batch` is 0.5/],
  ["a space that there is not", { space: "w+" }, /has no "w\+".*It has z/s],
  ["a layer that there is not", { layer: "layer40" }, /no layer "layer40"/],
  ["no steps", { steps: 0 }, /0 steps make no sense/],
  ["an option that it does not know", { stepz: 3 } as InvertOptions, /Did you mean steps/],
])("refuses %s", async (_, options, message) => {
  await expect(inverted(options)).rejects.toMatchObject({ message: expect.stringMatching(message) });
});

test("refuses levels of tiles, which have no gradient", async () => {
  const tiles = {
    ...generator.network,
    outputs: generator.network.outputs.map((one) => ({ ...one, range: "tiles" as const })),
  };
  using maker = await Generator.define(tiles, { device, name: "maker" });
  await expect(inverted({ starts: 1, steps: 1 }, maker)).rejects.toThrow(/maker makes levels of tiles/);
});

test("a photograph of another size is brought to the generator's", async () => {
  // 192 pixels to 64: three by three become one
  const rgb = Uint8Array.from({ length: 3 * 192 * 192 }, (_, i) => 40 * (i % 3) + Math.floor(i / 3 / 192 / 3));
  const mean = (y: number, c: number): number => (40 * c + y) / 127.5 - 1;
  const flat = Float32Array.from({ length: 3 * 64 * 64 }, (_, i) => mean(Math.floor(i / 3 / 64), i % 3));
  const [one, two] = [
    await inverted({ starts: 1, steps: 1 }, generator, flat),
    await inverted({ starts: 1, steps: 1 }, generator, { width: 192, height: 192, rgb }),
  ];
  expect(two.inversion.psnr.starts[0]).toBeCloseTo(one.inversion.psnr.starts[0]!, 5);
  await expect(inverted({}, generator, { width: 5, height: 5, rgb })).rejects.toThrow(ShapeError);
});

test("refuses an image of other extents", async () => {
  await expect(inverted({}, generator, new Float32Array(3 * 32 * 32))).rejects.toThrow(
    "The image has 3072 numbers; scenes64 makes 64×64 of 3. Scale and crop it to the generator's size",
  );
});
