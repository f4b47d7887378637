/** How far sets of images are apart, and how dissections compare. */

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
export { type Distances, type DistancesOptions, distances, type Side } from "./distances.ts";
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
export { type Frechet, frechetDistance } from "./frechet.ts";
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
export {
  type Areas,
  type ConceptArea,
  type SegmentationDistance,
  type SegmentationDistanceOptions,
  segmentationDistance,
} from "./segmentation-distance.ts";
export {
  type BySize,
  type BySizeOptions,
  type Distance,
  extrapolated,
  type Permutation,
  type PermutationOptions,
  permutationTest,
} from "./significance.ts";
export type { Moments, Vectors } from "./vectors.ts";
