import { rowBytes } from "./counts.ts";

/**
 * Blocks that the test set is counted in: image i is in block i mod 20, so that scores can be had
 * again without any of them, and with that their jackknife errors (`ganatomy/compare`).
 */
export const BLOCKS = 20;

/**
 * Bytes of counters that blocks may take on the GPU: of a layer, which is bound as a whole (the
 * least that WebGPU promises), and of all layers. The same everywhere, so that a report has them on
 * one adapter if it has on another.
 */
const LAYER_BYTES = 128 * 2 ** 20;
const ALL_BYTES = 256 * 2 ** 20;

/**
 * How many blocks maps of these shapes [n, h, w, units] are counted in, each with so many rows of
 * counters: all of `BLOCKS`, or 1 where their tables are too large. 512 units and 336 labels take
 * 13 MiB in blocks.
 */
export function blocksFor(shapes: Iterable<readonly number[]>, rows: number): number {
  const bytes = Array.from(shapes, (shape) => BLOCKS * rows * rowBytes(shape, 1));
  const all = bytes.reduce((sum, layer) => sum + layer, 0);
  return all <= ALL_BYTES && bytes.every((layer) => layer <= LAYER_BYTES) ? BLOCKS : 1;
}
