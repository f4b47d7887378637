import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type AscentStep,
  conceptScalar,
  Experiment,
  insertionContext,
  maximiseImage,
  maximiseUnit,
  occlude,
  type Scalar,
} from "../../src/causality/index.ts";
import { UnsupportedError } from "../../src/errors.ts";
import { type Device, type Generator, type Segmenter, Tensor } from "../../src/index.ts";
import { Graph, type Value } from "../../src/runtime/graph.ts";
import { Plan } from "../../src/runtime/plan.ts";
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

describe("occlusion", () => {
  test("is the fall of a concept's mean probability when squares are covered", async () => {
    const [height, width] = [20, 24];
    using run = await generator.forward(generator.sample({ size: 1, seed: 4 }));
    const drawn = await run.image.read();
    const pixels = Float32Array.from({ length: height * width * 4 }, (_, at) => drawn[at % drawn.length]!);
    using image = Tensor.from(device, "image", [1, height, width, 4], "f32", pixels);
    const options = { patch: 7, stride: 5, fill: 0.25, batch: 4 };
    const found = await occlude(image, conceptScalar(segmenter, "tree"), options);
    expect([found.rows, found.columns]).toEqual([4, 5]);
    expect(found.tops).toEqual([0, 5, 10, 13]);
    expect(found.lefts).toEqual([0, 5, 10, 15, 17]);

    const graph = new Graph(device.target);
    const input = graph.map("image", 1, height, width, 3);
    const score = segmenter.score(graph, input, "tree", [height, width]);
    using plan = await Plan.compile(device, graph, { keep: [score], bind: await segmenter.bind(graph) });
    const mean = async (x: Float32Array<ArrayBuffer>): Promise<number> => {
      plan.tensor(input).write(x);
      plan.run();
      const scores = await plan.tensor(score).read();
      return scores.reduce((sum, value) => sum + value, 0) / scores.length;
    };
    const whole = await mean(pixels);
    expect(found.whole).toBeCloseTo(whole, 6);
    for (const [row, column] of [
      [0, 0],
      [1, 3],
      [3, 4],
    ] as const) {
      const covered = pixels.slice();
      const [top, left] = [found.tops[row]!, found.lefts[column]!];
      for (let y = top; y < top + 7; y += 1) {
        for (let x = left; x < left + 7; x += 1) for (let c = 0; c < 3; c += 1) covered[(y * width + x) * 4 + c] = 0.25;
      }
      expect(found.drops[row * 5 + column]).toBeCloseTo(whole - (await mean(covered)), 6);
    }
  });

  test("takes as many squares at a time as the device does, unless it is told how many", async () => {
    using image = Tensor.from(device, "image", [1, 20, 20, 4], "f32", new Float32Array(4 * 20 * 20).fill(0.5));
    const tree = conceptScalar(segmenter, "tree");
    const tried: number[] = [];
    const large = {
      ...tree,
      bind: (graph: Graph) => {
        const [batch = 0] = graph.values[0]!.shape;
        tried.push(batch);
        if (batch > 2) throw new UnsupportedError("limit", "It is too large.", "Use a smaller batch.");
        return tree.bind(graph);
      },
    };
    const options = { patch: 8, stride: 8 };
    expect(await occlude(image, large, options)).toEqual(await occlude(image, tree, { ...options, batch: 2 }));
    expect(tried).toEqual([8, 4, 2]);
    await expect(occlude(image, large, { ...options, batch: 4 })).rejects.toThrow(/too large/);
  });

  test("goes on where it was cut, and takes no other's squares for its own", async () => {
    const pixels = generator.sample({ size: 24, seed: 7 }).slice(0, 4 * 4 * 4);
    const tiled = (shift: number) => Float32Array.from({ length: 4 * 20 * 20 }, (_, at) => pixels[(at + shift) % 64]!);
    using image = Tensor.from(device, "image", [1, 20, 20, 4], "f32", tiled(0));
    using other = Tensor.from(device, "image", [1, 20, 20, 4], "f32", tiled(4));
    const tree = conceptScalar(segmenter, "tree");
    const options = { patch: 8, stride: 4, batch: 4 }; // 16 squares, and none: five batches
    const whole = await occlude(image, tree, options);

    const finished = new Map<string, readonly number[]>();
    const controller = new AbortController();
    const reason = new Error("enough");
    const cut = occlude(image, tree, {
      ...options,
      finished,
      onSquares: (done) => done > 8 && controller.abort(reason),
      signal: controller.signal,
    });
    await expect(cut).rejects.toBe(reason);
    expect(finished.size).toBe(2); // the first tells this network from others
    const cutAt = [...finished.keys()];
    const measured: string[] = [];
    const watched = {
      get: (key: string) => finished.get(key),
      set: (key: string, counts: readonly number[]) => {
        for (const count of counts) expect(Number.isInteger(count)).toBe(true);
        measured.push(key);
        finished.set(key, counts);
      },
    };
    expect(await occlude(image, tree, { ...options, finished: watched })).toEqual(whole);
    expect(measured).toHaveLength(2);
    expect(measured).not.toContain(cutAt[0]);
    for (const [of, scalar, more] of [
      [other, tree, {}],
      [image, conceptScalar(segmenter, "door"), {}],
      [image, tree, { fill: 0.5 }],
      [image, tree, { patch: 9 }],
    ] as const) {
      measured.length = 0;
      const plain = await occlude(of, scalar, { ...options, ...more });
      expect(await occlude(of, scalar, { ...options, ...more, finished: watched })).toEqual(plain);
      expect(measured).toHaveLength(4);
    }
  });

  test("of a scalar that is no number is refused", async () => {
    using image = Tensor.create(device, "image", [1, 16, 16, 4], "f32");
    using map = Tensor.from(device, "map", [8, 16, 16], "f32", new Float32Array(8 * 256).fill(3e38));
    let value: Value;
    const scalar: Scalar = {
      name: "too much",
      append: (graph) => {
        value = graph.value("map", map.shape);
        return value;
      },
      bind: async () => [[value, map]],
    };
    await expect(occlude(image, scalar)).rejects.toThrow(/no number: the network overflows/);
  });

  test.each([
    [{ patch: 30 }, /patch of 30/],
    [{ stride: 0 }, /stride of 0/],
    [{ batch: 1.5 }, /batch of 1.5/],
    [{ fill: Number.NaN }, /fill of NaN/],
    [{ fill: 1e39 }, /fill of 1e\+39/],
  ])("refuses %j", async (options, message) => {
    using image = Tensor.create(device, "image", [1, 16, 16, 4], "f32");
    await expect(occlude(image, conceptScalar(segmenter, "tree"), options)).rejects.toThrow(message);
  });
});

describe("context", () => {
  test("is what inserting at each cell adds, by what was there", async () => {
    const { height, width } = generator.layer("layer1");
    using experiment = await Experiment.create(generator, segmenter, { editable: ["layer1"], size: 5, batch: 2 });
    const [units, values] = [
      [0, 3, 5],
      [2, -1, 3],
    ];
    const tree = segmenter.label("tree");
    const context = await insertionContext(experiment, "tree", { layer: "layer1", units: units!, values: values! });
    expect(context.before).toBeCloseTo(experiment.before[tree]! / 5, 9);
    for (const cell of [0, 6, height * width - 1]) {
      const mask = new Float32Array(height * width);
      mask[cell] = 1;
      const after = await experiment.pixels([{ layer: "layer1", units: units!, value: values!, mask }]);
      expect(context.cells[cell]).toBeCloseTo((after[tree]! - experiment.before[tree]!) / 5, 9);
    }
    // By the segmentation's pixel at the centres, "none" left aside.
    const { resolution } = generator;
    using run = await generator.forward(generator.sample({ size: 5, seed: 3 }));
    using plan = await segmenter.compile(run.image, resolution);
    plan.run();
    const there = await plan.labels.read();
    const places = new Map<number, number>();
    for (let at = 0; at < 5 * height * width; at += 1) {
      const [row, column] = [Math.floor(at / width) % height, at % width];
      const y = Math.floor(((row + 0.5) * resolution) / height);
      const x = Math.floor(((column + 0.5) * resolution) / width);
      const label = there[(Math.floor(at / height / width) * resolution + y) * resolution + x]!;
      if (label > 0) places.set(label, (places.get(label) ?? 0) + 1);
    }
    expect(new Map(context.effects.map((effect) => [effect.label, effect.places]))).toEqual(places);
    const gains = context.effects.map(({ gain }) => gain);
    expect(gains).toEqual(gains.toSorted((a, b) => b - a));
  });

  test.each([
    [{ units: [99], values: [1] }, /has no unit 99/],
    [{ units: [], values: [] }, /no units/],
    [{ units: [1], values: [Number.NaN] }, /values/],
    [{ units: [1], values: [1e39] }, /values/],
    [{ units: [1], values: [1], alphas: [1.5] }, /1.5 is no alpha/],
    [{ layer: "layer2", units: [1], values: [1] }, /features at hand are those of layer1, not of layer2/],
    [{ units: [1, 2], values: [1] }, /2 units have 1 values/],
  ])("refuses %j", async (more, message) => {
    using experiment = await Experiment.create(generator, segmenter, { editable: ["layer1"], size: 1 });
    await expect(insertionContext(experiment, "tree", { layer: "layer1", ...more })).rejects.toThrow(message);
  });
});
