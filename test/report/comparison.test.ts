import { describe, expect, test } from "vitest";
import type { ComparedInput, Comparison } from "../../src/compare/index.ts";
import {
  comparisonJson,
  conceptsCsv,
  controlsText,
  estimateText,
  inputsCsv,
  ruleText,
  warningText,
} from "../../src/report/comparison.ts";
import { forced, three, withoutErrors } from "./comparisons.ts";

const known = (value: number, error: number) => ({ value, error });
const about = { source: "a", model: "scenes", units: 8, images: 100, blocks: 20 };
/**
 * Numbers that no computation could confuse; the first input has no object, the second no material.
 */
const small: Comparison = {
  rule: { rule: "per-category", metric: "iqr", threshold: 0.02 },
  incomparable: [],
  inputs: [
    {
      ...{ ...about, name: "layer4", layer: "layer4", detectors: known(4, 0.5), unique: known(3, 0.25) },
      ...{ share: known(0.5, 0.125), medianIou: 0.0625, iou90: 0.75 },
      categories: [{ category: "part", detectors: known(11, 1.5), unique: known(10, 1.25) }],
    },
    {
      ...{ ...about, name: "layer6, rotated", layer: "layer6", detectors: known(6, 0.75), unique: known(5, 0.375) },
      ...{ share: known(0.25, 0.0125), medianIou: 0.03, iou90: 0.6, rotation: 0, untrained: 7, source: "b" },
      categories: [{ category: "object", detectors: known(13, 2.5), unique: { value: 12, error: undefined } }],
    },
  ],
  concepts: [
    {
      ...{ name: "roof", category: "part" },
      inputs: [
        { detectors: known(2, 0.1), best: { unit: 5, iou: known(0.4, 0.01), iqr: known(0.3, 0.02) } },
        { detectors: known(0, 0), best: undefined },
      ],
    },
    {
      ...{ name: "tree", category: "object" },
      inputs: [
        { detectors: known(0, 0.2), best: { unit: 0, iou: known(0.04, 0.001), iqr: known(0.05, 0.002) } },
        { detectors: known(1, 0.3), best: { unit: 7, iou: known(0.2, 0.03), iqr: known(0.1, 0.04) } },
      ],
    },
  ],
  onlyInOne: [
    { concept: 0, name: "roof", category: "part", input: 0, isNews: true },
    { concept: 1, name: "tree", category: "object", input: 1, isNews: false },
  ],
  pairs: [],
};

describe("a comparison's tables", () => {
  test("are these, cell by cell", () => {
    // categories by name, 0 of one that an input has nothing of
    expect(inputsCsv(small)).toBe(
      `${[
        "input,source,model,layer,images,units,rule,metric,threshold,detectors,detectors_error,unique,unique_error,share,share_error,object_detectors,object_detectors_error,object_unique,object_unique_error,part_detectors,part_detectors_error,part_unique,part_unique_error,median_iou,iou_90,comparable",
        "layer4,a,scenes,layer4,100,8,per-category,iqr,0.02,4,0.5,3,0.25,0.5,0.125,0,,0,,11,1.5,10,1.25,0.0625,0.75,true",
        '"layer6, rotated",b,scenes,layer6,100,8,per-category,iqr,0.02,6,0.75,5,0.375,0.25,0.0125,13,2.5,12,,0,,0,,0.03,0.6,true',
      ].join("\n")}\n`,
    );
    expect(conceptsCsv(small)).toBe(
      `${[
        "concept,category,input,detectors,detectors_error,best_unit,best_iou,best_iou_error,best_iqr,best_iqr_error,only_here,news,comparable",
        "roof,part,layer4,2,0.1,5,0.4,0.01,0.3,0.02,true,true,true",
        'roof,part,"layer6, rotated",0,0,,,,,,false,,true',
        "tree,object,layer4,0,0.2,0,0.04,0.001,0.05,0.002,false,,true",
        'tree,object,"layer6, rotated",1,0.3,7,0.2,0.03,0.1,0.04,true,false,true',
      ].join("\n")}\n`,
    );
  });

  test("have an input a row, with errors beside what they are of", () => {
    const rows = inputsCsv(three)
      .replaceAll(/"[^"]*"/g, (cell) => cell.slice(1, -1).replaceAll(",", ";"))
      .trim()
      .split("\n")
      .map((row) => row.split(","));
    expect(rows).toHaveLength(4);
    expect(rows.every(({ length }) => length === rows[0]!.length)).toBe(true);
    const of = (name: string) => rows.slice(1).map((row) => row[rows[0]!.indexOf(name)]);
    expect(of("input")).toEqual(three.inputs.map(({ name }) => name.replaceAll(",", ";")));
    expect(of("detectors")).toEqual(three.inputs.map(({ detectors }) => String(detectors.value)));
    expect(of("material_unique_error")).toEqual(["0", "", "0"]);
    expect(of("comparable")).toEqual(["true", "true", "true"]);
  });

  test("have a concept of an input a row", () => {
    const rows = conceptsCsv(three).trim().split("\n");
    expect(rows).toHaveLength(1 + 3 * three.concepts.length);
    expect(rows[0]).toMatch(/^concept,category,input,detectors,detectors_error,best_unit,best_iou/);
  });

  test("say of everything that was forced that it is not comparable", () => {
    expect(inputsCsv(forced).trim().split("\n")[1]).toMatch(/,false$/);
    expect(conceptsCsv(forced).trim().split("\n")[1]).toMatch(/,false$/);
    expect(JSON.parse(comparisonJson(forced, {}))).toMatchObject({
      comparable: false,
      incomparable: ["seed (1 in a; 3 in b)"],
    });
    expect(warningText(forced.incomparable)).toBe(
      "Not comparable, compared by force: these differ: seed (1 in a; 3 in b).",
    );
  });
});

test("the JSON has everything, and null for errors that are not known", () => {
  const { comparable, schemaVersion, inputs } = JSON.parse(comparisonJson(withoutErrors, {}));
  expect([comparable, schemaVersion]).toEqual([true, 1]);
  expect(inputs[0].detectors).toEqual({ value: withoutErrors.inputs[0]!.detectors.value, error: null });
});

test("the JSON is written line by line", () => {
  expect(comparisonJson({ ...small, inputs: [], concepts: [], onlyInOne: [] }, { a: [undefined] })).toBe(
    `{\n "schemaVersion": 1,\n "provenance": {\n  "a": [\n   null\n  ]\n },\n "comparable": true,\n "rule": {\n  "rule": "per-category",\n  "metric": "iqr",\n  "threshold": 0.02\n },\n "incomparable": [],\n "inputs": [],\n "concepts": [],\n "onlyInOne": [],\n "pairs": []\n}\n`,
  );
});

test("controls are named, also those of seed 0", () => {
  const [plain, { rotation = -1, untrained = -1, ...other }] = small.inputs as [ComparedInput, ComparedInput];
  expect(controlsText([plain])).toEqual([]);
  expect(controlsText([plain, { ...other, rotation }, { ...other, name: "c", rotation }])).toEqual([
    "layer6, rotated, c: a control, in a random rotation of the layer's units, which holds the same.",
  ]);
  expect(controlsText([plain, { ...other, untrained }])).toEqual([
    "layer6, rotated: a control, of weights that were drawn and not trained.",
  ]);
});

test("numbers are told with their errors", () => {
  expect(estimateText({ value: 12, error: undefined }, 0)).toBe("12");
  expect(estimateText({ value: 12, error: 1.26 }, 0)).toBe("12 ± 1.3");
  expect(estimateText({ value: 0.1234, error: 0.01 }, 3)).toBe("0.123 ± 0.010");
});

test("rules are told", () => {
  expect(ruleText({ rule: "best-label", metric: "report" }, { iou: 0.05, iqr: 0.01 })).toBe(
    "By best label: a unit counts once, under its best concept, by the label and the thresholds of the reports (IoU > 0.05, IQR > 0.01).",
  );
  expect(ruleText({ rule: "per-category", metric: "iou", threshold: 0.04 })).toBe(
    "Per category: a unit counts in every category in which its best concept has IoU > 0.04.",
  );
  expect(ruleText({ rule: "best-label", metric: "iqr", threshold: 0.01 })).toBe(
    "By best label: a unit counts once, under its best concept, by IQR > 0.01.",
  );
  expect(ruleText({ rule: "best-label", metric: "report" })).toMatch(/the thresholds of the reports\.$/);
});
