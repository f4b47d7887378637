import { PhotoError } from "../errors.ts";
import type { View } from "../networks/classifiers/network.ts";

/** RGB bytes, rows from the top. */
export interface Photograph {
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** 3 · width · height bytes. */
  readonly rgb: Uint8Array;
}

/** The part of a photograph that is seen, in parts of its height and width. */
export interface Cut {
  /** Where it begins, as a part of the height, 0…1. */
  readonly top: number;
  /** Where it begins, as a part of the width, 0…1. */
  readonly left: number;
  /** As a part of the photograph's, 0…1. */
  readonly height: number;
  /** As a part of the photograph's, 0…1. */
  readonly width: number;
}

/** Halves to even, as Python rounds. */
const rounded = (value: number): number => {
  const below = Math.floor(value);
  return value - below === 0.5 ? below + (below % 2) : Math.round(value);
};

/** Height and width that a photograph is resized to, and where the picture is cut out of that. */
function resizedTo({ edge, resized, fit }: View, { height, width }: Pick<Photograph, "height" | "width">) {
  const shorter = Math.min(height, width);
  const scaled = (side: number): number => (fit === "squash" ? resized : Math.trunc((resized * side) / shorter));
  const [rows, columns] = [scaled(height), scaled(width)];
  return { rows, columns, top: rounded((rows - edge) / 2), left: rounded((columns - edge) / 2) };
}

/** What of a photograph a classifier sees: the places that label maps of it must show. */
export function cutOf(view: View, photo: Pick<Photograph, "height" | "width">): Cut {
  const { rows, columns, top, left } = resizedTo(view, photo);
  return { top: top / rows, left: left / columns, height: view.edge / rows, width: view.edge / columns };
}

/** More than this many pixels are no photograph. */
const MAX_PIXELS = 2 ** 28;

/**
 * Writes what a classifier sees of a photograph into `to` [edge, edge, 4] as numbers from −1 to 1:
 * resized and its middle cut out, to the bytes that torchvision's Resize (Pillow's bilinear, which
 * averages where it makes smaller) and CenterCrop give.
 * @throws PhotoError for what is no photograph.
 */
export function viewed(photo: Photograph, view: View, to: Float32Array): void {
  const { width, height, rgb } = photo;
  if (!(width >= 1 && height >= 1 && width * height <= MAX_PIXELS && rgb.length === 3 * width * height)) {
    throw new PhotoError(
      `${rgb.length} bytes are no RGB picture of ${width}×${height} pixels.`,
      "Give three bytes a pixel.",
    );
  }
  const { edge } = view;
  const { rows, columns, top, left } = resizedTo(view, photo);
  const across = sharesOf(width, columns, left, edge);
  const down = sharesOf(height, rows, top, edge);
  const lines = new Map<number, Uint8Array>();
  const lineOf = (row: number): Uint8Array => {
    let line = lines.get(row);
    if (!line) {
      line = mixed(across, (place, channel) => rgb[3 * (row * width + place) + channel]!);
      lines.set(row, line);
    }
    return line;
  };
  down.forEach((shares, y) => {
    for (const row of lines.keys()) if (row < shares.first) lines.delete(row);
    const read = Array.from(shares.weights, (_, k) => lineOf(shares.first + k));
    for (let at = 0; at < 3 * edge; at += 1) {
      let sum = HALF;
      for (let k = 0; k < read.length; k += 1) sum += shares.weights[k]! * read[k]![at]!;
      const x = Math.floor(at / 3);
      to[4 * (y * edge + x) + (at % 3)] = Math.min(255, Math.floor(sum / ONE)) / 127.5 - 1;
    }
  });
}

/** Pillow's fixed-point one, and a half of it (src/libImaging/Resample.c, PRECISION_BITS). */
const ONE = 2 ** 22;
const HALF = 2 ** 21;

/** The places that one of the result is made of, from `first` on, in parts of `ONE`. */
interface Shares {
  readonly first: number;
  readonly weights: readonly number[];
}

/**
 * Pillow's bilinear filter, a triangle as wide as what it makes smaller: of `to` places those that
 * are seen.
 */
function sharesOf(from: number, to: number, start: number, count: number): Shares[] {
  const scale = from / to;
  const wider = Math.max(scale, 1);
  return Array.from({ length: count }, (_, i) => {
    const centre = (start + i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - wider + 0.5));
    const end = Math.min(from, Math.trunc(centre + wider + 0.5));
    const weights = Array.from({ length: end - first }, (_, k) =>
      Math.max(0, 1 - Math.abs((first + k - centre + 0.5) / wider)),
    );
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { first, weights: weights.map((weight) => Math.trunc(0.5 + (weight / sum) * ONE)) };
  });
}

/** A row of the result, in bytes as Pillow keeps it between its two passes. */
function mixed(shares: readonly Shares[], at: (place: number, channel: number) => number): Uint8Array {
  const line = new Uint8Array(3 * shares.length);
  shares.forEach(({ first, weights }, x) => {
    for (let channel = 0; channel < 3; channel += 1) {
      let sum = HALF;
      for (let k = 0; k < weights.length; k += 1) sum += weights[k]! * at(first + k, channel);
      line[3 * x + channel] = Math.min(255, Math.floor(sum / ONE));
    }
  });
  return line;
}
