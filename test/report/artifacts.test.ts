import { expect, test } from "vitest";
import type { JudgedRanking } from "../../src/compare/index.ts";
import { artifactsCsv, artifactsJson, conceptPixels, marksJson, verdicts } from "../../src/report/artifacts.ts";
import { artifactFindings } from "./artifact-findings.ts";
import { PROVENANCE } from "./fixture.ts";

const [good, bad] = [artifactFindings(true), artifactFindings(false)];

test("what came of rankings is said first where none did better than chance", () => {
  expect(verdicts(bad)).toEqual({
    better: false,
    text: [
      "No ranking did better than chance. Nothing says that these units cause artifacts.",
      "By the published score: without its first 2 units FD goes from 5 to 6.25, p = 0.9 (5 random draws of 2: 4.9 to 6; as good by chance 1): no better than chance.",
      expect.stringMatching(
        /^By each unit's own ablation: .* to 4\.95, p = 0\.2 .* 0\.3333\): no better than chance\.$/,
      ),
    ],
  });
  const { better, text } = verdicts(good);
  expect([better, text.length]).toEqual([true, 2]);
  expect(text[1]).toMatch(/from 5 to 4\.5, p = 0\.005 .*: better than chance\.$/);
  const { judgement } = bad;
  const one = { ...bad, judgement: { ...judgement, rankings: judgement.rankings.slice(0, 1) } };
  expect(verdicts(one).text[0]).toMatch(/^The ranking did no better than chance\./);
  const inception = { ...bad, features: { ...bad.features, network: "Inception of 2015" } };
  expect(verdicts(inception).text[1]).toContain("FID goes from");
});

test("concepts are those that are seen, first what changes most", () => {
  expect(conceptPixels(bad.judgement)).toEqual([
    { concept: "tree", category: "object", before: 10, rankings: { score: 1, ablation: 10 }, random: 8 },
    { concept: "door", category: "object", before: 2, rankings: { score: 2, ablation: 1.5 }, random: 2 },
  ]);
});

test("concepts are there that are in any image, those first that some ranking changes most", () => {
  const { judgement } = bad;
  const labels = ["-", "still", "three", "four", "nowhere", "new"].map((name) => ({ name, category: "object" }));
  const [score, ablation] = judgement.rankings as [JudgedRanking, JudgedRanking];
  // A quarter of a pixel is there; one ranking takes one of "four" and the other adds four.
  const ranked = (ranking: JudgedRanking, pixels: number[]) => ({
    ...ranking,
    together: { ...ranking.together, pixels },
  });
  const found = conceptPixels({
    ...judgement,
    labels,
    before: { ...judgement.before, pixels: [99, 0.25, 9, 5, 0, 0] },
    random: [1, 3].map((part) => ({ ...judgement.random[0]!, pixels: [99, 0.25, 9, part, 0, 0] })),
    rankings: [ranked(score, [0, 0.25, 6, 4, 0, 0]), ranked(ablation, [0, 0.25, 6, 9, 0, 0.5])],
  });
  expect(found.map(({ concept, random }) => [concept, random])).toEqual([
    ["four", 2],
    ["three", 9],
    ["new", 0],
    ["still", 0.25],
  ]);
});

test("the JSON has every number", () => {
  const json = artifactsJson(bad, PROVENANCE);
  expect(json).toMatchObject({
    model: "scenes64",
    layer: "layer6",
    size: 8,
    top: 3,
    distance: "FD",
    better: false,
    real: { ranking: 4, skipped: [{ file: "a.txt" }] },
    units: [{ unit: 0, score: 10.5, scoreMean: 1, scoreCovariance: 9.5, change: -0.5, images: [0, 7, 1] }, {}, {}, {}],
    judged: {
      images: 8,
      seed: 2,
      fd: 5,
      pixels: { tree: 10, door: 2, boat: 0 },
      rankings: [
        {
          name: "score",
          units: [3, 1],
          fd: 6.25,
          change: 1.25,
          p: 0.9,
          chance: 1,
          better: false,
          alone: [{ units: [3] }, {}],
        },
        { name: "ablation" },
      ],
    },
    provenance: PROVENANCE,
  });
  expect(json.judged.random).toHaveLength(5);
  expect(json.judged.random[0]).not.toHaveProperty("p");
});

test("the table has ranks, and no column of what was not measured", () => {
  expect(artifactsCsv(bad).split("\n")).toEqual([
    "unit,score,score_mean,score_covariance,score_rank,ablation_change,ablation_rank,top_image",
    "0,10.5,1,9.5,3,-0.5,1,0",
    "1,19,1,18,2,-0.1,2,1",
    "2,9.75,1,8.75,4,0.3,3,2",
    "3,22,1,21,1,1234.5,4,3",
    "",
  ]);
  const units = bad.units.map(({ change: _, ...unit }) => unit);
  expect(artifactsCsv({ ...bad, units }).split("\n")[4]).toBe("3,22,1,21,1,,,3");
  expect(marksJson({ model: "m", layer: "l", units: [2] })).toBe(
    '{\n "model": "m",\n "layer": "l",\n "units": [\n  2\n ]\n}\n',
  );
});
