import { expect, test } from "vitest";
import type { PageData } from "../../../src/report/viewer/data.ts";
import { measures } from "../../../src/report/viewer/measures.ts";
import { type Made, stage, textOf } from "./stage.ts";

const UNIT = {
  ...{ unit: 7, iou: 0.051, iqr: 0.5, mi: 0.01234, correlation: -0.3 },
  ...{ activation: 12_345, pixels: 1_234_567, intersection: 99 },
};
const training = (quantile: number | null) => ({ iqr: { score: 0.25, quantile } });
const data = {
  names: ["-", "sky", "brick"],
  categoryColors: { object: ["#111111", "#222222"] },
  report: {
    labels: [{ category: "object" }, { category: "object" }, { category: "material" }],
    layers: [
      { units: [] },
      {
        units: [
          UNIT,
          { ...UNIT, mi: null, iou: null, training: training(0.3333) },
          { ...UNIT, training: training(null) },
        ],
      },
    ],
  },
  layers: [
    {},
    {
      best: [
        [
          [1, 0.4],
          [2, 0.1],
        ],
        [[2, 0.05]],
      ],
    },
  ],
} as unknown as PageData;

const shown = (index: number) => {
  const { dom, byId } = stage();
  measures(data, dom)(1, index);
  return { facts: byId("facts").children as Made[], best: byId("best").children as Made[] };
};

const RAW = [
  "IoU: 0.051",
  "IQR: 0.50",
  "Mutual information: 0.0123 nats",
  "Correlation: -0.30",
  "Pixels on: 12,345",
  "Pixels of the concept: 1,234,567",
  "Pixels of both: 99",
];
test.each([
  [0, RAW],
  [
    1,
    [
      "IoU: –",
      RAW[1],
      "Mutual information: –",
      ...RAW.slice(3),
      "Training IQR: 0.25",
      "On in training: 33.3 % of pixels",
    ],
  ],
  [2, [...RAW, "Training IQR: 0.25"]],
])("unit %i of the layer was measured at these", (index, expected) => {
  const { facts } = shown(index);
  const pairs = facts
    .filter((_, at) => at % 2 === 0)
    .map((name, at) => `${textOf(name)}: ${textOf(facts[2 * at + 1]!)}`);
  expect(pairs).toEqual(expected);
  // what needs a word has one
  expect(facts[0]!.properties["title"]).toMatch(/Pixels both on and of the concept/);
  expect(facts[12]!.properties["title"]).toBeUndefined();
});

test("the best concepts have bars as long as their IoU beside the highest, or beside 0.2", () => {
  const bars = (index: number) =>
    shown(index).best.map(({ properties, children }) => {
      const [name, track, value] = children as Made[];
      return [properties["title"], textOf(name!), (track!.children[0] as Made).properties["style"], textOf(value!)];
    });
  expect(bars(0)).toEqual([
    ["sky (object)", "sky", "width:100%;background:#111111", "0.40"],
    ["brick (material)", "brick", "width:25%;background:#4B4CBF", "0.10"],
  ]);
  expect(bars(1)).toEqual([["brick (material)", "brick", "width:25%;background:#4B4CBF", "0.050"]]);
  expect(bars(2)).toEqual([]);
});
