import type { NamesOf } from "../names.ts";
import type { GeneratorOptions } from "../networks/generators/family.ts";
import type { Device } from "../runtime/device.ts";
import type { SampleZOptions } from "../weights/sample-z.ts";
import { LOAD_NAMES, type LoadOptions } from "../weights/source.ts";
import type { Edit } from "./edits.ts";

// Tests: test/options.test.ts

export interface DefineOptions {
  /** The device that it computes on. */
  readonly device: Device;
  /** What reports call it; the network's architecture unless given. */
  readonly name?: string | undefined;
  /**
   * Classes, by number or name, that images are drawn of, one after the other and again from the
   * first; all of them unless given.
   */
  readonly classes?: readonly (number | string)[] | undefined;
}

/** How a file is read, and what of the network in it is asked for. */
export interface LoadGeneratorOptions extends LoadOptions, GeneratorOptions, DefineOptions {
  /** What reports call it; the file's name without its extension unless given. */
  readonly name?: string | undefined;
}

/** One forward run: its tensors live until it is disposed. */
export interface ForwardOptions {
  /** Layers whose output (before any edit) can be read afterwards. */
  readonly retain?: readonly string[];
  /** Made in every image, those of one layer in their order; none unless given. */
  readonly edits?: readonly Edit[];
  /** By layer: WGSL that says what replaces an activation where it is edited; see `EditOptions`. */
  readonly rules?: Readonly<Partial<Record<string, string>>>;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Images of a `seed`, `size` of them from `start` on, unless `rows` are given. */
export interface ImagesOptions extends Partial<Omit<SampleZOptions, "depth">> {
  /** Images at a time; 8 unless given. */
  readonly batch?: number;
  /** Made in every image, those of one layer in their order; none unless given. */
  readonly edits?: readonly Edit[];
  /**
   * What to make images of, instead of drawing it: rows of `rowSize` numbers or, with `from`,
   * images' features as a tensor holds them. `size` and `seed` do not matter then.
   */
  readonly rows?: Float32Array;
  /** Start behind this layer, such as "w". */
  readonly from?: string;
  /** Also give what the network made, before it was a picture. */
  readonly raw?: boolean;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

const NETWORK_NAMES: NamesOf<GeneratorOptions> = {
  network: true,
  clamp: true,
  truncation: true,
  cutoff: true,
  noise: true,
  convClamp: true,
  lod: true,
  pixelNorm: true,
};
export const LOAD_GENERATOR_NAMES: NamesOf<LoadGeneratorOptions> = {
  ...LOAD_NAMES,
  ...NETWORK_NAMES,
  device: "device",
  name: true,
  classes: "list",
};

/** What of the options is for reading the file, and what for the network in it. */
export function partsOf(options: LoadGeneratorOptions): {
  readonly loading: LoadOptions;
  readonly network: GeneratorOptions;
} {
  const given = Object.entries(options);
  return {
    loading: Object.fromEntries(given.filter(([name]) => Object.hasOwn(LOAD_NAMES, name))),
    network: Object.fromEntries(given.filter(([name]) => Object.hasOwn(NETWORK_NAMES, name))),
  };
}
export const SAMPLE_NAMES: NamesOf<Omit<SampleZOptions, "depth">> = { size: true, seed: true, start: true };
export const FORWARD_NAMES: NamesOf<ForwardOptions> = { retain: "list", edits: "list", rules: true, signal: true };
export const IMAGES_NAMES: NamesOf<ImagesOptions> = {
  ...SAMPLE_NAMES,
  batch: true,
  edits: "list",
  rows: true,
  from: true,
  raw: true,
  signal: true,
};
