import type { Checkpoints } from "../../dissect/checkpoint.ts";
import { PhaseEnd } from "../../dissect/checkpoint.ts";
import { unitQuantiles } from "../../dissect/measure-quantiles.ts";
import { dissect } from "../../index.ts";
import type { Place } from "../dissecting.ts";
import type { LoadedJob } from "../run.ts";
import type { Plan } from "./plan.ts";

/**
 * What is computed in passes, one behind the other: the dissection itself, and the quantiles of
 * each layer's units. Chains do not wait for one another, so that a pass does a step of each.
 */
export interface Chain {
  /** What its files are called. */
  readonly name: string;
  /** Of quantiles of units. */
  readonly layer?: string;
}

export const chainsOf = ({ layers, quantiles }: Plan): Chain[] => [
  { name: "dissection" },
  ...(quantiles ? layers.map((layer, index) => ({ name: `units-${index}`, layer })) : []),
];

/** Runs a chain until a phase ends, or it comes to its own end. */
export async function runPhase(
  { layer }: Chain,
  { generator, subject, segmenter, options }: LoadedJob,
  checkpoints: Checkpoints,
  { signal, progress }: Pick<Place, "signal" | "progress">,
): Promise<void> {
  const going = { checkpoints, signal };
  try {
    if (layer !== undefined) {
      const { size = 1000, seed = 1, batch } = options;
      progress(`quantiles of ${layer}'s units`, 0, 1);
      await unitQuantiles(generator, { layer, size, seed, ...(batch !== undefined && { batch }), ...going });
      return;
    }
    for await (const event of dissect(subject, segmenter, { ...options, ...going })) {
      if (event.type === "progress") progress(event.phase, event.done, event.total);
    }
  } catch (error) {
    if (!(error instanceof PhaseEnd)) throw error;
  }
}
