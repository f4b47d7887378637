import { type Graph, padded, type Storage, type Target } from "../../runtime/graph.ts";
import { CHUNK_BYTES, TILES, type Tile } from "./product.ts";
import { area, both, type Padding, type Pair } from "./window.ts";

/**
 * How a convolution runs: as a sum over its taps and channels, by Winograd's F(2×2, 3×3) or F(4×4,
 * 3×3), or (after upsampling) by products for all taps at low resolution; on tiles of which size;
 * each sum in how many parts.
 */
export interface Way {
  readonly algorithm: "direct" | "winograd2" | "winograd4" | "taps";
  readonly tile: Tile;
  readonly split: number;
}

/**
 * A convolution of one image. The batch is not part of it, so that an image's bits do not depend on
 * its company. Of what is the same for both axes or on all sides there is one number.
 */
export interface ConvShape {
  readonly height: number;
  readonly width: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
  readonly pad: Padding | "same";
  readonly upsample: boolean;
  readonly residual: boolean;
}

/**
 * A name for all convolutions that can run in the same ways and take as long, under which the
 * fastest is kept.
 */
export const nameOf = (shape: ConvShape, storage: Storage): string => {
  const { height, width, inChannels, outChannels, kernel, stride, dilation, pad, upsample, residual } = shape;
  const window = `${both(kernel).join("x")}/${stride}*${dilation}+${pad}`;
  const kind = `${upsample ? " up" : ""}${residual ? " residual" : ""}${storage === "f16" ? " f16" : ""}`;
  return `conv ${height}x${width}x${inChannels}>${outChannels} ${window}${kind}`;
};

/**
 * Below so many channels Winograd's transforms, or adding the taps up, cost what the products save.
 */
const WINOGRAD_CHANNELS = 16;
const TAPS_CHANNELS = 32;

/**
 * Output channels / 4 from which phases pay: measured where subgroups share loads, elsewhere half a
 * tile's.
 */
const PHASE_VECTORS: Readonly<Record<Target, number>> = { software: 2, software4: 2, software8: 2, gpu: 8 };

/** Workgroups that fill a GPU, about. */
const FULL = 128;

/** What one image's transformed tiles take: (outputs + 2)² numbers for each outputs² pixels. */
export const winogradBytes = ({ height, width, inChannels, outChannels }: ConvShape, outputs: 2 | 4): number =>
  4 *
  (outputs + 2) ** 2 *
  Math.ceil(height / outputs) *
  Math.ceil(width / outputs) *
  padded(Math.max(inChannels, outChannels));

/** What all taps' products of one image take. */
export const tapsBytes = ({ height, width, outChannels }: ConvShape): number =>
  4 * 9 * height * width * padded(outChannels);

/**
 * The ways in which a graph's convolution can run, by their names; the first unless another is
 * found to be faster.
 */
export function waysOf({ target, storage }: Graph, shape: ConvShape): Map<string, Way> {
  const ways = new Map<string, Way>();
  for (const algorithm of algorithmsOf(target, shape)) {
    // Transforming float16 weights by √2 doubles what rounding them does.
    if (algorithm === "winograd4" && storage === "f16") continue;
    for (const [name, way] of waysBy(algorithm, target, shape)) ways.set(name, way);
  }
  return ways;
}

/** The ways of one algorithm: its tiles, and in how many parts it sums. */
function waysBy(algorithm: Way["algorithm"], target: Target, shape: ConvShape): (readonly [string, Way])[] {
  return tilesOf(target, shape, algorithm).flatMap((tile) => {
    const split = target === "gpu" && algorithm === "direct" ? splitOf(shape, tile) : 1;
    return [...new Set([split, 1])].map(
      (parts) => [`${algorithm} ${tile}${parts > 1 ? ` /${parts}` : ""}`, { algorithm, tile, split: parts }] as const,
    );
  });
}

/** The tiles on which the products of all taps can be made at a map's own resolution. */
export const tapWaysOf = ({ target }: Graph, shape: ConvShape): Map<string, Way> =>
  new Map(waysBy("taps", target, shape));

/**
 * The ways of a transposed convolution of 4×4 taps, stride 2 and padding 1, whose shape says that
 * it upsamples: phase by phase or, where they are few enough to be held, as all taps' products.
 */
export function phaseWaysOf({ target }: Graph, shape: ConvShape, few: boolean): Map<string, Way> {
  const [taps, direct] = [few ? waysBy("taps", target, shape) : [], waysBy("direct", target, shape)];
  // Of few channels most of a tile would be empty, where all taps' products fill it.
  const fills = Math.ceil(shape.outChannels / 4) >= PHASE_VECTORS[target];
  return new Map(fills ? [...direct, ...taps] : [...taps, ...direct]);
}

/** The algorithms that apply, best first by the multiply-adds and bytes of one image. */
function algorithmsOf(target: Target, shape: ConvShape): Way["algorithm"][] {
  const { height, width, inChannels, outChannels, kernel, stride, dilation, pad, upsample, residual } = shape;
  if (upsample) {
    const suits = !residual && inChannels >= TAPS_CHANNELS && tapsBytes(shape) <= CHUNK_BYTES;
    return suits ? ["taps", "direct"] : ["direct"];
  }
  const simple = kernel === 3 && stride === 1 && dilation === 1 && (pad === 1 || pad === "same");
  if (!simple || Math.min(inChannels, outChannels) < WINOGRAD_CHANNELS) return ["direct"];
  const fit = (["winograd4", "winograd2"] as const).filter(
    (name) => winogradBytes(shape, name === "winograd4" ? 4 : 2) <= CHUNK_BYTES,
  );
  // On smaller maps F(4×4, 3×3)'s tiles are too few, or reach beyond the edge. Measured on software
  // adapters, ncnn's on GPUs.
  const byExtent = Math.min(height, width) >= (target === "gpu" ? 20 : 16) ? fit : fit.toReversed();
  if (target !== "gpu") return [...byExtent, "direct"];
  // On so small maps a GPU waits for weights, of which Winograd has 16 / 9 as many; on maps of few
  // channels for its tiles, which are written and read again.
  const pays = height * width >= 256 && byExtent[0] && bytesAndWork(shape, byExtent[0]) < bytesAndWork(shape, "direct");
  return pays ? [...byExtent, "direct"] : ["direct", ...byExtent];
}

/**
 * Operations that a GPU does while it moves a byte: of those that we know, from 14 to 36 at their
 * best.
 */
const BALANCE = 24;

/**
 * What a 3×3 convolution of one image takes, in bytes: those that it moves, and those that could be
 * moved while it computes.
 */
function bytesAndWork(shape: ConvShape, algorithm: Way["algorithm"]): number {
  const { rows, columns, count, depth } = productsOf(shape, algorithm);
  const [inputs, outputs] = [depth / (algorithm === "direct" ? area(shape.kernel) : 1), 4 * columns];
  const maps = shape.height * shape.width * (inputs + outputs);
  // Winograd's tiles and products, each written once and read once.
  const between = algorithm === "direct" ? 0 : 2 * count * rows * (inputs + outputs);
  const weights = count * depth * outputs;
  return 4 * (maps + between + weights) + (2 * count * rows * depth * outputs) / BALANCE;
}

/**
 * Rows and columns (in vectors) of the products that one image makes, how many products, and of
 * what depth.
 */
function productsOf(shape: ConvShape, algorithm: Way["algorithm"]) {
  const { height, width, outHeight, outWidth, inChannels, outChannels, kernel, upsample } = shape;
  const [depth, columns] = [inChannels, Math.ceil(outChannels / 4)];
  if (algorithm === "taps") return { rows: height * width, columns: area(kernel) * columns, count: 1, depth };
  if (algorithm === "direct") {
    return upsample
      ? { rows: height * width, columns, count: 4, depth: 4 * depth }
      : { rows: outHeight * outWidth, columns, count: 1, depth: area(kernel) * depth };
  }
  const outputs = algorithm === "winograd4" ? 4 : 2;
  const rows = Math.ceil(height / outputs) * Math.ceil(width / outputs);
  return { rows, columns, count: (outputs + 2) ** 2, depth };
}

function tilesOf(target: Target, shape: ConvShape, algorithm: Way["algorithm"]): Tile[] {
  const { rows, columns, count } = productsOf(shape, algorithm);
  if (target === "software") return ["8x16"];
  // As many channels as there are: a tile reads each pixel once for all of its own.
  const narrow = (tiles: readonly [Tile, Tile, Tile]) => tiles.slice(columns > 2 ? 0 : columns > 1 ? 1 : 2);
  if (target === "software4") return narrow(["16x16", "16x8", "16x4"]);
  if (target === "software8") return narrow(["32x16", "32x8", "32x4"]);
  // Larger tiles read less, as long as one image fills the GPU with them.
  const groups = (tile: Tile) =>
    Math.ceil(rows / TILES[tile].pixels) * Math.ceil(columns / TILES[tile].vectors) * count;
  const larger = (["128x128", "128x64"] as const).filter(
    (tile) => rows >= TILES[tile].pixels && columns >= TILES[tile].vectors,
  );
  const filling = larger.filter((tile) => groups(tile) >= FULL);
  return [...new Set<Tile>([...filling, "64x64", ...larger])];
}

/**
 * Into how many parts to split the sums of a small map, so that one image fills the GPU; four
 * stagings a part at least.
 */
function splitOf(shape: ConvShape, tile: Tile): number {
  const { rows, columns, count, depth } = productsOf(shape, "direct");
  if (shape.outHeight * shape.outWidth > 256) return 1;
  const groups = Math.ceil(rows / TILES[tile].pixels) * Math.ceil(columns / TILES[tile].vectors) * count;
  return Math.max(1, 2 ** Math.floor(Math.log2(Math.min(FULL / groups, depth / 64))));
}
