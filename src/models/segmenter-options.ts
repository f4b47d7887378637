// Tests: test/options.test.ts

import type { NamesOf } from "../names.ts";
import type { UnifiedOptions } from "../networks/segmenters/unified.ts";
import type { Device } from "../runtime/device.ts";
import type { Storage } from "../runtime/graph.ts";
import { LOAD_NAMES, type LoadOptions } from "../weights/source.ts";

export interface SegmenterOptions {
  readonly device: Device;
  readonly name?: string;
  /** Float16 halves the memory of convolution weights; sums stay float32. "f32" unless given. */
  readonly storage?: Storage;
}

export interface LoadSegmenterOptions extends Omit<LoadOptions, "sha256">, SegmenterOptions, UnifiedOptions {
  /**
   * Edges of the inputs whose probabilities are summed; from labels.json unless given, else [256].
   */
  readonly segsizes?: readonly number[];
  /** SHA-256 of each file, by its key in `SegmenterFiles`. */
  readonly sha256?: Readonly<Partial<Record<"encoder" | "decoder" | "weights" | "labels", string>>>;
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
