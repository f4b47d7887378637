import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { demodulate } from "../../../src/kernels/conv/demodulate.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { Graph } from "../../../src/runtime/graph.ts";
import { requestDevice } from "../../gpu.ts";
import { expectLinear } from "../linear.ts";
import { Bench, type Extents, noiseMap } from "../reference.ts";
import { demodulate64, given, numbersOf } from "../style64.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

const EXTENTS: Extents = [2, 3, 5, 7];

test.each([
  ["everything", {}],
  ["a clamp", { bound: 0.5 }],
  ["neither factors nor noise", { d: false, noisy: false }],
  ["no activation", { leaky: false }],
])("%s", async (_, options) => {
  const x = noiseMap(1, EXTENTS);
  const numbers = numbersOf(EXTENTS, options);
  const bench = new Bench(device);
  const after = given(bench.graph, numbers, numbers.d && bench.map(numbers.d, "d"));
  const [y] = await bench.run(demodulate(bench.graph, "y", bench.map(x), after));
  const expected = demodulate64({ ...x, terms: x.data.map(Math.abs) }, numbers);
  expectLinear("demodulate", y, expected);
});

describe("refuses", () => {
  const graph = new Graph("gpu");
  const x = graph.map("x", 2, 3, 5, 8);
  const bias = graph.value("bias", [8]);
  const noise = { map: graph.value("noise", [15]), strength: bias };
  test.each([
    ["factors of one image", { bias, d: graph.map("d", 1, 1, 1, 8) }],
    ["another bias", { bias: graph.value("bias", [4]) }],
    ["noise of another size", { bias, noise: { ...noise, map: graph.value("noise", [16]) } }],
    ["other strengths", { bias, noise: { ...noise, strength: graph.value("strength", [1]) } }],
  ])("%s", (_, demodulation) => {
    expect(() => demodulate(graph, "y", x, demodulation)).toThrow(/"y" \[2,3,5,8\] cannot be demodulated/);
  });
});
