import { describe, expect, test } from "vitest";
import {
  comparisonJson,
  conceptsCsv,
  estimateText,
  inputsCsv,
  ruleText,
  warningText,
} from "../../src/report/comparison.ts";
import { forced, three, withoutErrors } from "./comparisons.ts";

describe("a comparison's tables", () => {
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
});
