import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { conv } from "../../../src/kernels/conv/conv.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { requestDevice, targetsHere } from "../../gpu.ts";
import { expectLinear } from "../linear.ts";
import { Bench, conv64, double64, mapLike, noiseMap } from "../reference.ts";
import { type Case, filterOf, numbers, optionsOf } from "./filters.ts";

const TARGETS = await targetsHere();

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

describe.each(TARGETS)("a convolution on a %s target", (target) => {
  test.each<Case>([
    { name: "dilation 2", x: [2, 7, 6, 5], out: 7, kernel: 3, dilation: 2, pad: 2 },
    { name: "dilation 2 without padding", x: [1, 6, 7, 3], out: 4, kernel: 3, dilation: 2 },
    { name: "dilation 4", x: [1, 9, 11, 5], out: 13, kernel: 3, dilation: 4, pad: 4 },
    { name: "dilation 4, wider than its map", x: [1, 3, 2, 4], out: 5, kernel: 3, dilation: 4, pad: 4 },
    { name: "dilation 2, stride 2", x: [1, 9, 8, 3], out: 6, kernel: 3, dilation: 2, stride: 2, pad: 2 },
    { name: "dilation 2, many channels", x: [1, 6, 5, 19], out: 21, kernel: 3, dilation: 2, pad: 2 },
    { name: "SAME, odd extents", x: [2, 7, 5, 3], out: 5, kernel: 3, pad: "same" },
    { name: "SAME, 1×1, stride 2", x: [1, 6, 5, 7], out: 5, kernel: 1, stride: 2, pad: "same" },
    { name: "SAME, stride 2, odd extents", x: [1, 9, 7, 3], out: 5, kernel: 3, stride: 2, pad: "same" },
    { name: "SAME, stride 2, even extents", x: [2, 8, 6, 3], out: 5, kernel: 3, stride: 2, pad: "same" },
    { name: "SAME, stride 2, odd and even", x: [1, 7, 8, 5], out: 4, kernel: 3, stride: 2, pad: "same" },
    { name: "SAME, even kernel: the odd zero comes last", x: [1, 5, 6, 3], out: 5, kernel: 4, pad: "same" },
    { name: "SAME, dilation 2", x: [1, 7, 6, 3], out: 5, kernel: 3, dilation: 2, pad: "same" },
    { name: "SAME, dilation 4, stride 2", x: [1, 9, 10, 3], out: 5, kernel: 3, dilation: 4, stride: 2, pad: "same" },
    { name: "SAME, many channels", x: [1, 5, 6, 17], out: 18, kernel: 3, pad: "same" },
    { name: "a row of taps", x: [2, 5, 8, 6], out: 7, kernel: [1, 7], pad: [0, 3, 0, 3] },
    { name: "a column of taps", x: [1, 9, 4, 5], out: 3, kernel: [5, 1], pad: [2, 0, 2, 0] },
    { name: "zeros on two sides", x: [1, 6, 7, 5], out: 6, kernel: 4, pad: [2, 2, 1, 1] },
    { name: "zeros on two sides, stride 2", x: [2, 7, 6, 5], out: 6, kernel: 3, stride: 2, pad: [0, 0, 1, 1] },
    { name: "zeros around the taps of one pixel", x: [1, 3, 4, 5], out: 6, kernel: 1, pad: [0, 0, 2, 1] },
    { name: "many channels, zeros on two sides", x: [1, 6, 5, 18], out: 17, kernel: 3, pad: [2, 1, 0, 1] },
    { name: "rows left out", x: [1, 7, 8, 3], out: 4, kernel: 3, pad: [-1, 1, -2, -1] },
    {
      name: "SAME, axes apart",
      x: [1, 7, 8, 3],
      out: 5,
      kernel: [3, 4],
      stride: [2, 3],
      dilation: [2, 1],
      pad: "same",
    },
    {
      name: "axes apart",
      x: [2, 9, 11, 6],
      out: 10,
      kernel: [3, 4],
      stride: [2, 3],
      dilation: [2, 4],
      pad: [1, 0, 3, 2],
    },
    { name: "numbers for both axes that are the same", x: [1, 5, 4, 17], out: 18, kernel: [3, 3], pad: [1, 1, 1, 1] },
  ])("equals the definition: $name", async (settings) => {
    const { x, out, kernel } = settings;
    const [input, given] = [noiseMap(1, x), numbers(x[3], out, kernel)];
    const bench = new Bench(device, target);
    const filter = filterOf(given, { inChannels: x[3], outChannels: out, kernel });
    const y = conv(bench.graph, bench.map(input), filter, optionsOf(settings));
    const expected = conv64(input, { ...given, kernel, ...optionsOf(settings) });
    expect(y.shape.slice(1, 3)).toEqual([expected.height, expected.width]);
    const [stored] = await bench.run(y);
    expectLinear(`conv, ${target}`, stored, expected);
  });

  test.each<Case & { readonly upsample?: boolean }>([
    { name: "plain", x: [1, 5, 5, 11], out: 6, kernel: 3, pad: 1 },
    { name: "Winograd where it suits", x: [1, 4, 5, 17], out: 18, kernel: 3, pad: 1 },
    { name: "taps where they suit", x: [1, 3, 2, 33], out: 5, kernel: 3, pad: 1, upsample: true },
  ])("stops at zero and six with relu6: $name", async ({ upsample = false, ...settings }) => {
    const { x, out, kernel } = settings;
    const input = mapLike(noiseMap(1, x), (value) => 4 * value);
    const given = numbers(x[3], out, kernel);
    const bench = new Bench(device, target);
    const filter = filterOf(given, { inChannels: x[3], outChannels: out, kernel });
    const y = conv(bench.graph, bench.map(input), filter, { pad: 1, upsample, activation: "relu6" });
    const [stored] = await bench.run(y);
    const definition = { ...given, kernel, pad: 1, activation: "relu6" } as const;
    const expected = conv64(upsample ? double64(input) : input, definition);
    // Below, between and above, or the test says nothing.
    expect(new Set(expected.data.map((value) => (value === 0 || value === 6 ? value : 1)))).toEqual(new Set([0, 1, 6]));
    expectLinear(`relu6, ${target}`, stored, expected);
  });
});
