import { describe, expect, test } from "vitest";
import { cellsOf, type Ladder, ladderOf } from "../../src/dissect/ladder.ts";

/**
 * Where count.wgsl looks: the entry of a value, as a number of levels and whether more may be
 * exceeded.
 */
function entryOf({ cells }: Ladder, units: number, unit: number, value: number): { bucket: number; holds: boolean } {
  const row = cells.subarray((unit * cells.length) / units, ((unit + 1) * cells.length) / units);
  const [start = 0, scale = 0] = new Float32Array(row.slice(0, 2).buffer);
  const place = Math.fround(Math.fround(value - start) * scale);
  const entry = row[2 + Math.floor(Math.min(row.length - 3, Math.max(0, place)))]!;
  return { bucket: entry >>> 1, holds: entry % 2 === 1 };
}

const exceeded = (levels: readonly number[], value: number): number => levels.filter((level) => value > level).length;

/** The nearest numbers of single precision. */
function around(value: number): number[] {
  const bits = new Uint32Array(Float32Array.of(value).buffer)[0]!;
  return [bits - 1, bits, bits + 1].map((near) => new Float32Array(Uint32Array.of(near).buffer)[0]!);
}

describe("a ladder", () => {
  const LADDERS: readonly (readonly [string, readonly number[]])[] = [
    ["of quantiles", Array.from({ length: 100 }, (_, t) => Math.fround(8 * (t / 99) ** 3 - 1.5))],
    ["of a few, some equal", [-2, -2, 0.1, 0.1, 0.1, 3].map(Math.fround)],
    ["of a constant", [0.7, 0.7, 0.7].map(Math.fround)],
    ["as wide as there are numbers", [-3e38, 1, 3e38].map(Math.fround)],
    ["of subnormal steps", [1e-40, 2e-40, 3e-40].map(Math.fround)],
    ["far from zero", [1e7, 1e7 + 1, 1e7 + 2, 1e7 + 3]],
  ];

  test.each(LADDERS)("%s never says more than a value exceeds, and all of it where it says so", (_, levels) => {
    const ladder = ladderOf(Float32Array.from(levels), 1, 1);
    const [first, last] = [levels[0]!, levels.at(-1)!];
    const between = Array.from({ length: 5000 }, (_, i) => Math.fround(first + (i / 4999) * (last - first)));
    for (const value of [...levels.flatMap(around), ...between, -3.4e38, 3.4e38]) {
      const { bucket, holds } = entryOf(ladder, 1, 0, value);
      const exact = exceeded(levels, value);
      if (holds) expect(bucket).toBeLessThanOrEqual(exact);
      else expect(bucket).toBe(exact);
    }
  });

  test.each([[[-Infinity, 0, 1]], [[0, 1, Infinity]]])("counts beside infinite levels %j", (levels) => {
    const ladder = ladderOf(Float32Array.from(levels), 1, 1);
    for (const value of [-3.4e38, -1, 0, 0.5, 1, 5, 3.4e38]) {
      const { bucket, holds } = entryOf(ladder, 1, 0, value);
      if (holds) expect(bucket).toBeLessThanOrEqual(exceeded(levels, value));
      else expect(bucket).toBe(exceeded(levels, value));
    }
  });

  test("leaves little to compare with at 100 levels", () => {
    const levels = LADDERS[0]![1];
    const ladder = ladderOf(Float32Array.from(levels), 1, 1);
    const cells = [...ladder.cells.subarray(2)];
    expect(cells.filter((entry) => entry % 2 === 1).length).toBeLessThan(0.07 * cells.length);
  });

  test("of each of several units is that of the unit alone", () => {
    const units = [0, 1, 2].map((unit) => LADDERS[0]![1].map((level) => Math.fround((unit + 1) * level - unit)));
    const levels = Float32Array.from({ length: 300 }, (_, at) => units[at % 3]![Math.floor(at / 3)]!);
    const { cells } = ladderOf(levels, 3, 4);
    const alone = units.flatMap((own) => [...ladderOf(Float32Array.from(own), 1, 1).cells]);
    expect([...cells]).toEqual([...alone, ...Array(2 + cellsOf(100)).fill(0)]);
  });

  test("of one level is one cell, and of more as many as leave little to compare", () => {
    expect([1, 2, 100].map(cellsOf)).toEqual([1, 2048, 2048]);
    expect([...ladderOf(Float32Array.of(0.5), 1, 1).cells]).toEqual([0, 0, 1]);
  });

  test("has a row for each unit, and in those that only fill up nothing is exceeded", () => {
    const ladder = ladderOf(Float32Array.of(1, -1, 2, 5, 4, 6), 2, 4);
    const beyond = 2 ** 127 * (2 - 2 ** -23);
    expect([...ladder.levels]).toEqual([1, 2, 4, beyond, -1, 5, 6, beyond, ...Array(8).fill(beyond)]);
    expect(entryOf(ladder, 4, 0, 3)).toEqual({ bucket: 2, holds: false });
    expect(entryOf(ladder, 4, 1, 3)).toEqual({ bucket: 1, holds: false });
    for (const unit of [2, 3]) expect(entryOf(ladder, 4, unit, 0)).toEqual({ bucket: 0, holds: false });
  });
});
