import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type PictureOptions, picture, tileColors } from "../../../src/kernels/maps/picture.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { Graph } from "../../../src/runtime/graph.ts";
import { requestDevice } from "../../gpu.ts";
import { backward, differences64 } from "../../gradient/reference.ts";
import { at, Bench, each, type Map64, noiseMap, unpack, worstError, zeros } from "../reference.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

/** RGB in [−1, 1] of a network's image, by the definition. */
function picture64(x: Map64, { range = "-1..1", crop = [x.height, x.width] }: PictureOptions): Map64 {
  const y = zeros([x.n, crop[0], crop[1], 3]);
  each(y, (i, row, column, c, to) => {
    const value = (channel: number): number => {
      const v = x.data[at(x, i, row, column, channel)]!;
      return range === "0..1" ? 2 * v - 1 : v;
    };
    const own = value(x.channels === 1 ? 0 : c);
    const opacity = x.channels === 4 ? Math.min(1, Math.max(0, (value(3) + 1) / 2)) : 1;
    y.data[to] = own * opacity + (1 - opacity);
  });
  return y;
}

const CASES: readonly (readonly [number, PictureOptions])[] = [
  [1, {}],
  [1, { range: "0..1", crop: [2, 3] }],
  [3, { range: "0..1" }],
  [3, { crop: [3, 1] }],
  [4, {}],
  [4, { range: "0..1", crop: [1, 4] }],
];

test.each(CASES)("%i channels, %j", async (channels, options) => {
  const x = noiseMap(1, [2, 3, 5, channels]);
  const bench = new Bench(device);
  const [y] = await bench.run(picture(bench.graph, bench.map(x), options));
  const expected = picture64(x, options);
  expect(worstError(unpack(y, 3), expected.data)).toBeLessThan(1e-6);
  // The fourth of every pixel is no channel.
  expect(y.filter((_, index) => index % 4 === 3).every((v) => v === 0)).toBe(true);
});

test.each(CASES)("the gradient by %i channels, %j", async (channels, options) => {
  const x = noiseMap(2, [2, 3, 5, channels]);
  const { dy, gradients } = await backward(device, "gpu", [x], (graph, [value]) => picture(graph, value!, options));
  const expected = differences64(x, dy.data, (map) => picture64(map, options).data);
  expect(worstError(gradients[0]!, expected)).toBeLessThan(1e-5);
});

test("is x itself where that is RGB in [−1, 1] already", () => {
  const graph = new Graph("gpu");
  const x = graph.map("x", 1, 4, 4, 3);
  expect(picture(graph, x, {})).toBe(x);
  expect(picture(graph, x, { crop: [4, 4] })).toBe(x);
  expect(graph.steps).toHaveLength(0);
});

test("of tiles has the colour of the one that scores highest, the first of equals", async () => {
  const x = noiseMap(3, [2, 4, 3, 6]);
  // The first image's first pixel is a tie of the last three.
  for (let c = 0; c < 6; c += 1) x.data[at(x, 0, 0, 0, c)] = c < 3 ? -1 : 0.5;
  const bench = new Bench(device);
  const [y] = await bench.run(picture(bench.graph, bench.map(x), { range: "tiles", crop: [3, 2] }));
  const colors = tileColors(6);
  const expected = zeros([2, 3, 2, 3]);
  each(expected, (i, row, column, c, to) => {
    const scores = Array.from({ length: 6 }, (_, tile) => x.data[at(x, i, row, column, tile)]!);
    expected.data[to] = colors[4 * scores.indexOf(Math.max(...scores)) + c]!;
  });
  expect([...unpack(y, 3)]).toEqual([...expected.data]);
});

describe("colours of tiles", () => {
  test("are colours, and none is another's", () => {
    const colors = tileColors(24);
    expect(colors.every((v) => v >= -1 && v <= 1)).toBe(true);
    const rows = Array.from({ length: 24 }, (_, i) => [...colors.subarray(4 * i, 4 * i + 3)]);
    for (const [i, a] of rows.entries()) {
      for (const b of rows.slice(i + 1)) expect(Math.hypot(...a.map((v, c) => v - b[c]!))).toBeGreaterThan(0.1);
    }
  });
});

test("channels that are no picture and crops that are larger are refused", () => {
  const graph = new Graph("gpu");
  const x = graph.map("x", 1, 4, 4, 2);
  expect(() => picture(graph, x, {})).toThrow(/2 channels is no picture/);
  expect(() => picture(graph, graph.map("x", 1, 4, 4, 3), { crop: [5, 4] })).toThrow(/has no 5×4 pixels/);
});
