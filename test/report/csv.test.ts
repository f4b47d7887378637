import { describe, expect, test } from "vitest";
import { csvText, toCsv, toRows } from "../../src/report/csv.ts";
import { fixture } from "./fixture.ts";

const { dissection } = fixture();

describe("csv", () => {
  test("has one row a unit, with the unit's values", () => {
    const lines = toCsv(dissection).trimEnd().split("\n");
    expect(lines[0]).toBe(
      "layer,unit,label,category,iou,iqr,mi,correlation,level,interpretable,intersection,activation,pixels,top_image,top_activation",
    );
    expect(lines).toHaveLength(1 + 22);
    const unit = dissection.layers[1]!.units[3]!;
    expect(lines[1 + 12 + 3]!.split(",")).toEqual([
      "layer6",
      "3",
      dissection.labels[unit.label]!.name,
      dissection.labels[unit.label]!.category,
      ...[unit.iou, unit.iqr, unit.mi, unit.correlation, unit.level].map(String),
      String(unit.interpretable),
      ...[unit.intersection, unit.activation, unit.pixels, unit.top[0]!.image, unit.top[0]!.activation].map(String),
    ]);
  });

  test("quotes what needs it and runs as no formula", () => {
    const hostile = ["-", '=HYPERLINK("x")', "a,b", 'q"q', "new\nline", "@cmd"];
    const labels = hostile.map((name) => ({ name, category: "+1" }));
    const text = toCsv({ ...dissection, labels });
    expect(text).toContain(`"'=HYPERLINK(""x"")",'+1,`);
    expect(text).not.toMatch(/(^|,)"?[=+@]/m);
  });

  test("leaves cells empty for no concept, for no number and for no image", () => {
    const layer = dissection.layers[0]!;
    const units = [{ ...layer.units[0]!, label: 0, mi: Number.NaN, top: [] }];
    const row = toCsv({ ...dissection, layers: [{ ...layer, units }] })
      .split("\n")[1]!
      .split(",");
    expect(row.slice(2, 4)).toEqual(["", ""]);
    expect(row[6]).toBe("");
    expect(row.slice(-2)).toEqual(["", ""]);
    expect(toRows({ ...dissection, layers: [{ ...layer, units }] })[0]!.top_image).toBeUndefined();
  });
});

test("cells are text, numbers, booleans and nothing", () => {
  expect(csvText([])).toBe("");
  expect(csvText([[]])).toBe("\n");
  expect(csvText([["a", -1.5, true], [undefined, Number.POSITIVE_INFINITY, false], ["b"]])).toBe(
    "a,-1.5,true\n,,false\nb\n",
  );
});

test.each([
  ["=1", "'=1"],
  ["+1", "'+1"],
  ["-1", "'-1"],
  ["@a", "'@a"],
  ["\tx", "'\tx"],
  ["\rx", `"'\rx"`],
  ["\nx", `"'\nx"`],
  ["＝1", "'＝1"],
  ["＋1", "'＋1"],
  ["－1", "'－1"],
  ["＠a", "'＠a"],
  ["﹦1", "'﹦1"],
  ["﹢1", "'﹢1"],
  ["﹣1", "'﹣1"],
  ["﹫a", "'﹫a"],
  ["a=1", "a=1"],
  ["a,b", '"a,b"'],
  ['a"b', '"a""b"'],
  ["a\nb", '"a\nb"'],
  ["a\rb", '"a\rb"'],
  ["a b'", "a b'"],
])("%j is written %j", (text, expected) => expect(csvText([[text]])).toBe(`${expected}\n`));
