import type { SamplePicture, UnitPictures } from "../dissect/result.ts";
import type { Extent } from "./extents.ts";
import { type ImageEncoder, resizeNearest, resizeRgb, resizeRgbNearest } from "./image.ts";
import { toBase64 } from "./packed.ts";
import { labelMapsOf } from "./segmentation.ts";

const JPEG_QUALITY = 85;

/** How a page shows pictures. */
export interface PageDrawing {
  /** Pictures a unit. */
  readonly examples: number;
  /** Height and width of the pictures, and of their label maps. */
  readonly shape: Extent;
  /** Height and width of label maps. */
  readonly labelShape: Extent;
  /** Longer edge of the largest feature map. */
  readonly featureSize: number;
  /** Bytes of one label. */
  readonly labelBytes: 1 | 2;
  /** Label maps of each picture. */
  readonly channels: number;
  /** Pictures are of tiles, whose edges and colours are kept: PNGs, not JPEGs. */
  readonly tiles: boolean;
}

/** A unit's feature maps as a page holds them: activation = level + scale × byte. */
export interface PageFeatures {
  /** Activation that one step of a byte stands for. */
  readonly scale: number;
  /** Signed, `[images, height, width]`. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A picture as a page holds it. */
export interface EmbeddedPicture {
  /** A JPEG, or a PNG of tiles, in base64. */
  readonly file: string;
  /** One map after the other. */
  readonly labels: readonly Uint8Array<ArrayBuffer>[];
}

/** The first feature maps of a unit, one signed byte a value. */
export function pageFeatures(
  { tops }: UnitPictures,
  level: number,
  shape: readonly [number, number],
  { examples, featureSize }: PageDrawing,
): PageFeatures {
  const [h, w] = pageShape(shape, featureSize);
  const maps = tops.slice(0, examples).map(({ feature }) => average(feature, shape, [h, w]));
  let farthest = 0;
  for (const map of maps) for (const value of map) farthest = Math.max(farthest, Math.abs(value - level));
  const scale = farthest / 127 || 1;
  const bytes = new Int8Array(maps.length * h * w);
  let at = 0;
  for (const map of maps) for (const value of map) bytes[at++] = toByte((value - level) / scale);
  return { scale, bytes: new Uint8Array(bytes.buffer) };
}

/** A picture and its label maps in the page's sizes. */
export async function embedPicture(
  picture: SamplePicture,
  labelExtent: Extent,
  { shape, labelShape, labelBytes, channels, tiles }: PageDrawing,
  encoder: ImageEncoder,
): Promise<EmbeddedPicture> {
  const data = (tiles ? resizeRgbNearest : resizeRgb)(picture.rgb, [picture.height, picture.width], shape);
  const [height, width] = shape;
  const image = { width, height, channels: 3, data } as const;
  const file = toBase64(await (tiles ? encoder.png(image) : encoder.jpeg(image, JPEG_QUALITY)));
  const labels = labelMapsOf(picture, labelExtent, channels).map((map) => {
    const resized = resizeNearest(map, labelExtent, labelShape);
    return labelBytes === 1 ? new Uint8Array(resized) : new Uint8Array(new Uint16Array(resized).buffer);
  });
  return { file, labels };
}

/** The shape of the feature maps in the page: the largest whole fraction that is small enough. */
export function pageShape([height, width]: readonly [number, number], largest: number): [number, number] {
  return [shrink(height), shrink(width)];

  function shrink(edge: number): number {
    const factor = Math.ceil(edge / largest);
    return Math.ceil(edge / factor);
  }
}

/** Box average of a feature map; the map itself when the shapes agree. */
function average(
  map: Float32Array,
  [height, width]: readonly [number, number],
  [h, w]: readonly [number, number],
): Float32Array {
  if (h === height && w === width) return map;
  const out = new Float32Array(h * w);
  const count = new Float32Array(h * w);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const to = Math.floor((y * h) / height) * w + Math.floor((x * w) / width);
      out[to]! += map[y * width + x]!;
      count[to]!++;
    }
  }
  return out.map((sum, i) => sum / count[i]!);
}

/** To the nearest signed byte, but never onto the level: what is above it stays above. */
function toByte(value: number): number {
  if (!Number.isFinite(value)) return 0;
  return Math.max(-127, Math.min(127, Math.round(value) || Math.sign(value)));
}
