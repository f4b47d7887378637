import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bytes, clamp, pixelnorm } from "../../src/kernels/pointwise.ts";
import { concat, maxpool, preprocess, prroi, prroiBins, resize, resizeAdd } from "../../src/kernels/resample.ts";
import type { Device } from "../../src/runtime/device.ts";
import { Graph } from "../../src/runtime/graph.ts";
import { requestDevice } from "../gpu.ts";
import {
  adaptive64,
  argmax,
  at,
  Bench,
  bitsOf,
  type Extents,
  each,
  type Linear,
  type Map64,
  maxpool64,
  noiseMap,
  pixelnorm64,
  prroi64,
  prroiBins64,
  resize64,
  softmax64,
  softmaxes,
  TOLERANCE,
  unpack,
  worstError,
  worstUnit,
  zeros,
} from "./reference.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

const units = new Map<string, number>();
afterAll(() => {
  for (const [kernel, unit] of units) console.log(`${kernel}: worst error ${unit.toFixed(2)} ε·Σ|terms|`);
});

/** Within the tolerance of linear kernels. */
function expectLinear(kernel: string, stored: Float32Array, expected: Linear): void {
  const unit = worstUnit(unpack(stored, expected.channels), expected);
  units.set(kernel, Math.max(unit, units.get(kernel) ?? 0));
  expect(unit).toBeLessThan(TOLERANCE);
}

/** A map like `x` with other numbers, which f32 holds exactly. */
const mapLike = (x: Map64, of: (value: number, index: number) => number): Map64 => ({
  ...x,
  data: x.data.map((value, index) => Math.fround(of(value, index))),
});

describe("pixelnorm", () => {
  test.each<readonly [Extents]>([[[2, 3, 5, 13]], [[1, 9, 9, 3]], [[3, 1, 1, 64]]])("%j", async (extents) => {
    const x = mapLike(noiseMap(1, extents), (value) => 3 * value);
    const bench = new Bench(device);
    const [y] = await bench.run(pixelnorm(bench.graph, bench.map(x)));
    const expected = pixelnorm64(x);
    expectLinear("pixelnorm", y, { ...expected, terms: expected.data.map(Math.abs) });
  });

  test("of tiny and of zero pixels stays finite", async () => {
    const x = mapLike(noiseMap(1, [1, 2, 2, 5]), (value, index) => (index < 5 ? 0 : value * 1e-5));
    const bench = new Bench(device);
    const [y] = await bench.run(pixelnorm(bench.graph, bench.map(x)));
    const expected = pixelnorm64(x);
    expectLinear("pixelnorm", y, { ...expected, terms: expected.data.map(Math.abs) });
  });
});

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

describe("argmax", () => {
  async function labels(x: Map64, height = x.height, width = x.width): Promise<number[]> {
    const bench = new Bench(device);
    const [y] = await bench.run(argmax(bench.graph, bench.map(x), height, width));
    return [...bitsOf(y)];
  }
  /** [n, h, w] labels of the definition, and the smallest lead of a winner. */
  function winners(x: Map64): { readonly labels: number[]; readonly lead: number } {
    const labels: number[] = [];
    let lead = Number.POSITIVE_INFINITY;
    for (let start = 0; start < x.data.length; start += x.channels) {
      const pixel = [...x.data.subarray(start, start + x.channels)];
      const [first = 0, second = 0] = pixel.toSorted((a, b) => b - a);
      labels.push(pixel.indexOf(first));
      lead = Math.min(lead, first - second);
    }
    return { labels, lead };
  }

  test.each<readonly [string, Extents, height: number, width: number]>([
    ["without resizing", [2, 5, 4, 11], 5, 4],
    ["upsampled", [2, 3, 4, 5], 7, 9],
    ["downsampled", [1, 9, 8, 13], 4, 3],
  ])("%s", async (_, extents, height, width) => {
    const x = noiseMap(10, extents);
    const expected = winners(resize64(x, height, width));
    expect(expected.lead).toBeGreaterThan(1e-5); // no ties within rounding, or the test says nothing
    expect(await labels(x, height, width)).toEqual(expected.labels);
  });

  test("the first of equals wins", async () => {
    const rows = [
      [1, 1, 1, 1, 1, 1],
      [0, 0, 3, 0, 0, 3],
      [-2, -1, -1, -3, -1, -1],
      [0, 0, 0, 0, 2, 2],
      [5, 0, 0, 0, 5, 5],
    ];
    const x: Map64 = { n: 1, height: 1, width: rows.length, channels: 6, data: Float64Array.from(rows.flat()) };
    expect(await labels(x)).toEqual([0, 2, 1, 4, 0]);
    // Equal everywhere, so equal between pixels too.
    const same = mapLike(noiseMap(0, [1, 3, 3, 6]), (_, index) => [1, 4, 4, 2, 4, 0][index % 6]!);
    expect(new Set(await labels(same, 7, 7))).toEqual(new Set([1]));
  });

  test.each([1, 3, 5, 6, 7])("padding never wins over %i negative channels", async (channels) => {
    const x = mapLike(noiseMap(11, [2, 3, 3, channels]), (value) => value - 50);
    expect(await labels(x)).toEqual(winners(x).labels);
  });
});

describe("softmax", () => {
  const LOGITS: Extents = [2, 4, 3, 5];

  test("of one map", async () => {
    const x = mapLike(noiseMap(12, LOGITS), (value) => 8 * value);
    const bench = new Bench(device);
    const [y] = await bench.run(softmaxes(bench.graph, [bench.map(x)], 4, 3));
    expect(worstError(unpack(y, 5), softmax64(x).data)).toBeLessThan(1e-6);
  });

  test("summed over maps of several sizes, padding no part of it", async () => {
    const maps = ([LOGITS, [2, 9, 7, 5], [2, 6, 5, 5]] as const).map((extents, index) =>
      // All negative: padding would have the largest logit.
      mapLike(noiseMap(13 + index, extents), (value) => 8 * value - 20),
    );
    const bench = new Bench(device);
    const values = maps.map((map, index) => bench.map(map, `scale ${index}`));
    const [y] = await bench.run(softmaxes(bench.graph, values, 6, 5));
    const expected = new Float64Array(2 * 6 * 5 * 5);
    for (const map of maps)
      softmax64(resize64(map, 6, 5)).data.forEach((p, index) => {
        expected[index]! += p;
      });
    expect(worstError(unpack(y, 5), expected)).toBeLessThan(3e-6);
  });

  test("of logits that differ by hundreds between neighbours", async () => {
    const x: Map64 = { n: 1, height: 1, width: 2, channels: 3, data: Float64Array.of(400, 100, -300, 0, -1, 1) };
    const bench = new Bench(device);
    const [y] = await bench.run(softmaxes(bench.graph, [bench.map(x)], 1, 64));
    expect(worstError(unpack(y, 3), softmax64(resize64(x, 1, 64)).data)).toBeLessThan(1e-4);
  });
});

describe("pixels", () => {
  test("become bytes, truncated and clamped", async () => {
    const middles = Array.from({ length: 256 }, (_, byte) => (2 * (byte + 0.5)) / 255 - 1);
    const edges = Array.from({ length: 256 }, (_, byte) => (2 * byte) / 255 - 1);
    const beyond = [-1.001, -7, -1e30, 1.001, 1.2, 1e30, 0, -0];
    const data = Float64Array.from([...middles, ...edges, ...beyond, 0.5, -0.5], Math.fround);
    const x: Map64 = { n: 1, height: 2, width: data.length / 6, channels: 3, data };
    const bench = new Bench(device);
    const [rgba] = await bench.run(bytes(bench.graph, bench.map(x)));
    const got = new Uint8Array(rgba.buffer);
    const expected: number[] = [];
    for (let pixel = 0; pixel < data.length / 3; pixel += 1) {
      for (let c = 0; c < 3; c += 1) {
        // In single precision, like the reference implementation.
        const byte = Math.fround(Math.fround(Math.fround(data[3 * pixel + c]! + 1) / 2) * 255);
        expected.push(Math.trunc(Math.min(255, Math.max(0, byte))));
      }
      expected.push(255);
    }
    expect([...got]).toEqual(expected);
    middles.slice(0, 255).forEach((_, byte) => {
      expect(got[Math.floor(byte / 3) * 4 + (byte % 3)]).toBe(byte);
    });
  });

  test("bytes are made of RGB only", () => {
    const graph = new Graph("gpu");
    expect(() => bytes(graph, graph.map("x", 1, 2, 2, 4))).toThrow(/RGB/);
  });

  test("are clamped to [−1, 1]", async () => {
    const x = mapLike(noiseMap(18, [2, 3, 3, 3]), (value) => 3 * value);
    const bench = new Bench(device);
    const [y] = await bench.run(clamp(bench.graph, bench.map(x)));
    expect(
      worstError(
        unpack(y, 3),
        x.data.map((value) => Math.min(1, Math.max(-1, value))),
      ),
    ).toBe(0);
  });
});
