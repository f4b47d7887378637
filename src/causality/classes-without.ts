import type { Photographs } from "../dissect/photographed.ts";
import { UsageError } from "../errors.ts";
import type { Classifier } from "../models/classifier.ts";
import { checkNames, type NamesOf } from "../names.ts";
import { ClassPredictions } from "./class-predictions.ts";
import type { Measurements } from "./measurements.ts";

// Tests: test/causality/unit-importance.test.ts

/** Which units are turned off, and what is known already. */
export interface ClassesWithoutOptions {
  /** The layer whose units are turned off. */
  readonly layer: string;
  /** Units that are off together, set by set; an empty one leaves all on. */
  readonly sets: readonly (readonly number[])[];
  /** Photographs at a time. Results do not depend on it. */
  readonly batch?: number;
  /** A cache of measurements: what it has is not measured again. */
  readonly finished?: Measurements;
  /** Told after each set of each batch. */
  readonly onProgress?: (progress: {
    /** Sets times batches. */
    readonly done: number;
    /** Of so many. */
    readonly total: number;
  }) => void;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const NAMES: NamesOf<ClassesWithoutOptions> = {
  layer: "needed",
  sets: "needed",
  batch: true,
  finished: true,
  onProgress: true,
  signal: true,
};

/**
 * What a classifier takes photographs for without some of its units: as `Experiment` measures what
 * edits do to a generator's images. Units are off as in `unitImportance`, x[:, u] = 0 (Bau et al.,
 * PNAS 2020, §1.3), which tells more of every unit alone; these are sets of one's own. What lies
 * before the layer is computed once a photograph.
 *
 * @returns for each set the class [photographs] of the largest logit, the first of equals
 *
 * @throws UsageError for a layer or units that there are not; the signal's reason.
 */
export async function classesWithout(
  classifier: Classifier,
  photographs: Photographs,
  options: ClassesWithoutOptions,
): Promise<Uint32Array[]> {
  checkNames("classesWithout", options, NAMES);
  const { layer, sets, onProgress, ...how } = options;
  const { channels } = classifier.layer(layer);
  for (const unit of sets.flat()) {
    if (Number.isInteger(unit) && unit >= 0 && unit < channels) continue;
    throw new UsageError(`${layer} has no unit ${unit}.`, `Its units are 0…${channels - 1}.`);
  }
  const { count } = photographs;
  if (sets.length === 0 || count === 0) {
    throw new UsageError(sets.length === 0 ? "There is no set of units." : "There are no photographs.", "Give some.");
  }
  const predictions = await ClassPredictions.create(classifier, photographs, { layer, ...how });
  try {
    const total = sets.length * predictions.batches(0, count);
    const steps = predictions.of(sets, 0, count);
    let [done, step] = [0, await steps.next()];
    for (; !step.done; step = await steps.next()) {
      done += step.value;
      onProgress?.({ done, total });
    }
    return step.value;
  } finally {
    predictions.dispose();
  }
}
