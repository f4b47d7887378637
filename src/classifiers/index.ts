/**
 * Classifiers of photographs.
 *
 * @module
 */

import { Classifier, type LoadClassifierOptions } from "../models/classifier.ts";
import type { SourceLike } from "../weights/source.ts";

// Tests: test/models/classifier.test.ts, test/dissect/photographed.test.ts,
// test/causality/unit-importance.test.ts

export type { AscentStep } from "../causality/ascent.ts";
export {
  type ClassEffect,
  ClassExperiment,
  type ClassExperimentOptions,
  type ClassOutcome,
} from "../causality/class-experiment.ts";
export { type ClassCounts, type ClassScore, scoresOf } from "../causality/class-scores.ts";
export { type ClassesWithoutOptions, classesWithout } from "../causality/classes-without.ts";
export type { MaximiseImageOptions } from "../causality/maximise.ts";
export type { Measurements } from "../causality/measurements.ts";
export { type Occlusion, type OcclusionOptions, occlude, type Scalar } from "../causality/occlusion.ts";
export { classScalar, maximiseSeen, type Wanted } from "../causality/seen.ts";
export {
  type ClassImportance,
  type TogetherScore,
  type UnitImportance,
  type UnitImportanceEvent,
  type UnitImportanceOptions,
  type UnitImportanceProgress,
  unitImportance,
} from "../causality/unit-importance.ts";
export { type LabelMask, type MasksOptions, masks } from "../dissect/masks.ts";
export {
  classifierViewer,
  type Photographs,
  photographed,
  segmenterViewer,
  type Viewer,
} from "../dissect/photographed.ts";
export type { Labeller, Subject } from "../dissect/subject.ts";
export type {
  AppendClassifierOptions,
  ClassifierPlan,
  ClassifierValues,
  CompileClassifierOptions,
} from "../models/classifier-plan.ts";
export { type Cut, cutOf, type Photograph, viewed } from "../models/view.ts";
export {
  type ClassifierNetwork,
  type ClassifierOptions,
  PIXELS,
  type View,
} from "../networks/classifiers/network.ts";
export { Classifier, type LoadClassifierOptions };

/**
 * Loads a classifier: ResNets, VGGs, AlexNets, SqueezeNets, MobileNetV2s and face-api.js's
 * expressions, recognised by their tensors (docs/classifiers.md). What is done to photographs
 * before is in no file: see `ClassifierOptions`.
 *
 * @throws WeightsError for files that are damaged or of other networks; UsageError for options that
 *   make no sense; what `openCheckpoint` throws.
 */
export const loadClassifier = (source: SourceLike, options: LoadClassifierOptions): Promise<Classifier> =>
  Classifier.load(source, options);
