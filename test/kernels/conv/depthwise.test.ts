import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { depthwise } from "../../../src/kernels/conv/depthwise.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { Graph } from "../../../src/runtime/graph.ts";
import { requestDevice, targetsHere } from "../../gpu.ts";
import { expectLinear } from "../linear.ts";
import { Bench, conv64, mapLike, noiseMap } from "../reference.ts";
import { type Case, filterOf, numbers, optionsOf } from "./filters.ts";

const TARGETS = await targetsHere();

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

describe.each(TARGETS)("a depthwise convolution on a %s target", (target) => {
  test.each<Omit<Case, "out">>([
    { name: "3×3", x: [2, 5, 7, 5], kernel: 3, pad: 1 },
    { name: "3×3 on one column", x: [1, 4, 1, 3], kernel: 3, pad: 1 },
    { name: "3×3 without padding", x: [1, 5, 8, 4], kernel: 3 },
    { name: "3×3, stride 2, odd width", x: [1, 8, 9, 6], kernel: 3, stride: 2, pad: 1 },
    { name: "3×3, dilation 2", x: [2, 6, 7, 9], kernel: 3, dilation: 2, pad: 2 },
    { name: "3×3, SAME", x: [1, 6, 5, 7], kernel: 3, pad: "same" },
    { name: "3×3, SAME, stride 2, even extents", x: [2, 8, 10, 5], kernel: 3, stride: 2, pad: "same" },
    { name: "3×3, SAME, stride 2, odd extents", x: [1, 7, 11, 5], kernel: 3, stride: 2, pad: "same" },
    { name: "3×3, SAME, dilation 4", x: [1, 7, 6, 5], kernel: 3, dilation: 4, pad: "same" },
    { name: "5×5", x: [1, 6, 7, 10], kernel: 5, pad: 2 },
    { name: "5×5, SAME, stride 2", x: [2, 6, 9, 3], kernel: 5, stride: 2, pad: "same" },
    { name: "5×5, dilation 2, wider than its map", x: [1, 5, 3, 5], kernel: 5, dilation: 2, pad: 4 },
    { name: "more than a workgroup", x: [1, 9, 14, 13], kernel: 3, pad: 1 },
    { name: "7×7", x: [1, 6, 7, 5], kernel: 7, pad: 3 },
    { name: "several strips below each other", x: [2, 35, 6, 5], kernel: 3, pad: 1 },
    { name: "several strips, 5×5, dilation 3", x: [1, 55, 14, 4], kernel: 5, dilation: 3, pad: "same" },
    { name: "a row of taps", x: [1, 5, 9, 6], kernel: [1, 5], pad: [0, 2, 0, 2] },
    { name: "3×3, zeros on two sides", x: [1, 5, 9, 6], kernel: 3, pad: [2, 0, 1, 1] },
    { name: "3×3, dilated across", x: [1, 6, 9, 6], kernel: 3, dilation: [1, 3], pad: [1, 3, 1, 3] },
    { name: "axes apart", x: [2, 8, 9, 5], kernel: [2, 4], stride: [3, 2], dilation: [2, 1], pad: [0, 3, 2, 1] },
    { name: "rows left out", x: [1, 7, 8, 3], kernel: 3, pad: [-1, 1, -2, -1] },
    { name: "relu6", x: [2, 5, 6, 7], kernel: 3, pad: 1, activation: "relu6" },
  ])("equals the definition: $name", async (settings) => {
    const { x, kernel, activation } = settings;
    const channels = x[3];
    const input = mapLike(noiseMap(1, x), (value) => (activation ? 8 * value : value));
    const given = numbers(1, channels, kernel);
    const options = optionsOf({ ...settings, out: channels });
    const bench = new Bench(device, target);
    const filter = filterOf(given, { inChannels: channels, outChannels: channels, kernel });
    const y = depthwise(bench.graph, bench.map(input), filter, options);
    const expected = conv64(input, { ...given, kernel, ...options, depthwise: true });
    if (activation) expect(new Set(expected.data).has(6)).toBe(true);
    expect(y.shape.slice(1, 3)).toEqual([expected.height, expected.width]);
    const [stored] = await bench.run(y);
    expectLinear(`depthwise, ${target}`, stored, expected);
  });

  test("refuses filters that mix or do not fit", () => {
    const graph = new Graph("gpu");
    const x = graph.map("x", 1, 4, 4, 5);
    const mixes = filterOf(numbers(5, 6, 3), { inChannels: 5, outChannels: 6, kernel: 3 });
    expect(() => depthwise(graph, x, mixes)).toThrow(/one by one/);
    const wider = filterOf(numbers(1, 6, 3), { inChannels: 6, outChannels: 6, kernel: 3 });
    expect(() => depthwise(graph, x, wider)).toThrow(/"y" filters 6 channels.*"x"/);
  });
});
