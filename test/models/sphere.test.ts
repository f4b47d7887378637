import { expect, test } from "vitest";
import { ShapeError } from "../../src/errors.ts";
import { sampleZ } from "../../src/index.ts";
import { rowToward } from "../../src/models/sphere.ts";

const of = (...values: number[]) => Float32Array.of(...values);
const close = (found: Float32Array, expected: readonly number[]): void => {
  for (const [i, value] of expected.entries()) expect(found[i]!).toBeCloseTo(value, 6);
};
const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
const unit = (x: Float32Array) => x.map((value) => value / Math.sqrt(dot(x, x)));

// From the north pole, x and y being two meridians: the sphere's exponential map is what
// cartography calls azimuthal equidistant (Snyder, "Map Projections", 1987, §25).
test("goes along the circle that leads into both directions", () => {
  const [pole, x, y] = [of(0, 0, 1), of(1, 0, 0), of(0, 1, 0)];
  for (const [a, b] of [
    [0.3, 0.4],
    [-0.5, 0.2],
    [1, 1],
    [-1.5, 0],
  ] as const) {
    const far = Math.hypot(a, b);
    const angle = (far * Math.PI) / 2;
    const expected = [(Math.sin(angle) * a) / far, (Math.sin(angle) * b) / far, Math.cos(angle)];
    close(rowToward(pole, [x, y], [a, b], 3), expected);
    close(rowToward(pole, [y, x], [b, a], 3), expected);
  }
});

test("stays on the sphere, whatever the angles are, and far along it as the shares say", () => {
  const [z, ...others] = [1, 2, 3, 4].map((seed) => unit(sampleZ({ size: 1, depth: 64, seed })));
  const way = rowToward(z!, others, [0.4, -0.3, 0.2], 64);
  expect(dot(way, way)).toBeCloseTo(1, 5);
  const [one] = others;
  const alone = rowToward(z!, others, [0.4, 0, 0], 64);
  expect(Math.acos(dot(z!, alone))).toBeCloseTo(0.4 * Math.acos(dot(z!, one!)), 5);
  const back = rowToward(z!, others, [-0.4, 0, 0], 64);
  expect(Math.acos(dot(alone, back))).toBeCloseTo(0.8 * Math.acos(dot(z!, one!)), 4);
});

test("is the row itself, or another, to the bit, and straight behind the sphere", () => {
  const [z, one, two] = [of(0.1, 0.7, 5), of(0.9, 0.2, 7), of(0.3, 0.3, 9)];
  expect(rowToward(z, [one, two], [0, 0], 2)).toEqual(z);
  expect(rowToward(z, [one, two], [1, 0], 2)).toEqual(one);
  expect(rowToward(z, [one, two], [0, 1], 2)).toEqual(two);
  expect(rowToward(z, [one, two], [0.5, 0.25], 2)[2]).toBeCloseTo(0.25 * 5 + 0.5 * 7 + 0.25 * 9, 6);
  expect(rowToward(of(0, 0), [of(2, 2)], [0.5], 2)).toEqual(of(1, 1));
});

// sin((1 − t) θ) / sin θ of one and sin(t θ) / sin θ of the other (Shoemake, SIGGRAPH 1985), of 60°
// and 90°.
test("of vectors of several lengths as much is taken as of those of one", () => {
  const [from, to] = [of(2, 0), of(1.5, 1.5 * Math.sqrt(3))];
  close(rowToward(from, [to], [0.5], 2), [3.5 / Math.sqrt(3), 1.5]);
  const third = 2 * Math.sin(Math.PI / 9);
  const [own, other] = [(2 * Math.sin((2 * Math.PI) / 9)) / Math.sqrt(3), third / Math.sqrt(3)];
  close(rowToward(from, [to], [1 / 3], 2), [2 * own + 1.5 * other, 1.5 * Math.sqrt(3) * other]);
  close(rowToward(of(5, 0), [of(0, 0.25)], [1 / 3], 2), [5 * Math.cos(Math.PI / 6), 0.25 * 0.5]);
});

test("of one direction, whose cosine may be rounded up beyond 1, there is a straight way", () => {
  for (let step = 1; step < 64; step += 1) {
    const row = of(step / 10, 0.3, 0.7);
    close(
      rowToward(row, [row.map((value) => 3 * value)], [0.5], 3),
      [...row].map((value) => 2 * value),
    );
    close(rowToward(row, [row], [0.5], 3), [...row]);
  }
});

test("refuses what is no way", () => {
  expect(() => rowToward(of(1, 0), [of(1)], [0.5], 1)).toThrow(ShapeError);
  expect(() => rowToward(of(1, 0), [of(-2, 0)], [0.5], 2)).toThrow(/opposite/);
});
