import { expect, test } from "vitest";
import { ShapeError } from "../../src/errors.ts";
import { sampleZ } from "../../src/index.ts";
import { walkAt } from "../../src/inversion/index.ts";

const of = (...values: number[]) => Float32Array.of(...values);
const close = (found: Float32Array, expected: readonly number[]): void => {
  expect(found).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) expect(found[i]!).toBeCloseTo(value, 6);
};

// The example in the documentation of scipy.spatial.geometric_slerp.
test("goes along the great circle as SciPy does", () => {
  const ways = [0, 1 / 3, 2 / 3, 1].map((t) => walkAt([of(1, 0), of(0, 1)], t, { sphere: 2 }));
  const expected = [
    [1, 0],
    [8.66025404e-1, 0.5],
    [0.5, 8.66025404e-1],
    [0, 1],
  ];
  for (const [i, row] of ways.entries()) close(row, expected[i]!);
});

test("turns by equal angles, in the plane of both stops, and keeps lengths between theirs", () => {
  const [a, b] = [1, 2].map((seed) => sampleZ({ size: 1, depth: 128, seed })) as [Float32Array, Float32Array];
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  const unit = (x: Float32Array) => x.map((value) => value / Math.sqrt(dot(x, x)));
  const angle = (x: Float32Array, y: Float32Array) => Math.acos(dot(unit(x), unit(y)));
  const [one, two] = [unit(a), unit(b)];
  for (const t of [0.1, 0.25, 0.5, 0.9]) {
    const between = walkAt([one, two], t, { sphere: 128 });
    expect(angle(one, between)).toBeCloseTo(t * angle(a, b), 5);
    expect(angle(between, two)).toBeCloseTo((1 - t) * angle(a, b), 5);
    expect(dot(between, between)).toBeCloseTo(1, 5);
    // straight, it would be shorter than both: that is what the circle is for
    const chord = walkAt([one, two], t);
    expect(dot(chord, chord)).toBeLessThan(0.9);
  }
});

test("goes straight where there is no sphere, and behind it", () => {
  close(walkAt([of(1, 2, 4), of(3, 2, 0)], 0.25), [1.5, 2, 3]);
  close(walkAt([of(1, 0, 4), of(0, 1, 0)], 0.5, { sphere: 2 }), [Math.SQRT1_2, Math.SQRT1_2, 2]);
  // nearly the same direction: the circle's shares would divide by 0
  close(walkAt([of(1, 1), of(2, 2)], 0.5, { sphere: 2 }), [1.5, 1.5]);
  close(walkAt([of(0, 0), of(2, 2)], 0.5, { sphere: 2 }), [1, 1]);
});

test("comes by every stop to the bit, and back to the first in a loop", () => {
  const stops = [of(0.1, 7), of(0.2, 8), of(0.3, 9)];
  for (const [place, stop] of stops.entries()) expect(walkAt(stops, place, { sphere: 2 })).toEqual(stop);
  close(walkAt(stops, 1.5), [0.25, 8.5]);
  close(walkAt(stops, 2.5, { loop: true }), [0.2, 8]);
  expect(walkAt(stops, 3, { loop: true })).toEqual(stops[0]);
});

test("refuses what is no way", () => {
  expect(() => walkAt([of(1)], 0)).toThrow(/two rows at least/);
  expect(() => walkAt([of(1), of(1, 2)], 0)).toThrow(ShapeError);
  expect(() => walkAt([of(1), of(2)], 1.5)).toThrow(/no place 1\.5.*0 to 1/);
  expect(() => walkAt([of(1), of(2)], Number.NaN)).toThrow(/no place NaN/);
  expect(() => walkAt([of(1), of(2)], 0, { sphere: 2 })).toThrow(/`sphere` is 2/);
  expect(() => walkAt([of(1, 0), of(-2, 0)], 0.5, { sphere: 2 })).toThrow(/opposite to each other/);
  expect(() => walkAt([of(1), of(2)], 0, { spher: 1 } as object)).toThrow(/Did you mean sphere/);
});
