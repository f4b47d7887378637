import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  average,
  concat,
  maxpool,
  preprocess,
  prroi,
  prroiBins,
  resize,
  resizeAdd,
  slice,
} from "../../../src/kernels/maps/resample.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { Graph } from "../../../src/runtime/graph.ts";
import { requestDevice } from "../../gpu.ts";
import { expectLinear } from "../linear.ts";
import {
  adaptive64,
  at,
  Bench,
  bitsOf,
  type Extents,
  each,
  type Linear,
  type Map64,
  mapLike,
  maxpool64,
  noiseMap,
  prroi64,
  prroiBins64,
  resize64,
  unpack,
  worstError,
  zeros,
} from "../reference.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

describe("maxpool", () => {
  test.each<readonly [Extents]>([[[2, 7, 5, 3]], [[1, 8, 6, 5]], [[1, 1, 1, 4]], [[1, 1, 9, 13]]])(
    "%j",
    async (extents) => {
      // Negative throughout, so that a padding of zeros would win.
      const x = mapLike(noiseMap(2, extents), (value) => value - 2);
      const bench = new Bench(device);
      const [y] = await bench.run(maxpool(bench.graph, bench.map(x)));
      expect(worstError(unpack(y, x.channels), maxpool64(x).data)).toBe(0);
    },
  );
});

describe("resize", () => {
  test.each<readonly [string, Extents, height: number, width: number]>([
    ["up", [2, 3, 5, 5], 7, 11],
    ["up by two", [1, 4, 4, 3], 8, 8],
    ["down", [1, 9, 7, 11], 4, 3],
    ["down by two", [1, 8, 8, 4], 4, 4],
    ["one way up, the other down", [1, 3, 9, 3], 8, 2],
    ["of one pixel", [2, 1, 1, 5], 3, 4],
    ["to one pixel", [1, 5, 4, 5], 1, 1],
  ])("%s", async (_, extents, height, width) => {
    const x = noiseMap(3, extents);
    const bench = new Bench(device);
    const [y] = await bench.run(resize(bench.graph, bench.map(x), height, width));
    expectLinear("resize", y, resize64(x, height, width));
  });

  test("to the same size changes nothing", async () => {
    const x = noiseMap(3, [2, 5, 7, 3]);
    const bench = new Bench(device);
    const value = bench.map(x);
    const [before, after] = await bench.run(value, resize(bench.graph, value, 5, 7));
    expect(bitsOf(after)).toEqual(bitsOf(before));
  });

  test("and add", async () => {
    const x = noiseMap(3, [2, 3, 5, 5]);
    const addend = noiseMap(4, [2, 7, 8, 5]);
    const bench = new Bench(device);
    const [y] = await bench.run(resizeAdd(bench.graph, bench.map(x), bench.map(addend, "addend")));
    const resized = resize64(x, 7, 8);
    expectLinear("resize and add", y, {
      ...resized,
      data: resized.data.map((value, index) => value + addend.data[index]!),
      terms: resized.terms.map((term, index) => term + Math.abs(addend.data[index]!)),
    });
  });

  test("and add refuses other channels", () => {
    const graph = new Graph("gpu");
    expect(() => resizeAdd(graph, graph.map("a", 1, 2, 2, 5), graph.map("b", 1, 2, 2, 6))).toThrow(
      expect.objectContaining({ code: "shape", message: expect.stringMatching(/"a".*"b"/) }),
    );
  });
});

describe("resize at corners", () => {
  test.each<readonly [string, Extents, height: number, width: number]>([
    ["up", [2, 3, 5, 5], 7, 11],
    ["up by two", [1, 4, 4, 3], 8, 8],
    ["down", [1, 9, 7, 11], 4, 3],
    ["one way up, the other down", [1, 3, 9, 3], 8, 2],
    ["of one pixel", [2, 1, 1, 5], 3, 4],
    ["to one pixel", [1, 5, 4, 5], 1, 1],
  ])("%s", async (_, extents, height, width) => {
    const x = noiseMap(33, extents);
    const bench = new Bench(device);
    const [y] = await bench.run(resize(bench.graph, bench.map(x), height, width, "corner"));
    expectLinear("resize at corners", y, resize64(x, height, width, "corner"));
  });

  test("and add", async () => {
    const [x, addend] = [noiseMap(33, [2, 3, 5, 5]), noiseMap(34, [2, 7, 8, 5])];
    const bench = new Bench(device);
    const [y] = await bench.run(resizeAdd(bench.graph, bench.map(x), bench.map(addend, "addend"), "corner"));
    const resized = resize64(x, 7, 8, "corner");
    expectLinear("resize at corners", y, {
      ...resized,
      data: resized.data.map((value, index) => value + addend.data[index]!),
      terms: resized.terms.map((term, index) => term + Math.abs(addend.data[index]!)),
    });
  });
});

describe("concat", () => {
  test("puts parts side by side, each resized", async () => {
    const parts = [noiseMap(5, [2, 2, 3, 8]), noiseMap(6, [2, 5, 4, 4]), noiseMap(7, [2, 3, 3, 12])];
    const bench = new Bench(device);
    const values = parts.map((part, index) => bench.map(part, `part ${index}`));
    const [y] = await bench.run(concat(bench.graph, "all", values, 5, 4));
    const expected = zeros([2, 5, 4, 24]);
    let first = 0;
    for (const part of parts) {
      const resized = resize64(part, 5, 4);
      each(resized, (i, row, column, c, index) => {
        expected.data[at(expected, i, row, column, first + c)] = resized.data[index]!;
        expected.terms[at(expected, i, row, column, first + c)] = resized.terms[index]!;
      });
      first += part.channels;
    }
    expectLinear("concat", y, expected);
  });

  test("refuses channels that fill no vec4", () => {
    const graph = new Graph("gpu");
    const parts = [graph.map("a", 1, 2, 2, 4), graph.map("b", 1, 2, 2, 5)];
    expect(() => concat(graph, "all", parts, 2, 2)).toThrow(/"b" has 5 channels/);
  });
});

describe("slice", () => {
  test.each<readonly [Extents, first: number, channels: number]>([
    [[2, 3, 5, 16], 4, 8],
    [[1, 4, 3, 13], 8, 4],
    [[2, 1, 3, 12], 0, 12],
  ])("of %j from %i on, %i channels", async (extents, first, channels) => {
    const x = noiseMap(32, extents);
    const bench = new Bench(device);
    const [y] = await bench.run(slice(bench.graph, bench.map(x), first, channels));
    const expected = zeros([x.n, x.height, x.width, channels]);
    each(expected, (i, row, column, c, index) => {
      expected.data[index] = x.data[at(x, i, row, column, first + c)]!;
    });
    expect(worstError(unpack(y, channels), expected.data)).toBe(0);
  });

  test("refuses parts of vec4s and what is not there", () => {
    const graph = new Graph("gpu");
    const x = graph.map("x", 1, 2, 2, 13);
    expect(() => slice(graph, x, 2, 4)).toThrow(/begins after 2/);
    expect(() => slice(graph, x, 4, 6)).toThrow(/takes 6/);
    expect(() => slice(graph, x, 8, 8)).toThrow(/has 13 channels, not 8 from 8 on/);
  });
});

describe("precise RoI pooling", () => {
  // Spec §2.2, to five digits.
  test.each<readonly [size: number, rows: readonly (readonly number[])[]]>([
    [1, [[0.0625, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125]]],
    [
      2,
      [
        [0.125, 0.25, 0.25, 0.25, 0.125, 0, 0, 0],
        [0, 0, 0, 0, 0.125, 0.25, 0.25, 0.25],
      ],
    ],
    [
      3,
      [
        [0.1875, 0.375, 0.35417, 0.08333, 0, 0, 0, 0],
        [0, 0, 0.02083, 0.29167, 0.375, 0.29167, 0.02083, 0],
        [0, 0, 0, 0, 0, 0.08333, 0.35417, 0.375],
      ],
    ],
    [
      6,
      [
        [0.375, 0.58333, 0.04167, 0, 0, 0, 0, 0],
        [0, 0.16667, 0.66667, 0.16667, 0, 0, 0, 0],
        [0, 0, 0.04167, 0.58333, 0.375, 0, 0, 0],
        [0, 0, 0, 0, 0.375, 0.58333, 0.04167, 0],
        [0, 0, 0, 0, 0, 0.16667, 0.66667, 0.16667],
        [0, 0, 0, 0, 0, 0, 0.04167, 0.58333],
      ],
    ],
  ])("8 pixels to %i has the published matrix", (size, rows) => {
    expect(worstError(prroiBins(8, size), rows.flat())).toBeLessThan(5.1e-6);
  });

  test.each([
    [8, 6],
    [5, 3],
    [7, 2],
    [2, 6],
    [1, 1],
    [1, 3],
    [16, 6],
  ])("%i pixels to %i is the integral", (extent, size) => {
    expect(worstError(prroiBins(extent, size), prroiBins64(extent, size))).toBeLessThan(2e-7);
  });

  test.each<readonly [Extents, size: number]>([
    [[2, 8, 8, 5], 3],
    [[1, 5, 5, 3], 6],
    [[1, 7, 7, 4], 1],
  ])("%j to %i", async (extents, size) => {
    const x = noiseMap(8, extents);
    const bench = new Bench(device);
    const [y] = await bench.run(prroi(bench.graph, bench.map(x), size));
    expectLinear("prroi", y, prroi64(x, size));
  });

  test("refuses what is not square", () => {
    const graph = new Graph("gpu");
    expect(() => prroi(graph, graph.map("x", 1, 4, 5, 4), 2)).toThrow(/4×5/);
  });
});

describe("average", () => {
  test.each<readonly [string, Extents, size: number]>([
    ["windows that divide", [2, 6, 6, 5], 3],
    ["windows that overlap", [1, 7, 7, 3], 5],
    ["not square", [2, 5, 8, 6], 3],
    ["more pixels than there are", [1, 2, 3, 5], 4],
    ["of everything", [2, 7, 9, 9], 1],
  ])("%s", async (_, extents, size) => {
    const x = noiseMap(30, extents);
    const bench = new Bench(device);
    const [y] = await bench.run(average(bench.graph, bench.map(x), size, size));
    expectLinear("average", y, adaptive64(x, size));
  });

  test("to other rows than columns", async () => {
    // Of a single row, so that all rows of its square pooling are the one that is asked for; and of
    // a single column.
    const bench = new Bench(device);
    const [wide, tall] = [noiseMap(31, [1, 1, 7, 5]), noiseMap(31, [1, 7, 1, 5])];
    const across = average(bench.graph, bench.map(wide, "wide"), 1, 3);
    const down = average(bench.graph, bench.map(tall, "tall"), 3, 1);
    const [row, column] = await bench.run(across, down);
    const { data, terms } = adaptive64(wide, 3);
    const expected = { n: 1, height: 1, width: 3, channels: 5, data: data.slice(0, 15), terms: terms.slice(0, 15) };
    expectLinear("average", row, expected);
    expectLinear("average", column, { ...expected, height: 3, width: 1 });
  });
});

describe("preprocess", () => {
  const MEAN = [102.9801, 115.9465, 122.7717] as const;
  const PIXELS = { order: "BGR", range: 255, mean: MEAN, deviation: [1, 1, 1] } as const;

  /** BGR bytes minus the mean, pooled. */
  function expected(x: Map64, size: number): Linear {
    const scaled = (of: (value: number) => number): Map64 => ({
      ...x,
      data: x.data.map((v) => ((of(v) + 1) / 2) * 255),
    });
    const pooled = adaptive64(
      scaled((value) => value),
      size,
    );
    // Adding one rounds in proportion to |x| + 1.
    const { terms } = adaptive64(scaled(Math.abs), size);
    const y = zeros([x.n, size, size, 3]);
    each(y, (i, row, column, c, index) => {
      const from = at(pooled, i, row, column, 2 - c);
      y.data[index] = pooled.data[from]! - MEAN[c]!;
      y.terms[index] = terms[from]! + MEAN[c]!;
    });
    return y;
  }

  test.each<readonly [string, Extents, size: number]>([
    ["the same size", [2, 5, 5, 3], 5],
    ["every pixel twice", [1, 4, 4, 3], 8],
    ["the mean of four", [1, 8, 8, 3], 4],
    ["windows that overlap", [2, 7, 7, 3], 5],
    ["windows of different sizes, not square", [1, 5, 8, 3], 3],
    ["more pixels than there are, unevenly", [1, 3, 4, 3], 5],
  ])("%s", async (_, extents, size) => {
    const x = mapLike(noiseMap(9, extents), (value) => 1.2 * value);
    const bench = new Bench(device);
    const [y] = await bench.run(preprocess(bench.graph, bench.map(x), size, size, PIXELS));
    expectLinear("preprocess", y, expected(x, size));
  });

  test("refuses what is not RGB", () => {
    const graph = new Graph("gpu");
    expect(() => preprocess(graph, graph.map("x", 1, 4, 4, 4), 4, 4, PIXELS)).toThrow(/RGB/);
  });
});
