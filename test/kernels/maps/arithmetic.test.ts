import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ShapeError } from "../../../src/errors.ts";
import { BINARY_FUNCTIONS, type BinaryFunction, binary } from "../../../src/kernels/maps/binary.ts";
import type { AxisName } from "../../../src/kernels/maps/layout.ts";
import { matmul } from "../../../src/kernels/maps/matmul.ts";
import { largest, normalised, sum } from "../../../src/kernels/maps/reduce.ts";
import { type SoftmaxAxis, softmax } from "../../../src/kernels/maps/softmax.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { Graph } from "../../../src/runtime/graph.ts";
import { requestDevice } from "../../gpu.ts";
import { expectLinear } from "../linear.ts";
import {
  Bench,
  EPSILON,
  type Extents,
  type Map64,
  mapLike,
  noiseMap,
  unpack,
  worstError,
  worstUnit,
} from "../reference.ts";
import { BINARY64, binary64, matmul64, normalised64, reduce64, softmax64, total } from "./arithmetic64.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

const SHAPES: readonly (readonly [Extents, Extents])[] = [
  [
    [2, 3, 4, 5],
    [2, 3, 4, 5],
  ],
  [
    [2, 3, 4, 5],
    [1, 1, 1, 5],
  ],
  [
    [2, 3, 4, 5],
    [2, 3, 4, 1],
  ],
  [
    [2, 1, 4, 5],
    [2, 3, 1, 5],
  ],
  [
    [1, 1, 1, 1],
    [2, 3, 4, 6],
  ],
  [
    [2, 3, 1, 1],
    [2, 1, 4, 1],
  ],
];
const NAMES = Object.keys(BINARY_FUNCTIONS) as BinaryFunction[];
/** Numbers of which f is well defined. */
const operand = (fn: BinaryFunction, seed: number, extents: Extents): Map64 =>
  mapLike(noiseMap(seed, extents), (v) => (fn === "div" || fn === "pow" ? Math.abs(v) + 0.25 : v));
/** Rounding: eight steps of it, and for a power what the logarithm's is multiplied by. */
const close = (fn: BinaryFunction, y: Map64) => ({
  ...y,
  terms: y.data.map((v) => Math.abs(v) * (fn === "pow" ? 16 : 1) + 1e-30),
});

describe("a function of two", () => {
  test.each(NAMES.flatMap((fn) => SHAPES.map(([a, b]) => [fn, a, b] as const)))(
    "%s of [%s] and [%s]",
    async (fn, a, b) => {
      const [x, y] = [operand(fn, 1, a), operand(fn, 2, b)];
      const bench = new Bench(device);
      const z = binary(bench.graph, fn, bench.map(x, "x"), bench.map(y, "y"));
      const [data] = await bench.run(z);
      expect(worstUnit(unpack(data, z.channels), close(fn, binary64(x, y, BINARY64[fn])))).toBeLessThan(16);
    },
  );

  test.each(NAMES.flatMap((fn) => [[fn, false] as const, [fn, true] as const]))(
    "%s of a map and a number, the number first: %s",
    async (fn, reversed) => {
      const x = operand(fn, 3, [2, 2, 3, 5]);
      const number: Map64 = { n: 1, height: 1, width: 1, channels: 1, data: Float64Array.of(0.75) };
      const bench = new Bench(device);
      const [data] = await bench.run(binary(bench.graph, fn, bench.map(x), 0.75, reversed));
      const swaps = reversed && ["sub", "div", "pow"].includes(fn);
      const expected = swaps ? binary64(number, x, BINARY64[fn]) : binary64(x, number, BINARY64[fn]);
      expect(worstUnit(unpack(data, 5), close(fn, expected))).toBeLessThan(16);
    },
  );

  test("the second is the first where it is reversed", async () => {
    const [x, y] = [noiseMap(4, [1, 2, 2, 3]), noiseMap(5, [1, 2, 2, 3])];
    const bench = new Bench(device);
    const [data] = await bench.run(binary(bench.graph, "sub", bench.map(x, "x"), bench.map(y, "y"), true));
    expect(worstError(unpack(data, 3), binary64(y, x, BINARY64.sub).data.map(Math.fround))).toBe(0);
  });

  test("powers of negative numbers and of 0", async () => {
    const pairs = [
      [-2, 2, 4],
      [-2, 3, -8],
      [-1.5, -1, -1 / 1.5],
      [0, 2, 0],
      [0, 0, 1],
      [0, 0.5, 0],
      [2, 10, 1024],
      [-3, 0, 1],
      [-2, 4, 16],
    ];
    const map = (index: number): Map64 => ({
      n: 1,
      height: 1,
      width: 3,
      channels: 3,
      data: Float64Array.from(pairs, (pair) => pair[index]!),
    });
    const bench = new Bench(device);
    const [data] = await bench.run(binary(bench.graph, "pow", bench.map(map(0), "x"), bench.map(map(1), "y")));
    unpack(data, 3).forEach((v, index) => {
      const expected = pairs[index]![2]!;
      expect(Math.abs(v - expected), `${pairs[index]}`).toBeLessThanOrEqual(16 * EPSILON * Math.abs(expected));
    });
  });

  test("needs extents that are the same, or 1", () => {
    const graph = new Graph("gpu");
    const x = graph.map("x", 2, 3, 4, 5);
    expect(() => binary(graph, "add", x, graph.map("y", 2, 3, 2, 5))).toThrow(ShapeError);
    expect(() => binary(graph, "add", x, graph.map("y", 2, 3, 4, 6))).toThrow('Cannot add "x" [2,3,4,8] and "y"');
  });
});

const AXES: readonly (readonly AxisName[])[] = [["c"], ["h"], ["w"], ["h", "w"], ["c", "h", "w"], ["c", "w"]];

describe("a number of many", () => {
  test.each(AXES)("over %s %s %s", async (...axes) => {
    // All below zero: padding, which is zero, is not among them.
    const x = mapLike(noiseMap(6, [2, 5, 7, 6]), (v) => v - 2);
    const bench = new Bench(device);
    const value = bench.map(x);
    const [sums, means, most] = await bench.run(
      sum(bench.graph, value, axes),
      sum(bench.graph, value, axes, true),
      largest(bench.graph, value, axes),
    );
    const channels = axes.includes("c") ? 1 : 6;
    expectLinear("sum", sums, reduce64(x, axes, total));
    expectLinear(
      "mean",
      means,
      reduce64(x, axes, (numbers) => total(numbers) / numbers.length),
    );
    expect(worstError(unpack(most, channels), reduce64(x, axes, (numbers) => Math.max(...numbers)).data)).toBe(0);
  });

  test.each(AXES)("and normalised by them: %s %s %s", async (...axes) => {
    const x = mapLike(noiseMap(7, [2, 5, 7, 6]), (v) => 3 * v + 1);
    const bench = new Bench(device);
    const [y] = await bench.run(normalised(bench.graph, bench.map(x), axes, 1e-5));
    expect(worstError(unpack(y, 6), normalised64(x, axes, 1e-5).data)).toBeLessThan(1e-5);
  });
});

describe("softmax", () => {
  test.each<readonly [SoftmaxAxis, boolean]>(
    (["c", "h", "w", "hw"] as const).flatMap((axis) => [[axis, false] as const, [axis, true] as const]),
  )("along %s, its logarithm: %s, of large numbers too", async (axis, log) => {
    const x = mapLike(noiseMap(8, [2, 3, 5, 6]), (v, index) => (index % 7 === 0 ? 1000 * v : 5 * v - 20));
    const bench = new Bench(device);
    const [y] = await bench.run(softmax(bench.graph, bench.map(x), axis, log));
    const expected = softmax64(x, [...axis] as AxisName[], log);
    const terms = expected.data.map((v, index) =>
      log ? Math.abs(v) + 1 : 1e-7 + v * (1 + Math.abs(x.data[index]!) / 16),
    );
    expect(worstUnit(unpack(y, 6), { ...expected, terms })).toBeLessThan(32);
  });
});

describe("products of matrices", () => {
  test.each<readonly [Extents, Extents]>([
    [
      [2, 3, 7, 5],
      [2, 7, 4, 5],
    ],
    [
      [2, 3, 7, 1],
      [2, 7, 4, 6],
    ],
    [
      [2, 3, 7, 6],
      [1, 7, 4, 1],
    ],
    [
      [1, 3, 64, 1],
      [1, 64, 2, 1],
    ],
  ])("[%s] times [%s]", async (left, right) => {
    const [a, b] = [noiseMap(9, left), noiseMap(10, right)];
    const bench = new Bench(device);
    const [y] = await bench.run(matmul(bench.graph, bench.map(a, "a"), bench.map(b, "b")));
    expectLinear("matmul", y, matmul64(a, b));
  });

  test("need as many rows as columns", () => {
    const graph = new Graph("gpu");
    expect(() => matmul(graph, graph.map("a", 1, 2, 3, 4), graph.map("b", 1, 2, 3, 4))).toThrow(/cannot be multiplied/);
    expect(() => matmul(graph, graph.map("a", 1, 2, 3, 4), graph.map("b", 1, 3, 3, 5))).toThrow(ShapeError);
  });
});
