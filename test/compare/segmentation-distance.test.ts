import { expect, test } from "vitest";
import { segmentationDistance } from "../../src/compare/segmentation-distance.ts";
import { goldenAreas, goldenJson } from "./golden.ts";

const { pairs, labels } = goldenJson("fsd") as { pairs: GoldenPair[]; labels: string[] };

interface GoldenPair {
  readonly a: string;
  readonly b: string;
  readonly fsd: number;
  readonly mean: number;
  readonly cov: number;
  readonly difference: readonly number[];
  readonly standard_error: readonly number[];
  readonly relative: readonly (number | null)[];
  readonly permutation: Readonly<Record<"p" | "median" | "q95" | "max", number>>;
  readonly by_size: {
    readonly sizes: readonly number[];
    readonly fsd: readonly number[];
    readonly extrapolated: number;
  };
}

/**
 * The golden file's own distances are sums of roots of eigenvalues, of which two are rounding
 * errors: they are up to 1.2e-6 from what singular values make of the same counts
 * (frechet.test.ts, 1e-9), as SciPy's are.
 */
const TOLERANCE = 2e-6;

test.each(pairs)("$a and $b", async (pair) => {
  const found = await segmentationDistance(await goldenAreas(pair.a), await goldenAreas(pair.b));
  expect(Math.abs(found.distance - pair.fsd)).toBeLessThan(TOLERANCE);
  expect(Math.abs(found.mean - pair.mean)).toBeLessThan(1e-9);
  expect(Math.abs(found.covariance - pair.cov)).toBeLessThan(TOLERANCE);
  const { p, median, q95, max } = pair.permutation;
  expect(found.permutation.p).toBe(p);
  for (const [name, value] of Object.entries({ median, q95, max })) {
    expect(Math.abs(found.permutation[name as "median"] - value)).toBeLessThan(TOLERANCE);
  }
  expect(found.bySize.sizes).toEqual(pair.by_size.sizes);
  found.bySize.distances.forEach((distance, i) => {
    expect(Math.abs(distance - pair.by_size.fsd[i]!)).toBeLessThan(TOLERANCE);
  });
  expect(Math.abs(found.bySize.extrapolated - pair.by_size.extrapolated)).toBeLessThan(TOLERANCE);
  for (const { label, name, difference, standardError, relative } of found.concepts) {
    expect(name).toBe(labels[label]);
    expect(Math.abs(difference - pair.difference[label]!)).toBeLessThan(1e-9);
    expect(Math.abs(standardError - pair.standard_error[label]!)).toBeLessThan(1e-9);
    if (relative === undefined) expect(pair.relative[label]).toBeNull();
    else expect(Math.abs(relative - pair.relative[label]!)).toBeLessThan(1e-9);
  }
  const differences = found.concepts.map(({ difference }) => Math.abs(difference));
  expect(differences).toEqual([...differences].sort((x, y) => y - x));
});

test("label 0 is one of them, and what is nowhere is none", async () => {
  const [a, b] = [await goldenAreas("scenes"), await goldenAreas("seed1")];
  const only = (areas: typeof a) => ({ ...areas, counts: areas.counts.map((c, i) => (i % 11 === 3 ? 0 : c)) });
  const emptied = (areas: typeof a) => ({
    ...areas,
    counts: areas.counts.map((c, i) => (i % 11 === 0 ? 96 : c)),
  });
  const { concepts } = await segmentationDistance(emptied(only(a)), emptied(only(b)), { permutations: 2 });
  expect(concepts.find(({ label }) => label === 0)).toMatchObject({ name: "-", a: 2.34375, difference: 0 });
  expect(concepts.find(({ label }) => label === 3)).toBeUndefined();
});

test("concepts of one set, in percent: differences, their errors, and what has no part of nothing", async () => {
  const labels = ["-", "tree", "sky", "boat"].map((name) => ({ name, category: "object" }));
  // Two images of four pixels: a tree in the first of one set, sky in both of the other.
  const a = { counts: Uint32Array.of(3, 1, 0, 0, 4, 0, 0, 0), n: 2, labels, pixels: 4 };
  const b = { counts: Uint32Array.of(3, 0, 1, 0, 3, 0, 1, 0), n: 2, labels, pixels: 4 };
  const told: string[] = [];
  const { concepts, permutation } = await segmentationDistance(a, b, {
    permutations: 3,
    onProgress: ({ phase, done, total }) => told.push(`${phase} ${done} ${total}`),
  });
  const object = { category: "object" };
  expect(concepts).toEqual([
    { label: 2, name: "sky", ...object, a: 0, b: 25, difference: 25, standardError: 0 },
    { label: 0, name: "-", ...object, a: 87.5, b: 75, difference: -12.5, standardError: 12.5, relative: -12.5 / 87.5 },
    { label: 1, name: "tree", ...object, a: 12.5, b: 0, difference: -12.5, standardError: 12.5, relative: -1 },
  ]);
  expect(permutation.permutations).toBe(3);
  expect(told.slice(0, 4)).toEqual(["permutations 0 3", "permutations 1 3", "permutations 2 3", "sizes 0 20"]);
});

test("other labels are refused", async () => {
  const areas = await goldenAreas("scenes");
  const renamed = { ...areas, labels: areas.labels.map((label) => ({ ...label, category: "part" })) };
  await expect(segmentationDistance(areas, renamed)).rejects.toThrow("The areas are of other labels.");
});
