// Tests: test/models/edits.test.ts

import { ShapeError, UsageError } from "../errors.ts";
import type { LayerInfo } from "../networks/network.ts";

/** Where an edit acts, at any resolution. */
export interface Mask {
  /** Rows of the map. */
  readonly height: number;
  /** Columns of the map. */
  readonly width: number;
  /**
   * Row-major, 1 where the edit acts in full and 0 where it does not: for all images, or one such
   * map after the other for each of a batch.
   */
  readonly data: ArrayLike<number>;
  /**
   * What becomes of a layer's cell that several of its pixels fall into: their largest (as in
   * GANPaint) unless given.
   */
  readonly pooling?: MaskPooling;
}

/** How several pixels of a mask become a layer's cell: the largest of them, or their mean. */
export type MaskPooling = "max" | "mean";

/**
 * A mask as a layer's cells, checked and pooled once, so that setting an edit again costs neither:
 * `Generator.poolMask` makes it. What becomes of the numbers that it was made of is nothing to it.
 */
export interface PooledMask {
  /** The layer that it was pooled for; edits of others refuse it. */
  readonly layer: string;
  /** Row-major [h · w] of the layer, 0…1: one map for all images, or one for each of a batch. */
  readonly maps: readonly Float32Array[];
}

/** Whether something can have so many rows and columns. */
export const isExtent = ({ height, width }: Pick<Mask, "height" | "width">): boolean =>
  [height, width].every((edge) => Number.isInteger(edge) && edge >= 1);

/**
 * A map [height, width] pooled to [rows, columns] like PyTorch's `adaptive_max_pool2d` and
 * `adaptive_avg_pool2d`: cell i covers ⌊i H/h⌋ … ⌈(i + 1) H/h⌉, so that cells may share pixels, or
 * repeat them where the map is the smaller one (spec §6.2).
 * @throws ShapeError when the map has other than height · width numbers, or its edges are no whole
 *   numbers.
 */
export function adaptivePool(
  { height, width, data, pooling = "max" }: Mask,
  rows: number,
  columns: number,
): Float32Array<ArrayBuffer> {
  if (!isExtent({ height, width }) || data.length !== height * width) {
    throw new ShapeError(`A mask of ${height} × ${width} cannot have ${data.length} values.`, "Give one a pixel.");
  }
  const pooled = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row += 1) {
    const [top, bottom] = span(row, rows, height);
    for (let column = 0; column < columns; column += 1) {
      const [left, right] = span(column, columns, width);
      let most = Number.NEGATIVE_INFINITY;
      let sum = 0;
      for (let y = top; y < bottom; y += 1) {
        for (let x = left; x < right; x += 1) {
          most = Math.max(most, data[y * width + x]!);
          sum += data[y * width + x]!;
        }
      }
      pooled[row * columns + column] = pooling === "max" ? most : sum / ((bottom - top) * (right - left));
    }
  }
  return pooled;
}

/** Height and width of images, and of what layers cover. */
interface Cropping {
  readonly height: number;
  readonly width: number;
  readonly uncropped: readonly [height: number, width: number];
}

/** A mask of cropped images as one of all that layers cover, which begins at the same corner. */
export function uncropped(mask: Mask, generator: Cropping): Mask {
  const [high, wide] = generator.uncropped;
  if (high === generator.height && wide === generator.width) return mask;
  const scale = mask.width / generator.width;
  const [height, width] = [Math.round(high * scale), Math.round(wide * scale)];
  const data = new Float32Array(height * width);
  for (let row = 0; row < mask.height; row += 1) {
    for (let column = 0; column < mask.width; column += 1)
      data[row * width + column] = mask.data[row * mask.width + column]!;
  }
  return { ...mask, height, width, data };
}

const span = (cell: number, cells: number, extent: number): readonly [first: number, end: number] => [
  Math.floor((cell * extent) / cells),
  Math.ceil(((cell + 1) * extent) / cells),
];

/** Whether a number is a share of something. */
export const isFraction = (value: number): boolean => value >= 0 && value <= 1;

/**
 * A mask at a layer's resolution, for n images or, if it is not said, for as many as it has maps.
 * @throws UsageError, ShapeError for what is no mask, or not of so many images.
 */
export function poolMask(
  mask: ArrayLike<number> | Mask,
  { name, height, width }: Pick<LayerInfo, "name" | "height" | "width">,
  n?: number,
): PooledMask {
  // Types do not keep JavaScript from giving `null`, or anything else.
  const given: Partial<Mask> = typeof mask === "object" && mask && "data" in mask ? mask : { data: mask };
  const { data: numbers, ...how } = { height, width, ...given };
  if (typeof numbers !== "object" || typeof numbers?.length !== "number") {
    throw new UsageError(`A mask for ${name} has no values.`, "Leave it out to edit everywhere.");
  }
  if (!isExtent(how)) {
    throw new ShapeError(`A mask of ${how.height} × ${how.width} makes no sense.`, "Use whole numbers from 1.");
  }
  const pixels = how.height * how.width;
  const { length } = numbers;
  if (length === 0 || length % pixels !== 0 || ![1, n ?? length / pixels].includes(length / pixels)) {
    throw new ShapeError(
      `A mask for ${name} has ${pixels} values${n === 1 ? "" : ` or ${n ?? "n"} times as many`}, not ${length}.`,
      "Give one value a pixel.",
    );
  }
  const data = Float32Array.from(numbers);
  const wrong = data.find((value) => !isFraction(value));
  if (wrong !== undefined) {
    throw new UsageError(`A mask for ${name} has a value of ${wrong}.`, "Use 0…1; divide bytes by 255.");
  }
  const maps = Array.from({ length: length / pixels }, (_, image) =>
    adaptivePool({ ...how, data: data.subarray(image * pixels, (image + 1) * pixels) }, height, width),
  );
  return { layer: name, maps };
}

/** The map of each of n images of an edit's mask, which is everywhere where there is none. */
export function mapsFor(
  mask: ArrayLike<number> | Mask | PooledMask | undefined,
  layer: LayerInfo,
  n: number,
): Float32Array[] {
  const { name, height, width } = layer;
  if (mask === undefined) return new Array(n).fill(new Float32Array(height * width).fill(1));
  const isPooled = typeof mask === "object" && mask !== null && "maps" in mask;
  const { layer: of, maps } = isPooled ? mask : poolMask(mask, layer, n);
  if (of !== name) {
    throw new UsageError(`A mask of ${of} is none of ${name}.`, "Pool it for the layer that is edited.");
  }
  if (maps.length !== 1 && maps.length !== n) {
    throw new ShapeError(`A mask of ${maps.length} images is none of ${n}.`, "Give one map, or one an image.");
  }
  return Array.from({ length: n }, (_, image) => maps[image % maps.length]!);
}
