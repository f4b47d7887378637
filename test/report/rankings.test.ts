import { expect, test } from "vitest";
import type { Dissection } from "../../src/dissect/result.ts";
import { conceptRankings, row, seenConcepts, unitRankings } from "../../src/report/rankings.ts";
import { fixture, layerOf } from "./fixture.ts";

const labels = ["-", "sky", "tree", "tree-t", "b", "a"].map((name) => ({ name, category: "object" }));
const choice = (score: number) => ({ label: 1, score, level: 0, quantile: 0, iou: 0 });
const training = (iqr: number, maxiou: number) => ({ iqr: choice(iqr), maxiou: choice(maxiou) });

const layer = layerOf(
  [
    { unit: 4, label: 1, iou: 0.1, training: training(0.1, 0.2), mostCorrelated: { label: 1, correlation: 0.5 } },
    { unit: 5, label: 2, iou: 0.3, training: training(0, 0.4), mostCorrelated: { label: 1, correlation: -0.5 } },
    { unit: 6, label: 2, iou: 0.4, training: training(Number.NaN, 0.6), mostCorrelated: { label: 1, correlation: 0 } },
    { unit: 7, label: 3, iou: 0.9, interpretable: false, training: training(0.7, 0.8) },
  ],
  labels.length,
);
const dissection: Dissection = { ...fixture().dissection, labels, categories: ["object"], layers: [layer] };
const scores = Object.fromEntries(unitRankings(layer, dissection).map(({ name, score }) => [name, score]));

test("a layer's own orders, lower first; what is no number is no score", () => {
  expect(scores).toEqual({
    unit: [4, 5, 6, 7],
    label: [2, 1, 0, 3],
    "max iou": [-0.1, -0.3, -0.4, -0.9],
    "max maxiou": [-0.2, -0.4, -0.6, -0.8],
    "max iqr": [-0.1, 0, 0, -0.7],
    "max cor": [-0.5, 0.5, 0, 0],
  });
  for (const list of Object.values(scores)) expect(list.some((score) => Object.is(score, -0))).toBe(false);
});

test("without one unit's search for levels there are no orders by it", () => {
  const { training: _, ...bare } = layer.units[3]!;
  const some = { ...layer, units: [...layer.units.slice(0, 3), bare] };
  expect(unitRankings(some, dissection).map(({ name }) => name)).toEqual(["unit", "label", "max iou", "max cor"]);
});

test("shown by label: interpretable, the commoner, the better, the lower label, the better unit", () => {
  const many = layerOf([
    { label: 5, iou: 0.2 }, // one unit, as good as that of 4: the higher label
    { label: 1, iou: 0.4 }, // two units
    { label: 4, iou: 0.2 },
    { label: 2, iou: 0.6 }, // two units, and better
    { label: 2, iou: 0.8 },
    { label: 1, iou: 0.1 },
    { label: 2, iou: 0.9, interpretable: false },
    { label: 3, iou: 0.3 }, // one unit, better than 4 and 5
    { label: 9, iou: 1, interpretable: false }, // of no group
  ]);
  const [, byLabel] = unitRankings(many, { ...dissection, layers: [many] });
  const order = many.units.map((_, unit) => unit).sort((a, b) => byLabel!.score[a]! - byLabel!.score[b]!);
  expect(order).toEqual([4, 3, 1, 5, 7, 2, 0, 6, 8]);
});

test("concepts seen: quarters count as their whole, the commonest first, equals by name", () => {
  const second = layerOf([{ label: 4 }, { label: 5 }, { label: 0 }, { label: 0 }]);
  const of = { ...dissection, layers: [layer, second] };
  // tree 2 and its quarter 1; nothing 2; then "a", "b" and "sky" once each.
  expect(seenConcepts(of)).toEqual([2, 0, 5, 4, 1]);
  expect(seenConcepts({ ...of, layers: [layerOf([{ label: 77 }, { label: 1 }])] }).sort()).toEqual([1, 77]);
});

test("each metric orders the units by each concept", () => {
  const tables = { ...layer.tables };
  tables.iou = Float64Array.from({ length: 24 }, (_, i) => i);
  tables.correlation = Float64Array.from({ length: 24 }, (_, i) => -i);
  const rankings = conceptRankings({ ...layer, tables }, dissection);
  expect(rankings.map(({ name, concept, metric }) => [name, concept, metric])).toEqual([
    ["tree-iou", "tree", "iou"],
    ["sky-iou", "sky", "iou"],
    ["tree-cor", "tree", "cor"],
    ["sky-cor", "sky", "cor"],
  ]);
  expect(rankings.map(({ score }) => score)).toEqual([
    [-8, -9, -10, -11],
    [-4, -5, -6, -7],
    [8, 9, 10, 11],
    [4, 5, 6, 7],
  ]);
  tables.trainingIqr = tables.iou;
  tables.trainingMaxiou = tables.iou;
  const searched = conceptRankings({ ...layer, tables }, dissection);
  expect(searched.map(({ name }) => name).filter((name) => name.startsWith("tree"))).toEqual([
    ...["tree-iou", "tree-maxiou", "tree-iqr", "tree-cor"],
  ]);
});

test("a row of a table is one label's scores", () => {
  expect(row(Float64Array.of(1, 2, 3, 4, 5, 6), 1, 2)).toEqual([3, 4]);
});
