import type { UnitQuantiles } from "../dissect/unit-quantiles.ts";
import { ShapeError, UsageError } from "../errors.ts";
import { withFittingBatch } from "../models/batch-size.ts";
import { checkNames, type NamesOf } from "../names.ts";
import type { Device } from "../runtime/device.ts";
import { drawTiles, MAX_TILES, type Tile } from "../runtime/draw.ts";
import type { Extent } from "../runtime/graph.ts";
import { Scope } from "../runtime/scope.ts";
import { Tensor } from "../runtime/tensor.ts";
import { unitsAt } from "./units-at.ts";

/** How units are drawn. */
export interface UnitView {
  /**
   * "heat", the activations as colours; "overlay", these over the image; "outline", the image, with
   * a yellow line around what is above the unit's level and the rest half as bright. "heat" unless
   * given.
   */
  readonly view?: "heat" | "overlay" | "outline";
  /** The longer edge in pixels; 72 unless given. */
  readonly size?: number;
  /** Each unit's level, by unit, for outlines; with `quantiles` their 0.99 unless given. */
  readonly levels?: ArrayLike<number>;
  /**
   * The layer's, so that colours go from a unit's 1 % to its 99 %; from 0 to its largest in the
   * image without.
   */
  readonly quantiles?: Pick<UnitQuantiles, "units" | "quantile" | "levels">;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Which units of a batch are drawn, and in which of its images. */
export interface ThumbnailsOptions extends UnitView {
  /** In the order in which they are wanted; all unless given. */
  readonly units?: readonly number[];
  /** Which image of the batch, or of each unit which; 0 unless given. */
  readonly image?: number | readonly number[];
  /** The images of the same run, to lay units over. */
  readonly pictures?: Tensor<"f32">;
  /** How many are drawn at once; 32 unless given. */
  readonly batch?: number;
  /**
   * How much of the layer's height and width images show, where they are cropped; 1 unless given.
   */
  readonly cover?: Extent;
}

export const VIEW_NAMES: NamesOf<UnitView> = { view: true, size: true, levels: true, quantiles: true, signal: true };
const NAMES: NamesOf<ThumbnailsOptions> = {
  ...VIEW_NAMES,
  units: "list",
  image: true,
  pictures: true,
  batch: true,
  cover: true,
};

/** A picture of a unit: RGBA bytes, row by row, as `ImageData` takes them. */
export interface Thumbnail {
  /** Channel of the layer, from 0. */
  readonly unit: number;
  /** Number of the image in the batch; of the seed, from `lassos`. */
  readonly image: number;
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  /** As long as 4 · width · height; opaque. */
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;
}

/** How much of the image heat covers where it is greatest. */
const OPACITY = 0.8;
/** The longest edge: a page's tile is smaller, and so many fit a texture everywhere. */
const MAX_SIZE = 1024;
/** Pixels of a texture's row are copied by whole 256 bytes. */
const ROW_PIXELS = 64;
/** Edge of the texture that a batch is drawn on, at most. */
const MAX_EDGE = 4096;
/** The level of units, and the range of their colours, among their activations. */
const LEVEL = 0.99;
const RANGE = [0.01, 0.99] as const;

/**
 * Pictures of a layer's units, in the order asked for: heat maps, over the image, or its outlines.
 * A batch is drawn side by side in one submit, and read back as it is wanted.
 *
 * @param features [n, h, w, c], as a run retained them; they are to stay until the last picture
 *
 * @throws ShapeError, UsageError for units, images or levels that there are not; the signal's
 *   reason.
 */
export async function* thumbnails(
  features: Tensor<"f32">,
  options: ThumbnailsOptions = {},
): AsyncGenerator<Thumbnail, void, undefined> {
  checkNames("thumbnails", options, NAMES);
  const { view = "heat", pictures, cover = [1, 1], signal } = options;
  const { units, images, size, most } = wanted(features, options);
  signal?.throwIfAborted();
  const tiles = await tilesOf(features, units, images, options);
  const { device } = features;
  const [height, width] = extentOf(pictures ?? features, size);
  const opacity = view === "outline" ? 0 : OPACITY;
  const drawing = {
    map: features,
    colors: "heat",
    smooth: true,
    over: view === "heat" ? undefined : { picture: pictures!, opacity },
    cover,
  } as const;
  const atlas = await withFittingBatch(device, most, (batch) => atlasOf(device, batch, [height, width]));
  try {
    const { texture, bytes, surface, columns, batch } = atlas;
    const { width: edge } = surface;
    for (let first = 0; first < tiles.length; first += batch) {
      signal?.throwIfAborted();
      const some = tiles.slice(first, first + batch);
      drawTiles(device, surface, drawing, some, { columns, width, height }, (encoder) => {
        const whole = [edge, surface.height] as const;
        encoder.copyTextureToBuffer({ texture }, { buffer: bytes.buffer, bytesPerRow: 4 * edge }, whole);
      });
      const all = await bytes.read(edge * height * Math.ceil(some.length / columns));
      for (const [i, { channel, image }] of some.entries()) {
        signal?.throwIfAborted();
        const place = [height * Math.floor(i / columns), width * (i % columns)] as const;
        yield { unit: channel, image, width, height, rgba: cut(all, edge, place, [height, width]) };
      }
    }
  } finally {
    atlas.dispose();
  }
}

/** What a batch of tiles is drawn on, and read from. */
async function atlasOf(device: Device, most: number, [height, width]: Extent) {
  const columns = Math.min(most, Math.floor(MAX_EDGE / width));
  const rows = Math.min(Math.ceil(most / columns), Math.floor(MAX_EDGE / height));
  const edge = ROW_PIXELS * Math.ceil((columns * width) / ROW_PIXELS);
  const size = [edge, rows * height] as const;
  const scope = new Scope();
  try {
    const { texture, bytes } = await device.allocating("thumbnails", () => {
      const texture = device.gpu.createTexture({ label: "thumbnails", size, format: "rgba8unorm", usage: 0x1 | 0x10 });
      scope.own({ dispose: () => texture.destroy() });
      return { texture, bytes: scope.own(Tensor.create(device, "thumbnails", [rows * height, edge], "u32")) };
    });
    const surface = { view: texture.createView(), format: "rgba8unorm", width: edge, height: rows * height } as const;
    return { texture, bytes, surface, columns, batch: Math.min(most, columns * rows), dispose: () => scope.dispose() };
  } catch (error) {
    scope.dispose();
    throw error;
  }
}

/** What is asked for, checked. */
function wanted(
  features: Tensor<"f32">,
  { view = "heat", size = 72, pictures, batch = 32, image = 0, ...options }: ThumbnailsOptions,
): {
  readonly units: readonly number[];
  readonly images: readonly number[];
  readonly size: number;
  readonly most: number;
} {
  const [n = 0, , , stored = 0] = features.shape;
  const channels = options.quantiles?.units ?? stored;
  if (features.shape.length !== 4 || channels > stored) {
    throw new ShapeError(`[${features.shape}] are no features of ${channels} units.`, "Give [n, h, w, c] of a layer.");
  }
  if (view !== "heat" && view !== "overlay" && view !== "outline") {
    throw new UsageError(`There is no view "${view}".`, 'Use "heat", "overlay" or "outline".');
  }
  if (view !== "heat" && (pictures?.shape.length !== 4 || pictures.shape[0] !== n || pictures.shape[3]! < 3)) {
    throw new ShapeError(
      `[${pictures?.shape ?? "nothing"}] are not the images of [${features.shape}].`,
      "Give `pictures`: [n, h, w, RGB] of the same run.",
    );
  }
  for (const [name, value, most] of [["size", size, MAX_SIZE] as const, ["batch", batch, MAX_TILES] as const]) {
    if (Number.isInteger(value) && value >= 1 && value <= most) continue;
    throw new UsageError(`A ${name} of ${value} makes no sense.`, `Use a whole number from 1 to ${most}.`);
  }
  const units = options.units ?? Array.from({ length: channels }, (_, unit) => unit);
  const images = typeof image === "number" ? units.map(() => image) : image;
  if (images.length !== units.length) {
    throw new ShapeError(`${images.length} images are not one of each of ${units.length} units.`, "Give one a unit.");
  }
  const outside = (value: number, end: number): boolean => !Number.isInteger(value) || value < 0 || value >= end;
  for (const unit of units) {
    if (outside(unit, channels)) throw new UsageError(`There is no unit ${unit}.`, `Units are 0…${channels - 1}.`);
  }
  for (const one of images) {
    if (outside(one, n)) throw new UsageError(`There is no image ${one}.`, `The batch has images 0…${n - 1}.`);
  }
  // No more than there are: the texture is as large as a batch.
  return { units, images, size, most: Math.max(1, Math.min(batch, units.length)) };
}

/** Each unit with its colours' range and its level. */
async function tilesOf(
  features: Tensor<"f32">,
  units: readonly number[],
  images: readonly number[],
  { view, levels, quantiles, signal }: ThumbnailsOptions,
): Promise<Tile[]> {
  const outlined = view === "outline" ? (levels ?? quantiles?.levels(LEVEL)) : undefined;
  if (view === "outline") {
    const without = units.find((unit) => !Number.isFinite(outlined?.[unit]));
    if (without !== undefined) {
      throw new UsageError(`Unit ${without} has no level to outline.`, "Give `levels`, one a unit, or `quantiles`.");
    }
    return units.map((channel, i) => ({ channel, image: images[i]!, range: [0, 1], level: outlined![channel]! }));
  }
  if (quantiles) {
    const [low, high] = RANGE.map((quantile) => quantiles.levels(quantile));
    return units.map((channel, i) => ({ channel, image: images[i]!, range: [low![channel]!, high![channel]!] }));
  }
  const largest = new Map<number, Float32Array>();
  for (const image of new Set(images)) largest.set(image, (await unitsAt(features, { image, signal })).max);
  return units.map((channel, i) => {
    const most = largest.get(images[i]!)![channel]!;
    return { channel, image: images[i]!, range: [0, most > 0 ? most : 1] };
  });
}

/** Of a picture whose longer edge has this many pixels. */
function extentOf({ shape }: Tensor, size: number): Extent {
  const [, height = 1, width = 1] = shape;
  const scale = size / Math.max(height, width);
  return [Math.max(1, Math.round(scale * height)), Math.max(1, Math.round(scale * width))];
}

/** A part of an atlas of RGBA words, `edge` to a row. */
function cut(
  atlas: Uint32Array<ArrayBuffer>,
  edge: number,
  [top, left]: Extent,
  [height, width]: Extent,
): Uint8ClampedArray<ArrayBuffer> {
  const words = new Uint32Array(height * width);
  for (let y = 0; y < height; y += 1) {
    const start = (top + y) * edge + left;
    words.set(atlas.subarray(start, start + width), y * width);
  }
  return new Uint8ClampedArray(words.buffer);
}
