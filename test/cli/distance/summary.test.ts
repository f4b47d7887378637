import { expect, test } from "vitest";
import { type Compared, distanceJson, distanceText } from "../../../src/cli/distance/summary.ts";

const permutation = { p: 0.01, median: 0.25, q95: 0.5, max: 0.75, permutations: 99 };
const bySize = { sizes: [2, 4], distances: [9, 8], extrapolated: 7.5, slope: 1 };
const concept = {
  ...{ name: "tree", category: "object", a: 12.345, b: 10, difference: -2.345, standardError: 0.5, relative: -0.894 },
};
const kind = { network: "drawn", tensor: "c5", d: 64 } as never;
const vectors = (n: number, more: object = {}) => ({ data: new Float64Array(0), n, d: 64, kind, ...more });

const compared = (found: Partial<Compared["found"]>, more: Partial<Compared> = {}): Compared => ({
  names: ["one", "other"],
  sides: [vectors(40), vectors(30)] as never,
  generated: "a",
  found: { notes: [], ...found } as Compared["found"],
  ...more,
});

const whole = compared(
  {
    frechet: { distance: 12.34567, mean: 2, covariance: 10.34567 },
    frechetBySize: bySize,
    frechetPermutation: permutation,
    kid: { kid: -0.00123456, deviation: 0.25, subsets: 100, subsetSize: 20 },
    coverage: { precision: 0.9, recall: 0.8, density: 1.1, coverage: 0.7, nearest: 5 },
    notes: ["Few images."],
  },
  { generated: "b" },
);

test("numbers of vectors, as JSON", () => {
  expect(distanceJson(whole)).toEqual({
    ...{ a: { name: "one", n: 40 }, b: { name: "other", n: 30 }, generated: "b", features: kind },
    ...{ fd: 12.34567, fdMean: 2, fdCovariance: 10.34567, fdInfinity: 7.5, fdBySize: bySize },
    ...{ kid: -0.00123456, kidDeviation: 0.25, kidSubsets: 100, kidSubsetSize: 20 },
    ...{ precision: 0.9, recall: 0.8, density: 1.1, coverage: 0.7, nearest: 5 },
    ...{ p: 0.01, permutation, notes: ["Few images."] },
  });
});

test("the same for people", () => {
  expect(distanceText(whole)).toBe(
    `A: one (40 images)
B: other (30 images)

  FD             12.35  drawn c5, 64 numbers; mean 2, covariance 10.35
  FD∞              7.5  for ever more images: a line in 1/n
  FD: p           0.01  sets divided at random (99 times): median 0.25, 95 % below 0.5
  KID        −0.001235  100 subsets of 20, ± 0.25
  precision        0.9  of B: how much of it looks like the other; 5 neighbours
  recall           0.8  how much of the other it has
  density          1.1
  coverage         0.7

Few images.
`,
  );
});

test("only Inception's are FIDs; statistics have no images; all at once has no deviation", () => {
  const inception = { network: "Inception-v3", tensor: "pool3", d: 2048 } as never;
  const statistics = { mean: new Float64Array(0), covariance: new Float64Array(0), d: 64 };
  const found = compared(
    { frechet: { distance: 1, mean: 0.5, covariance: 0.5 }, kid: { kid: 2, subsets: 1, subsetSize: 9 } },
    { sides: [statistics, vectors(9, { kind: inception })] as never },
  );
  expect(distanceJson(found)).toMatchObject({ a: { name: "one" }, b: { n: 9 }, fd: 1, fid: 1, features: inception });
  expect(distanceJson(found).a).not.toHaveProperty("n");
  const text = distanceText(found);
  expect(text).toMatch(/^A: one \(statistics\)\nB: other \(9 images\)\n\n/);
  expect(text).toMatch(/ FID {2}1 {2}Inception-v3 pool3, 2048 numbers; mean 0.5, covariance 0.5\n/);
  expect(text).toMatch(/ KID {2}2 {2}all images\n/);
  const unknown = compared(
    { frechet: { distance: 1, mean: 1, covariance: 0 } },
    { sides: [statistics, statistics] as never },
  );
  expect(distanceText(unknown)).toMatch(/ FD {2}1 {2}of statistics; mean 1, covariance 0\n/);
  expect(distanceJson(unknown)).not.toHaveProperty("fid");
});

test("label maps' distance with concepts, of which twelve are shown", () => {
  const more = Array.from({ length: 11 }, (_, i) => ({ ...concept, name: `c${i}` }));
  const concepts = [
    { ...concept, name: "-" },
    concept,
    { ...concept, name: "new", a: 0, b: 1.5, difference: 1.5, relative: undefined },
    { ...concept, name: "more", difference: 0, relative: 0.126 },
  ];
  const segmentation = { distance: 3, mean: 1, covariance: 2, bySize, permutation, concepts };
  const sides = [{ ...vectors(40), segmenter: "drawn" }, vectors(30)] as never;
  const of = (list: typeof concepts) =>
    compared(
      { segmentation: { ...segmentation, concepts: list } as never, frechetPermutation: { ...permutation, p: 0.5 } },
      { sides },
    );
  expect(distanceJson(of(concepts))).toMatchObject({
    ...{ segmenter: "drawn", fsd: 3, fsdMean: 1, fsdCovariance: 2, fsdInfinity: 7.5, fsdBySize: bySize },
    ...{ concepts, p: 0.01, permutation },
  });
  const lines = distanceText(of(concepts)).split("\n");
  expect(lines.slice(3).map((line) => line.trim().replaceAll(/ {2,}/g, " | "))).toEqual([
    "FD: p | 0.5 | sets divided at random (99 times): median 0.25, 95 % below 0.5",
    "FSD | 3 | percent of pixels; mean 1, covariance 2",
    "FSD∞ | 7.5 | for ever more images",
    "FSD: p | 0.01 | sets divided at random (99 times): median 0.25, 95 % below 0.5",
    "",
    "concept | A, % | B, % | B − A, ± standard error | of A",
    "- (no name) | 12.35 | 10.00 | −2.35 ± 0.50 | −89 %",
    "tree | 12.35 | 10.00 | −2.35 ± 0.50 | −89 %",
    "new | 0.00 | 1.50 | +1.50 ± 0.50",
    "more | 12.35 | 10.00 | +0.00 ± 0.50 | +13 %",
    "",
  ]);
  // of too few images for several sizes there is no line to follow
  const few = { ...segmentation, bySize: { ...bySize, extrapolated: Number.NaN } } as never;
  expect(distanceText(compared({ segmentation: few }, { sides }))).not.toMatch(/FSD∞|NaN/);
  const text = (count: number): string => distanceText(of([concept, ...more].slice(0, count) as never));
  expect(text(12)).not.toContain("… and");
  const thirteen = distanceText(of([concept, concept, ...more] as never));
  expect(thirteen).toMatch(/c9 .*\n {2}… and 1 more\n$/);
});

test("what was skipped is named, up to ten", () => {
  const skipped = Array.from({ length: 11 }, (_, i) => ({ file: `${i}`, reason: `reason ${i}` }));
  const said = (count: number) => {
    const sides = [vectors(40), vectors(30, { skipped: skipped.slice(0, count) })] as never;
    return compared({}, { sides });
  };
  expect(distanceJson(said(2))).toMatchObject({ b: { skipped: skipped.slice(0, 2) } });
  expect(distanceJson(said(0)).b).not.toHaveProperty("skipped");
  expect(distanceText(said(0))).not.toContain("Skipped");
  expect(distanceText(said(1))).toContain("\n\nSkipped in other, as no photographs (1):\n  reason 0\n");
  expect(distanceText(said(10))).not.toContain("more");
  expect(distanceText(said(11))).toMatch(/ {2}reason 9\n {2}… and 1 more; the JSON has all\n$/);
});
