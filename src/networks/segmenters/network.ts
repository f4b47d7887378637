// Tests: test/networks/segmenters/recognise.test.ts, test/models/own.test.ts

import { UsageError } from "../../errors.ts";
import type { Pixels, Sampling } from "../../kernels/maps/resample.ts";
import type { Range } from "../../kernels/readout/classify.ts";
import type { Network, NetworkInput } from "../network.ts";

/**
 * A concept a segmenter knows: its name within its category. Names may repeat across categories;
 * the pair does not.
 */
export interface Label {
  /** Such as "tree"; "-" is none. */
  readonly name: string;
  /** Such as "object", "part" or "material". */
  readonly category: string;
}

/** How one label a pixel is read off a head: the channel that wins gives its name. */
export interface LabelMap {
  /** Name of the output that it is read off. */
  readonly head: string;
  /**
   * The channels that compete: one range, or with `gate` one for every label that the gate may
   * hold.
   */
  readonly ranges: readonly Range[];
  /** The label of every channel of the head; 0 is none. */
  readonly names: readonly number[];
  /** An earlier label map, whose label chooses the range: parts within their owner. */
  readonly gate?: number;
}

/**
 * A network as a segmenter needs it: its outputs are the logits [n, h, w, c] of its heads; and how
 * images are made its input, and labels with categories read off the logits. Write one of your own
 * with `defineSegmenter`.
 *
 * Its one input is called as the output of a generator that it reads: "image", preprocessed pixels
 * [n, height, width, 3] of whatever extents it is given, those of `inputs` and `layers` being for
 * its first input size; or "raw", the generator's own numbers, of these extents and as they are.
 */
export interface SegmenterNetwork extends Network {
  /** What numbers the network is given for a pixel. */
  readonly pixels: Pixels;
  /**
   * Input edges, [height and width] each, whose probabilities are summed (spec §2.1); without any
   * the network takes images as they are.
   */
  readonly segsizes: readonly number[];
  /**
   * How images smaller than an input are enlarged: as adaptive average pooling does it, unless
   * "bilinear".
   */
  readonly enlarge?: "bilinear";
  /** Index 0 is none. */
  readonly labels: readonly Label[];
  /** What is read for every pixel: one label of each map. */
  readonly maps: readonly LabelMap[];
  /**
   * Splits every connected component of map 0 at the middle of its bounding box into two further
   * maps: top or bottom, left or right. Labels 1…`objects` become label + objects · k, k = 1…4 for
   * t, l, b, r (spec §2.3).
   */
  readonly quad?: {
    /** How many labels are split, none (0) left out. */
    readonly objects: number;
  };
  /**
   * The channels of the heads' logits in the order in which `maps` counts them, where that is
   * another.
   */
  readonly order?: readonly number[];
  /** Where logits are sampled when label maps are read; half-pixel centres unless given. */
  readonly sampling?: Sampling;
}

/** The input of a network that is given preprocessed pixels, of `edge` × `edge` where all fit. */
export const pixelsInput = (edge: number): NetworkInput => ({
  name: "image",
  height: edge,
  width: edge,
  channels: 3,
});

/** What a segmenter is given: pictures, or a generator's own numbers. */
export function inputOf({ inputs }: Pick<Network, "inputs">): NetworkInput & { readonly name: "image" | "raw" } {
  const [input] = inputs;
  if (input && (input.name === "image" || input.name === "raw")) return { ...input, name: input.name };
  const names = inputs.map(({ name }) => name).join(", ") || "none";
  throw new UsageError(
    `A segmenter's inputs are ${names}.`,
    'Call what it is given "image", or "raw" for a generator\'s own numbers.',
  );
}

/** Label maps of a network: those that are read and those that come of dividing. */
export const mapsOf = (network: SegmenterNetwork): number => network.maps.length + (network.quad ? 2 : 0);

/** The network with labels counted from `offset` on, as when others' labels come before. */
export function shifted(network: SegmenterNetwork, offset: number): SegmenterNetwork {
  if (offset === 0) return network;
  if (network.quad) {
    throw new UsageError("A segmenter with quarters is not the first of those merged.", "Put it first.");
  }
  const nowhere = { first: 0, count: 0 };
  const maps = network.maps.map((map) => ({
    ...map,
    names: map.names.map((label) => (label === 0 ? 0 : label + offset)),
    ranges: map.gate === undefined ? map.ranges : [...new Array<Range>(offset).fill(nowhere), ...map.ranges],
  }));
  return { ...network, maps };
}

/**
 * Checks how a network says its label maps are read, as far as that needs no graph.
 * @throws UsageError for a map that no pixel could be read by.
 */
export function checkMaps(network: SegmenterNetwork): void {
  const { labels, maps } = { ...network }; // which may be nothing
  const refuse = (index: number, why: string): never => {
    throw new UsageError(`Label map ${index} ${why}.`, "See docs/segmenters.md for what a network must say.");
  };
  if (!(labels && maps?.length)) throw new UsageError("A network has no label maps.", "Give labels and a map.");
  maps.forEach(({ ranges, names, gate }, index) => {
    if (gate !== undefined && !(gate >= 0 && gate < index))
      refuse(index, `is gated by map ${gate}, which is not before it`);
    const most = gate === undefined ? 0 : maps[gate]!.names.reduce((a, b) => Math.max(a, b), 0);
    if (ranges.length <= most) refuse(index, `has ${ranges.length} ranges, but its gate may hold label ${most}`);
    const unknown = names.find((label) => !(Number.isInteger(label) && label >= 0 && label < labels.length));
    if (unknown !== undefined) refuse(index, `names label ${unknown} of ${labels.length}`);
  });
}

/** Input sizes a network can have: five halvings leave nothing of less than 32 pixels to pool. */
export const isSegsizes = (value: unknown): value is readonly number[] =>
  Array.isArray(value) &&
  value.length >= 1 &&
  value.length <= 8 &&
  value.every((size) => Number.isInteger(size) && size >= 32 && size <= 4096);
