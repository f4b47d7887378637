import type { CountTable } from "../dissect/counter.ts";
import { agree } from "../dissect/scores.ts";
import { UnitQuantiles } from "../dissect/unit-quantiles.ts";
import { UsageError } from "../errors.ts";

/** A unit and a concept at one cutoff. */
export interface Cutoff {
  /** Fraction of the unit's upsampled activations, in all images, below the level. */
  readonly cutoff: number;
  /** The unit is "on" where its upsampled activation is greater than this. */
  readonly level: number;
  /** IoU of where it is on and the concept, 0…1, over images that hold the concept's category. */
  readonly iou: number;
  /** Information quality ratio of the same pixels: mutual information / joint entropy, 0…1. */
  readonly iqr: number;
  /** Mutual information of the same pixels, in nats. */
  readonly mi: number;
  /** Fraction of the concept's pixels on which the unit is on, 0…1; 0 where there are none. */
  readonly inside: number;
}

/** What was counted of a concept, [quantiles][units] each. */
export interface ConceptCounts {
  /** Pixels of the concept. */
  readonly pixels: number;
  /** Pixels of the images that hold its category. */
  readonly categoryPixels: number;
  /** Pixels of the concept on which each unit exceeds each level. */
  readonly intersection: CountTable;
  /** The same of all pixels of images that hold its category. */
  readonly activation: CountTable;
  /** Mean activation of each unit on the concept's pixels, [units]. */
  readonly means: Float32Array;
}

/** In pixels: more than products with a count of 32 bits are rounded by. */
const ROUNDING = 1e-6;

/** What `cutoffCurves` counted. */
export interface CutoffCounts {
  readonly cutoffs: readonly number[];
  /** Of the counted levels: ascending, from 0 to 1. */
  readonly quantiles: readonly number[];
  /** [quantiles][units] */
  readonly levels: Float32Array;
  /** Images. */
  readonly size: number;
  /** By label. */
  readonly found: ReadonlyMap<number, ConceptCounts>;
  /** The number of a label by its name. */
  label(concept: string): number;
}

/** Units and concepts against the cutoff; see `cutoffCurves`. */
export class CutoffCurves {
  /** Ascending fractions of a unit's upsampled activations that lie below its levels. */
  readonly cutoffs: readonly number[];
  readonly #counts: CutoffCounts;
  readonly #units: number;

  /** @internal */
  constructor(counts: CutoffCounts) {
    this.cutoffs = counts.cutoffs;
    this.#counts = counts;
    this.#units = counts.levels.length / counts.quantiles.length;
  }

  /** How many units the layer has. */
  get units(): number {
    return this.#units;
  }

  /**
   * A unit and a concept at every cutoff, the lowest first.
   * @throws UsageError for a unit that there is not, and a concept that was not asked for.
   */
  of(unit: number, concept: string): Cutoff[] {
    const { quantiles, levels } = this.#counts;
    const { intersection, activation, pixels, categoryPixels } = this.#found(concept);
    if (!Number.isInteger(unit) || unit < 0 || unit >= this.#units) {
      throw new UsageError(`There is no unit ${unit}.`, `Units are 0…${this.#units - 1}.`);
    }
    const share = (count: number): number => (categoryPixels > 0 ? count / categoryPixels : 0);
    const truth = share(pixels);
    return this.cutoffs.map((cutoff) => {
      const at = quantiles.indexOf(cutoff) * this.#units + unit;
      const both = intersection[at]!;
      const { iou, iqr, mi } = agree({ intersection: share(both), active: share(activation[at]!), truth });
      return { cutoff, level: levels[at]!, iou, iqr, mi, inside: pixels > 0 ? both / pixels : 0 };
    });
  }

  /**
   * The cutoff at which a unit and a concept agree best, of equals the lowest.
   * @throws UsageError as `of` does.
   */
  best(unit: number, concept: string, by: "iou" | "iqr" = "iqr"): Cutoff {
    if (by !== "iou" && by !== "iqr") throw new UsageError(`Cutoffs have no "${by}".`, 'Use "iou" or "iqr".');
    return this.of(unit, concept).reduce((best, one) => (one[by] > best[by] ? one : best));
  }

  /**
   * Quantiles of every unit's upsampled activations on the pixels of a concept alone: conditional
   * quantiles, at 0, the cutoffs and 1. How many of these pixels lie below each of the measured
   * levels is exact; between two levels the quantile is interpolated, and its exact value lies
   * between them too.
   * @throws UsageError for a concept that was not asked for, and one that no image shows.
   */
  quantiles(concept: string): UnitQuantiles {
    const { quantiles, levels, size } = this.#counts;
    const { intersection, pixels, means } = this.#found(concept);
    if (pixels === 0) throw new UsageError(`None of ${size} images shows "${concept}".`, "Look at more of them.");
    const units = this.#units;
    const conditional = new Float32Array(levels.length);
    for (let unit = 0; unit < units; unit += 1) {
      const level = (at: number): number => levels[at * units + unit]!;
      const below = (at: number): number => pixels - intersection[at * units + unit]!;
      let at = 0; // the first level that as many lie below
      quantiles.forEach((quantile, row) => {
        // (A product that should be a whole number may be rounded up.)
        const wanted = quantile * pixels;
        while (below(at) < wanted - ROUNDING) at += 1; // ends at the last, where all do
        let value = level(at);
        if (at > 0) {
          const [low, least, most] = [level(at - 1), below(at - 1), below(at)];
          value = low + (value - low) * Math.min(1, (wanted - least) / (most - least));
        }
        conditional[row * units + unit] = value;
      });
    }
    return new UnitQuantiles({ quantiles, levels: conditional, means, samples: pixels });
  }

  #found(concept: string): ConceptCounts {
    const found = this.#counts.found.get(this.#counts.label(concept));
    if (found) return found;
    throw new UsageError(`"${concept}" was not counted.`, "Name it in `concepts`.");
  }
}
