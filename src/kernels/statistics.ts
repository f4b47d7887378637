import { ShapeError } from "../errors.ts";
import { elements, fold, type Graph, type Value } from "../runtime/graph.ts";
import accumulateKernel from "./accumulate.wgsl.ts";
import countKernel from "./count.wgsl.ts";
import examplesKernel from "./examples.wgsl.ts";
import imagesKernel from "./images.wgsl.ts";
import momentsKernel from "./moments.wgsl.ts";
import narrowKernel from "./narrow.wgsl.ts";
import { lanes } from "./pointwise.ts";
import presenceKernel from "./presence.wgsl.ts";
import radixKernel from "./radix.wgsl.ts";
import relabelKernel from "./relabel.wgsl.ts";
import topKernel from "./top.wgsl.ts";
import upsampleKernel from "./upsample.wgsl.ts";

/** Images of a batch whose activations are looked at together: `map` is [images, rows, units], images `first`… of the batch. */
export interface Chunk {
  readonly map: Value;
  readonly first: number;
  readonly images: number;
}

/** Upsampled activations held at once, where an image's are not more: enough to fill a GPU, half of WebGPU's default binding limit. */
const CHUNK_BYTES = 64 * 2 ** 20;

/** Images of feature maps with so many stored units that are upsampled at once. */
const chunkImages = (n: number, size: number, units: number): number =>
  Math.min(n, Math.max(1, Math.floor(CHUNK_BYTES / (4 * size * size * units))));

/** Shape of the largest chunk of maps [n, h, w, units] upsampled to size × size: room that plans can share. */
export const chunkShape = ([n = 1, , , units = 4]: readonly number[], size: number): readonly number[] => [
  chunkImages(n, size, units),
  size,
  size,
  units,
];

/** The feature maps x [n, h, w, units] on a size × size grid, a chunk of images after the other (spec §3.4). */
export function upsample(graph: Graph, x: Value, size: number): Chunk[] {
  const [n = 1, height = 1, width = 1, units = 4] = x.shape;
  const images = chunkImages(n, size, units);
  const chunks: Chunk[] = [];
  for (let first = 0; first < n; first += images) {
    const count = Math.min(images, n - first);
    const y = graph.value(`${x.label}.upsampled`, [count, size, size, units], "f32", x.channels);
    const total = elements(y.shape) / 4;
    graph.step(upsampleKernel, { x, y }, { units, height, width, size, first, total }, lanes(total));
    chunks.push({ map: y, first, images: count });
  }
  return chunks;
}

/** A whole batch of raw feature maps as one chunk. */
export const rawChunk = (x: Value): Chunk => ({ map: x, first: 0, images: x.shape[0]! });

/** Rows and units of a chunk's map. */
function extents({ map }: Chunk): { readonly imageRows: number; readonly units: number } {
  const [, height = 1, width = 1, units = 4] = map.shape;
  return { imageRows: height * width, units };
}

/** Rows a lane walks: long enough for runs of equal counters to merge, short enough to give every lane work. */
const RUN = 64;

/** The longest run up to `RUN` that divides the rows of an image. */
function runOf(imageRows: number): number {
  for (let run = Math.min(RUN, imageRows); run > 1; run -= 1) if (imageRows % run === 0) return run;
  return 1;
}

/** Bits of a value's key that each pass of a radix selection fixes. */
export const RADIX_BITS = [16, 8, 8] as const;
export type RadixPass = 0 | 1 | 2;

/** Counters of a selection's passes, which become tables: [2¹⁶, units] and twice [targets, 2⁸, units]. */
export interface RadixCounters {
  readonly high: Value;
  readonly middle: Value;
  readonly low: Value;
}

/** Counts the next digit of every value that begins like one of the targets; see radix.wgsl. */
export function radix(
  graph: Graph,
  chunk: Chunk,
  bindings: RadixCounters & { readonly batch: Value },
  pass: RadixPass,
): void {
  const { imageRows, units } = extents(chunk);
  const runs = Math.ceil((chunk.images * imageRows) / RUN);
  graph.step(
    radixKernel,
    { x: chunk.map, ...bindings },
    { units, imageRows, images: chunk.images, first: chunk.first, run: RUN },
    lanes(runs * units),
    { choices: { PASS: pass } },
  );
}

/** Fixes one more digit of every target, and makes the pass's counters the next one's table; see narrow.wgsl. */
export function narrow(
  graph: Graph,
  bindings: { readonly counters: Value; readonly key: Value; readonly rank: Value; readonly row: Value },
  pass: RadixPass,
): void {
  const [targets = 1, units = 4] = bindings.key.shape;
  const bits = RADIX_BITS[pass];
  graph.step(narrowKernel, bindings, { units, targets, digits: 2 ** bits, bits }, fold(Math.ceil(units / 16)));
}

/** Labels' pixels in any channel of label maps [n, channels, pixels], and which categories each image holds. */
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
): void {
  const { images, ...rest } = bindings;
  const [, channels = 1, imagePixels = 1] = bindings.labels.shape;
  const [categories = 1] = images.shape;
  const total = elements(bindings.labels.shape);
  graph.step(presenceKernel, rest, { imagePixels, channels, categories, total }, lanes(total));
  const { batch, present } = bindings;
  graph.step(imagesKernel, { batch, present, images }, { categories }, lanes(categories));
}

/** Labels [n, channels, pixels] as slots of counters of the same shape; see relabel.wgsl. */
export function relabel(
  graph: Graph,
  bindings: { readonly labels: Value; readonly slotOf: Value; readonly slots: Value },
): void {
  const [, channels = 1, imagePixels = 1] = bindings.labels.shape;
  const total = elements(bindings.labels.shape);
  graph.step(relabelKernel, bindings, { imagePixels, channels, total }, lanes(total));
}

/** Adds a chunk to the joint histogram [categories + slots, levels + 1, units]; see count.wgsl. */
export function count(
  graph: Graph,
  chunk: Chunk,
  bindings: {
    readonly slots: Value;
    readonly batch: Value;
    readonly present: Value;
    readonly level: Value;
    readonly histogram: Value;
  },
): void {
  const { imageRows, units } = extents(chunk);
  const [levels = 1] = bindings.level.shape;
  const [, channels = 1, pixels = 1] = bindings.slots.shape;
  const [, categories = 1] = bindings.present.shape;
  if (pixels !== imageRows) throw new ShapeError(`${pixels} labels an image do not fit ${imageRows} activations.`);
  const run = runOf(imageRows);
  graph.step(
    countKernel,
    { x: chunk.map, ...bindings },
    { units, levels, categories, imageRows, images: chunk.images, first: chunk.first, run },
    lanes(((chunk.images * imageRows) / run) * units),
    { choices: { CHANNELS: channels, KEPT: channels > 1 ? run : 1 } },
  );
}

/** Partial sums held at once, where an image's are not more: with two thousand labels an image's take megabytes. */
const PARTIAL_BYTES = 8 * 2 ** 20;

/** Adds a chunk's Σv, Σv² and Σv over each slot's label to `total` [2 + slots, units, (high, low)]. */
export function moments(
  graph: Graph,
  chunk: Chunk,
  bindings: { readonly slots: Value; readonly batch: Value; readonly total: Value },
): void {
  const { imageRows, units } = extents(chunk);
  const [, channels = 1] = bindings.slots.shape;
  const [rows = 2] = bindings.total.shape;
  const count = rows * units;
  const together = Math.min(chunk.images, Math.max(1, Math.floor(PARTIAL_BYTES / (4 * count))));
  for (let skip = 0; skip < chunk.images; skip += together) {
    const images = Math.min(together, chunk.images - skip);
    const partial = graph.value("moments.partial", [images, rows, units]);
    graph.step(
      momentsKernel,
      { x: chunk.map, slots: bindings.slots, batch: bindings.batch, partial },
      { units, rows, channels, imageRows, images, skip, first: chunk.first + skip },
      lanes(units * images),
    );
    graph.step(accumulateKernel, { partial, total: bindings.total }, { count, images }, lanes(count));
  }
}

/** Updates every unit's k images of largest spatial maximum; `value` and `image` are [k, units]. */
export function top(
  graph: Graph,
  x: Value,
  bindings: { readonly batch: Value; readonly value: Value; readonly image: Value },
): void {
  const { imageRows, units } = extents(rawChunk(x));
  const [k = 1] = bindings.value.shape;
  graph.step(topKernel, { x, ...bindings }, { units, k, imageRows }, fold(Math.ceil(units / 64)));
}

/** Collects the feature maps of the top images that are in this batch into y [k, units, rows]. */
export function examples(
  graph: Graph,
  x: Value,
  bindings: { readonly batch: Value; readonly image: Value; readonly y: Value },
): void {
  const { imageRows, units } = extents(rawChunk(x));
  const [k = 1] = bindings.image.shape;
  const total = k * units * imageRows;
  graph.step(examplesKernel, { x, ...bindings }, { units, k, imageRows, total }, lanes(total));
}
