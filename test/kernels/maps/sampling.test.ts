import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ShapeError } from "../../../src/errors.ts";
import { type Pooling, poolAverage, poolMax } from "../../../src/kernels/maps/pool.ts";
import { type Resampling, resampled, sample } from "../../../src/kernels/maps/sample.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { Graph } from "../../../src/runtime/graph.ts";
import { requestDevice } from "../../gpu.ts";
import { expectLinear } from "../linear.ts";
import {
  at,
  Bench,
  each,
  type Linear,
  type Map64,
  mapLike,
  noiseMap,
  unpack,
  worstError,
  zeros,
} from "../reference.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

interface Window {
  readonly size: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly pad: readonly [number, number, number, number];
  readonly out: readonly [number, number];
}

/** Pixels of each window, [row, column] as if the map went on. */
function windows64(
  x: Map64,
  { size, stride, dilation, pad, out }: Window,
  visit: (to: number, i: number, c: number, places: (readonly [number, number])[]) => void,
): Linear {
  const y = zeros([x.n, ...out, x.channels]);
  each(y, (i, row, column, c, to) => {
    const places: (readonly [number, number])[] = [];
    for (let ky = 0; ky < size[0]; ky += 1) {
      for (let kx = 0; kx < size[1]; kx += 1) {
        places.push([row * stride[0] + ky * dilation[0] - pad[0], column * stride[1] + kx * dilation[1] - pad[1]]);
      }
    }
    visit(to, i, c, places);
  });
  return y;
}

const POOLINGS: readonly (readonly [Pooling, Window])[] = [
  [
    { size: 2, stride: 2 },
    { size: [2, 2], stride: [2, 2], dilation: [1, 1], pad: [0, 0, 0, 0], out: [3, 4] },
  ],
  [
    { size: 3, stride: 2, pad: 1 },
    { size: [3, 3], stride: [2, 2], dilation: [1, 1], pad: [1, 1, 1, 1], out: [4, 4] },
  ],
  [
    { size: [3, 2], stride: [1, 3], pad: [1, 0, 2, 1], dilation: [2, 1] },
    { size: [3, 2], stride: [1, 3], dilation: [2, 1], pad: [1, 0, 2, 1], out: [6, 3] },
  ],
  [
    { size: 3, stride: 2, ceil: true },
    { size: [3, 3], stride: [2, 2], dilation: [1, 1], pad: [0, 0, 0, 0], out: [3, 4] },
  ],
  // Rows would be 5 of them, but the last begins behind the map.
  [
    { size: 1, stride: 2, ceil: true, pad: [0, 0, 1, 0] },
    { size: [1, 1], stride: [2, 2], dilation: [1, 1], pad: [0, 0, 1, 0], out: [4, 4] },
  ],
];

describe("pooling", () => {
  // All below zero, so that zeros would win.
  const x = mapLike(noiseMap(1, [2, 7, 8, 5]), (v) => v - 3);
  const inside = ([row, column]: readonly [number, number]): boolean =>
    row >= 0 && row < 7 && column >= 0 && column < 8;

  test.each(POOLINGS)("the largest of %j", async (pooling, window) => {
    const bench = new Bench(device);
    const [y] = await bench.run(poolMax(bench.graph, bench.map(x), pooling));
    const expected: number[] = [];
    windows64(x, window, (to, i, c, places) => {
      expected[to] = Math.max(...places.filter(inside).map(([row, column]) => x.data[at(x, i, row, column, c)]!));
    });
    expect(worstError(unpack(y, 5), expected)).toBe(0);
  });

  test.each(
    POOLINGS.flatMap(([pooling, window]) => [[pooling, window, false] as const, [pooling, window, true] as const]),
  )("the average of %j %#", async (pooling, window, countPad) => {
    const bench = new Bench(device);
    const [y] = await bench.run(poolAverage(bench.graph, bench.map(x), { ...pooling, countPad }));
    const data: number[] = [];
    const terms: number[] = [];
    const shape = windows64(x, window, (to, i, c, places) => {
      const seen = places.filter(inside).map(([row, column]) => x.data[at(x, i, row, column, c)]!);
      const [, , bottom, right] = window.pad;
      const counted = countPad
        ? places.filter(([row, column]) => row < 7 + bottom && column < 8 + right).length
        : seen.length;
      data[to] = seen.reduce((sum, v) => sum + v, 0) / counted;
      terms[to] = -data[to]!;
    });
    expectLinear("average pooling", y, { ...shape, data: Float64Array.from(data), terms: Float64Array.from(terms) });
  });

  test("needs a window that fits", () => {
    const graph = new Graph("gpu");
    expect(() => poolMax(graph, graph.map("x", 1, 2, 9, 4), { size: 3, stride: 1 })).toThrow(ShapeError);
    expect(() => poolMax(graph, graph.map("x", 1, 2, 9, 4), { size: 3, stride: 1 })).toThrow(
      /smaller than a window of 3×3/,
    );
  });
});

const HOW: Resampling = {
  mode: "linear",
  coordinates: "half_pixel",
  rounding: "round_prefer_floor",
  cubic: -0.75,
  excludeOutside: false,
  value: 0,
};
const extent = (inputs: number, outputs: number, scale = outputs / inputs) => ({
  inputs,
  outputs,
  scale,
  from: 0,
  to: 1,
});
/** What a row of 1, 2, 3, … becomes. */
const row = (inputs: number, outputs: number, how: Partial<Resampling>, more: object = {}): number[] =>
  resampled({ ...extent(inputs, outputs), ...more }, { ...HOW, ...how }).taps.map((taps) =>
    taps.length === 0 ? Number.NaN : taps.reduce((sum, [from, weight]) => sum + weight * (from + 1), 0),
  );
const rounded = (numbers: number[]): number[] => numbers.map((v) => Number(v.toFixed(6)));

describe("places of outputs among the inputs", () => {
  // From the examples of ONNX's Resize-13, read off their first or only changed axis.
  test.each<readonly [string, number[], number[]]>([
    ["resize_upsample_scales_linear", row(2, 4, {}), [1, 1.25, 1.75, 2]],
    ["resize_upsample_scales_linear_align_corners", row(2, 4, { coordinates: "align_corners" }), [1, 4 / 3, 5 / 3, 2]],
    ["resize_downsample_scales_linear", row(4, 2, {}, { scale: 0.6 }), [4 / 3, 3]],
    [
      "resize_upsample_scales_cubic",
      row(4, 8, { mode: "cubic" }),
      [0.894531, 1.191406, 1.667969, 2.296875, 2.703125, 3.332031, 3.808594, 4.105469],
    ],
    [
      "resize_upsample_scales_cubic_A_n0p5_exclude_outside",
      row(4, 8, { mode: "cubic", cubic: -0.5, excludeOutside: true }),
      [0.911765, 1.167883, 1.709924, 2.25, 2.75, 3.290076, 3.832117, 4.088235],
    ],
    [
      "resize_upsample_scales_cubic_asymmetric",
      row(4, 8, { mode: "cubic", coordinates: "asymmetric" }),
      [1, 1.40625, 2, 2.5, 3, 3.59375, 4, 4.09375],
    ],
    [
      "resize_upsample_sizes_nearest_ceil_half_pixel",
      row(4, 8, { mode: "nearest", rounding: "ceil" }),
      [1, 2, 2, 3, 3, 4, 4, 4],
    ],
    [
      "resize_upsample_sizes_nearest_floor_align_corners",
      row(4, 8, { mode: "nearest", rounding: "floor", coordinates: "align_corners" }),
      [1, 1, 1, 2, 2, 3, 3, 4],
    ],
    [
      "resize_upsample_sizes_nearest_round_prefer_ceil_asymmetric",
      row(4, 8, { mode: "nearest", rounding: "round_prefer_ceil", coordinates: "asymmetric" }),
      [1, 2, 2, 3, 3, 4, 4, 4],
    ],
    [
      "nearest, as PyTorch has it",
      row(3, 6, { mode: "nearest", rounding: "floor", coordinates: "asymmetric" }),
      [1, 1, 2, 2, 3, 3],
    ],
    ["pytorch_half_pixel to one", row(4, 1, { coordinates: "pytorch_half_pixel" }), [1]],
    ["half_pixel to one", row(4, 1, {}), [2.5]],
    [
      "tf_half_pixel_for_nn",
      row(4, 2, { mode: "nearest", rounding: "floor", coordinates: "tf_half_pixel_for_nn" }),
      [2, 4],
    ],
    ["tf_crop_and_resize", row(4, 3, { coordinates: "tf_crop_and_resize" }, { from: 0.4, to: 0.6 }), [2.2, 2.5, 2.8]],
    [
      "tf_crop_and_resize beyond the edge",
      row(4, 3, { coordinates: "tf_crop_and_resize" }, { from: 0.5, to: 1.5 }),
      [2.5, 4, Number.NaN],
    ],
    ["tf_crop_and_resize to one", row(5, 1, { coordinates: "tf_crop_and_resize" }), [3]],
  ])("%s", (_, got, expected) => expect(rounded(got)).toEqual(rounded(expected)));

  test("are used down and across", async () => {
    const x = noiseMap(2, [2, 4, 3, 5]);
    const bench = new Bench(device);
    const how = { ...HOW, coordinates: "tf_crop_and_resize", value: 9 } as const;
    const [y] = await bench.run(sample(bench.graph, bench.map(x), [3, 2], how, undefined, [0.5, 0, 1.5, 1]));
    const rows = resampled({ ...extent(4, 3), from: 0.5, to: 1.5 }, how).taps;
    const expected = zeros([2, 3, 2, 5]);
    each(expected, (i, down, across, c, to) => {
      const taps = rows[down]!;
      if (taps.length === 0) expected.data[to] = 9;
      for (const [from, weight] of taps) expected.data[to]! += weight * x.data[at(x, i, from, 2 * across, c)]!;
      expected.terms[to] = Math.abs(expected.data[to]!) + 1;
    });
    expectLinear("resampling", y, expected);
  });
});
