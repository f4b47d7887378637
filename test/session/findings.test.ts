import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { joined, rankedUnits, readFindings, renumbered } from "../../src/session/findings.ts";
import { reportJson, reportUnit } from "../report/report-json.ts";

const unit = (label: string, iou: number, more: object = {}) => ({
  interp: label !== "-",
  level: 1.5,
  iou_label: label,
  iou_cat: "object",
  iou,
  top: [{ imgnum: 4, maxact: 7 }],
  ...more,
});
/** As gandissect writes it. */
const DISSECT = {
  netname: "church",
  layers: [
    {
      layer: "layer4",
      units: [unit("tree", 0.2), unit("-", 0), unit("door", 0.1), unit("tree", 0.3)],
      rankings: [
        { name: "unit", score: [0, 1, 2, 3] },
        { name: "tree-iou", score: [-0.2, 0, -0.01, -0.3] },
        { name: "door-iqr", score: [0, 0, -0.5, 0] },
      ],
    },
  ],
};
const GLASS = [
  { name: "-", category: "object" },
  { name: "glass", category: "object" },
  { name: "glass", category: "material" },
];
const REPORT = reportJson({
  model: "church",
  labels: GLASS,
  layers: [
    {
      layer: "layer4",
      units: [
        reportUnit(0, 1, { level: 2 }),
        reportUnit(1, 2, { level: null, iou: 0.2, top: [{ image: 3, activation: null }] }),
        reportUnit(2, 2, { interpretable: false, iou: 0.3 }),
      ],
    },
  ],
});

describe("findings", () => {
  test("of a dissect.json are its rankings, labels and top images", () => {
    const findings = readFindings(DISSECT);
    expect(findings.report).toBeUndefined();
    expect(findings.labels.map(({ name }) => name)).toEqual(["-", "tree", "door"]);
    const layer = findings.layers.get("layer4")!;
    expect(layer.detects).toEqual([1, 0, 2, 1]);
    expect(layer.tops[0]).toEqual([{ image: 4, activation: 7 }]);
    expect(rankedUnits(findings, "layer4", { concept: "tree" })).toEqual([
      { unit: 3, score: 0.3, label: 1 },
      { unit: 0, score: 0.2, label: 1 },
      { unit: 2, score: 0.01, label: 2 },
    ]);
    expect(rankedUnits(findings, "layer4", { concept: "door", ranking: "iqr", top: 5 })).toHaveLength(1);
    expect(rankedUnits(findings, "layer4", {}).map((ranked) => ranked.unit)).toEqual([0, 1, 2, 3]);
  });

  test("of a report.json are each unit's own concept, told apart by category", () => {
    const findings = readFindings(REPORT);
    expect(findings.report).toBe(REPORT);
    expect(findings.layers.get("layer4")!.detects).toEqual([1, 2, 0]);
    expect(rankedUnits(findings, "layer4", { concept: "material/glass" })).toEqual([{ unit: 1, score: 0.2, label: 2 }]);
    expect(rankedUnits(findings, "layer4", { concept: "glass" })).toEqual([{ unit: 0, score: 0.1, label: 1 }]);
  });

  test("have a segmenter's numbers where it is there, and keep their rankings", () => {
    const labels = [
      { name: "-", category: "object" },
      { name: "door", category: "object" },
      { name: "moon", category: "object" },
    ];
    const findings = renumbered(readFindings(DISSECT), labels);
    expect(findings.layers.get("layer4")!.detects).toEqual([0, 0, 1, 0]);
    expect(rankedUnits(findings, "layer4", { concept: "tree", top: 1 })).toEqual([{ unit: 3, score: 0.3 }]);
  });

  test("what is not known is said, with what is", () => {
    const findings = readFindings(DISSECT);
    expect(() => rankedUnits(undefined, "layer4", {})).toThrow(/Nothing is known of the units of layer4/);
    expect(() => rankedUnits(findings, "layer5", {})).toThrow(/Nothing is known of the units of layer5/);
    expect(() => rankedUnits(findings, "layer4", { concept: "moon" })).toThrow(/"moon" by iou\. Known are tree-iou/);
    expect(() => rankedUnits(findings, "layer4", { concept: "tree", ranking: "ace" })).toThrow(
      /Nothing is ranked by ace/,
    );
  });

  test.each([
    null,
    3,
    {},
    { netname: 3, layers: [] },
    { netname: "a", layers: {} },
    { netname: "a", layers: [{ layer: "x", units: [unit("tree", 1)], rankings: [{ name: "a", score: [1, 2] }] }] },
    { netname: "a", layers: [{ layer: "x", units: [unit("tree", 1)], rankings: [{ name: "a", score: ["1"] }] }] },
    { netname: "a", layers: [{ layer: 7, units: [] }] },
  ])("%j are none", (json) => {
    expect(() => readFindings(json)).toThrow(UsageError);
    expect(() => readFindings(json)).toThrow(/no report of a dissection/);
  });

  test("of reports that are none, or of another version, are not read", () => {
    expect(() => readFindings({ ...REPORT, labels: [{ name: 1, category: "a" }] })).toThrow(
      /not that of a dissection: labels\[0\]\.name is/,
    );
    expect(() => readFindings({ ...REPORT, schemaVersion: 2 })).toThrow(/report is of version 2/);
  });

  test("of the golden dissect.json are read", () => {
    const file = new URL("../golden/scenes64-gandissect.json", import.meta.url);
    const golden = JSON.parse(readFileSync(file, "utf8"));
    const findings = readFindings({ netname: "scenes64", ...golden });
    const [layer] = golden.layers;
    const { detects } = findings.layers.get(layer.layer)!;
    expect(detects.filter((label) => label > 0)).toHaveLength(layer.interpretable);
  });
});

describe("a report and the dissect.json beside it", () => {
  const labels = ["-", "door", "tree"].map((name) => ({ name, category: "object" }));
  const scores = [
    [2, 0.2],
    [0, 0],
    [1, 0.1],
    [2, 0.3],
  ] as const;
  const units = scores.map(([label, iou], unit) => reportUnit(unit, label, { level: 2, iou }));
  const report = readFindings(reportJson({ model: "church", labels, layers: [{ layer: "layer4", units }] }));
  const dissect = readFindings(DISSECT);
  const trees = { concept: "tree" };

  test("are joined: numbers of the one, rankings of both", () => {
    const both = joined(report, dissect);
    expect(both.report).toBe(report.report);
    expect(rankedUnits(report, "layer4", trees).map(({ unit }) => unit)).toEqual([3, 0]);
    expect(rankedUnits(both, "layer4", trees)).toEqual([
      { unit: 3, score: 0.3, label: 2 },
      { unit: 0, score: 0.2, label: 2 },
      { unit: 2, score: 0.01, label: 1 },
    ]);
  });

  test("of another dissection are not: the later one is what is known", () => {
    expect(joined(undefined, dissect)).toBe(dissect);
    expect(joined(dissect, report)).toBe(report);
    expect(joined({ ...report, model: "bedroom" }, dissect)).toBe(dissect);
    const others = {
      ...report,
      layers: new Map([["layer4", { ...report.layers.get("layer4")!, detects: [1, 0, 1, 2] }]]),
    };
    expect(joined(others, dissect)).toBe(dissect);
    const fewer = { ...report, layers: new Map([["layer5", report.layers.get("layer4")!]]) };
    expect(joined(fewer, dissect)).toBe(dissect);
  });
});
