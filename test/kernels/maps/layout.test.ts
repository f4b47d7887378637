import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ShapeError } from "../../../src/errors.ts";
import { type AxisName, type Extents, reshape, shuffle, stack, transpose } from "../../../src/kernels/maps/layout.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { Graph } from "../../../src/runtime/graph.ts";
import { requestDevice } from "../../gpu.ts";
import { Bench, type Linear, noiseMap, unpack, worstUnit } from "../reference.ts";
import { reshape64, shuffle64, stack64, transpose64 } from "./layout64.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

/** Numbers that are moved stay what they are. */
const expectMoved = (stored: Float32Array, expected: Linear): void =>
  expect(worstUnit(unpack(stored, expected.channels), expected)).toBe(0);

describe("reshape", () => {
  test.each<readonly [Extents, Extents]>([
    [
      [30, 1, 1],
      [5, 3, 2],
    ],
    [
      [5, 3, 2],
      [30, 1, 1],
    ],
    [
      [6, 2, 5],
      [3, 5, 4],
    ],
    [
      [1, 4, 6],
      [4, 3, 2],
    ],
    // The same memory.
    [
      [6, 2, 5],
      [6, 10, 1],
    ],
  ])("of [%s] to [%s] keeps the order of [c][h][w]", async (from, to) => {
    const [channels, height, width] = from;
    const x = noiseMap(1, [2, height, width, channels]);
    const bench = new Bench(device);
    const [y] = await bench.run(reshape(bench.graph, bench.map(x), to));
    expectMoved(y, reshape64(x, to));
  });

  test("needs as many numbers", () => {
    const graph = new Graph("gpu");
    expect(() => reshape(graph, graph.map("x", 1, 2, 3, 5), [5, 2, 4])).toThrow(ShapeError);
    expect(() => reshape(graph, graph.map("x", 1, 2, 3, 5), [5, 2, 4])).toThrow('"x" [5,2,3] cannot have the extents');
  });
});

const ORDERS = ["chw", "cwh", "hcw", "hwc", "wch", "whc"].map((order) => [...order] as AxisName[]);

describe("transpose", () => {
  test.each(ORDERS)("to %s, %s, %s", async (...order) => {
    const x = noiseMap(2, [2, 3, 5, 6]);
    const bench = new Bench(device);
    const [y] = await bench.run(transpose(bench.graph, bench.map(x), order));
    expectMoved(y, transpose64(x, order));
  });

  test("needs an order of all axes", () => {
    const graph = new Graph("gpu");
    const x = graph.map("x", 1, 2, 3, 5);
    expect(() => transpose(graph, x, ["c", "h", "h"])).toThrow(ShapeError);
    expect(() => transpose(graph, x, ["c", "h"])).toThrow(ShapeError);
  });
});

describe("shuffle", () => {
  test.each([
    [2, false],
    [2, true],
    [3, false],
    [3, true],
  ])("by %i, places of a channel side by side: %s, there and back", async (block, byChannel) => {
    const x = noiseMap(3, [2, 3, 2, 5 * block ** 2]);
    const bench = new Bench(device);
    const y = shuffle(bench.graph, bench.map(x), { block, toDepth: false, byChannel });
    const [wide, back] = await bench.run(y, shuffle(bench.graph, y, { block, toDepth: true, byChannel }));
    const expected = shuffle64(x, { block, toDepth: false, byChannel });
    expectMoved(wide, expected);
    expectMoved(back, shuffle64(expected, { block, toDepth: true, byChannel }));
    expect(worstUnit(unpack(back, x.channels), { ...x, terms: x.data })).toBe(0);
  });

  test("as ONNX's example has it", async () => {
    // DepthToSpace's page: eight channels of 2×3, block 2, DCR; its first row.
    const data = Float64Array.from({ length: 48 }, (_, index) => (index % 8) * 9 + Math.floor(index / 8));
    const bench = new Bench(device);
    const x = bench.map({ n: 1, height: 2, width: 3, channels: 8, data });
    const [y] = await bench.run(shuffle(bench.graph, x, { block: 2, toDepth: false, byChannel: false }));
    expect([...unpack(y, 2)].filter((_, index) => index % 2 === 0).slice(0, 12)).toEqual([
      0, 18, 1, 19, 2, 20, 36, 54, 37, 55, 38, 56,
    ]);
  });

  test("needs whole blocks", () => {
    const graph = new Graph("gpu");
    const x = graph.map("x", 1, 4, 6, 12);
    expect(() => shuffle(graph, x, { block: 5, toDepth: true, byChannel: false })).toThrow(/blocks of 5×5/);
    expect(() => shuffle(graph, x, { block: 4, toDepth: true, byChannel: false })).toThrow(ShapeError);
    expect(() => shuffle(graph, x, { block: 3, toDepth: false, byChannel: false })).toThrow(ShapeError);
  });
});

describe("stack", () => {
  test.each<readonly [AxisName, readonly (readonly [number, number, number, number])[]]>([
    [
      "c",
      [
        [2, 3, 2, 5],
        [2, 3, 2, 1],
        [2, 3, 2, 6],
      ],
    ],
    [
      "c",
      [
        [2, 1, 1, 10],
        [2, 1, 1, 3],
      ],
    ],
    [
      "c",
      [
        [1, 2, 2, 2],
        [1, 2, 2, 2],
      ],
    ],
    [
      "h",
      [
        [2, 3, 2, 5],
        [2, 1, 2, 5],
      ],
    ],
    [
      "w",
      [
        [2, 3, 2, 7],
        [2, 3, 1, 7],
        [2, 3, 4, 7],
      ],
    ],
  ])("along %s of %j", async (axis, extents) => {
    const parts = extents.map((extent, index) => noiseMap(10 + index, extent));
    const bench = new Bench(device);
    const values = parts.map((part, index) => bench.map(part, `part ${index}`));
    const [y] = await bench.run(stack(bench.graph, "y", values, axis));
    expectMoved(y, stack64(parts, axis));
  });

  test("needs the same extents but for one", () => {
    const graph = new Graph("gpu");
    const parts = [graph.map("a", 1, 2, 3, 5), graph.map("b", 1, 2, 4, 5)];
    expect(() => stack(graph, "y", parts, "c")).toThrow(/"b" \[5,2,4\] cannot be put behind "a" \[5,2,3\] along c/);
    expect(() => stack(graph, "y", [parts[0]!, graph.map("c", 2, 2, 3, 5)], "c")).toThrow(ShapeError);
    expect(stack(graph, "y", parts, "w").shape).toEqual([1, 2, 7, 8]);
  });
});
