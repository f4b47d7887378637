import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UsageError } from "../../src/errors.ts";
import {
  type Inversion,
  type InversionEvent,
  type InvertOptions,
  invert,
  weightsBehind,
  withWeights,
} from "../../src/inversion/index.ts";
import { lateWeights } from "../../src/inversion/weights.ts";
import { conv } from "../../src/kernels/conv/conv.ts";
import { convTranspose } from "../../src/kernels/conv/transposed.ts";
import { defineGenerator, loadGenerator } from "../../src/load.ts";
import type { Generator } from "../../src/models/generator.ts";
import { filterOf } from "../../src/networks/filters.ts";
import type { Device } from "../../src/runtime/device.ts";
import { openCheckpoint } from "../../src/weights/checkpoint.ts";
import { writeSafetensors } from "../../src/weights/safetensors.ts";
import { requestDevice } from "../gpu.ts";
import { scenes64 } from "../session/places.ts";

const golden = (path: string): URL => new URL(`../golden/${path}`, import.meta.url);
const NAMES = ["output_64x64", ...[10, 9, 8, 7, 6, 5].map((layer) => `layer${layer}`)].map(
  (name) => `${name}.conv.weight`,
);

let device: Device;
let generator: Generator;
beforeAll(async () => {
  device = await requestDevice();
  generator = await loadGenerator((await scenes64()).generator, { device, name: "scenes64" });
});
afterAll(() => {
  generator?.dispose();
  device?.dispose();
});

/** An image [height, width, 4] and layer4 of it. */
async function pictureOf(seed: number, of = generator) {
  using run = await of.forward(of.sample({ size: 1, seed }), { retain: ["layer4"] });
  return { image: await run.image.read(), layer4: await run.layers.get("layer4")!.read() };
}

/** What is made of a layer's features, [height, width, 3]. */
async function imageOf(features: Float32Array, of: Generator): Promise<Float32Array> {
  using plan = await of.compile({ batch: 1, from: "layer4" });
  plan.run(features);
  return (await plan.image!.read()).filter((_, at) => at % 4 !== 3);
}

async function inverted(options: InvertOptions, of = generator) {
  const { image } = await pictureOf(1, of);
  const events: InversionEvent[] = [];
  const to = image.filter((_, at) => at % 4 !== 3);
  for await (const event of invert(of, to, options)) events.push(event);
  const found = events.filter((event) => event.type !== "progress");
  return { events, found, to };
}

test("are those of all convolutions behind the layer, the last first", () => {
  expect(weightsBehind(generator, "layer4")).toEqual(NAMES);
  expect(weightsBehind(generator, "layer9")).toEqual(NAMES.slice(0, 2));
});

test("go down the gradient that PyTorch finds, each as far as the rate", async () => {
  const tensors = (await openCheckpoint(await readFile(golden("diagnosis/weight-gradients.safetensors")))).tensors;
  const [wanted, made] = [await pictureOf(1), await pictureOf(7)];
  const rate = 1e-4;
  const stage = lateWeights(generator, wanted.image, {
    ...{ layer: "layer4", features: made.layer4, weightSteps: 1, weightRate: rate },
  });
  const reached: number[] = [];
  let step = await stage.next();
  while (!step.done) {
    reached.push(step.value.psnr);
    step = await stage.next();
  }
  const { weights, psnr } = step.value;
  expect(reached).toHaveLength(2);
  expect(psnr).toBe(reached[1]);
  expect(psnr).toBeGreaterThan(reached[0]! + 0.01);
  expect([...weights.keys()]).toEqual(NAMES);
  let looked = 0;
  for (const [key, { shape, data }] of weights) {
    const name = key.replace(/\..*/, "");
    const [index, value, rms] = await Promise.all(
      ["index", "value", "rms"].map((part) => tensors.get(`${name}.${part}`)!.read()),
    );
    const tensor = generator.network.state.get(key)!;
    expect(shape).toEqual(tensor.shape);
    const before = await tensor.read();
    const scale = await generator.network.state.get(`${name}.wscale.scale`)?.read();
    const fanIn = shape[1]! * shape[2]! * shape[3]!;
    index!.forEach((at, i) => {
      // Adam's first step is the rate times the sign; where the gradient is nearly none it is less.
      if (Math.abs(value![i]!) < 1e-2 * rms![0]!) return;
      const moved = data[at]! - before[at]!;
      expect(Math.sign(moved)).toBe(-Math.sign(value![i]!));
      looked += 1;
      const factor = scale?.[0] ?? Math.sqrt((name.startsWith("output") ? 1 : 2) / fanIn);
      expect(Math.abs(moved * factor) / rate).toBeCloseTo(1, 1);
    });
  }
  expect(looked).toBeGreaterThan(1000);
});

test("a way that leads to no number is an error, not the weights as they were", async () => {
  const { layer4 } = await pictureOf(7);
  const far = new Float32Array(64 * 64 * 4).fill(1e30); // whose squares are infinite
  const stage = lateWeights(generator, far, { layer: "layer4", features: layer4, weightSteps: 2 });
  await expect(stage.next()).rejects.toThrow(UsageError);
  const again = lateWeights(generator, far, { layer: "layer4", features: layer4, weightSteps: 2 });
  await expect(again.next()).rejects.toThrow("After 0 steps of the weights behind layer4 the image is infinitely far");
});

describe("the third stage of an inversion", () => {
  const options = { starts: 1, steps: 10, layer: "layer4", layerSteps: 8, weightSteps: 12, seed: 7 };
  let run: Awaited<ReturnType<typeof inverted>>;
  beforeAll(async () => {
    run = await inverted(options);
  });
  const last = (): Inversion => (run.found.at(-1) as { inversion: Inversion }).inversion;

  test("brings the image nearer, after what is found before it was told", () => {
    expect(run.found.map(({ type }) => type)).toEqual(["partial", "partial", "result"]);
    const [latent, features, all] = run.found.map((event) => (event as { inversion: Inversion }).inversion);
    expect(Object.keys(latent!.psnr)).toEqual(["starts", "latents"]);
    expect(features!.psnr).not.toHaveProperty("weights");
    expect(features).not.toHaveProperty("weights");
    const { weights: psnr, ...before } = all!.psnr;
    expect(before).toEqual(features!.psnr);
    expect(psnr).toBeGreaterThan(features!.psnr.layer! + 0.5);
    expect(all!.features).toEqual(features!.features);
    const steps = run.events.filter((event) => event.type === "progress" && event.stage === "weights");
    expect(steps).toHaveLength(13);
    expect(steps[0]).toMatchObject({ step: 0, steps: 12 });
    expect(steps.at(-1)).toMatchObject({ step: 12, psnr });
  });

  test("is what the generator makes with the weights that it found, and it alone", async () => {
    const { weights, features, images, psnr } = last();
    const error = (image: Float32Array): number =>
      image.reduce((sum, value, i) => sum + (value - run.to[i]!) ** 2, 0) / image.length;
    const changed = await withWeights(generator, weights!);
    expect(changed.name).toBe("scenes64");
    const image = await imageOf(features!, changed);
    expect(image).toEqual(images.weights);
    expect(10 * Math.log10(4 / error(image))).toBeCloseTo(psnr.weights!, 3);
    expect(await imageOf(features!, generator)).toEqual(images.layer);
    // What comes before the layer is as it was.
    expect((await pictureOf(3, changed)).layer4).toEqual((await pictureOf(3)).layer4);
    changed.dispose();
  });

  test("refuses weights of another generator", async () => {
    const { weights } = last();
    const [[key, { shape, data }]] = [...weights!] as [[string, { shape: readonly number[]; data: Float32Array }]];
    const own = Float32Array.from(data);
    const load = async (given: Parameters<typeof withWeights>[1]) => withWeights(generator, given);
    await expect(load(new Map([["layer99", { shape, data: own }]]))).rejects.toThrow('has no tensor "layer99"');
    const flat = { shape: [data.length], data: own };
    await expect(load(new Map([[key, flat]]))).rejects.toThrow(`"${key}" [${data.length}] is [${shape}] in scenes64`);
    await expect(load(new Map([[key, { shape, data: data.slice(1) }]]))).rejects.toThrow(
      `has ${data.length - 1} numbers`,
    );
  });
});

describe("of other files", () => {
  const load = async (name: string): Promise<Generator> => {
    const file = new File([await readFile(golden(`generators/${name}`))], name);
    return loadGenerator(file, { device });
  };

  // Taps behind channels, with a scale in the network; and with a norm that is folded into them.
  test.each([
    ["pgan-fused-tf.pkl", "32x32/Conv0_up/weight"],
    ["ablation-wgangp.pth", "features.6.conv.weight"],
  ])("%s: what is found in their order is what the generator then makes", async (name, key) => {
    const other = await load(name);
    const layer = other.hiddenLayers[2]!.name;
    expect(weightsBehind(other, layer)).toContain(key);
    const { found, to } = await inverted({ starts: 1, steps: 4, layer, layerSteps: 4, weightSteps: 8, seed: 7 }, other);
    const { psnr, images } = (found.at(-1) as { inversion: Inversion }).inversion;
    expect(psnr.weights).toBeGreaterThan(psnr.layer! + 0.02);
    const error = images.weights!.reduce((sum, value, i) => sum + (value - to[i]!) ** 2, 0) / to.length;
    expect(10 * Math.log10(4 / error)).toBeCloseTo(psnr.weights!, 3);
    other.dispose();
  });

  test("are refused where a convolution is transposed, before any step", async () => {
    const tensor = (shape: readonly number[]) => {
      const numbers = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i));
      return { dtype: "float32" as const, shape, data: numbers };
    };
    const weights = writeSafetensors({ "up.weight": tensor([4, 4, 4, 4]), "rgb.weight": tensor([3, 4, 1, 1]) });
    const own = await defineGenerator(
      {
        weights,
        build({ graph, state, input, layer, output }) {
          const z = input({ name: "z", height: 1, width: 1, channels: 4, draw: "normal" });
          const first = layer("first", () => convTranspose(graph, z(), filterOf(state, "up"), { stride: 1 }));
          const up = layer("second", () => convTranspose(graph, first(), filterOf(state, "up"), { stride: 2, pad: 1 }));
          output("image", "image", () => conv(graph, up(), filterOf(state, "rgb")));
        },
      },
      { device },
    );
    expect(weightsBehind(own, "second")).toEqual(["rgb.weight"]);
    expect(() => weightsBehind(own, "first")).toThrow(
      /Weights behind "first" cannot be fitted: There is no gradient by the weights of "up.*", which "transposed convolution" computes. Leave them as they are/,
    );
    own.dispose();
  });
});

test.each<readonly [string, InvertOptions, string]>([
  ["no layer", { weightSteps: 3 }, "Weights are fitted behind a layer"],
  ["half a step", { layer: "layer4", weightSteps: 0.5 }, "`weightSteps` is 0.5"],
  ["no rate", { layer: "layer4", weightSteps: 3, weightRate: 0 }, "`weightRate` is 0"],
])("%s is refused before any step", async (_, options, said) => {
  await expect(inverted({ starts: 1, steps: 1, ...options })).rejects.toThrow(said);
});
