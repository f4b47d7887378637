import type { CountTable } from "./counter.ts";
import type { Counts } from "./counts.ts";
import type { LevelChoice } from "./result.ts";
import { agree } from "./scores.ts";

/**
 * Fractions of pixels above the candidate levels: 100 from 0.001 to 1, evenly in the logarithm
 * (spec §3.5, step 3).
 */
export const FRACTIONS: readonly number[] = Array.from({ length: 100 }, (_, t) => 10 ** (-3 + (3 * t) / 99));

/**
 * Labels on fewer of the training pixels, in any channel, have no distribution to speak of (step
 * 2).
 */
const RARE = 1e-4;
/** Labels on fewer of the training pixels carry no information (step 5). */
const UNINFORMATIVE = 1e-3;
/**
 * A unit and a concept must agree on more of the pixels than this to be matched by IQR (step 6).
 */
const AGREEMENT = 0.8;

/**
 * The best candidate level of every unit for every concept, by one score: row-major
 * [labels][units].
 */
interface Best {
  readonly score: Float64Array;
  /** Index into `FRACTIONS`. */
  readonly fraction: Uint8Array;
  readonly iou: Float64Array;
}

export interface LevelSearch {
  readonly iqr: Best;
  readonly maxiou: Best;
}

/** Nothing found yet, for tables of so many labels × units. */
export function emptySearch(labels: number, units: number): LevelSearch {
  const best = (): Best => {
    const score = new Float64Array(labels * units);
    return { score, fraction: new Uint8Array(labels * units), iou: score };
  };
  return { iqr: { ...best(), iou: new Float64Array(labels * units) }, maxiou: best() };
}

/**
 * The labels on enough of the training pixels to be matched with anything; the others need not be
 * counted.
 */
export const countable = (labelPixels: ArrayLike<number>, pixels: number): number[] =>
  Array.from(labelPixels, (_, label) => label).filter((label) => label > 0 && labelPixels[label]! / pixels >= RARE);

/** What the training set says of one layer. */
export interface TrainingCounts {
  /** Counts of `counted`. */
  readonly counts: Pick<Counts, "intersection" | "activation">;
  /** Labels to look at. */
  readonly counted: readonly number[];
  readonly units: number;
  /**
   * `FRACTIONS.length` descending levels of every unit: [levels][units]; `counts` has them
   * ascending.
   */
  readonly levels: Float32Array;
  readonly labels: number;
  /** Category index of every label. */
  readonly categoryOf: readonly number[];
  readonly categories: number;
  /** Pixels of every label, and of all images. */
  readonly labelPixels: ArrayLike<number>;
  readonly pixels: number;
  /** Pixels of the images in which each category occurs. */
  readonly categoryPixels: ArrayLike<number>;
}

/**
 * Tries all candidate levels of every unit against the concepts that were counted on the training
 * set (spec §3.5, steps 4–7), and adds what it finds to `found`.
 */
export async function searchLevels(
  training: TrainingCounts,
  found = emptySearch(training.labels, training.units),
): Promise<LevelSearch> {
  const { counts, counted, units, levels, categoryOf, categories, labelPixels, pixels, categoryPixels } = training;
  const activations: CountTable[] = [];
  for (let k = 0; k < categories; k += 1) activations.push(await counts.activation(k));
  const last = FRACTIONS.length - 1;
  for (const label of counted) {
    const truth = labelPixels[label]! / pixels;
    if (truth < RARE) continue;
    const intersections = await counts.intersection(label);
    const category = categoryOf[label]!;
    for (let unit = 0; unit < units; unit += 1) {
      const at = label * units + unit;
      for (let t = 0; t <= last; t += 1) {
        const row = (last - t) * units + unit; // counts go by ascending level
        const intersection = intersections[row]! / pixels;
        const active = activations[category]![row]! / categoryPixels[category]!;
        const { iou, iqr, agreement } = agree({ intersection, active, truth });
        if (iou > found.maxiou.score[at]!) {
          found.maxiou.score[at] = iou; // which is its `iou`
          found.maxiou.fraction[at] = t;
        }
        // The last level is the minimum: nothing is told by exceeding it.
        const eligible = t < last && truth >= UNINFORMATIVE && agreement > AGREEMENT && levels[t * units + unit]! > 0;
        if (eligible && iqr > found.iqr.score[at]!) {
          found.iqr.score[at] = iqr;
          found.iqr.fraction[at] = t;
          found.iqr.iou[at] = iou;
        }
      }
    }
  }
  return found;
}

/**
 * Above half of the pixels a level selects "everything but": gandissect's report leaves such
 * concepts out.
 */
const HALF = 0.5;

/** One unit's best concept by a search, and its level; label 0 when nothing qualifies. */
export function chooseLevel(
  best: Best,
  training: Pick<TrainingCounts, "levels" | "units" | "labels">,
  unit: number,
  options: { readonly belowHalf?: boolean } = {},
): LevelChoice {
  const { levels, units, labels } = training;
  let label = 0;
  for (let candidate = 1; candidate < labels; candidate += 1) {
    const at = candidate * units + unit;
    if (options.belowHalf && FRACTIONS[best.fraction[at]!]! > HALF) continue;
    if (best.score[at]! > best.score[label * units + unit]!) label = candidate;
  }
  const at = label * units + unit;
  const t = best.fraction[at]!;
  return {
    label,
    score: best.score[at]!,
    level: levels[t * units + unit]!,
    quantile: FRACTIONS[t]!,
    iou: best.iou[at]!,
  };
}
