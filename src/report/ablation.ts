import type { Ablation } from "../causality/ablation.ts";
import type { LocalAblation } from "../causality/ablation-locations.ts";
import type { UnitEffect } from "../causality/unit-effects.ts";
import { csvText } from "./csv.ts";

/**
 * A curve of gandissect's `fullablation/CLASS-METRIC.json` and `pixablation/CLASS-METRIC.json`
 * (spec §4.3).
 */
export interface AblationJson {
  /** Name of the concept whose pixels are counted. */
  readonly classname: string;
  /** Its index into the labels. */
  readonly classnum: number;
  /** What is measured before any unit is ablated: pixels, or shares of cells summed up. */
  readonly baseline: number;
  /** Name of the layer whose units are ablated. */
  readonly layer: string;
  /** What the units are ranked by: "iou", "ace", "random-1" … */
  readonly metric: string;
  /** The whole ranking, of which as many are ablated as there are effects. */
  readonly ablation_units: readonly number[];
  /**
   * How much of each is taken away; not there in pixablation, as in gandissect's, where all of each
   * is.
   */
  readonly ablation_values?: readonly number[];
  /** The same measure with the first 1, 2, 3 … units ablated. */
  readonly ablation_effects: readonly number[];
}

interface Named {
  readonly classname: string;
  readonly classnum: number;
  readonly metric: string;
}

/** One concept's curve of units ablated everywhere, in pixels of all images (spec §4.3). */
export function toFullAblation({ layer, units, alphas, pixels }: Ablation, named: Named): AblationJson {
  const [baseline = 0, ...effects] = pixels.map((counts) => counts[named.classnum] ?? 0);
  const { classname, classnum, metric } = named;
  return {
    classname,
    classnum,
    baseline,
    layer,
    metric,
    ablation_units: units,
    ablation_values: alphas ?? units.map(() => 1),
    ablation_effects: effects,
  };
}

/** The curve of units ablated location by location, in shares of cells added up (spec §4.3). */
export function toPixAblation(
  { layer, label, units, alphas, scores }: LocalAblation,
  named: Omit<Named, "classnum">,
): AblationJson {
  const [baseline = 0, ...effects] = scores;
  const { classname, metric } = named;
  return {
    classname,
    classnum: label,
    baseline,
    layer,
    metric,
    ablation_units: units,
    ...(alphas && { ablation_values: alphas }),
    ablation_effects: effects,
  };
}

/**
 * `unit-effects.csv`: pixels that ablating each unit alone adds to or takes from every concept,
 * below those there are before. `names` and `before` have one entry a label, of which 0, no
 * concept, is left out.
 */
export function unitEffectsCsv(
  names: readonly string[],
  before: ArrayLike<number>,
  units: readonly UnitEffect[],
): string {
  const labels = Array.from(names.keys()).slice(1);
  return csvText([
    ["unit", ...labels.map((label) => names[label])],
    ["before", ...labels.map((label) => before[label])],
    ...units.map(({ unit, pixels }) => [unit, ...labels.map((label) => pixels[label]! - before[label]!)]),
  ]);
}
