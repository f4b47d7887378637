import type { SamplePicture } from "../dissect/result.ts";
import type { Rgb } from "./colors.ts";
import type { Extent } from "./extents.ts";
import { resizeNearest, resizeRgb } from "./image.ts";
import { flattenLabels } from "./segmentation.ts";

/** A picture as strips show it, in their size. */
export interface Tile {
  readonly height: number;
  readonly width: number;
  readonly rgb: Uint8Array;
  /** Half as bright. */
  readonly dim: Uint8Array;
  /** The labels in their colours. */
  readonly segmentation: Uint8Array;
}

const BLACK: Rgb = [0, 0, 0];

/** Bytes of tiles that are kept: a hundred of 256 pixels. */
const KEPT_BYTES = 64 * 2 ** 20;

/**
 * Pictures resized and coloured once for the units that share them. The last used are kept, as many
 * as fit: ten thousand pictures in gandissect's size would take six gigabytes.
 */
export class Tiles {
  readonly #labelExtent: Extent;
  readonly #colors: readonly Rgb[];
  readonly #most: number;
  readonly #tiles = new Map<SamplePicture, Tile>();
  #bytes = 0;

  constructor(
    /** Of the label maps. */
    labelExtent: Extent,
    /** Of each label. */
    colors: readonly Rgb[],
    bytes = KEPT_BYTES,
  ) {
    this.#labelExtent = labelExtent;
    this.#colors = colors;
    this.#most = bytes;
  }

  /** Bytes of what is kept now. */
  get bytes(): number {
    return this.#bytes;
  }

  of(picture: SamplePicture, [height, width]: Extent): Tile {
    const known = this.#tiles.get(picture);
    if (known) this.#forget(picture, known);
    const tile = known?.height === height && known.width === width ? known : this.#draw(picture, [height, width]);
    this.#tiles.set(picture, tile);
    this.#bytes += bytesOf(tile);
    for (const [oldest, its] of this.#tiles) {
      if (this.#bytes <= this.#most || oldest === picture) break;
      this.#forget(oldest, its);
    }
    return tile;
  }

  #forget(picture: SamplePicture, tile: Tile): void {
    this.#tiles.delete(picture);
    this.#bytes -= bytesOf(tile);
  }

  #draw(picture: SamplePicture, extent: Extent): Tile {
    const labels = resizeNearest(flattenLabels(picture, this.#labelExtent), this.#labelExtent, extent);
    const segmentation = new Uint8Array(labels.length * 3);
    for (let i = 0; i < labels.length; i++) {
      const [red, green, blue] = this.#colors[labels[i]!] ?? BLACK;
      segmentation[i * 3] = red;
      segmentation[i * 3 + 1] = green;
      segmentation[i * 3 + 2] = blue;
    }
    const rgb = resizeRgb(picture.rgb, [picture.height, picture.width], extent);
    const [height, width] = extent;
    return { height, width, rgb, dim: rgb.map((value) => value >> 1), segmentation };
  }
}

const bytesOf = ({ rgb, dim, segmentation }: Tile): number => rgb.length + dim.length + segmentation.length;
