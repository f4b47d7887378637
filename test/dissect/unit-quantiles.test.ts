import { describe, expect, test } from "vitest";
import { openUnitQuantiles, UnitQuantiles } from "../../src/dissect/unit-quantiles.ts";
import { ShapeError, UsageError, WeightsError } from "../../src/errors.ts";
import { openCheckpoint } from "../../src/weights/checkpoint.ts";
import { writeNpz } from "../../src/weights/write-npz.ts";

/** Two units: one from 0 to 8, one that is mostly zero. */
const data = {
  quantiles: [0, 0.5, 0.75, 1],
  levels: Float32Array.of(0, -1, 2, 0, 6, 0, 8, 3),
  means: Float32Array.of(3, 0.25),
  samples: 4000,
};
const table = new UnitQuantiles(data);

describe("levels", () => {
  test("are those that were measured, and between them in proportion", () => {
    expect([...table.levels(0)]).toEqual([0, -1]);
    expect([...table.levels(0.5)]).toEqual([2, 0]);
    expect([...table.levels(0.625)]).toEqual([4, 0]);
    expect([...table.levels(0.875)]).toEqual([7, 1.5]);
    expect([...table.levels(1)]).toEqual([8, 3]);
  });

  test("belong to whoever asked", () => {
    table.levels(0.5).fill(99);
    expect([...table.levels(0.5)]).toEqual([2, 0]);
  });

  test.each([-0.1, 1.1, Number.NaN])("%d is none that was measured", (quantile) => {
    expect(() => table.levels(quantile)).toThrow(UsageError);
    expect(() => table.levels(quantile)).toThrow("not among those that were measured, 0 to 1");
  });

  test("of a part of the quantiles end with it", () => {
    const part = new UnitQuantiles({ ...data, quantiles: [0.9, 0.99], levels: data.levels.subarray(4) });
    expect(() => part.levels(0.5)).toThrow("0.9 to 0.99");
    expect([part.quantile(0, 5), part.quantile(0, 9)]).toEqual([0.9, 0.99]);
  });
});

describe("quantiles of activations", () => {
  // What numpy.interp(activation, levels, quantiles) gives (NumPy 2.4).
  test.each([
    [0, -3, 0],
    [0, 0, 0],
    [0, 1, 0.25],
    [0, 2, 0.5],
    [0, 5, 0.6875],
    [0, 8, 1],
    [0, 80, 1],
    [1, -0.5, 0.25],
    [1, 0, 0.75],
    [1, 1.5, 0.875],
  ])("of unit %d at %d", (unit, activation, quantile) => {
    expect(table.quantile(unit, activation)).toBeCloseTo(quantile, 12);
  });

  test("of one activation of each unit", () => {
    expect([...table.quantilesOf([5, 0])]).toEqual([0.6875, 0.75]);
    expect(() => table.quantilesOf([5])).toThrow(ShapeError);
    for (const unit of [-1, 2, 0.5]) expect(() => table.quantile(unit, 1)).toThrow("Units are 0…1");
  });
});

test.each([
  [{ quantiles: [] }, "no table"],
  [{ levels: new Float32Array(7) }, "7 levels are no table of 4 quantiles of 2 units"],
  [{ means: new Float32Array(0), levels: new Float32Array(0) }, "no table"],
  [{ quantiles: [0, 0.75, 0.5, 1] }, "do not ascend"],
  [{ quantiles: [0, 0.5, 0.5, 1] }, "do not ascend"],
  [{ quantiles: [0, 0.5, 0.75, 1.5] }, "do not ascend"],
  [{ quantiles: [0, 0.5, 0.75, Number.NaN] }, "do not ascend"],
])("%j is refused", (wrong, message) => {
  expect(() => new UnitQuantiles({ ...data, ...wrong })).toThrow(message);
});

describe("quantiles.npz", () => {
  test("comes back as it was", async () => {
    const read = await openUnitQuantiles(table.toNpz());
    expect([read.quantiles, read.samples, read.units]).toEqual([data.quantiles, 4000, 2]);
    expect(read.means).toEqual(data.means);
    for (const quantile of [0, 0.3, 0.9, 1]) expect(read.levels(quantile)).toEqual(table.levels(quantile));
  });

  test("quantiles that float32 cannot hold come back, too", async () => {
    const fine = { ...data, quantiles: [0.001, 0.02, 0.99, 0.999] };
    expect((await openUnitQuantiles(new UnitQuantiles(fine).toNpz())).quantiles).toEqual(fine.quantiles);
  });

  test("is a sketch for gandissect's programs", async () => {
    const { tensors } = await openCheckpoint(table.toNpz());
    const values = async (name: string) => [...(await tensors.get(name)!.read())];
    const shape = (name: string) => tensors.get(name)!.shape;
    // What RunningQuantile.set_state_dict reads: buffers of [samples, units], one here, and how
    // much each could hold.
    expect(shape("data")).toEqual([1, 500, 2]);
    expect([await values("sizes"), shape("sizes")]).toEqual([[500], [1]]);
    expect([await values("extremes"), shape("extremes")]).toEqual([
      [0, 8, -1, 3],
      [2, 2],
    ]);
    const whole = ["resolution", "depth", "buffersize", "samplerate", "size"];
    expect(await Promise.all(whole.map(async (name) => [shape(name), await values(name)]))).toEqual([
      [[], [1024]],
      [[], [2]],
      [[], [128]],
      [[], [0.125]],
      [[], [4000]],
    ]);
    // Sample i of them stands at (i + ½)/500 there, so that quantiles between are the table's.
    const samples = await values("data");
    expect(samples.slice(0, 2)).toEqual([...table.levels(0.001)]);
    expect(samples.slice(998)).toEqual([...table.levels(0.999)]);
  });

  test("has no more samples than there were activations", async () => {
    const few = new UnitQuantiles({ ...data, samples: 3 });
    const { tensors } = await openCheckpoint(few.toNpz());
    expect(tensors.get("data")!.shape).toEqual([1, 3, 2]);
    expect(await tensors.get("samplerate")!.read()).toEqual(Float32Array.of(1));
  });

  test.each([
    [{}, 'it has no array "quantiles"'],
    [{ levels: { dtype: "float32", shape: [3], data: new Float32Array(3) } }, "3 levels are no table"],
  ] as const)("%j is another file", async (more, message) => {
    const arrays = {
      quantiles: { dtype: "float32", shape: [1], data: Float32Array.of(0.5) },
      levels: { dtype: "float32", shape: [2], data: new Float32Array(2) },
      means: { dtype: "float32", shape: [2], data: new Float32Array(2) },
      samples: { dtype: "float32", shape: [], data: Float32Array.of(9) },
    } as const;
    const { quantiles, ...others } = arrays;
    const file = writeNpz("levels" in more ? { ...arrays, ...more } : others);
    await expect(openUnitQuantiles(file)).rejects.toThrow(WeightsError);
    await expect(openUnitQuantiles(file)).rejects.toThrow(message);
  });
});
