import { agree } from "../../dissect/scores.ts";
import type { DissectedLayer } from "./dissected.ts";

// Tests: test/compare/dissections/compare.test.ts

/** How well units agree with the labels that occur. */
export interface Scores {
  /** Those labels: the rows of tables. */
  readonly labels: readonly number[];
  /** [labels that occur][units] */
  readonly iou: Float64Array;
  readonly iqr: ArrayLike<number>;
}

/** Scores of all images, or with levels as they are of those that are not in a block. */
export function scoresOf(layer: DissectedLayer, without?: number): Scores {
  return layer.blocks ? fromBlocks(layer, layer.blocks, without) : fromTables(layer);
}

/** Labels of which there are pixels. */
const occurring = ({ labels, labelPixels }: DissectedLayer): number[] =>
  labels.map((_, label) => label).filter((label) => label > 0 && labelPixels[label]! > 0);

/** Of a report without blocks: IoU from the counts, IQR as it is kept, in single precision. */
function fromTables(layer: DissectedLayer): Scores {
  const { units, labels, categories, labelPixels } = layer;
  const shown = occurring(layer);
  const iou = new Float64Array(shown.length * units);
  const iqr = new Float64Array(shown.length * units);
  shown.forEach((label, row) => {
    const k = categories.indexOf(labels[label]!.category);
    for (let unit = 0; unit < units; unit += 1) {
      const both = layer.intersection[label * units + unit]!;
      const union = labelPixels[label]! + layer.activation[k * units + unit]! - both;
      iou[row * units + unit] = union > 0 ? both / union : 0;
      iqr[row * units + unit] = layer.iqr[label * units + unit]!;
    }
  });
  return { labels: shown, iou, iqr };
}

function fromBlocks(
  layer: DissectedLayer,
  blocks: NonNullable<DissectedLayer["blocks"]>,
  without: number | undefined,
): Scores {
  const { units, labels, categories } = layer;
  const shown = Array.from(blocks.labels);
  /** A table's sum over all blocks, or all but one. */
  const sum = (table: ArrayLike<number>): Float64Array => {
    const length = table.length / blocks.count;
    const total = new Float64Array(length);
    for (let block = 0; block < blocks.count; block += 1) {
      if (block === without) continue;
      for (let at = 0; at < length; at += 1) total[at]! += table[block * length + at]!;
    }
    return total;
  };
  const [pixels, categoryPixels] = [sum(blocks.pixels), sum(blocks.categoryPixels)];
  const [intersection, activation] = [sum(blocks.intersection), sum(blocks.activation)];
  const iou = new Float64Array(shown.length * units);
  const iqr = new Float64Array(shown.length * units);
  shown.forEach((label, row) => {
    const k = categories.indexOf(labels[label]!.category);
    const total = categoryPixels[k]!;
    if (pixels[row] === 0 || total === 0) return;
    for (let unit = 0; unit < units; unit += 1) {
      const at = row * units + unit;
      const agreement = agree({
        intersection: intersection[at]! / total,
        active: activation[k * units + unit]! / total,
        truth: pixels[row]! / total,
      });
      iou[at] = agreement.iou;
      iqr[at] = agreement.iqr;
    }
  });
  return { labels: shown, iou, iqr };
}
