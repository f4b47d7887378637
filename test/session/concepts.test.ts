import { describe, expect, test } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { rankedConcepts } from "../../src/session/concepts.ts";
import { type Findings, rankedUnits, readFindings, renumbered } from "../../src/session/findings.ts";

const unit = (iou_label: string, iou_cat: string) => ({ interp: iou_label !== "-", level: 1, iou_label, iou_cat });
/** As gandissect writes it after ACE. */
const FINDINGS: Findings = readFindings({
  netname: "church",
  layers: [
    {
      layer: "layer4",
      units: [unit("tree", "object"), unit("glass", "material"), unit("-", "object"), unit("tree", "object")],
      rankings: [
        { name: "unit", score: [0, 1, 2, 3] },
        { name: "max iou", metric: "iou", score: [-0.2, -0.6, 0, -0.3] },
        { name: "glass-iou", metric: "iou", score: [-0.05, -0.6, 0, null] },
        { name: "--iou", metric: "iou", score: [-1, -1, -1, -1] },
        { name: "tree-iou", metric: "iou", score: [-0.2, -0.01, 0, -0.3] },
        { name: "tree-iqr", metric: "iqr", score: [-0.5, 0, 0, -0.4] },
        { name: "tree-ace", metric: "ace", score: [-1, -9, 0, -2] },
      ],
    },
  ],
});
const concepts = (more: object, findings = FINDINGS) => rankedConcepts(findings, { layer: "layer4", ...more });
const TREE = { concept: "tree", category: "object", label: 1, units: 2 };
const GLASS = { concept: "glass", category: "material", label: 2, units: 1 };

describe("concepts of a layer", () => {
  test("those with most units first, each with its best unit's score", () => {
    expect(concepts({})).toEqual([
      { ...TREE, score: 0.3 },
      { ...GLASS, score: 0.6 },
    ]);
    expect(concepts({ top: 1 })).toEqual([{ ...TREE, score: 0.3 }]);
  });

  test("of one category", () => {
    expect(concepts({ category: "material" })).toEqual([{ ...GLASS, score: 0.6 }]);
    expect(concepts({ category: "material", ranking: "iqr" })).toEqual([]);
  });

  test("by another ranking, by which their units come too", () => {
    expect(concepts({ ranking: "ace" })).toEqual([{ ...TREE, score: 9 }]);
    const units = rankedUnits(FINDINGS, "layer4", { concept: "tree", ranking: "ace" });
    expect(units.map(({ unit }) => unit)).toEqual([1, 3, 0]);
  });

  test("by the numbers of a segmenter, which need not know all", () => {
    const labels = [
      { name: "-", category: "object" },
      { name: "sky", category: "object" },
      { name: "tree", category: "object" },
    ];
    const { label: _, ...unknown } = GLASS;
    expect(concepts({}, renumbered(FINDINGS, labels))).toEqual([
      { ...TREE, label: 2, score: 0.3 },
      { ...unknown, units: 0, score: 0.6 },
    ]);
  });
});

test("concepts of a unit, those that it is best for first; what is no number is no score", () => {
  expect(concepts({ unit: 0 }).map(({ concept, score }) => [concept, score])).toEqual([
    ["tree", 0.2],
    ["glass", 0.05],
  ]);
  expect(concepts({ unit: 1 }).map(({ concept }) => concept)).toEqual(["glass", "tree"]);
  expect(concepts({ unit: 2 })).toEqual([]);
  expect(concepts({ unit: 3 }).map(({ concept }) => concept)).toEqual(["tree"]);
});

test.each([
  [{ layer: "layer9" }, /Nothing is known of the units of layer9/],
  [{ unit: 4 }, /The unit of layer4 is 4\. Use a whole number from 0 to 3/],
  [{ unit: "length" }, /The unit of layer4 is "length"/],
  [{ ranking: "rank" }, /Nothing is ranked by rank/],
  [{ category: "sound" }, /no category "sound"\. There are object, material/],
  [{ top: 0 }, /top is 0/],
])("%j is refused", (more, said) => {
  expect(() => concepts(more)).toThrow(UsageError);
  expect(() => concepts(more)).toThrow(said);
});
