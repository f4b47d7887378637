import { UsageError } from "../errors.ts";
import { checkNames, type NamesOf } from "../names.ts";
import type { UnitActivations } from "./units-at.ts";

/** How units are ranked, and what they are called. */
export interface TopUnitsOptions<Label> {
  /** How many; 8 unless given. */
  readonly top?: number;
  /** By which number: "mean" unless given. */
  readonly by?: "mean" | "max";
  /** What each unit is known for, by unit; see `unitLabels` of ganatomy/report. */
  readonly labels?: readonly (Label | undefined)[];
}

const NAMES: NamesOf<TopUnitsOptions<unknown>> = { top: true, by: true, labels: "list" };

/** A unit and what it does in a region. */
export interface TopUnit<Label> {
  /** Channel of the layer, from 0. */
  readonly unit: number;
  /** Its mean or largest activation there; see `by`. */
  readonly activation: number;
  /**
   * How unusual that is: the fraction of the unit's activations below it, where quantiles are
   * known.
   */
  readonly quantile?: number;
  /** What it is known for, where `labels` says it. */
  readonly label?: Label;
}

/**
 * The units that are most active in a region, first the most: by the quantile of their activation
 * where quantiles are known, as units have scales of their own, and else by the activation.
 * @throws UsageError.
 */
export function topUnits<Label>(found: UnitActivations, options: TopUnitsOptions<Label> = {}): TopUnit<Label>[] {
  checkNames("topUnits", options, NAMES);
  const { top = 8, by = "mean", labels } = options;
  if (by !== "mean" && by !== "max") throw new UsageError(`Units have no "${by}" there.`, 'Use "mean" or "max".');
  if (!Number.isInteger(top) || top < 1) {
    throw new UsageError(`${top} units make no sense.`, "Use a whole number from 1.");
  }
  const activations = found[by];
  const quantiles = by === "mean" ? found.meanQuantile : found.maxQuantile;
  const score = (unit: number): number => quantiles?.[unit] ?? activations[unit]!;
  return [...activations.keys()]
    .sort((a, b) => score(b) - score(a) || activations[b]! - activations[a]!)
    .slice(0, top)
    .map((unit) => {
      const label = labels?.[unit];
      return {
        unit,
        activation: activations[unit]!,
        ...(quantiles && { quantile: quantiles[unit]! }),
        ...(label !== undefined && { label }),
      };
    });
}
