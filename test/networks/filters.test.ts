import { describe, expect, test } from "vitest";
import { packed, packTaps } from "../../src/kernels/conv/filter.ts";
import { filterOf } from "../../src/networks/filters.ts";
import { linearFilterOf } from "../../src/networks/linear.ts";
import type { State } from "../../src/networks/state.ts";
import { transposedFilterOf } from "../../src/networks/transposed.ts";
import { noise } from "../kernels/reference.ts";

// Tensors are looked at by their shapes alone; their numbers come when a filter is packed.
const tensor = (...shape: number[]) => ({ shape }) as unknown as NonNullable<ReturnType<State["get"]>>;
const state = (tensors: Readonly<Record<string, readonly number[]>>): State =>
  new Map(Object.entries(tensors).map(([key, shape]) => [key, tensor(...shape)]));
const NORM = { "n.weight": [6], "n.bias": [6], "n.running_mean": [6], "n.running_var": [6] };

describe("a convolution's filter", () => {
  test("has the taps that the file says", () => {
    const filter = filterOf(state({ "c.weight": [6, 4, 1, 7] }), "c");
    expect(filter).toMatchObject({ inChannels: 4, outChannels: 6, kernel: [1, 7] });
    expect(filterOf(state({ "c.weight": [6, 4, 3, 3] }), "c").kernel).toBe(3);
  });

  test("in groups sees a share of the channels", () =>
    expect(filterOf(state({ "c.weight": [6, 4, 3, 3] }), "c", undefined, { groups: 2 }).inChannels).toBe(8));

  test("is refused with other taps than the network's, or other axes", () => {
    const other = state({ "c.weight": [6, 4, 3, 5] });
    expect(() => filterOf(other, "c", undefined, { kernel: [5, 3] })).toThrow(/\[6,4,3,5\], not \[any,any,5,3\]/);
    expect(filterOf(other, "c", undefined, { kernel: [3, 5] }).kernel).toEqual([3, 5]);
    expect(() => filterOf(state({ "c.weight": [6, 4] }), "c")).toThrow(/is \[6,4\] and no filter/);
    expect(() => filterOf(state({}), "c")).toThrow(/is missing/);
  });
});

describe("a linear layer's filter", () => {
  test("is a convolution's of one tap, with the batch norm that follows folded in", () => {
    const plain = linearFilterOf(state({ "l.weight": [6, 4], "l.bias": [6] }), "l");
    expect(plain).toMatchObject({ inChannels: 4, outChannels: 6, kernel: 1, label: "l" });
    const weight = noise(1, 24);
    expect([...(plain.weight.of([weight]) as Float32Array)]).toEqual([...weight]);
    expect(plain.bias.sources).toEqual(["l.bias"]);
    const normed = linearFilterOf(state({ "l.weight": [6, 4], ...NORM }), "l", "n");
    const [gamma, variance] = [noise(2, 6), noise(3, 6).map((v) => v + 1.5)];
    expect(normed.scale.of([gamma, variance])[5]).toBeCloseTo(gamma[5]! / Math.sqrt(variance[5]! + 1e-5), 6);
    expect(() => linearFilterOf(state({ "l.weight": [6, 4, 1, 1] }), "l")).toThrow(/\[6,4,1,1\]/);
  });
});

describe("a transposed convolution's filter", () => {
  test("is laid out as a convolution's", () => {
    const filter = transposedFilterOf(state({ "t.weight": [2, 3, 1, 2], "t.bias": [3] }), "t");
    expect(filter).toMatchObject({ inChannels: 2, outChannels: 3, kernel: [1, 2] });
    // [in][out][tap] → [out][in][tap]
    const weight = Float32Array.of(0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121);
    expect([...(filter.weight.of([weight]) as Float32Array)]).toEqual([
      0, 1, 100, 101, 10, 11, 110, 111, 20, 21, 120, 121,
    ]);
    expect(filter.bias.sources).toEqual(["t.bias"]);
  });

  test("in groups", () => {
    const filter = transposedFilterOf(state({ "t.weight": [4, 3, 1, 1] }), "t", undefined, { groups: 2 });
    expect(filter).toMatchObject({ inChannels: 4, outChannels: 6 });
    // [in][out of a group] → [out][in of a group]
    const weight = Float32Array.of(0, 1, 2, 10, 11, 12, 23, 24, 25, 33, 34, 35);
    expect([...(filter.weight.of([weight]) as Float32Array)]).toEqual([0, 10, 1, 11, 2, 12, 23, 33, 24, 34, 25, 35]);
  });

  test("has the batch norm that follows folded in", () => {
    const filter = transposedFilterOf(state({ "t.weight": [2, 6, 1, 1], "t.bias": [6], ...NORM }), "t", "n");
    const [weight, own, gamma, beta, mean] = [1, 2, 3, 4, 5].map((seed) => noise(seed, 12));
    const variance = noise(6, 6).map((v) => v + 1.5);
    const numbers = packed(filter, packTaps)([weight!, gamma!, variance]);
    const bias = filter.bias.of([gamma!, beta!.slice(0, 6), mean!, variance, own!]);
    for (let o = 0; o < 6; o += 1) {
      const factor = gamma![o]! / Math.sqrt(variance[o]! + 1e-5);
      expect(numbers[o]).toBe(Math.fround(weight![o]! * factor));
      expect(numbers[8 + o]).toBe(Math.fround(weight![6 + o]! * factor));
      expect(bias[o]).toBeCloseTo((own![o]! - mean![o]!) * factor + beta![o]!, 12);
    }
  });

  test("is refused where the file has other channels", () =>
    expect(() => transposedFilterOf(state({ "t.weight": [2, 3, 4, 4] }), "t", undefined, { into: 3 })).toThrow(
      /\[2,3,4,4\], not \[3,any,any,any\]/,
    ));

  test("that is missing is wanted as wide as its norm", () =>
    expect(() => transposedFilterOf(state(NORM), "t", "n", { into: 4, kernel: 4, groups: 2 })).toThrow(
      /would be \[4,3,4,4\]/,
    ));
});
