import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { conceptScalar, occlude, type Scalar } from "../../src/causality/index.ts";
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
