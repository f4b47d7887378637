import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { narrowed } from "../../src/dissect/narrow.ts";
import { hazen, Quantiles, selectionBytes } from "../../src/dissect/quantiles.ts";
import type { Device } from "../../src/runtime/device.ts";
import type { Extent } from "../../src/runtime/graph.ts";
import { Plan } from "../../src/runtime/plan.ts";
import { Tensor } from "../../src/runtime/tensor.ts";
import { requestDevice } from "../gpu.ts";
import { mixed, ofUnit, upsampled } from "../kernels/grid.ts";
import { Batches } from "./batches.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

describe("quantiles", () => {
  const QUANTILES = [0, 0.001, 0.1, 0.25, 1 / 3, 0.5, 0.9, 0.995, 1];

  /**
   * Hazen: sample i of n stands at (i + ½)/n, straight lines between, the extremes beyond; from the
   * definition.
   */
  function expected(samples: Float64Array, quantile: number): number {
    const sorted = samples.toSorted();
    const n = sorted.length;
    for (let i = 0; i < n; i += 1) {
      const here = (i + 0.5) / n;
      if (quantile > here) continue;
      if (i === 0) return sorted[0]!;
      const before = (i - 0.5) / n;
      const share = (quantile - before) / (here - before);
      return sorted[i - 1]! + (sorted[i]! - sorted[i - 1]!) * share;
    }
    return sorted[n - 1]!;
  }

  test("positions are Hazen's", () => {
    expect(hazen(0.5, 2)).toEqual({ low: 0, weight: 0.5 });
    expect(hazen(0.5, 3)).toEqual({ low: 1, weight: 0 });
    expect(hazen(0.25, 4)).toEqual({ low: 0, weight: 0.5 });
    expect(hazen(0, 5)).toEqual({ low: 0, weight: 0 });
    expect(hazen(1, 5)).toEqual({ low: 4, weight: 0 });
    expect(hazen(0.5, 1)).toEqual({ low: 0, weight: 0 });
  });

  test.each<readonly [string, images: readonly [number, number, number], batch: number, size: Extent | undefined]>([
    ["several batches, the last one partial", [7, 3, 4], 3, undefined],
    ["one batch, larger than the set", [2, 5, 5], 4, undefined],
    ["upsampled to what is no square", [5, 2, 3], 2, [4, 11]],
    ["upsampled", [5, 2, 3], 2, [6, 6]],
    ["a single sample", [1, 1, 1], 1, undefined],
    ["two samples", [2, 1, 1], 1, undefined],
  ])("equal those of the sorted activations: %s", async (_, images, batch, size) => {
    const all = mixed(images);
    const batches = new Batches(device, all, batch);
    const grid = size === undefined ? all : await upsampled(device, all, size);
    const quantiles = await Quantiles.create(device, {
      maps: batches.maps,
      channels: 6,
      batch: batches.batch,
      grid: size,
      samples: grid.n * grid.height * grid.width,
      quantiles: QUANTILES,
    });
    for (let pass = 0; pass < quantiles.passes; pass += 1) {
      batches.each(() => quantiles.add());
      await quantiles.endPass();
    }
    const values = await quantiles.read();
    for (let unit = 0; unit < 6; unit += 1) {
      const samples = ofUnit(grid, unit);
      const most = samples.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
      QUANTILES.forEach((quantile, q) => {
        // The weights of the two formulas differ in the last bits of double precision.
        const exact = expected(samples, quantile);
        expect(Math.abs(values[q * 6 + unit]! - exact)).toBeLessThanOrEqual(2 ** -24 * Math.abs(exact) + 1e-13 * most);
      });
      const sorted = [...samples.toSorted()].map((value) => value + 0); // −0 counts as 0
      expect(values[unit]).toBe(sorted[0]);
      expect(values[(QUANTILES.length - 1) * 6 + unit]).toBe(sorted.at(-1));
    }
    quantiles.dispose();
    batches.dispose();
  });

  test("every rank is exact, in whatever order they are wanted", async () => {
    const all = mixed([4, 4, 4]);
    const batches = new Batches(device, all, 3);
    const ranks = Array.from({ length: 64 }, (_, at) => (37 * at + 11) % 64);
    const quantiles = ranks.map((rank) => (rank + 0.5) / 64);
    const selection = await Quantiles.create(device, {
      maps: batches.maps,
      channels: 6,
      batch: batches.batch,
      grid: undefined,
      samples: 64,
      quantiles,
    });
    for (let pass = 0; pass < selection.passes; pass += 1) {
      batches.each(() => selection.add());
      selection.endPass();
    }
    const values = await selection.read();
    for (let unit = 0; unit < 6; unit += 1) {
      const sorted = [...ofUnit(all, unit).toSorted()].map((value) => value + 0); // −0 counts as 0
      expect(quantiles.map((_, q) => values[q * 6 + unit])).toEqual(ranks.map((rank) => sorted[rank]));
    }
    selection.dispose();
    batches.dispose();
  });

  test.each([
    ["a quantile that is a sample", [0.25], 1],
    ["one between two samples", [0.5], 2],
    ["some that share samples, and one twice", [0.5, 0.25, 0.55, 0.5, 1], 4],
  ])("have counters for the samples that they need alone: %s", async (_, quantiles, targets) => {
    const batches = new Batches(device, mixed([1, 2, 3]), 1);
    const [create, compile] = [vi.spyOn(Tensor, "create"), vi.spyOn(Plan, "compile")];
    const selection = await Quantiles.create(device, {
      maps: batches.maps,
      channels: 6,
      batch: batches.batch,
      grid: undefined,
      samples: 6,
      quantiles,
    });
    const bytes = (...names: string[]) =>
      create.mock.results.reduce((sum, { value }) => sum + (names.includes(value.label) ? value.bytes : 0), 0);
    // 16, 8 and 8 bits of a value: first of all values at once, then of those like each sample's.
    const [first, then] = [8 * 2 ** 16, 8 * targets * (2 ** 8 + 2 ** 8)];
    expect(bytes("high", "middle", "low")).toBe(4 * (first + then));
    expect(selectionBytes(batches.maps.shape, targets)).toBe(4 * (first + then));
    expect(bytes("key", "rank", "row")).toBe(4 * 3 * 8 * targets);
    // counting and narrowing in each pass, and a table for the next
    expect(compile).toHaveBeenCalledTimes(3 + 3 + 2);
    create.mockRestore();
    compile.mockRestore();
    selection.dispose();
    batches.dispose();
  });

  test("goes by what machines counted together as by its own counters, and is read after the last pass", async () => {
    const all = mixed([1, 3, 3]);
    const batches = new Batches(device, all, 1);
    const options = { maps: batches.maps, channels: 6, batch: batches.batch, grid: undefined, samples: 9 };
    const quantiles = await Quantiles.create(device, { ...options, quantiles: [0.5, 0.1] });
    const found = ["key", "rank", "row"];
    for (const [pass, [known, counted]] of [
      [[], "high"],
      [["high", ...found], "middle"],
      [["high", "middle", ...found], "low"],
    ].entries()) {
      expect([Object.keys(quantiles.known), Object.keys(quantiles.counters)]).toEqual([known, [counted]]);
      batches.each(() => quantiles.add());
      const [counter] = Object.values(quantiles.counters);
      expect(counter!.take(Float64Array.from(await counter!.read()))).toBe(true);
      await expect(quantiles.read()).rejects.toThrow(`${pass} of 3 passes`);
      await quantiles.endPass();
    }
    const values = await quantiles.read();
    for (let unit = 0; unit < 6; unit += 1) {
      const samples = ofUnit(all, unit);
      const most = samples.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
      for (const [at, quantile] of [0.5, 0.1].entries()) {
        const exact = expected(samples, quantile);
        expect(Math.abs(values[6 * at + unit]! - exact)).toBeLessThanOrEqual(2 ** -24 * Math.abs(exact) + 1e-13 * most);
      }
    }
    quantiles.dispose();
    batches.dispose();
  });

  test("of more values than 32 bits count are found by what machines counted together", () => {
    // Sixteen bits of two units in three passes over a sorted list of values, each of so many.
    const each = 2 ** 30;
    const values = [
      [3, 3, 700, 701, 701, 40_000, 65_535],
      [0, 1, 2, 255, 256, 257, 65_000],
    ];
    const ranks = [0, 2 * each - 1, 2 * each, 4 * each, 5 * each, 7 * each - 1];
    const units = values.length;
    let key = new Uint32Array(ranks.length * units);
    let row = new Uint32Array(ranks.length * units);
    let rank = Float64Array.from({ length: ranks.length * units }, (_, at) => ranks[Math.floor(at / units)]!);
    /** Of each unit the keys that begin like a target, and their rows of counters. */
    let rows = values.map(() => new Map([[0, 0]]));
    for (const [pass, bits] of [8, 4, 4].entries()) {
      const before = [16, 8, 4][pass]!;
      const perUnit = pass === 0 ? 1 : ranks.length;
      const counts = new Float64Array(units * perUnit * 2 ** bits);
      values.forEach((list, unit) => {
        for (const value of list) {
          const place = rows[unit]!.get(value >> before);
          if (place === undefined) continue;
          counts[(unit * perUnit + place) * 2 ** bits + ((value >> (before - bits)) & (2 ** bits - 1))]! += each;
        }
      });
      const found = narrowed({ counts, units, rows: perUnit, bits, key, rank, row });
      ({ key, rank, row } = found);
      rows = values.map((_, unit) => new Map(ranks.map((_, at) => [key[at * units + unit]!, row[at * units + unit]!])));
      // The table names each counter that a target is in by the row that follows it.
      expect(found.next.filter((next) => next > 0)).toHaveLength(rows.reduce((sum, { size }) => sum + size, 0));
    }
    values.forEach((list, unit) => {
      const sorted = ranks.map((target) => list[Math.floor(target / each)]);
      expect(ranks.map((_, at) => key[at * units + unit])).toEqual(sorted);
    });
    expect([...rank].every((left) => left >= 0 && left < 2 * each)).toBe(true);
  });
});
