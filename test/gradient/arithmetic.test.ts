import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gradient } from "../../src/gradient/gradient.ts";
import { BINARY_FUNCTIONS, type BinaryFunction, binary } from "../../src/kernels/maps/binary.ts";
import type { AxisName } from "../../src/kernels/maps/layout.ts";
import { matmul } from "../../src/kernels/maps/matmul.ts";
import { largest, normalised, sum } from "../../src/kernels/maps/reduce.ts";
import { type SoftmaxAxis, softmax } from "../../src/kernels/maps/softmax.ts";
import type { Device } from "../../src/runtime/device.ts";
import { Graph } from "../../src/runtime/graph.ts";
import { requestDevice } from "../gpu.ts";
import {
  BINARY64,
  binary64,
  matmul64,
  normalised64,
  reduce64,
  softmax64,
  total,
} from "../kernels/maps/arithmetic64.ts";
import { type Extents, type Map64, mapLike, noiseMap, worstError } from "../kernels/reference.ts";
import { backward, differences64 } from "./reference.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

/** Central differences are good to six digits here. */
const CLOSE = 2e-5;
const positive = (x: Map64): Map64 => mapLike(x, (v) => Math.abs(v) + 0.5);
const SHAPES: readonly (readonly [Extents, Extents])[] = [
  [
    [2, 2, 3, 5],
    [2, 2, 3, 5],
  ],
  [
    [2, 2, 3, 5],
    [2, 1, 3, 1],
  ],
  [
    [2, 1, 1, 5],
    [2, 2, 3, 5],
  ],
];

describe("the gradient of a function of two", () => {
  test.each(
    (Object.keys(BINARY_FUNCTIONS) as BinaryFunction[]).flatMap((fn) => SHAPES.map(([a, b]) => [fn, a, b] as const)),
  )("%s of [%s] and [%s], by either", async (fn, left, right) => {
    const sure = fn === "pow" || fn === "div" ? positive : (x: Map64) => x;
    const [a, b] = [sure(noiseMap(1, left)), sure(noiseMap(2, right))];
    const { dy, gradients } = await backward(device, "gpu", [a, b], (graph, [x, y]) => binary(graph, fn, x!, y!));
    expect(
      worstError(
        gradients[0]!,
        differences64(a, dy.data, (x) => binary64(x, b, BINARY64[fn]).data),
      ),
    ).toBeLessThan(CLOSE);
    expect(
      worstError(
        gradients[1]!,
        differences64(b, dy.data, (y) => binary64(a, y, BINARY64[fn]).data),
      ),
    ).toBeLessThan(CLOSE);
  });

  test.each(
    (["add", "sub", "mul", "div", "pow", "min", "max"] as const).flatMap((fn) => [
      [fn, false] as const,
      [fn, true] as const,
    ]),
  )("%s of a map and a number, the number first: %s", async (fn, reversed) => {
    const x = positive(noiseMap(3, [2, 2, 3, 5]));
    const number: Map64 = { n: 1, height: 1, width: 1, channels: 1, data: Float64Array.of(0.75) };
    const { dy, gradients } = await backward(device, "gpu", [x], (graph, [value]) =>
      binary(graph, fn, value!, 0.75, reversed),
    );
    const swaps = reversed && ["sub", "div", "pow"].includes(fn);
    const forward = (v: Map64) => (swaps ? binary64(number, v, BINARY64[fn]) : binary64(v, number, BINARY64[fn])).data;
    expect(worstError(gradients[0]!, differences64(x, dy.data, forward))).toBeLessThan(CLOSE);
  });

  test("there is none by what is the same for all images", () => {
    const graph = new Graph("gpu");
    const [x, y] = [graph.map("x", 2, 2, 3, 5), graph.map("y", 1, 2, 3, 5)];
    const z = binary(graph, "add", x, y);
    expect(() => gradient(graph, z, [y])).toThrow('There is no gradient by "y", which is the same for all images');
  });
});

describe("the gradient of", () => {
  const x = noiseMap(4, [2, 3, 2, 5]);

  test.each<readonly [string, readonly AxisName[]]>([
    ["sum", ["c"]],
    ["sum", ["h", "w"]],
    ["mean", ["c", "h", "w"]],
  ])("a %s over %s", async (what, axes) => {
    const mean = what === "mean";
    const { dy, gradients } = await backward(device, "gpu", [x], (graph, [value]) => sum(graph, value!, axes, mean));
    const forward = (v: Map64) => reduce64(v, axes, (numbers) => total(numbers) / (mean ? numbers.length : 1)).data;
    expect(worstError(gradients[0]!, differences64(x, dy.data, forward))).toBeLessThan(CLOSE);
  });

  test.each<readonly [readonly AxisName[]]>([[["c"]], [["h", "w"]]])("what is normalised over %s", async (axes) => {
    const { dy, gradients } = await backward(device, "gpu", [x], (graph, [value]) =>
      normalised(graph, value!, axes, 0.1),
    );
    const forward = (v: Map64) => normalised64(v, axes, 0.1).data;
    expect(worstError(gradients[0]!, differences64(x, dy.data, forward))).toBeLessThan(CLOSE);
  });

  test.each<readonly [SoftmaxAxis, boolean]>(
    (["c", "h", "hw"] as const).flatMap((axis) => [[axis, false] as const, [axis, true] as const]),
  )("softmax along %s, its logarithm: %s", async (axis, log) => {
    const { dy, gradients } = await backward(device, "gpu", [x], (graph, [value]) => softmax(graph, value!, axis, log));
    const forward = (v: Map64) => softmax64(v, [...axis] as AxisName[], log).data;
    expect(worstError(gradients[0]!, differences64(x, dy.data, forward))).toBeLessThan(CLOSE);
  });

  test.each<readonly [Extents, Extents]>([
    [
      [2, 3, 4, 5],
      [2, 4, 2, 5],
    ],
    [
      [2, 3, 4, 1],
      [2, 4, 2, 5],
    ],
  ])("products of [%s] and [%s], by either", async (left, right) => {
    const [a, b] = [noiseMap(5, left), noiseMap(6, right)];
    const { dy, gradients } = await backward(device, "gpu", [a, b], (graph, [u, v]) => matmul(graph, u!, v!));
    expect(
      worstError(
        gradients[0]!,
        differences64(a, dy.data, (v) => matmul64(v, b).data),
      ),
    ).toBeLessThan(CLOSE);
    expect(
      worstError(
        gradients[1]!,
        differences64(b, dy.data, (v) => matmul64(a, v).data),
      ),
    ).toBeLessThan(CLOSE);
  });

  test.each<readonly [readonly AxisName[]]>([[["h"]], [["w"]], [["h", "w"]]])("the largest over %s", async (axes) => {
    const { dy, gradients } = await backward(device, "gpu", [x], (graph, [value]) => largest(graph, value!, axes));
    const forward = (v: Map64) => reduce64(v, axes, (numbers) => Math.max(...numbers)).data;
    expect(worstError(gradients[0]!, differences64(x, dy.data, forward))).toBeLessThan(CLOSE);
  });

  test("the largest over channels there is none", () => {
    const graph = new Graph("gpu");
    const value = graph.map("x", 2, 2, 3, 5);
    expect(() => gradient(graph, largest(graph, value, ["c"]), [value])).toThrow(/There is no gradient/);
  });
});
