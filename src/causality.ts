/** What units cause: edits measured over many images. */
export { type Ablation, type AblationOptions, ablateEverywhere } from "./dissect/ablation.ts";
export { ablateLocations, type LocalAblation } from "./dissect/ablation-locations.ts";
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
} from "./dissect/ace.ts";
export { type AceCost, aceCost } from "./dissect/ace-cost.ts";
export { type AscentOptions, type AscentStep, ascend, type Objective } from "./dissect/ascent.ts";
export { type Context, type ContextEffect, type ContextOptions, insertionContext } from "./dissect/context.ts";
export { Experiment, type ExperimentOptions } from "./dissect/experiment.ts";
export {
  type MaximiseImageOptions,
  type MaximiseOptions,
  maximiseImage,
  maximiseUnit,
} from "./dissect/maximise.ts";
export type { Measurements } from "./dissect/measurements.ts";
export { conceptScalar, type Occlusion, type OcclusionOptions, occlude, type Scalar } from "./dissect/occlusion.ts";
export { rankUnits, shuffledUnits } from "./dissect/ranking.ts";
export { type UnitEffect, unitEffects } from "./dissect/unit-effects.ts";
export { type UnitQuantilesOptions, unitQuantiles } from "./dissect/unit-quantiles.ts";
export { type GradientOptions, gradient } from "./gradient/gradient.ts";
