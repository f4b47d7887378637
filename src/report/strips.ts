import type { SamplePicture, UnitPictures } from "../dissect/result.ts";
import { OutputError } from "../errors.ts";
import type { Rgb } from "./colors.ts";
import type { Folder } from "./folder.ts";
import { type Image, type ImageEncoder, resizeNearest, resizeRgb } from "./image.ts";
import { flattenLabels } from "./segmentation.ts";
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
  readonly segmentationSize: number;
  /** The colour of each label. */
  readonly colors: readonly Rgb[];
  /** Edge of each picture in the strip; that of the pictures themselves unless given. */
  readonly height?: number | undefined;
}

/**
 * Draws the strips of a layer's units one after the other (§3.7). What depends on the layer alone is computed once, and
 * pictures that several units share are resized and coloured once.
 */
export class StripArtist {
  readonly #options: StripOptions;
  readonly #tiles = new WeakMap<SamplePicture, Tile>();
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
      const tile = this.#tile(picture);
      this.#paint(feature, level, this.#mask);
      markEdge(this.#mask, size, this.#scratch);
      const left = i * (size + GAP);
      for (let y = 0; y < size; y++) {
        const at = (y * width + left) * 3;
        const from = y * size * 3;
        strips.original.data.set(tile.rgb.subarray(from, from + size * 3), at);
        strips.segmentation.data.set(tile.segmentation.subarray(from, from + size * 3), at);
      }
      overlay(strips.top.data, strips.mask.data, tile.rgb, this.#mask, size, width, left);
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

  #tile(picture: SamplePicture): Tile {
    const known = this.#tiles.get(picture);
    if (known?.size === this.#size) return known;
    const { segmentationSize, colors } = this.#options;
    const labels = resizeNearest(flattenLabels(picture, segmentationSize), segmentationSize, this.#size);
    const segmentation = new Uint8Array(labels.length * 3);
    labels.forEach((label, i) => {
      segmentation.set(colors[label] ?? [0, 0, 0], i * 3);
    });
    const tile = { size: this.#size, rgb: resizeRgb(picture.rgb, picture.size, this.#size), segmentation };
    this.#tiles.set(picture, tile);
    return tile;
  }
}

interface Tile {
  readonly size: number;
  readonly rgb: Uint8Array;
  readonly segmentation: Uint8Array;
}

function blank(width: number, height: number, channels: 3 | 4): Image {
  return { width, height, channels, data: new Uint8Array(width * height * channels).fill(255) };
}

/** Inside the mask the picture; outside half as bright; on the edge at least yellow. */
function overlay(
  top: Uint8Array,
  mask: Uint8Array,
  rgb: Uint8Array,
  state: Uint8Array,
  size: number,
  width: number,
  left: number,
): void {
  for (let y = 0; y < size; y++) {
    let source = y * size;
    let target = y * width + left;
    for (let x = 0; x < size; x++, source++, target++) {
      const [s, t, m] = [source * 3, target * 3, target * 4];
      const kind = state[source];
      for (let c = 0; c < 3; c++) {
        const value = rgb[s + c]!;
        top[t + c] = kind === 1 ? value : kind === 2 ? Math.max(EDGE[c]!, value >> 1) : value >> 1;
        mask[m + c] = kind === 2 ? EDGE[c]! : 0;
      }
      mask[m + 3] = kind === 1 ? 0 : kind === 2 ? 255 : 127;
    }
  }
}

/** Writes a unit's eight files: the strip to `image/`, its first picture alone to `s-image/` (§3.7). */
export async function writeStrips(
  folder: Folder,
  artist: StripArtist,
  pictures: UnitPictures,
  level: number,
  encoder: ImageEncoder,
): Promise<void> {
  const forms = [
    ["image", artist.draw(pictures, level)],
    ["s-image", artist.draw(pictures, level, 1)],
  ] as const;
  for (const [name, { top, original, segmentation, mask }] of forms) {
    const path = `${name}/${pictures.unit}`;
    await folder.write(`${path}-top.jpg`, await encoder.jpeg(top, JPEG_QUALITY));
    await folder.write(`${path}-orig.jpg`, await encoder.jpeg(original, JPEG_QUALITY));
    await folder.write(`${path}-seg.png`, await encoder.png(segmentation));
    await folder.write(`${path}-mask.png`, await encoder.png(mask));
  }
}
