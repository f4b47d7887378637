import { expect, test } from "vitest";
import { artifactsTable } from "../../../src/cli/artifacts/summary.ts";
import { artifactFindings } from "../../report/artifact-findings.ts";

test("what rankings find, as people read it", () => {
  expect(artifactsTable(artifactFindings(true)).replaceAll(/ +$/gm, "")).toBe(
    `layer6 of scenes64, FD of scenes64 c5

By the published score: without its first 2 units FD goes from 5 to 6.25, p = 0.9 (5 random draws of 2: 4.9 to 6; as good by chance 1): no better than chance.
By each unit's own ablation: without its first 2 units FD goes from 5 to 4.5, p = 0.005 (5 random draws of 2: 4.9 to 6; as good by chance 0.1667): better than chance.

Without the first by the published score:
              FD  change    p
  together  6.25   +1.25  0.9
  unit 3     5.5    +0.5  0.7
  unit 1       6      +1  0.8

Without the first by each unit's own ablation:
             FD  change      p
  together  4.5    −0.5  0.005
  unit 0    4.9    −0.1    0.1
  unit 1      6      +1    0.8

  concept   before  without by score  without by ablation  without random
  tree     62.50 %            6.25 %              62.50 %         50.00 %
  door     12.50 %           12.50 %               9.38 %         12.50 %

There are 8 images for vectors of 512 numbers.

Skipped in photographs, as no photographs (1):
  a.txt is none.
`,
  );
});

test("a ranking of one unit: together and alone are the same ablation", () => {
  const { judgement, ...findings } = artifactFindings(false);
  const [score] = judgement.rankings;
  const one = { units: [3], frechet: { distance: 5, mean: 1, covariance: 4 }, change: 0, pixels: [] };
  const rankings = [{ ...score!, units: one.units, together: one, alone: [one] }];
  const text = artifactsTable({
    ...findings,
    ...{ judgement: { ...judgement, rankings, labels: [] }, notes: [], real: { ...findings.real, skipped: [] } },
  });
  expect(text).toMatch(/ {2}together {3}5 {6}\+0 *\n {2}unit 3 {5}5 {6}\+0 *\n$/);
});

test("ten units, concepts and skipped files are shown", () => {
  const { judgement, ...findings } = artifactFindings(false);
  const [score] = judgement.rankings;
  const text = (count: number): string => {
    const all = [...Array(count).keys()];
    const alone = all.map((unit) => ({ ...score!.alone[0]!, units: [100 + unit] }));
    const labels = [
      { name: "-", category: "-" },
      ...all.map((label) => ({ name: `concept${label}`, category: "object" })),
    ];
    const pixels = labels.map((_, label) => 1000 - label);
    const together = { ...score!.together, pixels: pixels.map((each) => each / 2) };
    const random = judgement.random.map((each) => ({ ...each, pixels }));
    const before = { ...judgement.before, pixels };
    const real = { ...findings.real, skipped: all.map((file) => ({ file: `${file}`, reason: `reason${file}` })) };
    return artifactsTable({
      ...{ ...findings, real },
      judgement: { ...judgement, before, random, labels, rankings: [{ ...score!, together, alone }] },
    });
  };
  const shown = (said: string, what: RegExp): number => [...said.matchAll(what)].length;
  const counts = (count: number) => [/unit 1\d\d/g, /concept\d/g, /reason\d/g].map((what) => shown(text(count), what));
  expect([1, 10].map(counts)).toEqual([
    [1, 1, 1],
    [10, 10, 10],
  ]);
  expect(text(10)).not.toContain("… and");
  expect(counts(12)).toEqual([10, 10, 10]);
  expect(text(12)).toContain("\n  … and 2 more; the JSON has all\n");
});
