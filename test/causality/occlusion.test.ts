import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { conceptScalar, occlude, type Scalar } from "../../src/causality/index.ts";
import { GanatomyError, UnsupportedError, UsageError } from "../../src/errors.ts";
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

/** The mean of all that an image holds, its padding included. */
const brightness: Scalar = {
  name: "brightness",
  append: (graph, image) => {
    const [n = 0, height = 0, width = 0, stored = 0] = image.shape;
    return graph.view(image, "pixels", [n, height, width * stored], 1);
  },
  bind: async () => [],
};

/** An image [1, height, width, 4] of which no two pixels are alike. */
const gradual = (height: number, width: number): Tensor<"f32"> => {
  const pixels = Float32Array.from({ length: height * width * 4 }, (_, at) => Math.sqrt(at) / 20);
  return Tensor.from(device, "image", [1, height, width, 4], "f32", pixels);
};

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

  test.each([
    [12, 17, { patch: 2, stride: 1, fill: 0 }, {}], // an eighth is 1.5 pixels
    [19, 12, { patch: 2, stride: 1, fill: -0.5 }, { fill: -0.5 }],
    [9, 13, { patch: 5, stride: 2, fill: 0 }, { patch: 5 }],
    [9, 13, { patch: 9, stride: 9, fill: 0 }, { patch: 9, stride: 9 }], // as large as they can be
    [3, 4, { patch: 1, stride: 1, fill: 0 }, {}],
    [8, 8, { patch: 1, stride: 3, fill: 0 }, { stride: 3, batch: 1 }],
  ])("of %i × %i pixels covers squares of %j, with %j", async (height, width, { patch, stride, fill }, options) => {
    using image = gradual(height, width);
    const told: [number, number][] = [];
    const onSquares = (...done: [number, number]) => told.push(done);
    const found = await occlude(image, brightness, { ...options, onSquares });
    const starts = (extent: number): number[] => {
      const all: number[] = [];
      for (let at = 0; at < extent - patch; at += stride) all.push(at);
      return [...all, extent - patch];
    };
    const [tops, lefts] = [starts(height), starts(width)];
    expect(found).toMatchObject({ patch, stride, tops, lefts, rows: tops.length, columns: lefts.length });
    const pixels = await image.read();
    const mean = (all: Float32Array): number => all.reduce((sum, value) => sum + value, 0) / all.length;
    expect(found.whole).toBeCloseTo(mean(pixels), 5);
    expect(found.drops).toHaveLength(tops.length * lefts.length);
    found.drops.forEach((drop, at) => {
      const covered = pixels.slice();
      const [top, left] = [tops[Math.floor(at / lefts.length)]!, lefts[at % lefts.length]!];
      for (let y = top; y < top + patch; y += 1) {
        for (let x = left; x < left + patch; x += 1) covered.fill(fill, 4 * (y * width + x), 4 * (y * width + x) + 3);
      }
      expect(drop).toBeCloseTo(mean(pixels) - mean(covered), 5);
    });
    // The first covers nothing.
    const [total, batch] = [1 + found.drops.length, "batch" in options ? options.batch! : 8];
    const batches = Array.from({ length: Math.ceil(total / batch) }, (_, i) => Math.min(total, batch * (i + 1)));
    expect(told).toEqual(batches.map((done) => [done, total]));
  });

  test("takes as many squares at a time as the device does", async () => {
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
    tried.length = 0;
    await occlude(image, large, { ...options, batch: 5 });
    expect(tried).toEqual([5, 3, 2]);

    const failing = (error: GanatomyError) => {
      tried.length = 0;
      const bind = async (graph: Graph) => {
        tried.push(graph.values[0]!.shape[0]!);
        throw error;
      };
      return occlude(image, { ...tree, bind }, options);
    };
    // Not even one fits; memory is as good a reason to take fewer as a limit; another fault is
    // none.
    for (const [code, batches] of [
      ["limit", [8, 4, 2, 1]],
      ["out-of-memory", [8, 4, 2, 1]],
      ["shape", [8]],
    ] as const) {
      const error = new GanatomyError(code, "It does not work.", "Do something.");
      await expect(failing(error)).rejects.toBe(error);
      expect(tried).toEqual(batches);
    }
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
    [{ patch: 17 }, /A patch of 17 makes no sense\. Use a whole number from 1 to 16/],
    [{ stride: 17 }, /stride of 17/],
    [{ batch: 4097 }, /batch of 4097 makes no sense\. Use a whole number from 1 to 4096/],
    [{ patch: 0 }, /patch of 0/],
    [{ stride: 0 }, /stride of 0/],
    [{ batch: 1.5 }, /batch of 1.5/],
    [{ fill: Number.NaN }, /fill of NaN/],
    [{ fill: 1e39 }, /fill of 1e\+39/],
  ])("refuses %j", async (options, message) => {
    using image = Tensor.create(device, "image", [1, 16, 16, 4], "f32");
    await expect(occlude(image, conceptScalar(segmenter, "tree"), options)).rejects.toThrow(message);
  });

  test("takes 4096 squares at a time, and one image", async () => {
    using image = gradual(2, 2);
    expect((await occlude(image, brightness, { batch: 4096 })).drops).toHaveLength(4);
    using two = Tensor.create(device, "images", [2, 16, 16, 4], "f32");
    await expect(occlude(two, brightness)).rejects.toThrow(UsageError);
    await expect(occlude(two, brightness)).rejects.toThrow("There are 2 images. Give one at a time.");
  });
});
