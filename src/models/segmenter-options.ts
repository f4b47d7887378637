// Tests: test/options.test.ts, test/models/segmenter-options.test.ts

import { UsageError } from "../errors.ts";
import { checkNames, type NamesOf } from "../names.ts";
import { checkMaps, type SegmenterNetwork } from "../networks/segmenters/network.ts";
import type { UnifiedOptions } from "../networks/segmenters/unified.ts";
import type { Device } from "../runtime/device.ts";
import type { Storage } from "../runtime/graph.ts";
import { LOAD_NAMES, type LoadOptions } from "../weights/source.ts";

/** On which device a segmenter computes, and how its weights are stored there. */
export interface SegmenterOptions {
  /** The device that it computes on: the generator's. */
  readonly device: Device;
  /** What reports call it; the network's architecture unless given. */
  readonly name?: string;
  /** Float16 halves the memory of convolution weights; sums stay float32. "f32" unless given. */
  readonly storage?: Storage;
}

/** How a segmenter's files are read, and what of the networks in them is asked for. */
export interface LoadSegmenterOptions extends Omit<LoadOptions, "sha256">, SegmenterOptions, UnifiedOptions {
  /** What reports call it; the first file's name without its extension unless given. */
  readonly name?: string;
  /**
   * Edges of the inputs whose probabilities are summed; from labels.json unless given, else [256].
   */
  readonly segsizes?: readonly number[];
  /** SHA-256 of each file, by its key in `SegmenterFiles`. */
  readonly sha256?: Readonly<Partial<Record<"encoder" | "decoder" | "weights" | "labels", string>>>;
}

/** How a generator's own labels are made a segmenter. */
export interface OwnLabelsOptions {
  /** What reports call it; "self" unless given. */
  readonly name?: string;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** How concepts are united. */
export interface UniteOptions {
  /** What the new concept is called; "a+b" unless given. */
  readonly name?: string;
}

export const LOAD_SEGMENTER_NAMES: NamesOf<LoadSegmenterOptions> = {
  ...LOAD_NAMES,
  device: "device",
  name: true,
  storage: true,
  segsizes: true,
  heads: "list",
  segdiv: true,
  parts: true,
};

const DEFINE_NAMES: NamesOf<SegmenterOptions> = { device: "device", name: true, storage: true };

/** What `Segmenter.define` is given. @throws UsageError that names what is none. */
export function checkDefined(network: SegmenterNetwork, options: SegmenterOptions): SegmenterOptions {
  checkNames("Segmenter.define", options, DEFINE_NAMES);
  checkMaps(network);
  return options;
}

/** The first of what `Segmenter.merge` is given. @throws UsageError that names what is none. */
export function checkMerged<T extends { readonly labels: unknown }>(segmenters: readonly T[]): T {
  const [first] = Array.isArray(segmenters) ? segmenters : [];
  if (first && segmenters.every((each) => each?.labels)) return first;
  throw new UsageError("There is nothing to merge: segmenters is no list of them.", "Give at least one, awaited.");
}
