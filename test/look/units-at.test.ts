import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { UnitQuantiles } from "../../src/dissect/unit-quantiles.ts";
import { unitsAt } from "../../src/look/units-at.ts";
import { adaptivePool } from "../../src/models/mask.ts";
import type { Device } from "../../src/runtime/device.ts";
import { Plan } from "../../src/runtime/plan.ts";
import { Tensor } from "../../src/runtime/tensor.ts";
import { requestDevice } from "../gpu.ts";
import { noise } from "../kernels/reference.ts";

const [N, HEIGHT, WIDTH, UNITS, STORED] = [2, 3, 4, 6, 8] as const;
const values = noise(3, N * HEIGHT * WIDTH * STORED);

let device: Device;
let features: Tensor<"f32">;
beforeAll(async () => {
  device = await requestDevice();
  features = Tensor.from(device, "features", [N, HEIGHT, WIDTH, STORED], "f32", values);
});
afterAll(() => {
  features?.dispose();
  device?.dispose();
});

/** The published server's "features" of one image and a mask of any size, by its own formulas. */
function published(image: number, mask: { height: number; width: number; data: number[] }) {
  const most = adaptivePool({ ...mask, pooling: "max" }, HEIGHT, WIDTH);
  const share = adaptivePool({ ...mask, pooling: "mean" }, HEIGHT, WIDTH);
  const total = share.reduce((sum, one) => sum + one, 0);
  const of = (unit: number) => Array.from(most, (_, cell) => values[(image * HEIGHT * WIDTH + cell) * STORED + unit]!);
  const units = Array.from({ length: UNITS }, (_, unit) => unit);
  return {
    max: units.map((unit) => Math.max(...of(unit).map((f, cell) => f * most[cell]!))),
    mean: units.map((unit) => of(unit).reduce((sum, f, cell) => sum + f * share[cell]!, 0) / total),
    cells: total,
  };
}

/** A mask that is 1 at one pixel. */
const pixel = (y: number, x: number, height: number, width: number) => ({
  height,
  width,
  data: Array.from({ length: height * width }, (_, at) => Number(at === y * width + x)),
});

function expectClose(
  found: { mean: Float32Array; max: Float32Array; cells: number },
  wanted: ReturnType<typeof published>,
) {
  expect(found.cells).toBeCloseTo(wanted.cells, 5);
  expect([found.max.length, found.mean.length]).toEqual([wanted.max.length, wanted.mean.length]);
  wanted.max.forEach((value, unit) => {
    expect(found.max[unit]).toBeCloseTo(value, 5);
    expect(found.mean[unit]).toBeCloseTo(wanted.mean[unit]!, 5);
  });
}

describe("a pixel", () => {
  // Pixels of cells, of images whose cells have whole pixels, share some, or are smaller than them.
  test.each([
    [HEIGHT, WIDTH],
    [12, 16],
    [7, 9],
    [5, 4],
    [2, 3],
    [1, 1],
  ])("of %i × %i is what a mask of it alone is", async (height, width) => {
    for (const image of [0, 1]) {
      for (let at = 0; at < height * width; at += 1) {
        const [y, x] = [Math.floor(at / width), at % width];
        const found = await unitsAt(features, { image, y, x, height, width, units: UNITS });
        expectClose(found, published(image, pixel(y, x, height, width)));
      }
    }
  });

  test("is counted in the layer's own cells unless told, and reads a number a unit and nothing else", async () => {
    const compile = vi.spyOn(Plan, "compile");
    const read = vi.spyOn(Tensor.prototype, "read");
    const { mean } = await unitsAt(features, { y: 1, x: 2, units: UNITS });
    expect([...mean]).toEqual([...values.subarray(6 * STORED, 6 * STORED + UNITS)]);
    expect(compile.mock.calls).toEqual([]);
    expect(read.mock.calls).toEqual([[UNITS, 6 * STORED]]);
    compile.mockRestore();
    read.mockRestore();
  });

  test("may be asked of the first unit alone", async () => {
    const { mean, max } = await unitsAt(features, { y: 1, x: 2, units: 1 });
    expect([[...mean], max.length]).toEqual([[values[6 * STORED]], 1]);
  });

  test("of the only cell has nothing beside it that would be larger", async () => {
    using one = Tensor.from(device, "one", [1, 1, 1, 4], "f32", Float32Array.of(-1, 2, -3, 4));
    expect([...(await unitsAt(one, { y: 0, x: 0 })).max]).toEqual([-1, 2, -3, 4]);
    expect([...(await unitsAt(one)).max]).toEqual([-1, 2, -3, 4]);
  });
});

describe("a region", () => {
  const mask = { height: 7, width: 9, data: [...noise(8, 63)].map((value) => Math.max(0, value)) };

  test.each([0, 1])("of any shape, in image %i", async (image) => {
    expectClose(await unitsAt(features, { image, mask, units: UNITS }), published(image, mask));
  });

  test("is everywhere unless there is one, and leaves nothing behind", async () => {
    const before = { ...device.live };
    const everywhere = { height: 1, width: 1, data: [1] };
    expectClose(await unitsAt(features, { image: 1, units: UNITS }), published(1, everywhere));
    expect({ ...device.live }).toEqual(before);
  });

  test("in a single cell is weighed as all are", async () => {
    const faint = { height: 3, width: 4, data: [0, 0, 0, 0, 0, 0.5, 0, 0, 0, 0, 0, 0] };
    expectClose(await unitsAt(features, { mask: faint, units: UNITS }), published(0, faint));
  });

  test("has quantiles where they are known", async () => {
    const levels = Float32Array.from({ length: 2 * UNITS }, (_, at) => (at < UNITS ? -1 : 1));
    const quantiles = new UnitQuantiles({ quantiles: [0, 1], levels, means: new Float32Array(UNITS), samples: 9 });
    const found = await unitsAt(features, { mask, quantiles });
    expect(found.meanQuantile).toEqual(found.mean.map((value) => (value + 1) / 2));
    expect(found.maxQuantile).toEqual(found.max.map((value) => (value + 1) / 2));
  });
});

test.each([
  [{ image: 2 }, "no features of an image 2"],
  [{ image: -1 }, "no features of an image -1"],
  [{ units: 9 }, "no features of 9 units"],
  [{ units: 0 }, "no features of 0 units"],
  [{ y: 3, x: 0 }, "no pixel 3, 0 in 3 × 4"],
  [{ y: 0, x: -1 }, "no pixel 0, -1"],
  [{ y: 0 }, "no pixel 0, undefined"],
  [{ y: 0.5, x: 0 }, "no pixel 0.5, 0"],
  [{ y: 0, x: 0, height: 0 }, "no pixel 0, 0 in 0 × 4"],
  [{ mask: { height: 1, width: 1, data: [0] } }, "covers nothing"],
  [{ mask: { height: 1, width: 2, data: [1] } }, "cannot have 1 values"],
  [{ mask: { height: 1, width: 1, data: [1] }, x: 0 }, "has a place already"],
  [{ at: 3 }, 'knows no "at"'],
])("%j is refused", async (options, message) => {
  await expect(unitsAt(features, options as object)).rejects.toThrow(message);
});

test("quantiles of another layer are refused, and what was aborted rejects with the reason", async () => {
  const quantiles = new UnitQuantiles({
    quantiles: [1],
    levels: new Float32Array(3),
    means: new Float32Array(3),
    samples: 9,
  });
  await expect(unitsAt(features, { units: UNITS, quantiles })).rejects.toThrow("with quantiles of 3");
  const reason = new Error("enough");
  await expect(unitsAt(features, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});
