import { contiguousStrides } from "../../weights/layout.ts";

// Tests: test/networks/onnx/fold.test.ts

/** How many elements a shape has. */
export const count = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);

/** Row-major steps of each axis, 0 along those of extent 1: for reading beside a larger shape. */
export function broadcastStrides(shape: readonly number[], rank: number): number[] {
  const steps = contiguousStrides(shape);
  return Array.from({ length: rank }, (_, axis) => {
    const own = axis - rank + shape.length;
    return own >= 0 && shape[own] !== 1 ? steps[own]! : 0;
  });
}

/**
 * For each element of a shape, in row-major order, where steps of these lengths lead from `offset`.
 */
export function* positions(shape: readonly number[], strides: readonly number[], offset = 0): Generator<number> {
  const total = count(shape);
  const index = new Array<number>(shape.length).fill(0);
  let at = offset;
  for (let i = 0; i < total; i += 1) {
    yield at;
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      at += strides[axis]!;
      index[axis]! += 1;
      if (index[axis]! < shape[axis]!) break;
      at -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
}

/** The elements that steps of these lengths lead to: a transposition, a slice, a repetition. */
export function strided(
  values: Float64Array,
  shape: readonly number[],
  strides: readonly number[],
  offset = 0,
): Float64Array {
  const picked = new Float64Array(count(shape));
  let i = 0;
  for (const at of positions(shape, strides, offset)) {
    picked[i] = values[at]!;
    i += 1;
  }
  return picked;
}

/** The elements of `shape` with axis `axes[i]` as axis i. */
export function transposed(values: Float64Array, shape: readonly number[], axes: readonly number[]): Float64Array {
  const steps = contiguousStrides(shape);
  return strided(
    values,
    axes.map((axis) => shape[axis]!),
    axes.map((axis) => steps[axis]!),
  );
}

/** An array seen as [before, extent, after] along an axis. */
export const around = (shape: readonly number[], axis: number): readonly [before: number, after: number] => [
  count(shape.slice(0, axis)),
  count(shape.slice(axis + 1)),
];

/** Row by row along an axis: element j of the result is element `of(j)` of `values`. */
export function alongAxis(
  values: Float64Array,
  shape: readonly number[],
  axis: number,
  extent: number,
  of: (j: number) => number,
): Float64Array {
  const [before, after] = around(shape, axis);
  const had = shape[axis]!;
  const made = new Float64Array(before * extent * after);
  for (let b = 0; b < before; b += 1) {
    for (let j = 0; j < extent; j += 1) {
      const from = (b * had + of(j)) * after;
      made.set(values.subarray(from, from + after), (b * extent + j) * after);
    }
  }
  return made;
}
