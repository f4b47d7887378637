import type { PictureLabels } from "../dissect/result.ts";
import type { Extent } from "./extents.ts";

/** Bytes of a picture, row-major, channels interleaved: grey (1), RGB (3) or RGBA (4). */
export interface Image {
  /** Pixels across. */
  readonly width: number;
  /** Pixels down. */
  readonly height: number;
  /** Bytes a pixel. */
  readonly channels: 1 | 3 | 4;
  /** `[height, width, channels]` */
  readonly data: Uint8Array;
}

/**
 * What turns pictures into files; the browser and Node each bring their own, so that this room
 * depends on neither.
 */
export interface ImageEncoder {
  /** A PNG file of the same pixels. */
  png(image: Image): Promise<Uint8Array> | Uint8Array;
  /** Quality as in libjpeg, 1 to 100. */
  jpeg(image: Image, quality: number): Promise<Uint8Array> | Uint8Array;
}

/**
 * Resizes RGB bytes: along each axis by box averages where it shrinks, half-pixel bilinear where it
 * grows.
 */
export function resizeRgb(rgb: Uint8Array, [fromHeight, fromWidth]: Extent, [height, width]: Extent): Uint8Array {
  if (fromHeight === height && fromWidth === width) return rgb;
  const [down, across] = [tapsOf(fromHeight, height), tapsOf(fromWidth, width)];
  const line = fromWidth * 3;
  const rows = new Float32Array(height * line);
  for (let y = 0; y < height; y++) {
    for (const { index, weight } of down[y]!) {
      for (let i = 0; i < line; i++) rows[y * line + i]! += weight * rgb[index * line + i]!;
    }
  }
  const out = new Uint8Array(height * width * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) {
        let sum = 0.5;
        for (const { index, weight } of across[x]!) sum += weight * rows[y * line + index * 3 + c]!;
        out[(y * width + x) * 3 + c] = sum;
      }
    }
  }
  return out;
}

const tapsOf = (from: number, to: number): Tap[][] => (from > to ? boxTaps(from, to) : linearTaps(from, to));

interface Tap {
  readonly index: number;
  readonly weight: number;
}

function boxTaps(from: number, to: number): Tap[][] {
  const scale = from / to;
  return Array.from({ length: to }, (_, t) => {
    const [start, end] = [t * scale, (t + 1) * scale];
    const taps: Tap[] = [];
    for (let index = Math.floor(start); index < Math.min(from, Math.ceil(end)); index++) {
      const weight = (Math.min(end, index + 1) - Math.max(start, index)) / scale;
      if (weight > 0) taps.push({ index, weight });
    }
    return taps;
  });
}

function linearTaps(from: number, to: number): Tap[][] {
  return Array.from({ length: to }, (_, t) => {
    const source = Math.min(from - 1, Math.max(0, ((t + 0.5) * from) / to - 0.5));
    const index = Math.floor(source);
    const weight = source - index;
    return weight > 0
      ? [
          { index, weight: 1 - weight },
          { index: index + 1, weight },
        ]
      : [{ index, weight: 1 }];
  });
}

/** Resizes a label map by nearest neighbour, sampling at pixel centres. */
export function resizeNearest(map: PictureLabels, from: Extent, to: Extent): PictureLabels {
  if (from[0] === to[0] && from[1] === to[1]) return map;
  return Uint16Array.from(nearestPixels(from, to), (pixel) => map[pixel]!);
}

/** Resizes RGB bytes likewise: pictures of few colours, which are to stay those. */
export function resizeRgbNearest(rgb: Uint8Array, from: Extent, to: Extent): Uint8Array {
  if (from[0] === to[0] && from[1] === to[1]) return rgb;
  const out = new Uint8Array(to[0] * to[1] * 3);
  nearestPixels(from, to).forEach((pixel, at) => {
    out.set(rgb.subarray(3 * pixel, 3 * pixel + 3), 3 * at);
  });
  return out;
}

/** The pixel that each is taken of. */
function nearestPixels([fromHeight, fromWidth]: Extent, [height, width]: Extent): Uint32Array {
  const source = (from: number, to: number): Uint32Array =>
    Uint32Array.from({ length: to }, (_, t) => Math.floor(((t + 0.5) * from) / to));
  const [down, across] = [source(fromHeight, height), source(fromWidth, width)];
  return Uint32Array.from({ length: height * width }, (_, at) => {
    return down[Math.floor(at / width)]! * fromWidth + across[at % width]!;
  });
}

/** RGBA bytes of a picture in whatever channels. */
export function toRgba({ width, height, channels, data }: Image): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(width * height * 4);
  if (channels === 4) {
    rgba.set(data);
    return rgba;
  }
  for (let i = 0; i < width * height; i++) {
    const at = i * channels;
    rgba[i * 4] = data[at]!;
    rgba[i * 4 + 1] = data[channels === 3 ? at + 1 : at]!;
    rgba[i * 4 + 2] = data[channels === 3 ? at + 2 : at]!;
    rgba[i * 4 + 3] = 255;
  }
  return rgba;
}
