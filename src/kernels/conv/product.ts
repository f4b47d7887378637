import { fold, type Graph, type Value } from "../../runtime/graph.ts";
import type { Params } from "../../runtime/kernel.ts";
import register from "../generated/conv-register.wgsl.ts";
import subgroup from "../generated/conv-subgroup.wgsl.ts";
import tiled from "../generated/conv-tiled.wgsl.ts";
import { windowParams } from "./window.ts";

// Tests: test/kernels/conv/conv.test.ts, test/kernels/conv/taps.test.ts

/**
 * Intermediates of one operation held at once, in bytes: well below WebGPU's default binding limit
 * of 128 MiB.
 */
export const CHUNK_BYTES = 64 * 2 ** 20;

/** How many of `images` go at once, when each takes so many bytes. */
export const chunk = (images: number, bytes: number): number =>
  Math.max(1, Math.min(images, Math.floor(CHUNK_BYTES / bytes)));

/**
 * Pixels × output channels that an invocation, a subgroup of 4 or 8 lanes or, with workgroup
 * memory, a workgroup computes; what a workgroup has of them.
 */
export const TILES = {
  "8x16": { kernel: register, pixels: 8, vectors: 4, tiles: 8, choices: {} },
  "16x4": { kernel: subgroup, pixels: 16, vectors: 1, tiles: 1, choices: { LANES: 4, VECTORS: 1 } },
  "16x8": { kernel: subgroup, pixels: 16, vectors: 2, tiles: 1, choices: { LANES: 4, VECTORS: 2 } },
  "16x16": { kernel: subgroup, pixels: 16, vectors: 4, tiles: 1, choices: { LANES: 4, VECTORS: 4 } },
  "32x4": { kernel: subgroup, pixels: 32, vectors: 1, tiles: 1, choices: { LANES: 8, VECTORS: 1 } },
  "32x8": { kernel: subgroup, pixels: 32, vectors: 2, tiles: 1, choices: { LANES: 8, VECTORS: 2 } },
  "32x16": { kernel: subgroup, pixels: 32, vectors: 4, tiles: 1, choices: { LANES: 8, VECTORS: 4 } },
  "64x64": { kernel: tiled, pixels: 64, vectors: 16, tiles: 1, choices: { PIXELS: 64, VECTORS: 16 } },
  "128x64": { kernel: tiled, pixels: 128, vectors: 16, tiles: 1, choices: { PIXELS: 128, VECTORS: 16 } },
  "128x128": { kernel: tiled, pixels: 128, vectors: 32, tiles: 1, choices: { PIXELS: 128, VECTORS: 32 } },
} as const;
export type Tile = keyof typeof TILES;

type Values = Readonly<Record<"x" | "weight" | "bias" | "residual" | "y", Value>>;

/**
 * The kernel of all convolutions and products, on tiles of one size; `planes` are its matrices,
 * phases or parts.
 */
export function tileStep(
  graph: Graph,
  tile: Tile,
  values: Values,
  params: Params<typeof tiled>,
  planes: number,
  flops: number,
): void {
  const { kernel, pixels, vectors, tiles, choices } = TILES[tile];
  const count = Math.ceil(params.pixels / pixels) * Math.ceil(params.outVectors / vectors);
  const [columns, rows] = fold(Math.ceil(count / tiles));
  const known = kernel === subgroup ? simplest(params) : kernel === tiled ? constants(params) : {};
  graph.step<typeof tiled | typeof register | typeof subgroup>(kernel, values, params, [columns, rows, planes], {
    choices: { ...choices, ...known, HALF: graph.storage === "f16" },
    flops,
  });
}

/** What a GPU's kernel is compiled for. */
const constants = ({ kernelHeight, kernelWidth, strideDown, strideAcross, scale }: Params<typeof tiled>) => ({
  KERNEL_HEIGHT: kernelHeight,
  KERNEL_WIDTH: kernelWidth,
  STRIDE_DOWN: strideDown,
  STRIDE_ACROSS: strideAcross,
  SCALE: scale,
});

/** What a subgroup's kernel need not do: look for a pixel's place, and change its sums. */
function simplest(params: Params<typeof tiled>) {
  const { kernelHeight, kernelWidth, padTop, padLeft, scale, biased, residual, activation } = params;
  const same = params.height === params.inHeight && params.width === params.inWidth;
  const POINT = kernelHeight * kernelWidth === 1 && same && padTop === 0 && padLeft === 0 && scale === 1;
  return { POINT, BARE: POINT && biased === 0 && residual === 0 && activation === 0 };
}

const ALONE = { kernel: 1, stride: 1, dilation: 1, before: 0 };

/**
 * y[b] = x[b] w[b]: products of `batch` matrices of `rows` rows, which begin at row `first` of x.
 */
export function product(
  graph: Graph,
  tile: Tile,
  { x, weight, y }: { readonly x: Value; readonly weight: Value; readonly y: Value },
  extents: {
    readonly first?: number;
    readonly rows: number;
    readonly batch?: number;
    readonly inVectors: number;
    readonly outVectors: number;
  },
  flops: number,
): void {
  const { first = 0, rows, batch = 1, inVectors, outVectors } = extents;
  const width = first + rows;
  const point = { ...windowParams([ALONE, ALONE]), scale: 1, split: 1 };
  const map = { height: 1, width, inHeight: 1, inWidth: width, xStride: rows, yStride: rows };
  const bare = { biased: 0, residual: 0, activation: 0 };
  const params = { first, pixels: rows, inVectors, outVectors, ...point, ...map, ...bare };
  tileStep(graph, tile, { x, weight, bias: x, residual: x, y }, params, batch, flops);
}
