import type { CountTable } from "./counter.ts";
import type { Counts } from "./counts.ts";
import type { LevelChoice } from "./result.ts";
import { agree } from "./scores.ts";

/**
 * 10^(t/33) for t from 0 to 32. As digits, because engines' powers differ in the last bit: V8's
 * before and after version 13, for one.
 */
const DIGITS = `
  1.0000000000000000000 1.0722672220103232228 1.1497569953977357908 1.2328467394420661391
  1.3219411484660290404 1.4174741629268052135 1.5199110829529337171 1.6297508346206441743
  1.7475284000076838335 1.8738174228603840478 2.0092330025650471314 2.1544346900318837218
  2.3101297000831597590 2.4770763559917108672 2.6560877829466862777 2.8480358684358016549
  3.0538555088334154345 3.2745491628777284595 3.5111917342151313213 3.7649358067924680267
  4.0370172585965546926 4.3287612810830583474 4.6415888336127788924 4.9770235643321108022
  5.3366992312063096582 5.7223676593502173010 6.1359072734131731065 6.5793322465756799227
  7.0548023107186432359 7.5646332755462887019 8.1113083078968709132 8.6974900261778332791
  9.3260334688321986952
`
  .trim()
  .split(/\s+/);

/**
 * Fractions of pixels above the candidate levels: 100 from 0.001 to 1, evenly in the logarithm
 * (spec §3.5, step 3), 10^(t/33 − 3), each the nearest double.
 */
export const FRACTIONS: readonly number[] = Array.from({ length: 100 }, (_, t) =>
  Number(`${DIGITS[t % DIGITS.length]}e${Math.floor(t / DIGITS.length) - 3}`),
);

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
