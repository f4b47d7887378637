// Tests: test/networks/segmenters/recognise.test.ts

import { LabelsError } from "../../errors.ts";
import type { Pixels } from "../../kernels/maps/resample.ts";
import { isSegsizes, type Label, type LabelMap } from "./network.ts";

/**
 * labels.json of a network with one softmax per category, as gandissect's SemanticSegmenter reads
 * it (spec §2.4).
 */
export interface SemanticLabelFile {
  /** How the network wants its pixels; ImageNet's statistics in RGB unless given. */
  readonly imageformat?: {
    /** Order of the network's input channels; "RGB" unless given. */
    readonly byteorder?: "RGB" | "BGR";
    /** Of values 0…1, in the network's order. */
    readonly mean?: readonly number[];
    /** Like `mean`; what is left is divided by it. */
    readonly stdev?: readonly number[];
  };
  /** A category with a `mask` is looked at only where that label was seen. */
  readonly categories: readonly {
    /** As `labels` name it. */
    readonly name: string;
    /** Name of a label of an earlier category. */
    readonly mask?: string;
  }[];
  /** One entry a channel of the logits. An internal one stands for no label. */
  readonly labels: readonly {
    /** Its name within the category; "-" is none. */
    readonly name: string;
    /** One of `categories`. */
    readonly category: string;
    /** Stands for no label. */
    readonly internal?: boolean;
  }[];
  /** Edges of the inputs whose probabilities are summed, in pixels; 256 unless given. */
  readonly segsizes?: readonly number[];
}

/** Labels, how they are read, and how the network wants its pixels. */
export interface SemanticLabels {
  readonly labels: readonly Label[];
  readonly maps: readonly LabelMap[];
  readonly pixels: Pixels;
  /** The channels category by category, where the file has them mixed. */
  readonly order?: readonly number[];
}

const FIX =
  'Give a labels.json with "categories": [{"name": …}] and "labels": [{"name": …, "category": …}], one label a channel.';
/**
 * ImageNet's statistics, in RGB: what semantic-segmentation-pytorch's networks are trained with.
 */
const IMAGENET = { mean: [0.485, 0.456, 0.406], stdev: [0.229, 0.224, 0.225] } as const;

/**
 * The labels of a network whose categories each have a softmax of their own. Ids are given in the
 * file's order, skipping internal and repeated names; every category is a label map.
 * @throws LabelsError saying what is wrong and how long the list should be.
 */
export function semanticLabels(file: unknown, head: string, channels: number): SemanticLabels {
  const { imageformat, categories, labels: entries } = (file ?? {}) as Readonly<Record<string, unknown>>;
  if (!isCategories(categories)) throw new LabelsError('The label file has no list of "categories" with names.', FIX);
  if (!isEntries(entries)) throw new LabelsError('The label file has no list of "labels" with name and category.', FIX);
  if (entries.length !== channels) {
    throw new LabelsError(
      `The label file names ${entries.length} labels, but the network has ${channels} channels.`,
      FIX,
    );
  }
  checkMasks(categories, entries.length);
  const places = new Map(categories.map(({ name }, place) => [name, place]));
  const labels: Label[] = [{ name: "-", category: categories[0]!.name }];
  const ids = new Map<string, number>([[key("-", categories[0]!.name), 0]]);
  const names = entries.map(({ name, category, internal }) => {
    if (!places.has(category)) {
      throw new LabelsError(`The label "${name}" has the category "${category}", which the file does not list.`, FIX);
    }
    if (internal || name === "-") return 0;
    const id = ids.get(key(name, category)) ?? labels.push({ name, category }) - 1;
    ids.set(key(name, category), id);
    return id;
  });
  const place = (channel: number): number => places.get(entries[channel]!.category)!;
  const order = names.map((_, channel) => channel).sort((a, b) => place(a) - place(b) || a - b);
  const ordered = order.map((channel) => names[channel]!);
  const counts = new Array<number>(categories.length).fill(0);
  for (const channel of order) counts[place(channel)]! += 1;
  const named = new Map<string, number>();
  labels.forEach(({ name }, label) => {
    if (label > 0 && !named.has(name)) named.set(name, label);
  });
  const maps: LabelMap[] = [];
  let first = 0;
  categories.forEach(({ name, mask }, category) => {
    const count = counts[category]!;
    if (count === 0) throw new LabelsError(`No label has the category "${name}".`, FIX);
    const range = { first, count };
    first += count;
    if (mask == null) {
      maps.push({ head, ranges: [range], names: ordered });
      return;
    }
    const id = named.get(mask) ?? -1;
    const gate = places.get(labels[id]?.category ?? "") ?? -1;
    if (id < 0 || gate >= maps.length) {
      throw new LabelsError(`The mask "${mask}" of the category "${name}" is no label of an earlier category.`, FIX);
    }
    maps.push({
      head,
      gate,
      names: ordered,
      ranges: labels.map((_, index) => (index === id ? range : NOWHERE)),
    });
  });
  const mixed = order.some((channel, index) => channel !== index);
  return { labels, maps, pixels: pixelsOf(imageformat), ...(mixed ? { order } : {}) };
}

/** The channels of no label. */
const NOWHERE = { first: 0, count: 0 } as const;
/** Ranges of channels, one a label in each category with a mask. */
const MAX_RANGES = 2 ** 20;

function checkMasks(categories: SemanticLabelFile["categories"], labels: number): void {
  const masked = categories.filter(({ mask }) => mask != null).length;
  if (masked * labels <= MAX_RANGES) return;
  throw new LabelsError(
    `The label file has ${masked} categories with a mask and ${labels} labels, more than any network's.`,
    "Take the masks of some categories away.",
  );
}

const key = (name: string, category: string): string => JSON.stringify([name, category]);

function pixelsOf(format: unknown): Pixels {
  const { byteorder = "RGB", mean, stdev } = (format ?? {}) as Readonly<Record<string, unknown>>;
  if (byteorder !== "RGB" && byteorder !== "BGR") {
    throw new LabelsError(`The byteorder in the label file is ${JSON.stringify(byteorder)}.`, 'It is "RGB" or "BGR".');
  }
  const ordered = (values: readonly [number, number, number]) =>
    byteorder === "RGB" ? values : ([values[2], values[1], values[0]] as const);
  const three = (name: string, value: unknown, fallback: readonly [number, number, number]) => {
    if (value === undefined) return ordered(fallback);
    if (
      Array.isArray(value) &&
      value.length === 3 &&
      value.every((v) => Number.isFinite(v) && (name === "mean" || v > 0))
    ) {
      return value as unknown as readonly [number, number, number];
    }
    throw new LabelsError(
      `"${name}" in the label file is ${JSON.stringify(value).slice(0, 60)}.`,
      "It is three numbers.",
    );
  };
  return {
    order: byteorder,
    range: 1,
    mean: three("mean", mean, IMAGENET.mean),
    deviation: three("stdev", stdev, IMAGENET.stdev),
  };
}

function isCategories(value: unknown): value is SemanticLabelFile["categories"] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    new Set(value.map((category) => category?.name)).size === value.length &&
    value.every((c) => typeof c?.name === "string" && (c.mask == null || typeof c.mask === "string"))
  );
}

export const isEntries = (value: unknown): value is SemanticLabelFile["labels"] =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every((entry) => typeof entry?.name === "string" && typeof entry.category === "string");

/**
 * The input sizes a label file names, if any.
 * @throws LabelsError when they make no sense.
 */
export function segsizesOf(file: unknown): readonly number[] | undefined {
  const { segsizes } = (file ?? {}) as { segsizes?: unknown };
  if (segsizes === undefined || isSegsizes(segsizes)) return segsizes;
  throw new LabelsError(
    `"segsizes" in the label file is ${JSON.stringify(segsizes).slice(0, 60)}.`,
    "It lists up to 8 input sizes from 32 to 4096, such as [256].",
  );
}
