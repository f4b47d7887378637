import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { both } from "../../../src/kernels/conv/window.ts";
import { type UpfirdnOptions, upfirdn } from "../../../src/kernels/maps/upfirdn.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { Graph } from "../../../src/runtime/graph.ts";
import { requestDevice } from "../../gpu.ts";
import { adjoint64, backward } from "../../gradient/reference.ts";
import { expectLinear } from "../linear.ts";
import {
  at,
  Bench,
  type Extents,
  each,
  type Linear,
  type Map64,
  noise,
  noiseMap,
  TOLERANCE,
  worstUnit,
  zeros,
} from "../reference.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

/** Step by step as StyleGAN's authors describe it: stretch, pad or crop, convolve, decimate. */
function upfirdn64(
  x: Map64,
  kernel: readonly (readonly number[])[],
  { up = 1, down = 1, pad = 0, gain = 1, flip = false }: UpfirdnOptions,
): Linear {
  const [top, left, bottom, right] = typeof pad === "number" ? [pad, pad, pad, pad] : pad;
  const [[upDown, upAcross], [stepDown, stepAcross]] = [both(up), both(down)];
  const padded = zeros([x.n, x.height * upDown + top + bottom, x.width * upAcross + left + right, x.channels]);
  each(x, (i, row, column, c, from) => {
    const [p, q] = [row * upDown + top, column * upAcross + left];
    if (p < 0 || q < 0 || p >= padded.height || q >= padded.width) return;
    padded.data[at(padded, i, p, q, c)] = x.data[from]!;
  });
  const [tapsDown, tapsAcross] = [kernel.length, kernel[0]!.length];
  const height = Math.floor((padded.height - tapsDown) / stepDown) + 1;
  const width = Math.floor((padded.width - tapsAcross) / stepAcross) + 1;
  const y = zeros([x.n, height, width, x.channels]);
  each(y, (i, row, column, c, to) => {
    kernel.forEach((line, ky) => {
      for (const [kx, tap] of line.entries()) {
        const p = row * stepDown + (flip ? ky : tapsDown - 1 - ky);
        const q = column * stepAcross + (flip ? kx : tapsAcross - 1 - kx);
        const term = gain * tap * padded.data[at(padded, i, p, q, c)]!;
        y.data[to]! += term;
        y.terms[to]! += Math.abs(term);
      }
    });
  });
  return y;
}

interface Case extends UpfirdnOptions {
  readonly name: string;
  readonly x: Extents;
  readonly taps: number | readonly [number, number];
}

const CASES: readonly Case[] = [
  { name: "a blur", x: [2, 5, 6, 5], taps: 4, pad: [2, 2, 1, 1] },
  { name: "upsampling as StyleGAN2", x: [1, 3, 4, 6], taps: 4, up: 2, pad: [2, 2, 1, 1], gain: 4 },
  { name: "upsampling as StyleGAN3", x: [1, 5, 4, 3], taps: 12, up: 2, pad: [9, 9, 8, 8], gain: 4 },
  { name: "downsampling, a crop", x: [1, 9, 10, 4], taps: 6, down: 2, pad: [-1, 2, 3, -2], flip: true },
  { name: "axes apart", x: [1, 4, 5, 3], taps: [3, 5], up: [3, 1], down: [2, 1], pad: [1, 0, -1, 3], gain: 0.5 },
];

describe("upfirdn equals its definition", () => {
  const options = ({ name, x, taps, ...rest }: Case): UpfirdnOptions => rest;

  test.each(CASES)("$name", async (settings) => {
    const [down, across] = both(settings.taps);
    const numbers = noise(2, down * across);
    const kernel = Array.from({ length: down }, (_, row) => [...numbers.slice(row * across, (row + 1) * across)]);
    const input = noiseMap(1, settings.x);
    const filter = { label: "f", taps: settings.taps, kernel: { sources: [], of: () => numbers } };
    const bench = new Bench(device);
    const y = upfirdn(bench.graph, bench.map(input), filter, options(settings));
    const expected = upfirdn64(input, kernel, options(settings));
    expect(y.shape.slice(1, 3)).toEqual([expected.height, expected.width]);
    const [stored] = await bench.run(y);
    expectLinear("upfirdn", stored, expected);
  });

  const separable = CASES.flatMap((settings) =>
    typeof settings.taps === "number" ? [{ ...settings, taps: settings.taps }] : [],
  );
  test.each(separable)("one axis after the other: $name", async (settings) => {
    const numbers = noise(2, settings.taps);
    const kernel = [...numbers].map((a) => [...numbers].map((b) => a * b));
    const input = noiseMap(1, settings.x);
    const filter = { label: "f", taps: settings.taps, along: { sources: [], of: () => numbers } };
    const bench = new Bench(device);
    const [stored] = await bench.run(upfirdn(bench.graph, bench.map(input), filter, options(settings)));
    expectLinear("upfirdn, separable", stored, upfirdn64(input, kernel, options(settings)));
  });

  test.each(separable)("and has its adjoint as gradient: $name", async (settings) => {
    const numbers = noise(2, settings.taps);
    const kernel = [...numbers].map((a) => [...numbers].map((b) => a * b));
    const filter = { label: "f", taps: settings.taps, along: { sources: [], of: () => numbers } };
    const { dy, gradients } = await backward(device, "gpu", [noiseMap(1, settings.x)], (graph, [x]) =>
      upfirdn(graph, x!, filter, options(settings)),
    );
    const expected = adjoint64(settings.x, dy, (map) => upfirdn64(map, kernel, options(settings)));
    expect(worstUnit(gradients[0]!, expected)).toBeLessThan(TOLERANCE);
  });
});

test("refuses a crop that leaves nothing", () => {
  const filter = { label: "f", taps: 4, along: { sources: [], of: () => noise(1, 4) } };
  expect(() => upfirdn(new Graph("gpu"), new Graph("gpu").map("x", 1, 4, 4, 3), filter, { pad: -1 })).toThrow(
    expect.objectContaining({ code: "shape" }),
  );
});
