import { type Candidate, type Counted, count, detections } from "./counting.ts";
import type { DissectedLayer } from "./dissected.ts";
import { jackknife, type Parts } from "./jackknife.ts";
import type { BestUnit, ConceptCell, CountingRule } from "./result.ts";
import { type Scores, scoresOf } from "./scores.ts";

// Tests: test/compare/dissections/compare.test.ts

/** Detections counted, and how many there are of each concept, by `keyOf`. */
export interface CountedConcepts extends Counted {
  readonly concepts: ReadonlyMap<string, number>;
}

/** An input's counts, and what is asked of them. */
export interface Measured {
  readonly counts: Parts<CountedConcepts>;
  /** Of every unit, with any concept. */
  readonly bestIou: ArrayLike<number>;
  errors(statistic: (counted: CountedConcepts) => number): number | undefined;
  cell(key: string): ConceptCell;
  /** Whether scores less two errors exceed what they must; unknown without errors. */
  clears(best: BestUnit): boolean | undefined;
}

/** What tells concepts of several inputs apart: names may repeat across categories. */
const keyOf = ({ name, category }: { readonly name: string; readonly category: string }): string =>
  JSON.stringify([name, category]);

/** Counts an input by a rule: all its images, and all but each block. */
export function measure(layer: DissectedLayer, rule: CountingRule): Measured {
  const { units, labels } = layer;
  const scores = scoresOf(layer);
  const best = bestUnits(scores, units, rule);
  const rowOf = new Map(scores.labels.map((label, row) => [keyOf(labels[label]!), row]));
  const without: CountedConcepts[] = [];
  /** Of every concept's best unit, with each block left out. */
  const [ious, iqrs] = [scores.labels.map((): number[] => []), scores.labels.map((): number[] => [])];
  // Of fewer images than blocks some blocks have none.
  const blocks = Math.min(layer.blocks?.count ?? 0, layer.images);
  for (let block = 0; block < blocks && blocks > 1; block += 1) {
    const left = scoresOf(layer, block);
    without.push(counted(layer, left, rule));
    best.forEach((unit, row) => {
      ious[row]!.push(left.iou[row * units + unit]!);
      iqrs[row]!.push(left.iqr[row * units + unit]!);
    });
  }
  const counts = { whole: counted(layer, scores, rule), without };
  const errors: Measured["errors"] = (statistic) => jackknife(without.map(statistic));
  return {
    counts,
    errors,
    bestIou: Float64Array.from({ length: units }, (_, unit) =>
      scores.labels.reduce((most, _, row) => Math.max(most, scores.iou[row * units + unit]!), 0),
    ),
    cell(key) {
      const row = rowOf.get(key);
      const of = ({ concepts }: CountedConcepts): number => concepts.get(key) ?? 0;
      return {
        detectors: { value: of(counts.whole), error: errors(of) },
        best: row === undefined ? undefined : bestOf(row),
      };
    },
    clears({ iou, iqr }) {
      const judged = limitsOf(layer, rule).map(([metric, limit]) => ({ ...(metric === "iou" ? iou : iqr), limit }));
      if (judged.some(({ error }) => error === undefined)) return undefined;
      return judged.every(({ value, error, limit }) => value - 2 * error! > limit);
    },
  };

  function bestOf(row: number): BestUnit {
    const unit = best[row]!;
    const at = row * units + unit;
    return {
      unit,
      iou: { value: scores.iou[at]!, error: jackknife(ious[row]!) },
      iqr: { value: scores.iqr[at]!, error: jackknife(iqrs[row]!) },
    };
  }
}

/** What scores must exceed. */
function limitsOf(
  { iouThreshold, iqrThreshold }: DissectedLayer,
  { metric, threshold }: CountingRule,
): (readonly ["iou" | "iqr", number])[] {
  if (metric !== "report") return [[metric, threshold!]];
  return [
    ["iou", iouThreshold],
    ["iqr", iqrThreshold],
  ];
}

/** Of every label that occurs the unit of the largest score. */
function bestUnits({ labels, iou, iqr }: Scores, units: number, { metric }: CountingRule): number[] {
  const table = metric === "iqr" ? iqr : iou;
  return labels.map((_, row) => {
    let best = 0;
    for (let unit = 1; unit < units; unit += 1) {
      if (table[row * units + unit]! > table[row * units + best]!) best = unit;
    }
    return best;
  });
}

function counted(layer: DissectedLayer, scores: Scores, rule: CountingRule): CountedConcepts {
  const found = rule.metric === "report" ? reported(layer, scores) : judged(layer, scores, rule);
  const concepts = new Map<string, number>();
  for (const { label } of found) {
    const key = keyOf(layer.labels[label as number]!);
    concepts.set(key, (concepts.get(key) ?? 0) + 1);
  }
  return { ...count(found), concepts };
}

/** As the report counts: each unit's own label, by both thresholds. */
function reported(layer: DissectedLayer, { labels, iou, iqr }: Scores): Candidate[] {
  const { units, iouThreshold, iqrThreshold } = layer;
  const rows = new Map(labels.map((label, row) => [label, row]));
  return Array.from({ length: units }, (_, unit): Candidate[] => {
    const label = layer.reported[unit]!;
    const row = rows.get(label);
    if (row === undefined) return [];
    const score = iou[row * units + unit]!;
    if (!(score > iouThreshold && iqr[row * units + unit]! > iqrThreshold)) return [];
    return [{ unit, label, category: layer.labels[label]!.category, score }];
  }).flat();
}

/** Every unit's best label, or its best of each category, by a score that exceeds the threshold. */
function judged(layer: DissectedLayer, { labels, iou, iqr }: Scores, { rule, metric, threshold }: CountingRule) {
  const { units } = layer;
  const table = metric === "iqr" ? iqr : iou;
  function* candidates(): Generator<Candidate> {
    for (const [row, label] of labels.entries()) {
      const { category } = layer.labels[label]!;
      for (let unit = 0; unit < units; unit += 1) {
        const score = table[row * units + unit]!;
        if (score > threshold!) yield { unit, label, category, score };
      }
    }
  }
  return detections(candidates(), rule, threshold!);
}
