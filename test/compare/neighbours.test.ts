import { describe, expect, test } from "vitest";
import { coverageOf } from "../../src/compare/neighbours.ts";
import type { Vectors } from "../../src/compare/vectors.ts";
import { RandomState } from "../../src/weights/random.ts";
import { goldenFeatures, goldenJson } from "./golden.ts";

describe.each(["c4", "c5"])("golden features of %s", (stage) => {
  test("precision, recall, density, coverage", async () => {
    const [generated, real] = [await goldenFeatures(`generated_${stage}`), await goldenFeatures(`real_${stage}`)];
    const { precision, recall, density, coverage } = goldenJson("artifacts").features[stage].prdc;
    const found = await coverageOf(generated, real);
    expect(found).toMatchObject({ precision, recall, coverage, nearest: 5 });
    expect(found.density).toBeCloseTo(density, 12);
  });
});

const line = (...data: number[]): Vectors => ({ data: Float64Array.from(data), n: data.length, d: 1 });

test("balls on a line", async () => {
  // Radii to the next neighbour: real 1, 1, 3; generated 0.5, 0.5, 5.5.
  const found = await coverageOf(line(0.5, 1, 6.5), line(0, 1, 4), { nearest: 1 });
  // 0.5 and 1 are in real balls, 6.5 in that of 4; all real ones are in a generated ball; 0.5 and 1
  // are in both balls at the left but that balls are open: 1 is not in that of 0.
  expect(found).toEqual({ precision: 1, recall: 2 / 3, density: 4 / 3, coverage: 1, nearest: 1 });
});

test("sets beyond a block, of other sizes", async () => {
  const made = (seed: number, n: number): Vectors => ({ data: new RandomState(seed).standardNormal(3 * n), n, d: 3 });
  const [g, r] = [made(1, 300), made(2, 270)];
  const distance = (x: Vectors, i: number, y: Vectors, j: number): number =>
    Math.hypot(...[0, 1, 2].map((k) => x.data[3 * i + k]! - y.data[3 * j + k]!));
  const all = (n: number): number[] => [...Array(n).keys()];
  const radius = (x: Vectors): number[] =>
    all(x.n).map(
      (i) =>
        all(x.n)
          .map((j) => distance(x, i, x, j))
          .sort((p, q) => p - q)[5]!,
    );
  const [rg, rr] = [radius(g), radius(r)];
  const inside = all(g.n).map((i) => all(r.n).filter((j) => distance(g, i, r, j) < rr[j]!));
  const found = await coverageOf(g, r);
  expect(found.precision).toBe(inside.filter((balls) => balls.length > 0).length / 300);
  expect(found.recall).toBe(all(270).filter((j) => all(300).some((i) => distance(g, i, r, j) < rg[i]!)).length / 270);
  expect(found.density).toBeCloseTo(inside.flat().length / 5 / 300, 12);
  expect(found.coverage).toBe(new Set(inside.flat()).size / 270);
});

test("too few images are refused", async () => {
  const few = line(1, 2, 3, 4, 5);
  await expect(coverageOf(few, few)).rejects.toThrow("A set of 5 images has no neighbour number 5.");
});
