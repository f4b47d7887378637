import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AscentStep, maximiseImage, maximiseUnit, type Objective } from "../../src/causality/index.ts";
import type { Device, Generator, Segmenter } from "../../src/index.ts";
import { average } from "../../src/kernels/maps/resample.ts";
import { type Extent, elements, Graph } from "../../src/runtime/graph.ts";
import { Plan } from "../../src/runtime/plan.ts";
import { RandomState } from "../../src/weights/random.ts";
import { smallModels } from "../dissect/models.ts";
import { requestDevice } from "../gpu.ts";

let device: Device;
let generator: Generator;
let segmenter: Segmenter;
beforeAll(async () => {
  device = await requestDevice();
  ({ generator, segmenter } = await smallModels(device));
});
afterAll(() => device?.dispose());

const LAYER = "layer2";

/** Ends of a climb; the input is a copy. */
async function ends(steps: AsyncGenerator<AscentStep>): Promise<readonly [AscentStep, AscentStep]> {
  let first: AscentStep | undefined;
  let last: AscentStep | undefined;
  for await (const step of steps) {
    first ??= { ...step, input: step.input.slice() };
    last = { ...step, input: step.input.slice() };
  }
  return [first!, last!];
}

/** A climb's first steps; the inputs are copies. */
async function steps(climb: AsyncGenerator<AscentStep>, count: number): Promise<AscentStep[]> {
  const found: AscentStep[] = [];
  for await (const step of climb) {
    found.push({ ...step, input: step.input.slice() });
    if (found.length === count) break;
  }
  return found;
}

describe("what a unit wants", () => {
  test("is z that raise its mean activation, on the sphere that normal samples lie on", async () => {
    const options = { images: 3, seed: 5, steps: 25 };
    const [first, last] = await ends(maximiseUnit(generator, { layer: LAYER, unit: 2 }, options));
    expect(first.step).toBe(0);
    expect(last.step).toBe(25);
    for (let i = 0; i < 3; i += 1) expect(last.values[i]).toBeGreaterThan(first.values[i]!);
    const { zSize } = generator;
    for (let i = 0; i < 3; i += 1) {
      const row = last.input.subarray((i * last.input.length) / 3, (i * last.input.length) / 3 + zSize);
      expect(row.reduce((sum, value) => sum + value * value, 0) / zSize).toBeCloseTo(1, 4);
    }
    // What it says is what the generator says.
    using run = await generator.forward(z(last.input, 3), { retain: [LAYER] });
    const features = await run.layers.get(LAYER)!.read();
    const { height, width } = generator.layer(LAYER);
    const stored = features.length / (3 * height * width);
    for (let i = 0; i < 3; i += 1) {
      let mean = 0;
      for (let p = 0; p < height * width; p += 1) mean += features[(i * height * width + p) * stored + 2]!;
      expect(last.values[i]).toBeCloseTo(mean / (height * width), 4);
    }
  });

  const z = (stored: Float32Array, n: number): Float32Array => {
    const row = stored.length / n;
    return Float32Array.from({ length: n * generator.zSize }, (_, at) => {
      return stored[Math.floor(at / generator.zSize) * row + (at % generator.zSize)]!;
    });
  };

  test("of a segmenter is an image that raises a concept's probability", async () => {
    const [first, last] = await ends(maximiseImage(segmenter, "door", { size: 32, steps: 20, seed: 3 }));
    expect(last.values[0]).toBeGreaterThan(first.values[0]!);
    for (const value of last.input) expect(value >= -1 && value <= 1).toBe(true);
  });

  test("begins with z of seed 1 on that sphere, four of them, unless others are asked for", async () => {
    const unit = { layer: LAYER, unit: 0 };
    const found = await steps(maximiseUnit(generator, unit), 3);
    const named = { images: 4, seed: 1, steps: 100, rate: 0.05 };
    expect(found).toEqual(await steps(maximiseUnit(generator, unit, named), 3));
    expect(found[0]!.steps).toBe(100);
    expect(found[0]!.values).toHaveLength(4);
    const { zSize } = generator;
    const start = z(found[0]!.input, 4);
    const sample = generator.sample({ size: 4, seed: 1 });
    for (let i = 0; i < 4; i += 1) {
      const row = sample.subarray(i * zSize, (i + 1) * zSize);
      const norm = Math.sqrt(row.reduce((sum, value) => sum + value ** 2, 0) / zSize);
      for (const [k, value] of row.entries()) expect(start[i * zSize + k]).toBeCloseTo(value / norm, 5);
    }
    // The last unit that there is.
    const last = { layer: LAYER, unit: generator.layer(LAYER).channels - 1 };
    expect((await steps(maximiseUnit(generator, last, { images: 1 }), 1))[0]!.values).toHaveLength(1);
  });

  test("is asked of units and steps that there are", async () => {
    const { channels } = generator.layer(LAYER);
    for (const unit of [channels, 99, -1, 0.5]) {
      expect(() => maximiseUnit(generator, { layer: LAYER, unit })).toThrow(
        `layer2 has no unit ${unit}. Its units are 0…${channels - 1}.`,
      );
    }
    await expect(ends(maximiseUnit(generator, { layer: LAYER, unit: 1 }, { steps: 0 }))).rejects.toThrow(/0 steps/);
    for (const rate of [0, -1, 1e39, Number.NaN]) {
      await expect(ends(maximiseUnit(generator, { layer: LAYER, unit: 1 }, { rate }))).rejects.toThrow(/rate of/);
    }
    await expect(ends(maximiseImage(segmenter, "dor", { size: 32 }))).rejects.toThrow(/knows no concept "dor"/);
  });
});

const extentOf = (size: number | Extent): Extent => (typeof size === "number" ? [size, size] : size);

/**
 * Colours that count for more or less, whose slope is the same everywhere: Adam's steps are the
 * rate, up or down.
 */
const colours = (images: number, size: number | Extent): Objective => ({
  append(graph) {
    const input = graph.map("image", images, ...extentOf(size), 3);
    return { input, of: average(graph, input, 1, 1), weights: [1, -2, 0.5] };
  },
  bind: async () => [],
});

/** 0.1 of NumPy's normal numbers, pixel by pixel, of the fourth channel nothing. */
function noisy(images: number, size: number | Extent, seed: number): number[] {
  const pixels = images * elements(extentOf(size));
  const noise = new RandomState(seed).standardNormal(pixels * 3);
  return Array.from({ length: pixels * 4 }, (_, at) =>
    at % 4 < 3 ? 0.1 * noise[3 * Math.floor(at / 4) + (at % 4)]! : 0,
  );
}

/**
 * A pixel is the mean of all within three deviations, weighted by a Gaussian of both distances;
 * borders repeat.
 */
function blurred(x: readonly number[], size: number | Extent, deviation: number): number[] {
  const [height, width] = extentOf(size);
  const radius = Math.ceil(3 * deviation);
  const within = (at: number, edge: number): number => Math.min(edge - 1, Math.max(0, at));
  return x.map((_, at) => {
    const pixel = Math.floor(at / 4);
    const [image, row, column] = [
      Math.floor(pixel / width / height),
      Math.floor(pixel / width) % height,
      pixel % width,
    ];
    let [sum, total] = [0, 0];
    for (let dy = -radius; dy <= radius; dy += 1) {
      for (let dx = -radius; dx <= radius; dx += 1) {
        const weight = Math.exp(-(dy ** 2 + dx ** 2) / (2 * deviation ** 2));
        total += weight;
        sum +=
          weight *
          x[((image * height + within(row + dy, height)) * width + within(column + dx, width)) * 4 + (at % 4)]!;
      }
    }
    return sum / total;
  });
}

describe("an image that a network wants", () => {
  test.each<{ images: number; size: number | Extent; rate: number; decay: number; blur: number }>([
    { images: 2, size: 6, rate: 0.3, decay: 0.1, blur: 1 },
    { images: 1, size: 5, rate: 0.1, decay: 0.02, blur: 0.5 },
    { images: 1, size: 5, rate: 0.3, decay: 0, blur: 0 },
    { images: 2, size: [3, 7], rate: 0.2, decay: 0.1, blur: 0.7 },
    { images: 2, size: [6, 2], rate: 0.2, decay: 0.1, blur: 0.7 },
  ])("takes Adam's steps, decays, stays within ±1, and is blurred every fourth step: %j", async (options) => {
    const { images, size, rate, decay, blur } = options;
    const wanted = colours(images, size);
    let x = noisy(images, size, 7);
    const found = await steps(maximiseImage(segmenter, wanted, { ...options, seed: 7, steps: 9 }), 10);
    expect(found.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for (const { step, input } of found) {
      expect(input).toHaveLength(x.length);
      x.forEach((value, at) => {
        expect(input[at]).toBeCloseTo(value, 5);
      });
      x = x.map((value, at) => Math.min(1, Math.max(-1, (value + [rate, -rate, rate, 0][at % 4]!) * (1 - decay))));
      if (blur > 0 && step % 4 === 3) x = blurred(x, size, blur);
    }
  });

  test("is one of the network's size, of seed 1, unless others are asked for", async () => {
    const found = await steps(maximiseImage(segmenter, colours(1, 32)), 6);
    const named = { images: 1, seed: 1, steps: 100, rate: 0.05, size: 32, decay: 0.01, blur: 0.5 };
    expect(found).toEqual(await steps(maximiseImage(segmenter, colours(1, 32), named), 6));
    expect(found[0]!.steps).toBe(100);
    noisy(1, 32, 1).forEach((value, at) => {
      expect(found[0]!.input[at]).toBeCloseTo(value, 6);
    });
    // A network that names no size.
    const unnamed = { device, segsizes: [] } as unknown as Segmenter;
    const [start] = await steps(maximiseImage(unnamed, colours(1, 256)), 1);
    expect(start!.input).toHaveLength(256 * 256 * 4);
  });

  test("is worth a concept's mean probability, at the next multiple of four pixels", async () => {
    const [images, size] = [2, 30];
    const [start] = await steps(maximiseImage(segmenter, "tree", { images, size, seed: 2 }), 1);
    const graph = new Graph(device.target);
    const input = graph.map("image", images, size, size, 3);
    const score = segmenter.score(graph, input, "tree", 32);
    using plan = await Plan.compile(device, graph, { keep: [score], bind: await segmenter.bind(graph) });
    plan.tensor(input).write(start!.input.slice());
    plan.run();
    const scores = await plan.tensor(score).read();
    for (const image of [0, 1]) {
      const mean = scores.subarray(image * 1024, (image + 1) * 1024).reduce((sum, one) => sum + one, 0) / 1024;
      expect(start!.values[image]).toBeCloseTo(mean, 5);
      expect(mean).toBeGreaterThan(0.01);
    }
  });
});
