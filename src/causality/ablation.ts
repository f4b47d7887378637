import { whole } from "../dissect/options.ts";
import { checkNames, type NamesOf } from "../names.ts";
import type { Experiment } from "./experiment.ts";

/** Which units are ablated, and in which order. */
export interface AblationOptions {
  /** A layer that the experiment edits; for `ablateLocations` the first. */
  readonly layer: string;
  /** Units in the order in which they are ablated. */
  readonly units: readonly number[];
  /** How much of each of them is taken away, 0…1; all unless given. */
  readonly alphas?: readonly number[];
  /** Units to ablate at most; 30 unless given, as in gandissect, or as many as there are. */
  readonly steps?: number;
}

export const ABLATION_NAMES: NamesOf<AblationOptions> = { layer: true, units: true, alphas: true, steps: true };

/** What becomes of the pixels when more and more units are ablated. */
export interface Ablation {
  /** The layer of the units. */
  readonly layer: string;
  /** As they were asked for, which may be more than `steps`. */
  readonly units: readonly number[];
  /** As they were asked for. */
  readonly alphas?: readonly number[];
  /**
   * Pixels of every label over all images, [steps + 1][labels]: with the first 0, 1, 2 … units
   * ablated.
   */
  readonly pixels: readonly (readonly number[])[];
}

/**
 * Ablates the first unit everywhere, then the first two, and so on, and counts the pixels of every
 * concept each time (gandissect's `fullablate`, spec §4.3).
 * @throws UsageError for units that the layer has not; the signal's reason.
 */
export async function ablateEverywhere(experiment: Experiment, options: AblationOptions): Promise<Ablation> {
  checkNames("ablateEverywhere", options, ABLATION_NAMES);
  const { layer, units, alphas } = options;
  const pixels: (readonly number[])[] = [experiment.before];
  for (let n = 1; n <= stepsOf(options); n += 1) {
    const alpha = alphas?.slice(0, n);
    pixels.push(await experiment.pixels([{ layer, units: units.slice(0, n), ...(alpha && { alpha }) }]));
  }
  return { layer, units, ...(alphas && { alphas }), pixels };
}

/** Units that are ablated at last. */
export function stepsOf({ units, steps = 30 }: AblationOptions): number {
  whole("steps", steps, 1, 1_000_000);
  return Math.min(steps, units.length);
}
