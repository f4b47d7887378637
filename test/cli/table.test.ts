import { expect, test } from "vitest";
import { toSummary } from "../../src/cli/summary.ts";
import { columns, summaryTable } from "../../src/cli/table.ts";
import type { Dissection, Unit } from "../../src/dissect/result.ts";

const unit = (unit: number, label: number, iou: number, interpretable = true): Unit => ({
  unit,
  label,
  iou,
  interpretable,
  level: 1.5,
  iqr: 0.1,
  mi: 0.1,
  correlation: 0.1,
  intersection: 1,
  activation: 2,
  pixels: 3,
  top: [],
  mostCorrelated: { label, correlation: 0.1 },
});

const none = new Float64Array();
const tables = {
  iou: none,
  iqr: none,
  mi: none,
  correlation: none,
  intersection: new Uint32Array(),
  activation: new Uint32Array(),
};

const DISSECTION: Dissection = {
  model: { name: "church", resolution: 256, sizes: [512] },
  segmenter: { name: "upp" },
  labels: [
    { name: "-", category: "object" },
    { name: "tree", category: "object" },
    { name: "door", category: "object" },
    { name: "door", category: "part" },
    { name: "red-c", category: "color" },
  ],
  categories: ["object", "part", "color"],
  settings: {
    layers: ["layer4", "layer5"],
    size: 10,
    seed: 1,
    trainSeed: 2,
    quantileThreshold: "iqr",
    examples: 20,
    iouThreshold: 0.05,
    iqrThreshold: 0.01,
    segmentationSize: 256,
  },
  adapter: { vendor: "", architecture: "", description: "", software: true },
  labelPixels: [0, 1, 2, 3, 4],
  layers: [
    {
      layer: "layer4",
      shape: [8, 8],
      tables,
      units: [
        unit(0, 1, 0.21),
        unit(1, 2, 0.3),
        unit(2, 1, 0.4567),
        unit(3, 3, 0.5),
        unit(4, 1, 0.9, false),
        unit(5, 4, 0.06),
        ...[6, 7, 8, 9, 10].map((i) => unit(i, 1, 0.1 + i / 1000)),
      ],
    },
    { layer: "layer5", shape: [8, 8], tables, units: [unit(0, 1, 0.01, false)] },
  ],
};

test("a table: concepts by category and number of units, their best units first, not more than five", () => {
  expect(summaryTable(toSummary(DISSECTION, true))).toBe(
    [
      "layer4  8×8, 10 of 11 units interpretable, 4 concepts",
      "  concept        category  units  best IoU  best units (IoU)",
      "  tree           object        7     0.457  2 (0.46)  0 (0.21)  10 (0.11)  9 (0.11)  8 (0.11) +2",
      "  door (object)  object        1     0.300  1 (0.30)",
      "  door (part)    part          1     0.500  3 (0.50)",
      "  red            color         1     0.060  5 (0.06)",
      "",
      "layer5  8×8, 0 of 1 units interpretable, 0 concepts",
      "",
    ].join("\n"),
  );
});

test("a title has rows by columns, and five units are all there are to show", () => {
  const [layer] = toSummary(DISSECTION, true).layers;
  const tree = layer!.concepts[0]!;
  const text = summaryTable({
    ...toSummary(DISSECTION, true),
    layers: [{ ...layer!, shape: [4, 6], concepts: [{ ...tree, units: tree.units.slice(0, 5) }] }],
  });
  expect(text).toMatch(/^layer4 {2}4×6, /);
  expect(text).toMatch(/8 \(0\.11\)\n$/);
});

test("units of equal IoU stand by their numbers", () => {
  const units = [7, 3, 5].map((number) => unit(number, 1, 0.2));
  const all = Array.from({ length: 8 }, (_, i) => units.find((one) => one.unit === i) ?? unit(i, 1, 0, false));
  const layers = [{ ...DISSECTION.layers[0]!, units: all }];
  const [layer] = toSummary({ ...DISSECTION, layers }, true).layers;
  expect(layer!.concepts[0]!.units.map((one) => one.unit)).toEqual([3, 5, 7]);
});

test("the summary survives JSON, and names all units of a concept", () => {
  const summary = toSummary(DISSECTION, false);
  expect(JSON.parse(JSON.stringify(summary))).toEqual(summary);
  expect(summary.complete).toBe(false);
  expect(summary.layers[0]!.concepts[0]!.units.map(({ unit }) => unit)).toEqual([2, 0, 10, 9, 8, 7, 6]);
});

test("columns stand below each other, whatever the script", () => {
  expect(
    columns(
      [
        ["木", "1"],
        ["tree", "10"],
        ["é", "2"],
      ],
      ["", "right"],
    ),
  ).toBe("  木     1\n  tree  10\n  é      2");
});
