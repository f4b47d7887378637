// Tests: test/kernels/conv/conv-options.test.ts, test/kernels/conv/transposed.test.ts

/** One number for both axes of a map, or one for each. */
export type Pair = number | readonly [down: number, across: number];

/** Zeros on each side: as many on all, or so many at the top, left, bottom and right. */
export type Padding = number | readonly [top: number, left: number, bottom: number, right: number];

/** A pair's two numbers. */
export const both = (pair: Pair): readonly [down: number, across: number] =>
  typeof pair === "number" ? [pair, pair] : pair;

/** Taps of a kernel. */
export const area = (kernel: Pair): number => both(kernel)[0] * both(kernel)[1];

/** One number, where all are the same. */
export function simplified<T extends number | "same" | readonly number[]>(numbers: T): T | number {
  const [one, another] = new Set([numbers].flat() as number[]);
  return another === undefined ? one! : numbers;
}

/** How a convolution's kernel moves over a map. */
export interface Window {
  /** Pixels from one output to the next; 1 unless given. */
  readonly stride?: Pair;
  /** Pixels from one tap to the next; 1 unless given. */
  readonly dilation?: Pair;
  /**
   * Zeros on each side, or TensorFlow's SAME: as many as keep ⌈extent / stride⌉ outputs, the odd
   * one at the bottom or right. Negative: rows or columns that are left out.
   */
  readonly pad?: Padding | "same";
}

/** One axis of a window over a map. */
export interface Axis {
  readonly extent: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Pixels from the first that a kernel's taps see to the last. */
  readonly reach: number;
  /** Zeros before the first pixel and after the last. */
  readonly before: number;
  readonly after: number;
  /** Outputs of a convolution. */
  readonly out: number;
}

/** Both axes of a window. */
export function axesOf(
  extents: readonly [height: number, width: number],
  taps: Pair,
  { stride: strides = 1, dilation: dilations = 1, pad = 0 }: Window,
): readonly [down: Axis, across: Axis] {
  const axis = (at: 0 | 1): Axis => {
    const [extent, kernel, stride, dilation] = [extents[at], both(taps)[at], both(strides)[at], both(dilations)[at]];
    const reach = (kernel - 1) * dilation + 1;
    let [before, after] = [0, 0];
    if (pad === "same") {
      const zeros = Math.max(0, (Math.ceil(extent / stride) - 1) * stride + reach - extent);
      before = zeros >> 1;
      after = zeros - before;
    } else {
      [before, after] = typeof pad === "number" ? [pad, pad] : [pad[at], pad[(at + 2) as 2 | 3]];
    }
    const out = Math.floor((extent + before + after - reach) / stride) + 1;
    return { extent, kernel, stride, dilation, reach, before, after, out };
  };
  return [axis(0), axis(1)];
}

/** A window as kernels name its numbers. */
export const windowParams = ([down, across]: readonly [down: WindowAxis, across: WindowAxis]) => ({
  kernelHeight: down.kernel,
  kernelWidth: across.kernel,
  strideDown: down.stride,
  strideAcross: across.stride,
  dilationDown: down.dilation,
  dilationAcross: across.dilation,
  padTop: down.before,
  padLeft: across.before,
});
type WindowAxis = Pick<Axis, "kernel" | "stride" | "dilation" | "before">;
