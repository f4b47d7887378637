/**
 * How far sets of images are apart, which units cause artifacts, and how dissections compare.
 *
 * @module
 */

export { type AblationScore, type AblationScoresOptions, ablationScores } from "./artifacts/effects.ts";
export {
  type Ablated,
  type JudgedRanking,
  type Judgement,
  type JudgeOptions,
  judgeRankings,
  type Ranking,
} from "./artifacts/judge.ts";
export { type ArtifactScore, type ArtifactScoresOptions, artifactScores } from "./artifacts/scores.ts";
export { EditTrials, type EditTrialsOptions, type Trials, type Tried } from "./artifacts/trials.ts";
export { cautions } from "./cautions.ts";
export { type CompareOptions, compare } from "./dissections/compare.ts";
export { type Candidate, type Counted, count, detections, type Rule, type Tally } from "./dissections/counting.ts";
export type { DissectedBlocks, DissectedLayer } from "./dissections/dissected.ts";
export { openReport, type ReportFiles } from "./dissections/open.ts";
export type {
  BestUnit,
  ComparedInput,
  ComparedPair,
  Comparison,
  Concept,
  ConceptCell,
  CountingRule,
  Estimate,
  OnlyIn,
} from "./dissections/result.ts";
export { checkSameSegmenter, type Distances, type DistancesOptions, distances, type Side } from "./distances.ts";
export {
  checkSameKind,
  type FeatureKind,
  type FeatureNetwork,
  type SegmenterFeaturesOptions,
  segmenterFeatures,
} from "./features.ts";
export {
  hasFeatures,
  hasMoments,
  type KeptFeatures,
  readFeatures,
  readMoments,
  writeFeatures,
} from "./features-file.ts";
export { type Frechet, type FrechetOptions, frechetDistance, frechetTo } from "./frechet.ts";
export {
  type GeneratedImagesOptions,
  generatedImages,
  type Images,
  type OpenImages,
  type PhotographsOptions,
  photographs,
} from "./images.ts";
export {
  type InceptionFeatures,
  type InceptionFeaturesOptions,
  type InceptionPreprocessing,
  inceptionFeatures,
} from "./inception.ts";
export { type Kid, type KidOptions, kernelDistance } from "./kid.ts";
export { type Measured, type MeasureOptions, measure } from "./measure.ts";
export { type Coverage, type CoverageOptions, coverageOf } from "./neighbours.ts";
export type { StepProgress } from "./progress.ts";
export { randomRotation, rotated } from "./rotated.ts";
export {
  type Areas,
  type ConceptArea,
  type SegmentationDistance,
  type SegmentationDistanceOptions,
  type SegmentationDistanceProgress,
  segmentationDistance,
} from "./segmentation-distance.ts";
export {
  type BySize,
  type BySizeOptions,
  type Distance,
  type DistanceOf,
  extrapolated,
  type Permutation,
  type PermutationOptions,
  permutationTest,
  swapTest,
} from "./significance.ts";
export { type Moments, rowsAt, type Vectors } from "./vectors.ts";
