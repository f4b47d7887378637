import type { Dissection } from "../dissect/result.ts";
import { UsageError } from "../errors.ts";
import { RandomState } from "../weights/random.ts";

/**
 * A layer's units by their IoU with a concept, the best first, and equals by number.
 * @throws UsageError when the layer was not dissected.
 */
export function rankUnits(dissection: Dissection, layer: string, label: number): number[] {
  const found = dissection.layers.find((result) => result.layer === layer);
  if (!found) {
    const known = dissection.layers.map((result) => result.layer).join(", ");
    throw new UsageError(`This dissection has no ${layer}.`, `It has ${known}.`);
  }
  const { length } = found.units;
  return ascending(Array.from(found.tables.iou.subarray(label * length, (label + 1) * length), (iou) => -iou));
}

/**
 * Places in the order of their scores, the lowest first, as gandissect's rankings are; equals stay
 * in order.
 */
export const ascending = (scores: readonly number[]): number[] =>
  [...scores.keys()].sort((a, b) => scores[a]! - scores[b]! || a - b);

/**
 * An order of all units by chance, the same for the same seed whatever the machine: the control of
 * every ranking.
 */
export const shuffledUnits = (channels: number, seed: number): number[] =>
  ascending([...new RandomState(seed).randomSample(channels)]);
