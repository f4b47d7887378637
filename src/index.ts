/**
 * Generators, segmenters, dissection: what has this GAN learned?
 *
 * @module
 */

export type { DissectionEvent, Phase } from "./dissect/events.ts";
export type { DissectOptions } from "./dissect/options.ts";
export type * from "./dissect/result.ts";
export * from "./errors.ts";
export { type ConvOptions, conv } from "./kernels/conv/conv.ts";
export { depthwise } from "./kernels/conv/depthwise.ts";
export type { Filter } from "./kernels/conv/filter.ts";
export type { EditOptions, EditValues } from "./kernels/edit/edit.ts";
export { average, concat, maxpool, resize } from "./kernels/maps/resample.ts";
export {
  defineGenerator,
  defineSegmenter,
  dissect,
  type GeneratorDefinition,
  type InitOptions,
  init,
  loadGenerator,
  loadSegmenter,
  mergeSegmenters,
  type SegmenterDefinition,
} from "./load.ts";
export type { Union } from "./models/concepts.ts";
export type { Cost } from "./models/cost.ts";
export type { Copied, Edit, EditableLayer } from "./models/edits.ts";
export { Generator } from "./models/generator.ts";
export type { LoadGeneratorOptions } from "./models/generator-options.ts";
export type {
  AppendGeneratorOptions,
  CompileGeneratorOptions,
  GeneratorPlan,
  GeneratorValues,
  Run,
} from "./models/generator-plan.ts";
export type { Mask, MaskPooling, PooledMask } from "./models/mask.ts";
export { Segmenter } from "./models/segmenter.ts";
export type { SegmenterFiles } from "./models/segmenter-files.ts";
export type {
  LoadSegmenterOptions,
  OwnLabelsOptions,
  SegmenterOptions,
  UniteOptions,
} from "./models/segmenter-options.ts";
export type { SegmenterPlan } from "./models/segmenter-plan.ts";
export { filterOf } from "./networks/filters.ts";
export type { LayerInfo, Network, NetworkInput, NetworkOutput } from "./networks/network.ts";
export type { OperationList } from "./networks/operation-list.ts";
export type { Operation } from "./networks/operations.ts";
export type { SemanticLabelFile } from "./networks/segmenters/labels.ts";
export type { Label, LabelMap, SegmenterNetwork } from "./networks/segmenters/network.ts";
export type { LabelFile, UnifiedOptions } from "./networks/segmenters/unified.ts";
export type { Head } from "./networks/segmenters/upernet.ts";
export type { State } from "./networks/state.ts";
export type { Adapter } from "./runtime/adapter.ts";
export { Device, type DeviceOptions } from "./runtime/device.ts";
export type { DType, Graph, Storage, Target, Tuned, Value } from "./runtime/graph.ts";
export { type ShowOptions, show } from "./runtime/show.ts";
export { type ArrayOf, Tensor } from "./runtime/tensor.ts";
export type { TuningCache, TuningOptions } from "./runtime/tuning.ts";
export { openCheckpoint } from "./weights/checkpoint.ts";
export { decodeFloat16, encodeFloat16 } from "./weights/float16.ts";
export { openSource } from "./weights/open.ts";
export { RandomState } from "./weights/random.ts";
export { type SafetensorsInput, writeSafetensors } from "./weights/safetensors.ts";
export { type SampleZOptions, sampleZ } from "./weights/sample-z.ts";
export type { CacheLike, LoadOptions, LoadProgress, Source, SourceLike } from "./weights/source.ts";
export type { Checkpoint, CheckpointTensor } from "./weights/tensor.ts";
