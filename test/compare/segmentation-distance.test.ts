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

test("other labels are refused", async () => {
  const areas = await goldenAreas("scenes");
  const renamed = { ...areas, labels: areas.labels.map((label) => ({ ...label, category: "part" })) };
  await expect(segmentationDistance(areas, renamed)).rejects.toThrow("The areas are of other labels.");
});
