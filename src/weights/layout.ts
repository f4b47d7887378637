import { WeightsError } from "../errors.ts";

/** How a tensor lies in its storage; strides and offset count elements, as in PyTorch. */
export interface Layout {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

/** PyTorch and NumPy stop at 64 dimensions. */
const MAX_RANK = 64;
/**
 * Zero strides repeat elements, so a tiny file can ask for a huge tensor; this many (32 MiB of
 * float32) are granted anyway.
 */
const MAX_REPEATED = 2 ** 23;

/**
 * Number of elements of a shape.
 * @throws WeightsError `weights-shape` when a size is no whole number or the product leaves the
 *   safe range.
 */
export function elementCount(shape: readonly number[], name: string): number {
  if (shape.length > MAX_RANK) throw misfit(name, `has ${shape.length} dimensions`);
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) throw misfit(name, `has the impossible shape [${shape}]`);
    count *= size;
  }
  // Past the safe range the product is inexact, and 0 × ∞ is NaN: both are refused here.
  if (!Number.isSafeInteger(count)) throw misfit(name, `has the impossible shape [${shape}]`);
  return count;
}

/** Strides of a C-contiguous (row-major) or Fortran-ordered tensor. */
export function contiguousStrides(shape: readonly number[], order: "C" | "F" = "C"): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let i = 0; i < shape.length; i++) {
    const axis = order === "C" ? shape.length - 1 - i : i;
    strides[axis] = step;
    step *= Math.max(1, shape[axis]!);
  }
  return strides;
}

/**
 * Whether elements follow each other in row-major order; the stride of an axis of size one does not
 * matter.
 */
export function isContiguous({ shape, strides }: Layout): boolean {
  const wanted = contiguousStrides(shape);
  return shape.every((size, axis) => size === 1 || strides[axis] === wanted[axis]);
}

/**
 * Elements [start, end) of the storage that the tensor touches, after checking that the storage has
 * them.
 * @param available elements in the storage
 * @throws WeightsError `weights-shape`.
 */
export function elementRange(layout: Layout, available: number, name: string): { start: number; end: number } {
  const { shape, strides, offset } = layout;
  const count = elementCount(shape, name);
  if (strides.length !== shape.length) throw misfit(name, `has ${shape.length} sizes but ${strides.length} strides`);
  for (const position of [offset, ...strides]) {
    if (!Number.isSafeInteger(position) || position < 0) {
      throw misfit(name, `has the impossible offset ${offset} or strides [${strides}]`);
    }
  }
  if (count === 0) return { start: 0, end: 0 };
  let last = offset;
  for (const [axis, size] of shape.entries()) last += (size - 1) * strides[axis]!;
  // Sums only grow, so a sum that left the safe range is also larger than any storage.
  if (last >= available) {
    throw misfit(name, `reaches element ${last} of a storage of ${available} (shape [${shape}], strides [${strides}])`);
  }
  if (count > available && count > MAX_REPEATED) {
    throw misfit(name, `repeats a storage of ${available} elements to shape [${shape}]`);
  }
  return { start: offset, end: last + 1 };
}

/**
 * Copies a strided tensor into `gathered` in C-contiguous order. `layout` must have passed
 * `elementRange` for `storage.length`.
 */
export function gather<T extends Float32Array | Float64Array>(storage: T, layout: Layout, gathered: T): T {
  const { shape, strides } = layout;
  const inner = shape.length - 1;
  const innerSize = shape[inner] ?? 1;
  const innerStride = strides[inner] ?? 0;
  const index = new Array<number>(Math.max(0, inner)).fill(0);
  let row = layout.offset;
  for (let at = 0; at < gathered.length; at += innerSize) {
    for (let i = 0; i < innerSize; i++) gathered[at + i] = storage[row + i * innerStride]!;
    // Advance the outer index like an odometer.
    for (let axis = inner - 1; axis >= 0; axis--) {
      row += strides[axis]!;
      index[axis]! += 1;
      if (index[axis]! < shape[axis]!) break;
      row -= index[axis]! * strides[axis]!;
      index[axis] = 0;
    }
  }
  return gathered;
}

function misfit(name: string, what: string): WeightsError {
  return new WeightsError(
    "weights-shape",
    `Tensor "${name}" ${what}.`,
    "The file is damaged or was not written by torch.save, NumPy or safetensors.",
  );
}
