// Tests: test/compare/artifacts/judge.test.ts

import { digest, type Measurements } from "../../causality/measurements.ts";
import { checkNames, type NamesOf } from "../../names.ts";
import { type Frechet, frechetTo } from "../frechet.ts";
import type { StepProgress } from "../progress.ts";
import type { Vectors } from "../vectors.ts";
import type { Trials } from "./trials.ts";

/** What a unit's own ablation does to the Fréchet distance. */
export interface AblationScore extends Frechet {
  /** Channel of the layer, from 0. */
  readonly unit: number;
  /** The distance without it − with all units: what is below nought brings images nearer. */
  readonly change: number;
}

/** Which units are ablated, and what is known already. */
export interface AblationScoresOptions {
  /** All of the layer unless given. */
  readonly units?: readonly number[];
  /** A cache: what it has is not measured again. */
  readonly finished?: Measurements;
  /** Told before each unit and at the end. */
  readonly onProgress?: (progress: StepProgress) => void;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const NAMES: NamesOf<AblationScoresOptions> = { units: "list", finished: true, onProgress: true, signal: true };

/**
 * Ablates every unit by itself, on the same images: how far are they from real ones then?
 * @param real features of real images, as `trials` makes them of its own
 *
 * @throws UsageError; the signal's reason, with what was measured in `finished`.
 */
export async function ablationScores(
  trials: Trials,
  real: Vectors,
  options: AblationScoresOptions = {},
): Promise<AblationScore[]> {
  checkNames("ablationScores", options, NAMES);
  const { finished, onProgress, signal } = options;
  const { layer, generator } = trials;
  const units = options.units ?? [...Array(generator.layer(layer).channels).keys()];
  const distance = await frechetTo(real, { signal });
  const before = await distance((await trials.measure([], { signal })).vectors);
  const kept = await keptBy(finished, [trials, before]);
  const scores: AblationScore[] = [];
  for (const unit of units) {
    onProgress?.({ done: scores.length, total: units.length });
    const [found = 0, mean = 0, covariance = 0] = await kept([unit], async () => {
      const { vectors } = await trials.measure([{ layer, units: [unit] }], { signal });
      const without = await distance(vectors);
      return [without.distance, without.mean, without.covariance];
    });
    scores.push({ unit, distance: found, mean, covariance, change: found - before.distance });
  }
  onProgress?.({ done: units.length, total: units.length });
  return scores;
}

/**
 * A cache of numbers, whose keys are digests of what they are of. What images are before any edit
 * stands for the weights of all networks, the real images and the adapter.
 */
export async function keptBy(
  finished: Measurements | undefined,
  [{ generator, layer, size, seed }, before, ...more]: readonly [Trials, Frechet, ...unknown[]],
) {
  return async (units: readonly number[], run: () => Promise<number[]>): Promise<readonly number[]> => {
    if (!finished) return run();
    const key = await digest(["ablated", generator.name, layer, size, seed, before, ...more, units]);
    const known = await finished.get(key);
    if (known) return known;
    const numbers = await run();
    await finished.set(key, numbers);
    return numbers;
  };
}
