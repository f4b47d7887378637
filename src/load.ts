import type { DissectionEvent } from "./dissect/events.ts";
import type { DissectOptions } from "./dissect/options.ts";
import type { Labeller, Subject } from "./dissect/subject.ts";
import { LabelsError, UsageError } from "./errors.ts";
import { Generator } from "./models/generator.ts";
import type { DefineOptions, LoadGeneratorOptions } from "./models/generator-options.ts";
import { onDemand } from "./models/on-demand.ts";
import { Segmenter } from "./models/segmenter.ts";
import type { SegmenterFiles } from "./models/segmenter-files.ts";
import type { LoadSegmenterOptions, SegmenterOptions } from "./models/segmenter-options.ts";
import { checkNames, type NamesOf } from "./names.ts";
import type { Build, Network } from "./networks/network.ts";
import type { SegmenterNetwork } from "./networks/segmenters/network.ts";
import { HEAD, ownNetwork } from "./networks/segmenters/own.ts";
import type { State } from "./networks/state.ts";
import { Device, type DeviceOptions } from "./runtime/device.ts";
import type { Graph, Value } from "./runtime/graph.ts";
import { openCheckpoint } from "./weights/checkpoint.ts";
import { LOAD_NAMES, type LoadOptions, type SourceLike } from "./weights/source.ts";

// Tests: test/models/own.test.ts, test/models/own-generator.test.ts, test/options.test.ts

/** Options of `init`: which device, and how it is found. */
export interface InitOptions extends DeviceOptions {
  /** A device of the caller's to work on; it is never destroyed here. */
  readonly device?: GPUDevice;
}

/**
 * A device to work on: the caller's, or one of our own.
 * @throws UnsupportedError saying which of the usual causes it is; UsageError for an option that is
 *   none, or that says how to find an adapter where there is a device.
 */
export const init = async (options: InitOptions = {}): Promise<Device> => {
  const { device, ...rest } = options;
  if (!device) return Device.request(rest);
  const { signal, ...tuning } = rest;
  signal?.throwIfAborted();
  return Device.adopt(device, tuning);
};

/**
 * A generator from a checkpoint of any size and container: of a known family, described, or ONNX
 * (docs/generators.md).
 * @throws WeightsError for what is no generator, or damaged, naming every tensor that is missing or
 *   of another shape; GanatomyError `network` or `not-found`, UsageError; the signal's reason.
 */
export const loadGenerator = (source: SourceLike, options: LoadGeneratorOptions): Promise<Generator> =>
  Generator.load(source, options);

/**
 * A segmenter of a known architecture (docs/segmenters.md) from its published files, or from one
 * file of both.
 * @throws WeightsError for what is no segmenter, or damaged; LabelsError for labels that do not fit
 *   it; GanatomyError `network` or `not-found`, UsageError; the signal's reason.
 */
export const loadSegmenter = (files: SegmenterFiles, options: LoadSegmenterOptions): Promise<Segmenter> =>
  Segmenter.load(files, options);

/**
 * A segmenter of one's own: what `SegmenterNetwork` says, with defaults for all that a plain
 * network leaves as it is.
 */
export interface SegmenterDefinition extends Partial<Omit<SegmenterNetwork, keyof Network | "labels">> {
  /** A checkpoint of any known format: the tensors that `logits` names. */
  readonly weights: SourceLike;
  /** Index 0 is none, "-". Without `maps` label i is channel i of the logits. */
  readonly labels: SegmenterNetwork["labels"];
  /** What it is, for people; "own network" unless given. */
  readonly architecture?: string;
  /**
   * Appends the network to a graph: its logits [n, h, w, c], of any extent, for preprocessed pixels
   * x [n, height, width, 3]. It is called again for every graph and must always append the same; a
   * filter's label stands for the same numbers everywhere. A network of several heads returns them
   * by name and says in `maps` how they are read.
   */
  logits(graph: Graph, x: Value, state: State, heads: ReadonlySet<string>): Value | ReadonlyMap<string, Value>;
}

const DEFINITION_NAMES: NamesOf<SegmenterDefinition> = {
  weights: "needed",
  labels: "needed",
  logits: "needed",
  architecture: true,
  pixels: true,
  segsizes: true,
  maps: true,
  quad: true,
  enlarge: true,
  order: true,
  sampling: true,
};
const DEFINE_NAMES: NamesOf<SegmenterOptions & LoadOptions> = {
  ...LOAD_NAMES,
  device: "device",
  name: true,
  storage: true,
};

/** Edge of the images on which a segmenter is tried that takes any. */
const EDGE = 256;

/**
 * A segmenter of any network, written with `conv`, `depthwise`, `resize`, `concat`, `maxpool`,
 * `average` and `filterOf`. Unless the definition says otherwise it takes RGB in [−1, 1] at the
 * images' own size (segsizes []), and the strongest channel is the label.
 * @throws LabelsError when the first label is not "-"; ShapeError when channels do not fit;
 *   WeightsError for missing or damaged tensors; what `openCheckpoint` throws.
 */
export async function defineSegmenter(
  definition: SegmenterDefinition,
  options: SegmenterOptions & LoadOptions,
): Promise<Segmenter> {
  checkNames("A segmenter's definition", definition, DEFINITION_NAMES);
  const { weights, logits, labels, architecture = "own network", ...rest } = definition;
  if (labels[0]?.name !== "-") throw new LabelsError('The first label is not "-" (none).', "Put it before the others.");
  checkNames("defineSegmenter", options, DEFINE_NAMES);
  const { device, name, storage, ...loading } = options;
  const { tensors: state } = await openCheckpoint(weights, loading);
  const read = {
    pixels: { order: "RGB", range: 1, mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5] },
    segsizes: [],
    maps: [{ head: HEAD, ranges: [{ first: 0, count: labels.length }], names: [...labels.keys()] }],
    ...rest,
    labels,
  } as const;
  const heads = new Set(read.maps.map(({ head }) => head));
  const edge = read.segsizes[0] ?? EDGE;
  const network = { ...ownNetwork({ architecture, state, heads, edge, logits }), ...read };
  return Segmenter.define(
    network,
    { device, ...(name !== undefined && { name }), ...(storage && { storage }) },
    loading,
  );
}

/** A generator of one's own: an architecture of networks (docs/generators.md) and its weights. */
export interface GeneratorDefinition {
  /** A checkpoint of any known format: the tensors that `build` names; others may be there. */
  readonly weights: SourceLike;
  /** What it is, for people; "own network" unless given. */
  readonly architecture?: string;
  /**
   * Says what goes in, what layers there are and what comes out, as functions that append to a
   * graph when something asks for their values. It is called again for every graph and must always
   * say the same; a filter's label stands for the same numbers everywhere.
   */
  build(build: Build): void;
}

const GENERATOR_DEFINITION_NAMES: NamesOf<GeneratorDefinition> = {
  weights: "needed",
  architecture: true,
  build: "needed",
};
const DEFINE_GENERATOR_NAMES: NamesOf<DefineOptions & LoadOptions> = {
  ...LOAD_NAMES,
  device: "device",
  name: true,
  classes: "list",
};

/**
 * A generator of one's own network, with which everything works that works with a known one: it
 * is dissected, edited, followed back by gradients.
 * @throws WeightsError for tensors that are missing or of another shape, ShapeError for operations
 *   that do not fit, UsageError.
 */
export async function defineGenerator(
  definition: GeneratorDefinition,
  options: DefineOptions & LoadOptions,
): Promise<Generator> {
  checkNames("A generator's definition", definition, GENERATOR_DEFINITION_NAMES);
  const { weights, architecture = "own network" } = definition;
  checkNames("defineGenerator", options, DEFINE_GENERATOR_NAMES);
  const { device, name, classes, ...loading } = options;
  const { tensors } = await openCheckpoint(weights, loading);
  const { networkOf } = await onDemand("generators", () => import("./networks/network.ts"));
  // `build` keeps its `this`, as a method of the caller's.
  const own = { name: architecture, described: `the ${architecture}`, ignored: () => true };
  const build = (parts: Build): void => {
    const made: unknown = definition.build(parts);
    if (made instanceof Promise)
      throw new UsageError("`build` is async.", "Await what it needs before, outside of it.");
  };
  const network = networkOf({ ...own, build }, tensors);
  return Generator.define(network, { device, name, classes }, loading);
}

/**
 * Segmenters side by side as one, such as objects and colours (PNAS): every pixel gets the labels
 * of all, those of the second numbered after the first's. They must be on one device and stored
 * alike; they belong to the result, which disposes of them, so that none goes into two results.
 * @throws UsageError when there are none, they do not fit together, or one with quarters is not the
 *   first.
 */
export const mergeSegmenters = (name: string, segmenters: readonly Segmenter[]): Segmenter =>
  Segmenter.merge(name, segmenters);

/**
 * What each unit of a generator's layers detects (Bau et al. 2019, §3.1; spec §3), or of another
 * network with a source of its inputs (`ganatomy/classifiers`).
 *
 * An async iterable of progress, partial results and at last the result. Statistics stay on the
 * GPU: what comes back is, per layer, the quantiles at 100 levels, the counts of the concepts that
 * occur, and the top images' feature maps, besides the test set's pictures. The same options give
 * the same bits on one adapter, whatever the batch size, as long as operations run alike: on one
 * device they do, and on another that is given the first one's `tuned` as its `tune`.
 *
 * Leaving the loop, or aborting the signal, frees everything.
 * The statistics are a chunk of their own, loaded by the first of them.
 * @throws UsageError for options that make no sense, UnsupportedError, DeviceLostError; the
 *   signal's reason.
 */
export async function* dissect(
  subject: Generator | Subject,
  segmenter: Labeller,
  options: DissectOptions = {},
): AsyncGenerator<DissectionEvent, void, undefined> {
  const statistics = await onDemand("statistics", () => import("./dissect/dissect.ts"));
  yield* statistics.dissect(subject, segmenter, options);
}
