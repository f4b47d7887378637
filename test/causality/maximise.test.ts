import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AscentStep, maximiseImage, maximiseUnit } from "../../src/causality/index.ts";
import type { Device, Generator, Segmenter } from "../../src/index.ts";
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

  test("is asked of units and steps that there are", async () => {
    expect(() => maximiseUnit(generator, { layer: LAYER, unit: 99 })).toThrow(/has no unit 99/);
    await expect(ends(maximiseUnit(generator, { layer: LAYER, unit: 1 }, { steps: 0 }))).rejects.toThrow(/0 steps/);
    for (const rate of [0, -1, 1e39, Number.NaN]) {
      await expect(ends(maximiseUnit(generator, { layer: LAYER, unit: 1 }, { rate }))).rejects.toThrow(/rate of/);
    }
    await expect(ends(maximiseImage(segmenter, "dor", { size: 32 }))).rejects.toThrow(/knows no concept "dor"/);
  });
});
