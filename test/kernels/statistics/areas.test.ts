import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ShapeError } from "../../../src/errors.ts";
import { areas } from "../../../src/kernels/statistics/areas.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { Graph } from "../../../src/runtime/graph.ts";
import { Plan } from "../../../src/runtime/plan.ts";
import { requestDevice } from "../../gpu.ts";
import { random } from "../reference.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

interface Case {
  /** [n, channels, height, width] */
  readonly maps: readonly number[];
  /** [n or 1, rows, columns, labels] */
  readonly table: readonly number[];
  readonly only?: number;
}

/**
 * The table after the kernel has counted each of the batches, of which so many images are valid.
 */
async function count(
  { maps, table, only }: Case,
  batches: readonly Uint32Array<ArrayBuffer>[],
  valid: number,
): Promise<number[]> {
  const graph = new Graph(device.target);
  const values = {
    labels: graph.value("labels", maps, "u32"),
    batch: graph.value("batch", [2], "u32"),
    areas: graph.value("areas", table, "u32"),
  };
  areas(graph, values, only);
  const plan = await Plan.compile(device, graph, { keep: [values.areas] });
  for (const labels of batches) {
    plan.tensor<"u32">(values.labels).write(labels);
    // where the batch begins does not matter
    plan.tensor<"u32">(values.batch).write(Uint32Array.of(7, valid));
    plan.run();
  }
  const found = await plan.tensor<"u32">(values.areas).read();
  plan.dispose();
  return [...found];
}

test("a pixel that bears a label in two channels, an object and a part of it, counts once", async () => {
  // Three channels of four pixels: label 1 twice in the first, in all in the second; 2 and 3 side
  // by side; none.
  const labels = Uint32Array.of(1, 1, 2, 0, 1, 1, 3, 0, 0, 1, 2, 0);
  expect(await count({ maps: [1, 3, 2, 2], table: [1, 1, 1, 4] }, [labels], 1)).toEqual([0, 2, 1, 1]);
  expect(await count({ maps: [1, 3, 2, 2], table: [1, 1, 1, 1], only: 1 }, [labels], 1)).toEqual([2]);
  // Neighbours of one channel, and the same place of another image, are other pixels.
  const twice = Uint32Array.of(1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, ...labels);
  expect(await count({ maps: [2, 3, 2, 2], table: [1, 1, 1, 4] }, [twice], 2)).toEqual([0, 6, 1, 1]);
});

describe("pixels of labels in the cells of a grid, of what is valid, added to what was there", () => {
  test.each<Case>([
    { maps: [3, 2, 6, 8], table: [3, 2, 4, 5] },
    { maps: [3, 2, 6, 8], table: [1, 2, 4, 5] },
    { maps: [3, 1, 7, 5], table: [3, 3, 2, 5] },
    { maps: [3, 3, 7, 5], table: [3, 7, 5, 5] },
    { maps: [3, 3, 6, 8], table: [3, 2, 4, 1], only: 2 },
    { maps: [3, 3, 6, 8], table: [1, 1, 1, 1], only: 4 },
  ])("%j", async (one) => {
    const { maps, table, only } = one;
    const [n, channels, height, width] = maps as [number, number, number, number];
    const [images, rows, columns, labels] = table as [number, number, number, number];
    const next = random(height * channels);
    const batches = [0, 1].map(() =>
      Uint32Array.from({ length: n * channels * height * width }, () => Math.floor(5 * next())),
    );
    const valid = n - 1;
    const expected = new Array<number>(images * rows * columns * labels).fill(0);
    for (const batch of batches) {
      for (let i = 0; i < valid; i += 1) {
        for (let y = 0; y < height; y += 1) {
          for (let x = 0; x < width; x += 1) {
            const seen = new Set<number>();
            for (let c = 0; c < channels; c += 1) seen.add(batch[((i * channels + c) * height + y) * width + x]!);
            const cell = Math.floor((y * rows) / height) * columns + Math.floor((x * columns) / width);
            const first = ((images === 1 ? 0 : i) * rows * columns + cell) * labels;
            for (const label of seen) {
              if (label > 0 && (!only || label === only)) expected[first + (only ? 0 : label)]! += 1;
            }
          }
        }
      }
    }
    expect(await count(one, batches, valid)).toEqual(expected);
    expect(expected.some((pixels) => pixels > 1)).toBe(true);
  });
});

test.each([
  [[2, 3, 3, 5], /Areas of \[3,1,4,4\] cannot be counted in \[2,3,3,5\]/],
  [[3, 5, 3, 5], /cannot be counted/],
  [[1, 3, 5, 5], /cannot be counted/],
])("a table %j of other images, or finer than the maps, is refused", (table, message) => {
  const graph = new Graph("software");
  const values = {
    labels: graph.value("labels", [3, 1, 4, 4], "u32"),
    batch: graph.value("batch", [2], "u32"),
    areas: graph.value("areas", table, "u32"),
  };
  expect(() => areas(graph, values)).toThrow(ShapeError);
  expect(() => areas(graph, values)).toThrow(message);
});
