// Tests: test/models/edits.test.ts

import { ShapeError } from "../errors.ts";

/** Where an edit acts, at any resolution. */
export interface Mask {
  readonly height: number;
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

export type MaskPooling = "max" | "mean";

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

const span = (cell: number, cells: number, extent: number): readonly [first: number, end: number] => [
  Math.floor((cell * extent) / cells),
  Math.ceil(((cell + 1) * extent) / cells),
];
