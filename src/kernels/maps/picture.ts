import { ShapeError } from "../../errors.ts";
import type { Graph, OperationKind, Value } from "../../runtime/graph.ts";
import pictureKernel from "../generated/picture.wgsl.ts";
import tilesKernel from "../generated/tiles.wgsl.ts";
import { lanes } from "../lanes.ts";

/** How an image's numbers are to be seen; see `Picture` of a network's output. */
export interface PictureOptions {
  readonly range?: "-1..1" | "0..1" | "tiles";
  readonly crop?: readonly [height: number, width: number];
}

export const PICTURE: OperationKind<Required<PictureOptions>> = { name: "picture" };

/** Extents of x [n, h, w, c] and of its crop, as kernels name them. */
export function croppedTo(x: Value, [height, width]: readonly [number, number]) {
  const [, inHeight = 1, inWidth = 1] = x.shape;
  return { width, pixels: height * width, inWidth, inPixels: inHeight * inWidth, channels: x.channels };
}

/**
 * A network's image x [n, h, w, c] as RGB in [−1, 1] of the cropped extents: x itself where it is
 * that already.
 * @throws ShapeError for channels that are no picture, or a crop larger than x.
 */
export function picture(graph: Graph, x: Value, { range = "-1..1", crop }: PictureOptions): Value {
  const [n = 1, inHeight = 1, inWidth = 1, stored = 4] = x.shape;
  const [height, width] = crop ?? [inHeight, inWidth];
  if (height > inHeight || width > inWidth) {
    throw new ShapeError(`"${x.label}" [${x.shape}] has no ${height}×${width} pixels.`, "Crop to less.");
  }
  const { channels } = x;
  if (range === "-1..1" && channels === 3 && height === inHeight && width === inWidth) return x;
  const total = n * height * width;
  const common = { ...croppedTo(x, [height, width]), total };
  const y = graph.map(`${x.label}.picture`, n, height, width, 3);
  if (range === "tiles") {
    const colors = graph.parameter(`${channels} tile colours`, [channels, 4], [], () => tileColors(channels));
    graph.step(tilesKernel, { x, colors, y }, { ...common, vectors: stored / 4 }, lanes(total));
    return y;
  }
  if (channels !== 1 && channels !== 3 && channels !== 4) {
    throw new ShapeError(
      `An image of ${channels} channels is no picture.`,
      'Give it one (grey), three (RGB) or four (RGB and opacity), or the range "tiles".',
    );
  }
  graph.step(pictureKernel, { x, y }, common, lanes(total), { choices: { UNIT: range === "0..1" } });
  graph.record(PICTURE, [x], y, { range, crop: [height, width] });
  return y;
}

/**
 * Colours of so many kinds of tiles, RGB in [−1, 1] and a zero: hues a golden angle apart, so that
 * kinds that follow each other differ most, in three degrees of lightness.
 */
export function tileColors(count: number): Float32Array {
  const colors = new Float32Array(4 * count);
  for (let i = 0; i < count; i += 1) {
    const lightness = [0.55, 0.4, 0.72][i % 3]!;
    for (let channel = 0; channel < 3; channel += 1) {
      const turn = (i * 0.381966 + channel / 3) % 1;
      const hue = Math.min(1, Math.max(0, Math.abs(6 * turn - 3) - 1));
      colors[4 * i + channel] = 2 * (lightness + 0.75 * (hue - 0.5) * (1 - Math.abs(2 * lightness - 1))) - 1;
    }
  }
  return colors;
}

/** The same as bytes, as images have them. */
export function tileBytes(count: number): (readonly [red: number, green: number, blue: number])[] {
  const colors = tileColors(count);
  const byte = (at: number): number => Math.floor(((colors[at]! + 1) / 2) * 255);
  return Array.from({ length: count }, (_, tile) => [byte(4 * tile), byte(4 * tile + 1), byte(4 * tile + 2)]);
}
