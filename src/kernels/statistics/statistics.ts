import { ShapeError } from "../../errors.ts";
import { type Extent, elements, fold, type Graph, type Value } from "../../runtime/graph.ts";
import exactKernel from "../generated/accumulate-exact.wgsl.ts";
import countKernel from "../generated/count.wgsl.ts";
import examplesKernel from "../generated/examples.wgsl.ts";
import imagesKernel from "../generated/images.wgsl.ts";
import momentsKernel from "../generated/moments.wgsl.ts";
import narrowKernel from "../generated/narrow.wgsl.ts";
import rowsKernel from "../generated/narrow-rows.wgsl.ts";
import presenceKernel from "../generated/presence.wgsl.ts";
import radixKernel from "../generated/radix.wgsl.ts";
import sumsKernel from "../generated/radix-sums.wgsl.ts";
import relabelKernel from "../generated/relabel.wgsl.ts";
import topKernel from "../generated/top.wgsl.ts";
import { lanes } from "../lanes.ts";

/** Images, extents and units of feature maps [n, h, w, units]. */
function extents({ shape }: Value): { images: number; height: number; width: number; units: number } {
  const [images = 1, height = 1, width = 1, units = 4] = shape;
  return { images, height, width, units };
}

/**
 * On a CPU vector lanes that do the same matter most, on a GPU neighbours' loads that go together.
 */
const across = (graph: Graph): boolean => graph.target !== "gpu";

/**
 * Operations of interpolating a sample and comparing it: an estimate, by which submits are divided.
 */
const SAMPLE_FLOPS = 8;

/** Bits of a value's key that each pass of a radix selection fixes. */
export const RADIX_BITS = [16, 8, 8] as const;
export type RadixPass = 0 | 1 | 2;

/**
 * Counters of a selection's passes, which become tables: [units, 2¹⁶] and twice [units, targets,
 * 2⁸].
 */
export interface RadixCounters {
  readonly high: Value;
  readonly middle: Value;
  readonly low: Value;
}

/** Where feature maps lie on label maps, whose pixels need not be whole ones of theirs. */
export interface Covering {
  /**
   * How many rows and columns of label maps would cover the whole: as many as there are unless
   * given. Where images are cropped, label maps show a part, from the top left corner.
   */
  readonly reach?: Extent | undefined;
  /** The row and the column of label maps at which the first cell begins; 0, 0 unless given. */
  readonly origin?: Extent | undefined;
  /**
   * Whether there are zeros around the cells, into which they fade over a cell's width; else the
   * outermost go on.
   */
  readonly fades?: boolean | undefined;
}

/** The same as kernels name it. */
const placed = ({ reach, origin = [0, 0] }: Covering, [rows, columns]: Extent) => ({
  ...{ rows, columns },
  reachRows: reach?.[0] ?? rows,
  reachColumns: reach?.[1] ?? columns,
  originRows: origin[0],
  originColumns: origin[1],
});

/**
 * Counts the next digit of every value that begins like one of the targets: raw, or on a grid of so
 * many rows and columns; see radix.wgsl.
 */
export function radix(
  graph: Graph,
  x: Value,
  bindings: RadixCounters & { readonly batch: Value },
  pass: RadixPass,
  grid?: Extent,
  covering: Covering = {},
): void {
  const { images, height, width, units } = extents(x);
  const [rows, columns] = grid ?? [height, width];
  const [, targets = 1] = bindings.middle.shape;
  const total = (images * columns * units) / 4;
  const params = { units, targets, height, width, ...placed(covering, [rows, columns]), total };
  graph.step(radixKernel, { x, ...bindings }, params, lanes(total), {
    choices: { PASS: pass, ACROSS: across(graph), FADES: covering.fades ?? false },
    flops: 4 * SAMPLE_FLOPS * total * rows,
  });
}

/**
 * What a selection knows of its targets, [targets, units]: the digits found, the rank among those,
 * the row of counters.
 */
export interface RadixTargets {
  readonly key: Value;
  readonly rank: Value;
  readonly row: Value;
}

/** Fixes one more digit of every target, from its pass's counters; see narrow.wgsl. */
export function narrow(graph: Graph, { key, rank, row }: RadixTargets, counters: Value, pass: RadixPass): void {
  const [targets = 1, units = 4] = key.shape;
  const first = pass === 0;
  const sums = first ? graph.value("sums", [units, 256], "u32") : counters;
  if (first) graph.step(sumsKernel, { counters, sums }, { total: 256 * units }, lanes(256 * units));
  const total = targets * units;
  const params = { units, rows: first ? 1 : targets, bits: RADIX_BITS[pass], total };
  graph.step(narrowKernel, { counters, sums, row, key, rank }, params, lanes(total), { choices: { SUMS: first } });
}

/**
 * Makes a pass's counters, once they are cleared, the table of the next one; see narrow-rows.wgsl.
 */
export function tabulate(
  graph: Graph,
  { key, row }: Pick<RadixTargets, "key" | "row">,
  counters: Value,
  pass: RadixPass,
): void {
  const [targets = 1, units = 4] = key.shape;
  const params = { units, targets, rows: pass === 0 ? 1 : targets, bits: RADIX_BITS[pass] };
  graph.step(rowsKernel, { key, row, counters }, params, fold(Math.ceil(units / 16)));
}

/**
 * Image i of all counts in block i mod `blocks`; tables have a part a block, one after the other.
 */
export interface Blocked {
  /** 1 unless given: everything is counted together. */
  readonly blocks?: number | undefined;
}

/**
 * Labels' pixels in any channel of label maps [n, channels, rows, columns], [blocks · labels];
 * which categories each image holds, and how many images hold them, [blocks · categories].
 */
export function presence(
  graph: Graph,
  bindings: {
    readonly labels: Value;
    readonly batch: Value;
    readonly categoryOf: Value;
    readonly pixels: Value;
    readonly present: Value;
    readonly images: Value;
  },
  { blocks = 1 }: Blocked = {},
): void {
  const { images, ...rest } = bindings;
  const [, channels = 1, ...map] = bindings.labels.shape;
  const imagePixels = elements(map);
  const labels = bindings.pixels.shape[0]! / blocks;
  const categories = images.shape[0]! / blocks;
  const total = elements(bindings.labels.shape);
  const params = { imagePixels, channels, labels, categories, blocks, total };
  graph.step(presenceKernel, rest, params, lanes(total));
  const { batch, present } = bindings;
  graph.step(imagesKernel, { batch, present, images }, { categories, blocks }, lanes(categories));
}

/** Labels [n, channels, rows, columns] as slots of counters of the same shape; see relabel.wgsl. */
export function relabel(
  graph: Graph,
  bindings: { readonly labels: Value; readonly slotOf: Value; readonly slots: Value },
): void {
  const [, channels = 1, ...map] = bindings.labels.shape;
  const imagePixels = elements(map);
  const total = elements(bindings.labels.shape);
  graph.step(relabelKernel, bindings, { imagePixels, channels, total }, lanes(total));
}

/** The grid of label maps whose slots [n, channels, rows, columns] go with feature maps x. */
function gridOf(x: Value, slots: Value): Extent {
  const [images = 1, , rows, columns] = slots.shape;
  if (images !== x.shape[0] || rows === undefined || columns === undefined) {
    throw new ShapeError(
      `Labels [${slots.shape}] are no maps for each image of "${x.label}" [${x.shape}].`,
      "Give label maps [n, channels, rows, columns], as many as there are images.",
    );
  }
  return [rows, columns];
}

/** Categories that count.wgsl tells apart by the bits of a word. */
export const MAX_CATEGORIES = 32;

/**
 * Adds a batch of feature maps x to the joint histogram [blocks · (categories + slots), units,
 * levels]; see count.wgsl.
 */
export function count(
  graph: Graph,
  x: Value,
  bindings: {
    readonly slots: Value;
    readonly batch: Value;
    readonly present: Value;
    /** [units, levels + 1] and [units, 2 + cells]; see dissect/ladder.ts. */
    readonly level: Value;
    readonly ladder: Value;
    readonly histogram: Value;
  },
  { blocks = 1, ...covering }: Covering & Blocked = {},
): void {
  const { images, height, width, units } = extents(x);
  const [levels, cells] = [bindings.level.shape[1]! - 1, bindings.ladder.shape[1]! - 2];
  const [, channels = 1] = bindings.slots.shape;
  const [, categories = 1] = bindings.present.shape;
  if (categories > MAX_CATEGORIES) {
    throw new ShapeError(
      `${categories} categories are more than the ${MAX_CATEGORIES} that can be counted.`,
      "Give labels of one kind the same category.",
    );
  }
  const [rows, columns] = gridOf(x, bindings.slots);
  const total = (images * columns * units) / 4;
  const blockRows = bindings.histogram.shape[0]! / blocks;
  const params = { units, height, width, ...placed(covering, [rows, columns]), blocks, blockRows, total };
  graph.step(countKernel, { x, ...bindings }, params, lanes(total), {
    choices: {
      CHANNELS: channels,
      CATEGORIES: categories,
      LEVELS: levels,
      CELLS: cells,
      ACROSS: across(graph),
      FADES: covering.fades ?? false,
    },
    flops: 4 * SAMPLE_FLOPS * total * rows,
  });
}

/** Words of an exact sum. */
export const SUM_WORDS = 6;

/**
 * Partial sums held at once, where a strip's are not more: with two thousand labels they take
 * megabytes.
 */
const PARTIAL_BYTES = 8 * 2 ** 20;

/** Strips of an image that are summed up beside each other, if their sums are held at once. */
const STRIPS = 16;

/**
 * Adds a batch's Σv, Σv² and Σv over each slot's label to `total` [2 + slots, units, `SUM_WORDS`],
 * exactly: see accumulate-exact.wgsl.
 */
export function moments(
  graph: Graph,
  x: Value,
  bindings: { readonly slots: Value; readonly batch: Value; readonly total: Value },
  covering: Covering = {},
): void {
  const { images, height, width, units } = extents(x);
  const [, channels = 1] = bindings.slots.shape;
  const [sumRows = 2] = bindings.total.shape;
  const grid = gridOf(x, bindings.slots);
  const [gridRows, gridColumns] = grid;
  const sums = sumRows * units;
  const most = Math.max(1, Math.floor(PARTIAL_BYTES / (4 * sums)));
  // whatever the batch, so that it does not matter
  const strips = Math.min(STRIPS, gridColumns, most);
  for (let first = 0; first < images * strips; first += most) {
    const count = Math.min(most, images * strips - first);
    const partial = graph.value("moments.partial", [count, sumRows, units]);
    graph.step(
      momentsKernel,
      { x, slots: bindings.slots, batch: bindings.batch, partial },
      { units, sumRows, channels, height, width, ...placed(covering, grid), strips, first, count },
      lanes((units * count) / 4),
      {
        choices: { FADES: covering.fades ?? false },
        flops: (SAMPLE_FLOPS * units * count * gridRows * gridColumns) / strips,
      },
    );
    graph.step(exactKernel, { partial, total: bindings.total }, { sums, count }, lanes(sums));
  }
}

/** Updates every unit's k images of largest spatial maximum; `value` and `image` are [k, units]. */
export function top(
  graph: Graph,
  x: Value,
  bindings: { readonly batch: Value; readonly value: Value; readonly image: Value },
): void {
  const { height, width, units } = extents(x);
  const [k = 1] = bindings.value.shape;
  graph.step(topKernel, { x, ...bindings }, { units, k, imageRows: height * width }, fold(Math.ceil(units / 64)));
}

/** Collects the feature maps of the top images that are in this batch into y [k, units, rows]. */
export function examples(
  graph: Graph,
  x: Value,
  bindings: { readonly batch: Value; readonly image: Value; readonly y: Value },
): void {
  const { height, width, units } = extents(x);
  const [k = 1] = bindings.image.shape;
  const imageRows = height * width;
  const total = k * units * imageRows;
  graph.step(examplesKernel, { x, ...bindings }, { units, k, imageRows, total }, lanes(total));
}
