import { afterAll, beforeAll, expect, test } from "vitest";
import { area, type Pair } from "../../../src/kernels/conv/window.ts";
import { fir } from "../../../src/kernels/maps/fir.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { Graph } from "../../../src/runtime/graph.ts";
import { requestDevice } from "../../gpu.ts";
import { expectLinear } from "../linear.ts";
import { Bench, type Extents, noise, noiseMap } from "../reference.ts";
import { fir64 } from "../style64.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

type Size = readonly [number, number];
const CASES: readonly (readonly [string, Extents, Pair, Size, Pair, Pair, Pair])[] = [
  ["upsampling", [2, 3, 5, 7], 4, [6, 10], 2, 1, 2],
  ["upsampling one pixel", [1, 1, 1, 3], 4, [2, 2], 2, 1, 2],
  ["a blur behind a transposed convolution", [1, 7, 9, 6], 4, [6, 8], 1, 1, 1],
  ["three taps", [2, 5, 4, 3], 3, [5, 4], 1, 1, 1],
  ["downsampling", [2, 8, 6, 5], 4, [4, 3], 1, 2, 1],
  ["outputs beyond the map", [1, 3, 3, 4], 4, [9, 8], 2, 1, 3],
  ["up by three, down by two", [1, 4, 5, 4], 5, [6, 7], 3, 2, 2],
  ["rows left out", [1, 7, 6, 4], 4, [5, 4], 2, 1, -3],
  ["axes apart", [2, 4, 7, 5], [3, 6], [9, 4], [2, 1], [1, 2], [4, -1]],
  ["a column, then a row", [1, 5, 4, 6], [5, 1], [10, 4], [2, 1], 1, [2, 0]],
];

test.each(CASES)("%s", async (_, extents, taps, size, up, down, before) => {
  const x = noiseMap(1, extents);
  const kernel = noise(2, area(taps));
  const move = { up, down, before };
  const expected = fir64(x, kernel, size, move, taps);
  const addend = noiseMap(3, [extents[0], ...size, extents[3]]);
  const bench = new Bench(device);
  const filter = { label: "f", taps, kernel: { sources: [], of: () => kernel } };
  const map = bench.map(x);
  const plain = fir(bench.graph, map, filter, size, move);
  const added = fir(bench.graph, map, filter, size, { ...move, addend: bench.map(addend, "addend") });
  const [one, two] = await bench.run(plain, added);
  expectLinear("fir", one, expected);
  const data = expected.data.map((v, index) => v + addend.data[index]!);
  const terms = expected.terms.map((v, index) => v + Math.abs(addend.data[index]!));
  expectLinear("fir", two, { ...expected, data, terms });
});

test("takes an addend of its result's shape only", () => {
  const graph = new Graph("gpu");
  const filter = { label: "f", taps: 4, kernel: { sources: [], of: () => noise(1, 16) } };
  const options = { up: 2, down: 1, before: 2, addend: graph.map("a", 1, 3, 4, 4) };
  expect(() => fir(graph, graph.map("x", 1, 2, 2, 4), filter, [4, 4], options)).toThrow(/\[1,4,4,4\].*\[1,3,4,4\]/);
});
