import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Sampling } from "../../../src/kernels/maps/resample.ts";
import { classify, mask, probability, type Range, softmaxSum, unite } from "../../../src/kernels/readout/classify.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { Graph } from "../../../src/runtime/graph.ts";
import { requestDevice } from "../../gpu.ts";
import {
  argmax,
  Bench,
  bitsOf,
  type Extents,
  type Map64,
  mapLike,
  noiseMap,
  random,
  resize64,
  softmax64,
  softmaxes,
  unpack,
  worstError,
  zeros,
} from "../reference.ts";

const SAMPLINGS: readonly Sampling[] = ["centre", "corner"];

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

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
    // no ties within rounding, or the test says nothing
    expect(expected.lead).toBeGreaterThan(1e-5);
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

describe.each(SAMPLINGS)("classify, sampling at a %s", (sampling) => {
  /**
   * The name of the largest channel of the range that `rangeAt` gives for each pixel, and the
   * smallest lead of a winner.
   */
  function winners(x: Map64, names: readonly number[], rangeAt: (pixel: number) => Range) {
    const labels: number[] = [];
    let lead = Number.POSITIVE_INFINITY;
    for (let pixel = 0; pixel < x.data.length / x.channels; pixel += 1) {
      const { first, count } = rangeAt(pixel);
      const from = pixel * x.channels + first;
      const values = [...x.data.subarray(from, from + count)];
      const [most = 0, second = Number.NEGATIVE_INFINITY] = values.toSorted((a, b) => b - a);
      labels.push(count === 0 ? 0 : names[first + values.indexOf(most)]!);
      if (count > 0) lead = Math.min(lead, most - second);
    }
    return { labels, lead };
  }

  // Ranges that begin and end within vec4s, one of a single channel, one of none.
  const RANGES: readonly Range[] = [
    { first: 1, count: 4 },
    { first: 0, count: 0 },
    { first: 6, count: 7 },
    { first: 5, count: 1 },
  ];
  const NAMES = Array.from({ length: 13 }, (_, index) => 1000 - 7 * index);
  const [HEIGHT, WIDTH, PIXELS] = [6, 7, 42];

  /** [maps] label maps of both images, one after the other. */
  const mapsOf = (stored: Float32Array<ArrayBuffer>, maps: number): number[][] =>
    Array.from({ length: maps }, (_, map) =>
      [0, 1].flatMap((image) => {
        const start = (image * maps + map) * PIXELS;
        return [...bitsOf(stored).subarray(start, start + PIXELS)];
      }),
    );

  test("chooses within a range and leaves other maps alone", async () => {
    // Negative within, larger beyond.
    const x = mapLike(noiseMap(40, [2, 3, 4, 13]), (value, index) =>
      index % 13 < 6 || index % 13 > 12 ? value : value - 9,
    );
    const bench = new Bench(device);
    const labels = bench.graph.value("labels", [2, 3, HEIGHT, WIDTH], "u32");
    classify(bench.graph, bench.map(x), labels, { map: 1, ranges: [RANGES[2]!], names: NAMES, sampling });
    const [stored] = await bench.run(labels);
    const expected = winners(resize64(x, HEIGHT, WIDTH, sampling), NAMES, () => RANGES[2]!);
    // no ties within rounding, or the test says nothing
    expect(expected.lead).toBeGreaterThan(1e-5);
    const nothing = new Array<number>(2 * PIXELS).fill(0);
    expect(mapsOf(stored, 3)).toEqual([nothing, expected.labels, nothing]);
  });

  test("chooses the range by the label of a gate", async () => {
    const [whole, part] = [noiseMap(41, [2, 4, 3, 5]), noiseMap(42, [2, 3, 5, 13])];
    // Labels of the gate, in no order.
    const gates = [2, 0, 3, 1, 2];
    const bench = new Bench(device);
    const labels = bench.graph.value("labels", [2, 3, HEIGHT, WIDTH], "u32");
    const ranges = [{ first: 0, count: 5 }];
    classify(bench.graph, bench.map(whole, "whole"), labels, { map: 2, ranges, names: gates, sampling });
    const parts = bench.map(part, "part");
    classify(bench.graph, parts, labels, { map: 0, ranges: RANGES, names: NAMES, gate: 2, sampling });
    const [stored] = await bench.run(labels);
    const gate = winners(resize64(whole, HEIGHT, WIDTH, sampling), gates, () => ranges[0]!);
    const expected = winners(resize64(part, HEIGHT, WIDTH, sampling), NAMES, (pixel) => RANGES[gate.labels[pixel]!]!);
    expect(new Set(gate.labels)).toEqual(new Set([0, 1, 2, 3]));
    expect(Math.min(gate.lead, expected.lead)).toBeGreaterThan(1e-5);
    expect(mapsOf(stored, 3)).toEqual([expected.labels, new Array<number>(2 * PIXELS).fill(0), gate.labels]);
  });

  test("refuses ranges and names that do not fit", () => {
    const graph = new Graph("gpu");
    const [x, labels] = [graph.map("x", 1, 2, 2, 5), graph.value("labels", [1, 1, 2, 2], "u32")];
    const names = [0, 1, 2, 3, 4];
    const beyond = { map: 0, ranges: [{ first: 2, count: 4 }], names, sampling };
    expect(() => classify(graph, x, labels, beyond)).toThrow(/"x" has 5 channels, not 4 from 2 on/);
    const few = { map: 0, ranges: [{ first: 2, count: 3 }], names: [0, 1], sampling };
    expect(() => classify(graph, x, labels, few)).toThrow(/2 names do not fit "x"/);
  });
});

/** Softmax within a range of channels; zero outside. */
function softmaxOf(x: Map64, { first, count }: Range): Map64 {
  const y = zeros([x.n, x.height, x.width, x.channels]);
  for (let from = first; from < x.data.length; from += x.channels) {
    const most = Math.max(...x.data.subarray(from, from + count));
    const powers = x.data.subarray(from, from + count).map((value) => Math.exp(value - most));
    const sum = powers.reduce((a, b) => a + b, 0);
    for (let c = 0; c < count; c += 1) y.data[from + c] = powers[c]! / sum;
  }
  return y;
}

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

describe.each(SAMPLINGS)("probabilities, sampling at a %s", (sampling) => {
  const RANGES: readonly Range[] = [
    { first: 1, count: 5 },
    { first: 6, count: 1 },
    { first: 8, count: 3 },
  ];

  test("sum softmaxes within ranges over several sizes", async () => {
    // All negative, so that neither padding nor a neighbouring range may have a say.
    const maps = (
      [
        [2, 4, 3, 11],
        [2, 9, 7, 11],
        [2, 6, 5, 11],
      ] as const
    ).map((extents, index) => mapLike(noiseMap(50 + index, extents), (value, at) => 8 * value - 20 - (at % 11)));
    const bench = new Bench(device);
    const values = maps.map((map, index) => bench.map(map, `scale ${index}`));
    const [y] = await bench.run(softmaxSum(bench.graph, values, RANGES, [6, 5], sampling));
    const expected = new Float64Array(2 * 6 * 5 * 11);
    for (const map of maps) {
      for (const range of RANGES) {
        softmaxOf(resize64(map, 6, 5, sampling), range).data.forEach((p, index) => {
          expected[index]! += p;
        });
      }
    }
    // Channels of no range stay as they were: zero.
    expect(worstError(unpack(y, 11), expected)).toBeLessThan(5e-6);
  });

  test("of a channel within its range, and added", async () => {
    const maps = (
      [
        [2, 4, 3, 11],
        [2, 7, 8, 11],
      ] as const
    ).map((extents, index) => mapLike(noiseMap(60 + index, extents), (value, at) => 8 * value - 20 - (at % 11)));
    const [range, channel] = [RANGES[0]!, 3];
    const bench = new Bench(device);
    const [small, large] = maps.map((map, index) => bench.map(map, `scale ${index}`));
    const one = probability(bench.graph, small!, { range, channel, sampling }, [6, 5]);
    const two = probability(bench.graph, large!, { range, channel, sampling }, [6, 5], one);
    const [first, sum] = await bench.run(one, two);
    const [a = [], b = []] = maps.map((map) =>
      [...softmaxOf(resize64(map, 6, 5, sampling), range).data].filter((_, index) => index % 11 === channel),
    );
    expect(one.shape).toEqual([2, 6, 5]);
    expect(worstError(first, a)).toBeLessThan(3e-6);
    expect(
      worstError(
        sum,
        a.map((p, index) => p + b[index]!),
      ),
    ).toBeLessThan(5e-6);
  });

  // Nothing but differences matters: where every exp but the largest's is zero, or would be
  // infinite.
  test.each([-1e4, 1e4])("of logits around %i", async (far) => {
    const x = mapLike(noiseMap(65, [2, 3, 4, 11]), (value) => far + 4 * value);
    const [range, channel] = [RANGES[0]!, 3];
    const bench = new Bench(device);
    const logits = bench.map(x);
    const [all, one] = await bench.run(
      softmaxSum(bench.graph, [logits], RANGES, [3, 4], sampling),
      probability(bench.graph, logits, { range, channel, sampling }, [3, 4]),
    );
    const expected = new Float64Array(2 * 3 * 4 * 11);
    for (const range of RANGES) {
      softmaxOf(x, range).data.forEach((p, index) => {
        expected[index]! += p;
      });
    }
    expect(worstError(unpack(all, 11), expected)).toBeLessThan(3e-6);
    const own = [...softmaxOf(x, range).data].filter((_, index) => index % 11 === channel);
    expect(worstError(one, own)).toBeLessThan(3e-6);
  });

  test("refuse a range that is not there", () => {
    const graph = new Graph("gpu");
    const x = graph.map("x", 1, 2, 2, 5);
    const range = { first: 4, count: 2 };
    expect(() => probability(graph, x, { range, channel: 4, sampling }, [2, 2])).toThrow(/"x" has 5 channels/);
    expect(() => softmaxSum(graph, [x], [range], [2, 2], sampling)).toThrow(/"x" has 5 channels/);
  });
});

describe("mask", () => {
  test.each([0, 2, 7])("is one where any map holds label %i", async (label) => {
    const [n, maps, height, width] = [3, 3, 4, 6];
    const next = random(70);
    const held = Uint32Array.from({ length: n * maps * height * width }, () => Math.floor(5 * next()));
    const bench = new Bench(device);
    const labels = bench.graph.value("labels", [n, maps, height, width], "u32");
    bench.give(labels, held);
    const [y] = await bench.run(mask(bench.graph, labels, label));
    const pixels = height * width;
    const expected = Array.from({ length: n * pixels }, (_, at) => {
      const first = Math.floor(at / pixels) * maps * pixels + (at % pixels);
      return [0, 1, 2].some((map) => held[first + map * pixels] === label) ? 1 : 0;
    });
    expect([...y]).toEqual(expected);
    expect(new Set(expected).size).toBe(label === 7 ? 1 : 2);
  });
});

describe("unite", () => {
  test.each([
    { map: 3, members: [1, 4] },
    { map: 1, members: [2] },
  ])("writes map $map where an earlier one holds any of $members", async ({ map, members }) => {
    const [n, maps, height, width] = [3, 4, 5, 7];
    const pixels = height * width;
    const next = random(71);
    const held = Uint32Array.from({ length: n * maps * pixels }, () => Math.floor(6 * next()));
    const bench = new Bench(device);
    const labels = bench.graph.value("labels", [n, maps, height, width], "u32");
    bench.give(labels, held);
    unite(bench.graph, labels, { map, label: 9, members });
    const [y] = await bench.run(labels);
    const expected = held.map((label, at) => {
      if (Math.floor(at / pixels) % maps !== map) return label;
      return Array.from({ length: map }, (_, i) => held[at - (i + 1) * pixels]!).some((one) => members.includes(one))
        ? 9
        : 0;
    });
    expect([...bitsOf(y)]).toEqual([...expected]);
  });
});
