import type { UnitPictures } from "../dissect/result.ts";
import { OutputError } from "../errors.ts";
import type { Rgb } from "./colors.ts";
import type { Image, ImageEncoder } from "./image.ts";
import type { Tile, Tiles } from "./tiles.ts";
import { type MaskPainter, markEdge, maskPainter } from "./upsample.ts";

/** White pixels between the pictures of a strip (§3.7). */
const GAP = 5;
const JPEG_QUALITY = 80;
const EDGE: Rgb = [200, 200, 0];

/** A unit's pictures side by side, in the four forms of the published report. */
export interface Strips {
  /** The pictures, dimmed where the unit is off, the boundary in yellow. */
  readonly top: Image;
  readonly original: Image;
  readonly segmentation: Image;
  /** The same dimming and boundary alone, to lay over another strip: RGBA. */
  readonly mask: Image;
}

export interface StripOptions {
  /** [height, width] of the layer's feature maps. */
  readonly shape: readonly [number, number];
  /** Of all layers of a dissection. */
  readonly tiles: Tiles;
  /** Edge of each picture in the strip; that of the pictures themselves unless given. */
  readonly height?: number | undefined;
}

/**
 * Draws the strips of a layer's units one after the other (§3.7). What depends on the layer alone
 * is computed once.
 */
export class StripArtist {
  readonly #options: StripOptions;
  #size = 0;
  #paint: MaskPainter = () => {};
  #mask = new Uint8Array(0);
  #scratch = new Uint8Array(0);

  constructor(options: StripOptions) {
    this.#options = options;
  }

  /** The strips of the first `count` pictures. */
  draw({ tops, layer, unit }: UnitPictures, level: number, count = tops.length): Strips {
    const shown = tops.slice(0, count);
    const size = this.#prepare(this.#options.height ?? shown[0]?.picture.size ?? 1);
    const width = Math.max(1, shown.length * (size + GAP) - GAP);
    const strips = {
      top: blank(width, size, 3),
      original: blank(width, size, 3),
      segmentation: blank(width, size, 3),
      mask: blank(width, size, 4),
    };
    const [h, w] = this.#options.shape;
    shown.forEach(({ picture, feature }, i) => {
      if (feature.length !== h * w) {
        throw new OutputError(
          `The feature map of ${layer} unit ${unit} has ${feature.length} values, not ${h}×${w}.`,
          "",
        );
      }
      const tile = this.#options.tiles.of(picture, size);
      this.#paint(feature, level, this.#mask);
      markEdge(this.#mask, size, this.#scratch);
      const left = i * (size + GAP);
      if (i > 0) for (const strip of Object.values(strips)) whiten(strip, left - GAP);
      for (let y = 0; y < size; y++) {
        const at = (y * width + left) * 3;
        const from = y * size * 3;
        strips.original.data.set(tile.rgb.subarray(from, from + size * 3), at);
        strips.segmentation.data.set(tile.segmentation.subarray(from, from + size * 3), at);
      }
      overlay(strips, tile, this.#mask, size, left);
    });
    return strips;
  }

  #prepare(size: number): number {
    if (size !== this.#size) {
      this.#size = size;
      this.#paint = maskPainter(...this.#options.shape, size);
      this.#mask = new Uint8Array(size * size);
      this.#scratch = new Uint8Array(size * size);
    }
    return size;
  }
}

function blank(width: number, height: number, channels: 3 | 4): Image {
  return { width, height, channels, data: new Uint8Array(width * height * channels) };
}

/** The gap that begins at this column. */
function whiten({ width, height, channels, data }: Image, left: number): void {
  for (let y = 0; y < height; y++) {
    const at = (y * width + left) * channels;
    data.fill(255, at, at + GAP * channels);
  }
}

/**
 * The pixels of the mask to lay over as words, by state: outside half black, inside clear, on the
 * edge yellow.
 */
const LAID = new Uint32Array(Uint8Array.of(0, 0, 0, 127, 0, 0, 0, 0, ...EDGE, 255).buffer);

/**
 * Inside the mask the picture; outside half as bright; on the edge at least yellow. Most pixels lie
 * in long runs of one kind.
 */
function overlay({ top, mask }: Strips, { rgb, dim }: Tile, state: Uint8Array, size: number, left: number): void {
  const { data, width } = top;
  const laid = new Uint32Array(mask.data.buffer);
  for (let y = 0; y < size; y++) {
    const row = y * size;
    const at = y * width + left;
    data.set(dim.subarray(row * 3, (row + size) * 3), at * 3);
    laid.fill(LAID[0]!, at, at + size);
    for (let x = 0; x < size; ) {
      const kind = state[row + x]!;
      const from = x;
      do x++;
      while (x < size && state[row + x] === kind);
      if (kind === 0) continue;
      laid.fill(LAID[kind]!, at + from, at + x);
      if (kind === 1) data.set(rgb.subarray((row + from) * 3, (row + x) * 3), (at + from) * 3);
      else for (let i = from; i < x; i++) yellow(data, (at + i) * 3);
    }
  }
}

function yellow(data: Uint8Array, at: number): void {
  for (let c = 0; c < 3; c++) data[at + c] = Math.max(EDGE[c]!, data[at + c]!);
}

/** The first picture of a strip alone. */
function firstOf({ height, width, channels, data }: Image): Image {
  const edge = Math.min(width, height);
  const first = new Uint8Array(edge * height * channels);
  for (let y = 0; y < height; y++) {
    const from = y * width * channels;
    first.set(data.subarray(from, from + edge * channels), y * edge * channels);
  }
  return { width: edge, height, channels, data: first };
}

/**
 * A unit's eight files by their paths: the strip in `image/`, its first picture alone in `s-image/`
 * (§3.7).
 */
export async function stripFiles(
  artist: StripArtist,
  pictures: UnitPictures,
  level: number,
  encoder: ImageEncoder,
): Promise<StripFile[]> {
  const strips = artist.draw(pictures, level);
  const files: StripFile[] = [];
  for (const name of ["image", "s-image"]) {
    const only = name === "image" ? (strip: Image) => strip : firstOf;
    const { top, original, segmentation, mask } = strips;
    const path = `${name}/${pictures.unit}`;
    files.push({ path: `${path}-top.jpg`, data: await encoder.jpeg(only(top), JPEG_QUALITY) });
    files.push({ path: `${path}-orig.jpg`, data: await encoder.jpeg(only(original), JPEG_QUALITY) });
    files.push({ path: `${path}-seg.png`, data: await encoder.png(only(segmentation)) });
    files.push({ path: `${path}-mask.png`, data: await encoder.png(only(mask)) });
  }
  return files;
}

export interface StripFile {
  /** Within the layer's folder. */
  readonly path: string;
  readonly data: Uint8Array;
}
