import type { UnitPictures } from "../dissect/result.ts";
import { OutputError } from "../errors.ts";
import type { Rgb } from "./colors.ts";
import type { Extent, Placed } from "./extents.ts";
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
  /** Where on pictures the maps lie; all over them unless given. */
  readonly placed?: Placed;
  /** Of each picture in the strip; that of the pictures themselves unless given. */
  readonly height?: number | undefined;
}

/** A picture's extent in strips of this height; its own unless given. */
export const stripExtent = ([height, width]: Extent, wanted = height): Extent => [
  wanted,
  Math.max(1, Math.round((wanted * width) / height)),
];

/**
 * Draws the strips of a layer's units one after the other (§3.7). What depends on the layer alone
 * is computed once.
 */
export class StripArtist {
  readonly #options: StripOptions;
  #extent: Extent = [0, 0];
  #paint: MaskPainter = () => {};
  #mask = new Uint8Array(0);
  #scratch = new Uint8Array(0);

  constructor(options: StripOptions) {
    this.#options = options;
  }

  /** The strips of the first `count` pictures. */
  draw({ tops, layer, unit }: UnitPictures, level: number, count = tops.length): Strips {
    const shown = tops.slice(0, count);
    const picture = shown[0]?.picture ?? { height: 1, width: 1 };
    const extent = stripExtent([picture.height, picture.width], this.#options.height);
    const [height, each] = extent;
    this.#prepare(extent);
    const width = Math.max(1, shown.length * (each + GAP) - GAP);
    const strips = {
      top: blank(width, height, 3),
      original: blank(width, height, 3),
      segmentation: blank(width, height, 3),
      mask: blank(width, height, 4),
    };
    const [h, w] = this.#options.shape;
    shown.forEach(({ picture, feature }, i) => {
      if (feature.length !== h * w) {
        throw new OutputError(
          `The feature map of ${layer} unit ${unit} has ${feature.length} values, not ${h}×${w}.`,
          "",
        );
      }
      const tile = this.#options.tiles.of(picture, extent);
      this.#paint(feature, level, this.#mask);
      markEdge(this.#mask, extent, this.#scratch);
      const left = i * (each + GAP);
      if (i > 0) for (const strip of Object.values(strips)) whiten(strip, left - GAP);
      for (let y = 0; y < height; y++) {
        const at = (y * width + left) * 3;
        const from = y * each * 3;
        strips.original.data.set(tile.rgb.subarray(from, from + each * 3), at);
        strips.segmentation.data.set(tile.segmentation.subarray(from, from + each * 3), at);
      }
      overlay(strips, tile, this.#mask, left);
    });
    return strips;
  }

  #prepare(extent: Extent): void {
    const [height, width] = extent;
    if (height === this.#extent[0] && width === this.#extent[1]) return;
    this.#extent = extent;
    this.#paint = maskPainter(this.#options.shape, extent, this.#options.placed);
    this.#mask = new Uint8Array(height * width);
    this.#scratch = new Uint8Array(height * width);
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
function overlay({ top, mask }: Strips, { rgb, dim, ...tile }: Tile, state: Uint8Array, left: number): void {
  const { data, width } = top;
  const laid = new Uint32Array(mask.data.buffer);
  for (let y = 0; y < tile.height; y++) {
    const row = y * tile.width;
    const at = y * width + left;
    data.set(dim.subarray(row * 3, (row + tile.width) * 3), at * 3);
    laid.fill(LAID[0]!, at, at + tile.width);
    for (let x = 0; x < tile.width; ) {
      const kind = state[row + x]!;
      const from = x;
      do x++;
      while (x < tile.width && state[row + x] === kind);
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

/** The first picture of a strip alone, as wide as one is. */
function firstOf({ height, width, channels, data }: Image, one: number): Image {
  const first = new Uint8Array(one * height * channels);
  for (let y = 0; y < height; y++) {
    const from = y * width * channels;
    first.set(data.subarray(from, from + one * channels), y * one * channels);
  }
  return { width: one, height, channels, data: first };
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
  const { length } = pictures.tops;
  const one = length > 0 ? (strips.top.width + GAP) / length - GAP : strips.top.width;
  const files: StripFile[] = [];
  for (const name of ["image", "s-image"]) {
    const only = name === "image" ? (strip: Image) => strip : (strip: Image) => firstOf(strip, one);
    const { top, original, segmentation, mask } = strips;
    const path = `${name}/${pictures.unit}`;
    files.push({ path: `${path}-top.jpg`, data: await encoder.jpeg(only(top), JPEG_QUALITY) });
    files.push({ path: `${path}-orig.jpg`, data: await encoder.jpeg(only(original), JPEG_QUALITY) });
    files.push({ path: `${path}-seg.png`, data: await encoder.png(only(segmentation)) });
    files.push({ path: `${path}-mask.png`, data: await encoder.png(only(mask)) });
  }
  return files;
}

/** A file of a unit's strips. */
export interface StripFile {
  /** Within the layer's folder. */
  readonly path: string;
  /** A JPEG or a PNG. */
  readonly data: Uint8Array;
}
