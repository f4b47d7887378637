import { join } from "node:path";
import type { UnitPictures } from "../../dissect/result.ts";
import { decodePhoto } from "../../node/photo/decode.ts";
import { readBytes } from "../../node/regular-file.ts";
import { decodePng } from "../../report/decode-png.ts";
import type { Extent } from "../../report/extents.ts";
import type { Image } from "../../report/image.ts";
import { unreadable } from "../photo.ts";

// Tests: test/cli/commands/report.test.ts

/** White pixels between the pictures of a strip (§3.7). */
const GAP = 5;
/** Pixels of a strip's longer edge: a hundred pictures of 512 pixels. */
const MOST = 60_000;

/** What is needed of a unit. */
export interface StripUnit {
  readonly unit: number;
  readonly level: number;
  readonly top: readonly { readonly image: number }[];
}

/**
 * Height and width of the pictures in the first strip that there is; undefined where there is none.
 */
export async function pictureExtent(folder: string, units: readonly StripUnit[]): Promise<Extent | undefined> {
  for (const { unit, top } of units) {
    const strip = await original(folder, unit);
    if (strip && top.length > 0) return extentOf(strip, top.length);
  }
  return undefined;
}

/**
 * A unit's pictures as its strips show them. Their label maps are those of the segmentation's
 * colours; the unit's features are above its level where the mask is on, and below it elsewhere.
 * Undefined where there are no strips, or of another size.
 */
export async function stripPictures(
  folder: string,
  { unit, level, top }: StripUnit,
  { extent, labelOf }: { readonly extent: Extent; readonly labelOf: (rgb: string) => number },
): Promise<UnitPictures["tops"] | undefined> {
  const strip = await original(folder, unit);
  if (!strip || top.length === 0) return undefined;
  const [height, width] = extentOf(strip, top.length);
  if (height !== extent[0] || width !== extent[1]) return undefined;
  const [segmentation, mask] = await Promise.all(["seg", "mask"].map((form) => png(folder, `${unit}-${form}.png`)));
  const fits = (image: Image | undefined) => image?.width === strip.width && image.height === strip.height;
  return top.map(({ image }, rank) => {
    const left = rank * (width + GAP);
    const pixels = cut(strip, left, extent);
    const colors = fits(segmentation) ? cut(segmentation!, left, extent) : undefined;
    const laid = fits(mask) && mask!.channels === 4 ? cut(mask!, left, extent) : undefined;
    const cells = height * width;
    return {
      picture: {
        ...{ image, rgb: pixels, height, width },
        labels: Uint16Array.from({ length: cells }, (_, i) => (colors ? labelOf(at(colors, segmentation!, i)) : 0)),
      },
      // What is laid over is clear where the unit is on.
      feature: Float32Array.from({ length: cells }, (_, i) =>
        laid === undefined ? Number.NaN : level + (laid[4 * i + 3] === 0 ? 1 : -1),
      ),
    };
  });
}

const at = (bytes: Uint8Array, { channels }: Image, i: number): string =>
  bytes.subarray(channels * i, channels * i + 3).join(",");

/** Of each picture: as high as the strip, and square where that is what fits. */
const extentOf = ({ width, height }: Pick<Image, "width" | "height">, count: number): Extent => [
  height,
  Math.floor((width + GAP) / count) - GAP,
];

/** The pixels of one picture of a strip. */
function cut({ width, channels, data }: Image, left: number, [rows, columns]: Extent): Uint8Array {
  const out = new Uint8Array(rows * columns * channels);
  for (let y = 0; y < rows; y++) {
    const from = (y * width + left) * channels;
    out.set(data.subarray(from, from + columns * channels), y * columns * channels);
  }
  return out;
}

async function original(folder: string, unit: number): Promise<Image | undefined> {
  const name = `${unit}-orig.jpg`;
  const bytes = await found(join(folder, "image", name));
  if (!bytes) return undefined;
  const { width, height, rgb } = await decodePhoto(bytes, name);
  return { width, height, channels: 3, data: rgb };
}

async function png(folder: string, name: string): Promise<Image | undefined> {
  const bytes = await found(join(folder, "image", name));
  return bytes && decodePng(bytes, { name, maxEdge: MOST });
}

const found = (path: string): Promise<Uint8Array | undefined> =>
  readBytes(path, (error) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    return unreadable(path, error);
  });
