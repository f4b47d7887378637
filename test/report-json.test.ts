import { describe, expect, test } from "vitest";
import { openReport } from "../src/compare/index.ts";
import { GanatomyError, UsageError } from "../src/errors.ts";
import { openDissection } from "../src/report/open.ts";
import { checkedReport, parseReport } from "../src/report-json.ts";
import { readFindings } from "../src/session/findings.ts";
import { reportJson, reportUnit } from "./report/report-json.ts";

const REPORT = reportJson({
  model: "church",
  labels: [
    { name: "-", category: "object" },
    { name: "tree", category: "object" },
  ],
  layers: [{ layer: "layer4", units: [reportUnit(0, 1, { top: [{ image: 3, activation: null }] }), reportUnit(1, 0)] }],
});

/** A copy in which one part, named by its path, is another. */
function changed(path: string, value: unknown): unknown {
  const copy = structuredClone(REPORT);
  const names = path.split(/[.[\]]+/).filter(Boolean);
  const last = names.pop()!;
  const within = names.reduce<Record<string, unknown>>((part, name) => part[name] as never, copy as never);
  within[last] = value;
  return copy;
}

test("a report is what was given, and parts that nobody knows are let pass", () => {
  expect(checkedReport(REPORT)).toBe(REPORT);
  expect(parseReport(JSON.stringify(REPORT))).toEqual(REPORT);
  expect(checkedReport(changed("model.colour", "red"))).toBeDefined();
  const area = { top: -3.5, left: -3.5, height: 15, width: 15, outside: "border" };
  expect(checkedReport(changed("layers[0].area", area))).toBeDefined();
  expect(checkedReport(changed("provenance.weights", [{ role: "segmenter", source: "a" }]))).toBeDefined();
});

describe("what is wrong is said with its place, by whoever reads", () => {
  const unit = "layers[0].units[1]";
  const cases: readonly (readonly [string, unknown])[] = [
    ["schemaVersion", {}],
    ["provenance", null],
    ["model", []],
    ["model.name", 3],
    ["model.sizes[0]", "8"],
    ["model.resolution", undefined],
    ["model.rotation", "7"],
    ["images", ["a.jpg", 3]],
    ["segmenter.name", undefined],
    ["adapter", "software"],
    ["settings.size", "8"],
    ["settings.quantileThreshold", "most"],
    ["settings.segmentationHeight", "8"],
    ["categories[0]", 1],
    ["labels", {}],
    ["labels[1].category", null],
    ["layers", {}],
    ["layers[0].layer", 4],
    ["layers[0].area", { top: 0, left: 0, height: 8, width: null, outside: "zeros" }],
    ["layers[0].units", null],
    [`${unit}.unit`, 0],
    [`${unit}.label`, 2],
    [`${unit}.interpretable`, 1],
    [`${unit}.iou`, "0.1"],
    [`${unit}.pixels`, null],
    [`${unit}.mostCorrelated.label`, -1],
    [`${unit}.training`, { iqr: 3 }],
    ["layers[0].units[0].top[0].image", 0.5],
  ];
  test.each(cases)("%s: %j", async (path, value) => {
    const said = `: ${path} is missing or of another kind.`;
    const json = changed(path, value);
    const [report, tensors] = [JSON.stringify(json), new Uint8Array(8)];
    expect(() => checkedReport(json)).toThrow(UsageError);
    expect(() => readFindings(json)).toThrow(`The report is not that of a dissection${said}`);
    await expect(openDissection({ report, tensors })).rejects.toThrow(`The report is not that of a dissection${said}`);
    await expect(openReport({ report, tensors }, "church")).rejects.toThrow(
      `The report of church is not that of a dissection${said}`,
    );
  });

  test("of another version, no report at all, no JSON", () => {
    expect(() => checkedReport({ schemaVersion: "2".repeat(99) })).toThrow(/is of version 2{20}, and this reads/);
    for (const json of [null, [], 3, "a"]) {
      expect(() => checkedReport(json)).toThrow("The report is not that of a dissection.");
    }
    expect(() => checkedReport({})).toThrow("dissection: schemaVersion is missing");
    expect(() => parseReport("{", "here")).toThrow("The report of here is no JSON.");
    expect(() => parseReport("[".repeat(1000))).toThrow(GanatomyError);
  });
});
