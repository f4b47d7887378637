import type { Experiment } from "./experiment.ts";

/**
 * What one unit alone draws: the pixels of every label over all images when nothing but it is
 * ablated.
 */
export interface UnitEffect {
  /** The only one that is ablated. */
  readonly unit: number;
  /** Pixels of every label, [labels]; compare with `Experiment.before`. */
  readonly pixels: readonly number[];
}

/**
 * Ablates every unit of a layer, or those named, by itself, everywhere (Bau et al., PNAS 2020; spec
 * §7.4). They come as they are measured.
 * @throws UsageError for a layer or units that there are not; the experiment's signal's reason.
 */
export async function* unitEffects(
  experiment: Experiment,
  layer: string,
  units: readonly number[] = [...Array(experiment.generator.layer(layer).channels).keys()],
): AsyncGenerator<UnitEffect> {
  for (const unit of units) yield { unit, pixels: await experiment.pixels([{ layer, units: [unit] }]) };
}
