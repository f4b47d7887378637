import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ShapeError } from "../../../src/errors.ts";
import {
  type Axis,
  channelwise,
  picking,
  separable,
  summing,
  transposed,
  upsample,
  whole,
} from "../../../src/kernels/maps/separable.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { Graph } from "../../../src/runtime/graph.ts";
import { requestDevice } from "../../gpu.ts";
import { expectLinear } from "../linear.ts";
import { Bench, double64, noise, noiseMap, unpack, worstUnit } from "../reference.ts";
import { channelwise64, separable64 } from "./layout64.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

/** Up to three taps of any weight an output, none for every fourth. */
function ragged(seed: number, inputs: number, outputs: number): Axis {
  const numbers = noise(seed, 3 * outputs);
  return {
    inputs,
    taps: Array.from({ length: outputs }, (_, to) =>
      Array.from({ length: to % 4 }, (_, k) => [(to + 2 * k) % inputs, numbers[3 * to + k]!] as const),
    ),
  };
}

describe("rows and columns by linear maps", () => {
  test.each([5, 8, 1])("of any taps and none, of %i channels", async (channels) => {
    const x = noiseMap(1, [2, 6, 7, channels]);
    const [rows, columns] = [ragged(2, 6, 9), ragged(3, 7, 10)];
    const bench = new Bench(device);
    const [y] = await bench.run(separable(bench.graph, bench.map(x), rows, columns, 2.5));
    expectLinear("separable", y, separable64(x, rows, columns, 2.5));
  });

  test("the nearest pixel is upsampling", async () => {
    const x = noiseMap(4, [2, 3, 4, 6]);
    const bench = new Bench(device);
    const [y] = await bench.run(upsample(bench.graph, bench.map(x)));
    const expected = double64(x);
    expect(worstUnit(unpack(y, 6), { ...expected, terms: expected.data.map(Math.abs) })).toBe(0);
  });

  test("a tap of weight 0 is none", async () => {
    const x = noiseMap(5, [1, 3, 1, 4]);
    const rows: Axis = {
      inputs: 3,
      taps: [
        [
          [0, 0],
          [2, 1],
        ],
      ],
    };
    const bench = new Bench(device);
    const [y] = await bench.run(separable(bench.graph, bench.map(x), rows, whole(1)));
    expect([...y]).toEqual([...x.data.slice(8)]);
  });

  test("needs a table for its extents", () => {
    const graph = new Graph("gpu");
    const x = graph.map("x", 1, 3, 4, 4);
    expect(() => separable(graph, x, whole(4), whole(4))).toThrow(ShapeError);
    expect(() => separable(graph, x, whole(3), whole(3))).toThrow('"x" [1,3,4,4] has no 3 columns');
    expect(() => channelwise(graph, x, whole(3))).toThrow(/no 3 channels/);
  });
});

describe("channels by a linear map", () => {
  test.each([
    [7, 13],
    [8, 4],
    [1, 2],
  ])("%i to %i, of any taps and none", async (inputs, outputs) => {
    const x = noiseMap(6, [2, 3, 2, inputs]);
    const axis = ragged(7, inputs, outputs);
    const bench = new Bench(device);
    const [y] = await bench.run(channelwise(bench.graph, bench.map(x), axis, -1.5));
    expectLinear("channelwise", y, channelwise64(x, axis, -1.5));
  });
});

describe("tables", () => {
  test("pick, and nothing where there is none", () => {
    expect(picking(3, [2, -1, 0, 3]).taps).toEqual([[[2, 1]], [], [[0, 1]], []]);
    expect(whole(2)).toEqual({ inputs: 2, taps: [[[0, 1]], [[1, 1]]] });
    expect(summing(3, 0.5).taps).toEqual([
      [
        [0, 0.5],
        [1, 0.5],
        [2, 0.5],
      ],
    ]);
  });

  test("are turned round", () => {
    const axis = ragged(8, 4, 7);
    expect(transposed(axis).inputs).toBe(7);
    expect(transposed(axis).taps).toHaveLength(4);
    const sorted = ({ inputs, taps }: Axis) => ({
      inputs,
      taps: taps.map((row) => [...row].sort((a, b) => a[0] - b[0])),
    });
    expect(sorted(transposed(transposed(axis)))).toEqual(sorted(axis));
  });

  test("of other numbers have another label", () => {
    const graph = new Graph("gpu");
    const x = graph.map("x", 1, 3, 3, 4);
    separable(graph, x, picking(3, [0, 1, 2]), picking(3, [0, 2, 1]));
    const [first, second] = graph.parameters.map(({ value }) => value.label);
    expect(first).not.toBe(second);
  });
});
