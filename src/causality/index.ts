/**
 * What units cause: edits measured over many images.
 *
 * @module
 */

export { QUANTILES, type UnitQuantilesOptions, unitQuantiles } from "../dissect/measure-quantiles.ts";
export { openUnitQuantiles, UnitQuantiles, type UnitQuantilesData } from "../dissect/unit-quantiles.ts";
export { type GradientOptions, gradient } from "../gradient/gradient.ts";
export type { WeightGradient } from "../gradient/weights.ts";
export { type Ablation, type AblationOptions, ablateEverywhere } from "./ablation.ts";
export { ablateLocations, type LocalAblation } from "./ablation-locations.ts";
export {
  type AceCorpus,
  type AceEvaluation,
  type AceEvent,
  type AceOptions,
  type AcePresent,
  type AceResult,
  type AceResume,
  type AceSnapshot,
  ace,
  type Place,
} from "./ace.ts";
export { type AceCost, aceCost } from "./ace-cost.ts";
export { type AscentOptions, type AscentStep, ascend, type Objective } from "./ascent.ts";
export { type Context, type ContextEffect, type ContextOptions, insertionContext } from "./context.ts";
export { Experiment, type ExperimentOptions } from "./experiment.ts";
export {
  type MaximiseImageOptions,
  type MaximiseOptions,
  maximiseImage,
  maximiseUnit,
} from "./maximise.ts";
export type { Measurements } from "./measurements.ts";
export { conceptScalar, type Occlusion, type OcclusionOptions, occlude, type Scalar } from "./occlusion.ts";
export { rankUnits, shuffledUnits } from "./ranking.ts";
export { type UnitEffect, unitEffects } from "./unit-effects.ts";
