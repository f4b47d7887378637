import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AscentStep, ascend, type Objective } from "../../src/causality/index.ts";
import { type Device, UsageError } from "../../src/index.ts";
import { clamp } from "../../src/kernels/maps/pointwise.ts";
import { average } from "../../src/kernels/maps/resample.ts";
import { requestDevice } from "../gpu.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

const WEIGHTS = [0.5, -2, 1e-12];
/** Two inputs of one pixel and three channels. */
const START = Float32Array.of(0.9, -0.9, 0, 0, -0.2, 0.1, 1.5, 0);

/** Σ weight · clamp(x, −1, 1): its slope is the weight within, and 0 beyond. */
const clamped = (weights: readonly number[] = WEIGHTS): Objective => ({
  append(graph) {
    const input = graph.map("x", 2, 1, 1, 3);
    return { input, of: average(graph, clamp(graph, input), 1, 1), weights };
  },
  bind: async () => [],
});

const sums: Objective = {
  append(graph) {
    const input = graph.map("x", 2, 1, 1, 3);
    return { input, of: average(graph, input, 1, 1), weights: [1, 1, 1] };
  },
  bind: async () => [],
};

async function climb(steps: AsyncGenerator<AscentStep>): Promise<AscentStep[]> {
  const all: AscentStep[] = [];
  for await (const step of steps) all.push({ ...step, input: step.input.slice() });
  return all;
}

/** Adam (Kingma & Ba, ICLR 2015, Algorithm 1), upwards, with an ε of 0. */
function adam(start: Float32Array, rate: number, steps: number): number[][] {
  const x = [...start];
  const [m, v] = [x.map(() => 0), x.map(() => 0)];
  const path = [[...x]];
  for (let t = 1; t <= steps; t += 1) {
    for (const [i, value] of x.entries()) {
      const g = i % 4 < 3 && Math.abs(value) <= 1 ? WEIGHTS[i % 4]! : 0;
      m[i] = 0.9 * m[i]! + 0.1 * g;
      v[i] = 0.999 * v[i]! + 0.001 * g * g;
      if (v[i]! > 0) x[i] = value + (rate * m[i]!) / (1 - 0.9 ** t) / Math.sqrt(v[i]! / (1 - 0.999 ** t));
    }
    path.push([...x]);
  }
  return path;
}

describe("ascent", () => {
  test("takes Adam's steps, however small the slope, from the start and up", async () => {
    const start = START.slice();
    const all = await climb(ascend(device, clamped(), start, { steps: 12, rate: 0.04 }));
    expect(start).toEqual(START);
    expect(all.map(({ step, steps }) => [step, steps])).toEqual(Array.from({ length: 13 }, (_, i) => [i, 12]));
    const path = adam(START, 0.04, 12);
    for (const { step, input, values } of all) {
      path[step]!.forEach((value, i) => {
        expect(input[i]).toBeCloseTo(value, 5);
      });
      for (const image of [0, 1]) {
        const value = WEIGHTS.reduce((sum, weight, c) => {
          return sum + weight * Math.min(1, Math.max(-1, path[step]![4 * image + c]!));
        }, 0);
        expect(values[image]).toBeCloseTo(value, 5);
      }
    }
    // Beyond the clamp the slope is 0 and Adam runs on by its momentum; the clamp was met on the
    // way.
    expect(path[12]![0]).toBeGreaterThan(1.1);
  });

  test("takes half a step where the slope is as small as Adam's ε", async () => {
    const start = new Float32Array(8);
    const [, one] = await climb(ascend(device, clamped([1e-30, 2e-30, 1]), start, { steps: 1, rate: 0.3 }));
    [0.15, 0.2, 0.3, 0, 0.15, 0.2, 0.3, 0].forEach((value, i) => {
      expect(one!.input[i]).toBeCloseTo(value, 5);
    });
  });

  test("shapes the input after every step but the last it tells of", async () => {
    const shaped: number[] = [];
    const half = (x: Float32Array, step: number): void => {
      shaped.push(step);
      for (let i = 0; i < x.length; i += 1) x[i]! /= 2;
    };
    const all = await climb(ascend(device, clamped(), START.slice(), { steps: 3, rate: 0.04 }, half));
    expect(shaped).toEqual([0, 1, 2]);
    expect(all[0]!.input).toEqual(START);
    expect(all[1]!.input[0]).toBeCloseTo((0.9 + 0.04) / 2, 6);
  });

  test("takes a hundred steps unless told otherwise, and stops with the signal's reason", async () => {
    for await (const { steps } of ascend(device, clamped(), START.slice(), { rate: 1 })) {
      expect(steps).toBe(100);
      break;
    }
    const controller = new AbortController();
    const stopped = async (): Promise<void> => {
      const { signal } = controller;
      for await (const { step } of ascend(device, clamped(), START.slice(), { rate: 1, signal })) {
        if (step === 2) controller.abort(new Error("enough"));
        expect(step).toBeLessThan(3);
      }
    };
    await expect(stopped()).rejects.toThrow("enough");
  });

  test("is refused where its value is no number, or not one for each image", async () => {
    const infinite = climb(ascend(device, clamped([Number.NaN]), START.slice(), { rate: 1 }));
    await expect(infinite).rejects.toThrow(/After 0 steps the value is NaN,NaN\. Lower `rate`/);
    const one = climb(
      ascend(device, sums, Float32Array.of(1, 1, 1, 0, Number.POSITIVE_INFINITY, 1, 1, 0), { rate: 1 }),
    );
    await expect(one).rejects.toThrow(/After 0 steps the value is 3,Infinity\./);
    for (const shape of [
      [2, 1, 2, 4],
      [1, 1, 1, 8],
    ]) {
      const wrong: Objective = {
        append(graph) {
          const input = graph.map("x", 2, 1, 1, 3);
          return { input, of: graph.value("y", shape), weights: [1] };
        },
        bind: async () => [],
      };
      const refused = climb(ascend(device, wrong, START.slice(), { rate: 1 }));
      await expect(refused).rejects.toThrow(UsageError);
      await expect(refused).rejects.toThrow(
        `What is to be maximised is [${shape}]. Give one number for each of 2 images`,
      );
    }
  });

  test.each([0, -1, 1.5, Number.NaN])("has no %d steps", async (steps) => {
    await expect(climb(ascend(device, clamped(), START.slice(), { steps, rate: 1 }))).rejects.toThrow(/steps make no/);
  });

  test.each([0, -1, 1e39, Number.NaN])("has no rate of %d", async (rate) => {
    await expect(climb(ascend(device, clamped(), START.slice(), { rate, steps: 1 }))).rejects.toThrow(/rate of/);
  });
});
