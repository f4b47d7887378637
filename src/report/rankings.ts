import type { Dissection, LayerResult, Unit } from "../dissect/result.ts";
import { conceptGroups, uniqueNames, wholeConcepts } from "./concepts.ts";

/** An order of a layer's units. Lower scores come first, so metrics are negated (§3.8). */
export interface Ranking {
  name: string;
  metric?: "iou" | "maxiou" | "iqr" | "cor" | "ace";
  concept?: string;
  score: number[];
}

/**
 * The orders that every layer has by itself: by number, by label, and by each unit's best score.
 */
export function unitRankings(layer: LayerResult, dissection: Dissection): Ranking[] {
  const { units } = layer;
  return [
    { name: "unit", score: units.map(({ unit }) => unit) },
    { name: "label", score: labelPositions(layer, dissection) },
    { name: "max iou", metric: "iou", score: negated(units.map(({ iou }) => iou)) },
    ...(units.every(({ training }) => training)
      ? ([
          { name: "max maxiou", metric: "maxiou", score: negated(units.map((unit) => unit.training!.maxiou.score)) },
          { name: "max iqr", metric: "iqr", score: negated(units.map((unit) => unit.training!.iqr.score)) },
        ] satisfies Ranking[])
      : []),
    {
      name: "max cor",
      metric: "cor",
      score: negated(units.map(({ mostCorrelated }) => mostCorrelated.correlation)),
    },
  ];
}

/**
 * The orders by one concept: for each metric, each concept that is the best of some unit of any
 * layer. Quarters ("tree-t") count as their whole; the most frequent concept comes first, equals by
 * name. The same list serves every layer.
 */
export function conceptRankings(layer: LayerResult, dissection: Dissection): Ranking[] {
  const { tables } = layer;
  const concepts = seenConcepts(dissection);
  const names = uniqueNames(dissection.labels);
  const metrics = [
    ["iou", tables.iou],
    ["maxiou", tables.trainingMaxiou],
    ["iqr", tables.trainingIqr],
    ["cor", tables.correlation],
  ] as const;
  return metrics.flatMap(([metric, table]) =>
    table === undefined
      ? []
      : concepts.map((label) => ({
          name: `${names[label]}-${metric}`,
          concept: names[label]!,
          metric,
          score: negated(row(table, label, layer.units.length)),
        })),
  );
}

/**
 * Labels that are the best concept of some unit, most frequent first, over all layers (label 0
 * among them).
 */
export function seenConcepts({ layers, labels }: Dissection): number[] {
  const names = uniqueNames(labels);
  const whole = wholeConcepts(labels);
  const count = new Map<number, number>();
  for (const { units } of layers) {
    for (const unit of units) {
      const label = whole[unit.label] ?? unit.label;
      count.set(label, (count.get(label) ?? 0) + 1);
    }
  }
  // By code point, as the published code sorts, whatever the locale; no two names are equal.
  const before = (a: string, b: string): number => (a < b ? -1 : 1);
  return [...count].sort(([a, n], [b, m]) => m - n || before(names[a]!, names[b]!)).map(([label]) => label);
}

/**
 * Position of each unit when shown by label: interpretable first, then the more common, the better,
 * the lower label.
 */
function labelPositions(layer: LayerResult, { labels, categories }: Dissection): number[] {
  const groups = new Map(conceptGroups(layer, labels, categories).map((group) => [group.label, group]));
  const size = (unit: Unit) => groups.get(unit.label)?.units.length ?? 0;
  const best = (unit: Unit) => groups.get(unit.label)?.bestIou ?? 0;
  const order = layer.units
    .map((unit, index) => ({ unit, index }))
    .sort(
      (a, b) =>
        Number(b.unit.interpretable) - Number(a.unit.interpretable) ||
        size(b.unit) - size(a.unit) ||
        best(b.unit) - best(a.unit) ||
        a.unit.label - b.unit.label ||
        b.unit.iou - a.unit.iou,
    );
  const positions = new Array<number>(order.length);
  order.forEach(({ index }, position) => {
    positions[index] = position;
  });
  return positions;
}

/** A score of all units for one label. */
export function row(table: Float64Array, label: number, units: number): number[] {
  return [...table.subarray(label * units, (label + 1) * units)];
}

/** Lower is better; what is not a number ranks as no score at all. */
function negated(scores: readonly number[]): number[] {
  return scores.map((score) => (Number.isFinite(score) && score !== 0 ? -score : 0));
}
