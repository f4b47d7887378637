import { expect, test } from "vitest";
import { editSummary, editTable } from "../../../src/cli/edit/summary.ts";

const LABELS = [
  { name: "-", category: "object" },
  { name: "tree", category: "object" },
  { name: "door", category: "object" },
  { name: "door", category: "part" },
  { name: "sky", category: "object" },
  { name: "lamp", category: "object" },
];
const FACTS = {
  model: "church",
  segmenter: "upp",
  layer: "layer4",
  units: [3, 17],
  alpha: 1,
  value: 0,
  size: 10,
  seed: 3,
  resolution: 64,
};
/** Of 10 × 64² = 40,960 pixels. */
const [BEFORE, AFTER] = [
  [7, 4096, 100, 0, 2000, 0],
  [9, 1024, 101, 50, 2500, 0],
];

test("every concept but none at all is listed, by its category where two have the name", () => {
  const summary = editSummary("ablate", LABELS, BEFORE!, AFTER!, FACTS);
  expect(summary).toEqual({
    command: "ablate",
    ...FACTS,
    concepts: [
      { concept: "tree", category: "object", before: 4096, after: 1024 },
      { concept: "door (object)", category: "object", before: 100, after: 101 },
      { concept: "door (part)", category: "part", before: 0, after: 50 },
      { concept: "sky", category: "object", before: 2000, after: 2500 },
      { concept: "lamp", category: "object", before: 0, after: 0 },
    ],
  });
});

test("the table: those first of which the largest share came or went, areas of all pixels", () => {
  expect(editTable(editSummary("insert", LABELS, BEFORE!, AFTER!, FACTS))).toBe(
    [
      "layer4, 2 units 3, 17: areas in 10 images",
      "  concept         before   after   change",
      "  door (part)     0.00 %  0.12 %      new",
      "  tree           10.00 %  2.50 %  −75.0 %",
      "  sky             4.88 %  6.10 %  +25.0 %",
      "  door (object)   0.24 %  0.25 %   +1.0 %",
      "",
    ].join("\n"),
  );
});

test("areas are of the pixels of images that are not square", () => {
  const facts = { ...FACTS, height: 16, width: 64 };
  const summary = editSummary("ablate", LABELS, BEFORE!, AFTER!, facts);
  expect(summary).toMatchObject({ resolution: 64, height: 16, width: 64 });
  expect(editTable(summary)).toMatch(/tree +40\.00 % +10\.00 %/);
});

test("of many units the first twenty are named", () => {
  const title = (count: number): string => {
    const units = Array.from({ length: count }, (_, unit) => unit);
    return editTable(editSummary("ablate", LABELS, BEFORE!, BEFORE!, { ...FACTS, units })).split("\n")[0]!;
  };
  expect(title(1)).toBe("layer4, unit 0: areas in 10 images");
  expect(title(20)).toMatch(/^layer4, 20 units 0, 1, .*, 18, 19: areas/);
  expect(title(21)).toMatch(/^layer4, 21 units 0, 1, .*, 18, 19 …: areas/);
});

test("what did not change is +0.0 %", () => {
  const table = editTable(editSummary("ablate", LABELS, BEFORE!, BEFORE!, FACTS));
  expect(table).toMatch(/tree +10\.00 % +10\.00 % +\+0\.0 %/);
});

test("a single pixel is a concept, and one that was not there stands by the pixels that came", () => {
  const before = [0, 1, 0, 0, 4, 0];
  const after = [0, 0, 3, 1, 2, 0];
  const rows = editTable(editSummary("insert", LABELS, before, after, FACTS))
    .split("\n")
    .slice(2, -1);
  expect(rows.map((row) => row.trim().split(/ {2,}/)[0])).toEqual(["door (object)", "tree", "door (part)", "sky"]);
});
