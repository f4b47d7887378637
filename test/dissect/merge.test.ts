import { describe, expect, test } from "vitest";
import type { DissectionState, Share, StateTable } from "../../src/dissect/checkpoint.ts";
import { addExactSums, exactSum } from "../../src/dissect/exact-sums.ts";
import { isLastPhase, Merging } from "../../src/dissect/merge.ts";
import { SUM_WORDS } from "../../src/kernels/statistics/statistics.ts";

/** Multiples of 2⁻⁸⁰, in two's complement, the lowest word first. */
const sums = (...numbers: bigint[]): Uint32Array<ArrayBuffer> =>
  Uint32Array.from(
    numbers.flatMap((number) =>
      Array.from({ length: SUM_WORDS }, (_, word) => Number((number >> BigInt(32 * word)) & 0xffffffffn)),
    ),
  );
const ONE = 1n << 80n;

describe("exact sums", () => {
  test("are rounded once, of either sign", () => {
    const table = sums(3n * ONE, -5n * (ONE >> 1n), 1n, 0n, ONE + (ONE >> 60n));
    expect([0, 1, 2, 3, 4].map((place) => exactSum(table, place))).toEqual([3, -2.5, 2 ** -80, 0, 1]);
  });

  test("carry from word to word, and lose what was lost on either side", () => {
    const low = 2n ** 32n - 1n;
    const to = sums(low, -1n, (1n << 96n) - 1n, -ONE);
    addExactSums(to, sums(1n, 1n, 1n, 3n * ONE));
    expect([...to]).toEqual([...sums(1n << 32n, 0n, 1n << 96n, 2n * ONE)]);
    // nothing is carried before a word is full
    const half = sums(1n << 31n, 3n);
    addExactSums(half, sums((1n << 31n) - 1n, 4n));
    expect([...half]).toEqual([...sums((1n << 32n) - 1n, 7n)]);
    // all carries at once: the carry is counted with what it meets
    const full = sums((1n << 64n) - 1n);
    addExactSums(full, sums((1n << 64n) - 1n));
    expect([...full]).toEqual([...sums((1n << 65n) - 2n)]);
    const lost = sums(0n);
    lost[SUM_WORDS - 1] = 0x80000000;
    const [left, right] = [lost.slice(), sums(ONE)];
    addExactSums(left, sums(-ONE));
    addExactSums(right, lost);
    expect([exactSum(left, 0), exactSum(right, 0)]).toEqual([Number.NaN, Number.NaN]);
  });
});

describe("merged", () => {
  const state = (at: string, done: number, tables: Record<string, StateTable>): DissectionState => ({
    at,
    done,
    tables: new Map(Object.entries(tables)),
  });
  const merged = (examples: number, ...parts: [DissectionState, Share][]): Record<string, StateTable> => {
    const merging = new Merging(examples);
    for (const [part, share] of parts) merging.add(part, share);
    return Object.fromEntries(merging.state.tables);
  };
  const [first, second] = [
    { first: 0, end: 3 },
    { first: 3, end: 5 },
  ];

  test("counts and exact sums are added", () => {
    const found = merged(
      1,
      [state("scores", 3, { pixels: Uint32Array.of(1, 2 ** 32 - 1), "a moments": sums(ONE) }), first],
      [state("scores", 5, { pixels: Uint32Array.of(4, 8), "a moments": sums(2n * ONE) }), second],
    );
    expect(found).toEqual({ pixels: Float64Array.of(5, 2 ** 32 + 7), "a moments": sums(3n * ONE) });
  });

  test("top images are ranked, of equal activations the earlier image first", () => {
    // [rank][unit]: the first unit is most active in 4, in 1 as in 5, and in 2; the second in 3,
    // below 0; the third was seen in neither part.
    const before = state("images", 3, {
      "a top activations": Float32Array.of(2, -1, 0, 1, -3, 0, 0, 0, 0),
      "a top images": Uint32Array.of(1, 3, 0, 2, 1, 0, 0, 0, 0),
    });
    const after = state("images", 5, {
      "a top activations": Float32Array.of(7, -2, 0, 2, 0, 0, 0, 0, 0),
      "a top images": Uint32Array.of(4, 4, 0, 5, 0, 0, 0, 0, 0),
    });
    expect(merged(3, [before, first], [after, second])).toEqual({
      "a top activations": Float32Array.of(7, -1, 0, 2, -2, 0, 2, -3, 0),
      "a top images": Uint32Array.of(4, 3, 0, 1, 4, 0, 5, 1, 0),
    });
  });

  test("what does not follow or is not whole is refused", () => {
    const pixels = Uint32Array.of(1, 2);
    const add = (...parts: [DissectionState, Share][]) => merged(1, ...parts);
    const one: [DissectionState, Share] = [state("scores", 3, { pixels }), first];
    const top = { "a top activations": Float32Array.of(1) };
    expect(() => add(one, [state("images", 5, { pixels }), second])).toThrow('of "images" do not follow 3 images');
    expect(() => add(one, [state("scores", 3, { pixels }), first])).toThrow("images 0 to 3");
    expect(() => add(one, [state("scores", 4, { pixels }), second])).toThrow("images 3 to 4");
    expect(() => add(one, [state("scores", 5, { others: pixels }), second])).toThrow('one has no table "pixels"');
    expect(() => add(one, [state("scores", 5, { pixels: pixels.slice(1) }), second])).toThrow('"pixels" differ');
    expect(() => add(one, [state("scores", 5, { pixels, more: pixels }), second])).toThrow('"more" differ');
    expect(() => add([state("images", 3, top), first])).toThrow('one has no table "a top images"');
  });

  test("before any part nothing is, and only the last phases are the end", () => {
    expect(new Merging(1).state).toEqual({ at: "", done: 0, tables: new Map() });
    expect(["scores", "units 2", "units 1", "levels 1", ""].map(isLastPhase)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});
