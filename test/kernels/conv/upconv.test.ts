import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stripsOf, upconv } from "../../../src/kernels/conv/upconv.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { Graph } from "../../../src/runtime/graph.ts";
import { requestDevice } from "../../gpu.ts";
import { expectLinear } from "../linear.ts";
import { Bench, bitsOf, type Extents, imageOf, type Map64, noise, noiseMap } from "../reference.ts";
import { demodulate64, fir64, given, type Numbers64, numbersOf, transposed64 } from "../style64.ts";
import { filterOf, numbers as weightsOf } from "./filters.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

const kernel = noise(5, 16);
const fir = { label: "f", taps: 4, kernel: { sources: [], of: () => kernel } };

async function upconved(
  x: Map64,
  out: number,
  numbers: Numbers64,
  target = device.target,
): Promise<Float32Array<ArrayBuffer>> {
  const bench = new Bench(device, target);
  const filter = filterOf(weightsOf(x.channels, out, 3), { inChannels: x.channels, outChannels: out, kernel: 3 });
  const after = given(bench.graph, numbers, numbers.d && bench.map(numbers.d, "d"));
  const [y] = await bench.run(upconv(bench.graph, bench.map(x), filter, fir, after));
  return y;
}

describe("a transposed convolution, filtered", () => {
  test.each<readonly [Extents, number, object]>([
    [[2, 3, 5, 6], 7, {}],
    [[1, 1, 1, 3], 4, { leaky: false }],
    [[2, 4, 4, 17], 20, { bound: 0.5 }],
    [[1, 1, 6, 4], 3, { noisy: false }],
    [[1, 5, 1, 4], 3, { d: false }],
  ])("[%j] to %i channels with %j", async (extents, out, options) => {
    const x = noiseMap(1, extents);
    const [n, height, width, channels] = extents;
    const { weight, scale } = weightsOf(channels, out, 3);
    const numbers = numbersOf([n, 2 * height, 2 * width, out], options);
    const size = [2 * height, 2 * width] as const;
    const sums = fir64(transposed64(x, weight, scale), kernel, size, { up: 1, down: 1, before: 1 });
    for (const target of ["software", "gpu"] as const) {
      expectLinear(`upconv on ${target}`, await upconved(x, out, numbers, target), demodulate64(sums, numbers));
    }
  });

  test("an image's bits do not depend on its company", async () => {
    const x = noiseMap(1, [3, 3, 4, 5]);
    const numbers = numbersOf([3, 6, 8, 6], {});
    const d = numbers.d!;
    const all = await upconved(x, 6, numbers);
    const last = await upconved(imageOf(x, 2), 6, { ...numbers, d: imageOf(d, 2) });
    expect(bitsOf(last)).toEqual(bitsOf(all.slice((2 * all.length) / 3)));
  });

  test("a large map is computed in strips, with the same bits", async () => {
    // 12 of its rows' products are more than a megabyte: 64 of those are two thirds of it.
    const [height, width, out] = [600, 260, 12];
    const x = noiseMap(1, [1, height, width, 4]);
    const numbers = numbersOf([1, 2 * height, 2 * width, out], { noisy: false });
    const whole = await upconved(x, out, numbers);
    const graph = new Graph(device.target);
    const filter = filterOf(weightsOf(4, out, 3), { inChannels: 4, outChannels: out, kernel: 3 });
    upconv(graph, graph.map("x", 1, height, width, 4), filter, fir, { bias: graph.value("bias", [out]) });
    expect(graph.steps).toHaveLength(4);
    const [from, rows] = [540, 60];
    const row = width * 4;
    const end = { ...x, height: rows, data: x.data.slice(from * row, (from + rows) * row) };
    const part = await upconved(end, out, numbersOf([1, 2 * rows, 2 * width, out], { noisy: false }));
    // Its first rows lack those above them.
    const outRow = 2 * width * 12;
    expect(bitsOf(part.slice(4 * outRow))).toEqual(bitsOf(whole.slice((2 * from + 4) * outRow)));
  });
});

describe("strips", () => {
  test("are as many whole images as fit", () => {
    expect(stripsOf(5, 4, 9)).toEqual([
      { start: 0, end: 8, first: 0, last: 8 },
      { start: 8, end: 16, first: 8, last: 16 },
      { start: 16, end: 20, first: 16, last: 20 },
    ]);
  });

  test("or rows of one, with those beside them", () => {
    expect(stripsOf(2, 5, 4)).toEqual([
      { start: 0, end: 3, first: 0, last: 2 },
      { start: 1, end: 5, first: 2, last: 4 },
      { start: 3, end: 5, first: 4, last: 5 },
      { start: 5, end: 8, first: 5, last: 7 },
      { start: 6, end: 10, first: 7, last: 9 },
      { start: 8, end: 10, first: 9, last: 10 },
    ]);
    expect(stripsOf(1, 2, 1)).toEqual([
      { start: 0, end: 2, first: 0, last: 1 },
      { start: 0, end: 2, first: 1, last: 2 },
    ]);
  });
});

test("only 3×3 kernels, and filters of four taps", () => {
  const graph = new Graph("gpu");
  const x = graph.map("x", 1, 4, 4, 4);
  const filter = filterOf(weightsOf(4, 4, 3), { inChannels: 4, outChannels: 4, kernel: 3 });
  const after = { bias: graph.value("bias", [4]) };
  expect(() => upconv(graph, x, { ...filter, kernel: 1 }, fir, after)).toThrow(/cannot upsample/);
  expect(() => upconv(graph, x, { ...filter, inChannels: 3 }, fir, after)).toThrow(/cannot upsample/);
  expect(() => upconv(graph, x, filter, { ...fir, taps: 3 }, after)).toThrow(/cannot upsample/);
});
