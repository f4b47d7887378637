import { UsageError } from "../../errors.ts";
import { checkNames, type NamesOf } from "../../names.ts";
import { type Frechet, frechetTo } from "../frechet.ts";
import type { StepProgress } from "../progress.ts";
import { rowsAt, type Vectors } from "../vectors.ts";

/** How far the images that a unit activates most are from real ones. */
export interface ArtifactScore extends Frechet {
  /** Channel of the layer, from 0. */
  readonly unit: number;
  /** Those images, first the most active. */
  readonly images: readonly number[];
}

/** Generated images, real ones, and how many count for a unit. */
export interface ArtifactScoresOptions {
  /** Features of generated images, [n, d]. */
  readonly generated: Vectors;
  /** The largest activation of every unit in them, [n, units]. */
  readonly maxima: Vectors;
  /** Features of real images, [any number, d]. */
  readonly real: Vectors;
  /**
   * Images of a unit, from 2. One number for all units: what is left of Fréchet distances when sets
   * are alike depends on it.
   */
  readonly top: number;
  /** Told before each unit and at the end. */
  readonly onProgress?: (progress: StepProgress) => void;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const NAMES: NamesOf<ArtifactScoresOptions> = {
  generated: "needed",
  maxima: "needed",
  real: "needed",
  top: "needed",
  onProgress: true,
  signal: true,
};

/**
 * The published score of artifact units (Bau et al. 2019, §4.3): the Fréchet distance of the images
 * in which a unit is most active, by its largest activation and of equals the first, from real
 * ones. It is as large for what a unit shows as for what is wrong with it: judge what it ranks
 * first with `judgeRankings`.
 * @returns one entry a unit, in their order
 *
 * @throws UsageError for sets that do not fit together, or too few images; the signal's reason.
 */
export async function artifactScores(options: ArtifactScoresOptions): Promise<ArtifactScore[]> {
  checkNames("artifactScores", options, NAMES);
  const { generated, maxima, real, top, onProgress, signal } = options;
  if (generated.n !== maxima.n) {
    throw new UsageError(
      `There are features of ${generated.n} images, and activations in ${maxima.n}.`,
      "Measure both of the same images.",
    );
  }
  if (!Number.isInteger(top) || top < 2 || top > generated.n) {
    throw new UsageError(
      `The first ${top} of ${generated.n} images make no sense.`,
      `Use a whole number from 2 to ${generated.n}.`,
    );
  }
  const distance = await frechetTo(real, { signal });
  const scores: ArtifactScore[] = [];
  for (let unit = 0; unit < maxima.d; unit += 1) {
    onProgress?.({ done: unit, total: maxima.d });
    const images = mostActive(maxima, unit).slice(0, top);
    scores.push({ unit, images, ...(await distance(rowsAt(generated, images))) });
  }
  onProgress?.({ done: maxima.d, total: maxima.d });
  return scores;
}

/** All images, by a unit's activation in them; of equals the first, as a sort leaves them. */
function mostActive({ data, n, d }: Vectors, unit: number): number[] {
  return Array.from({ length: n }, (_, i) => i).sort((a, b) => data[b * d + unit]! - data[a * d + unit]!);
}
