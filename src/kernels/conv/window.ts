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
export const simplified = <T extends number | "same" | readonly number[]>(numbers: T): T | number =>
  typeof numbers === "object" && numbers.every((value) => value === numbers[0]) ? numbers[0]! : numbers;

/** Zeros before and after the pixels of each axis. */
export const sides = (pad: Padding): readonly [down: Sides, across: Sides] => {
  const [top, left, bottom, right] = typeof pad === "number" ? [pad, pad, pad, pad] : pad;
  return [
    { before: top, after: bottom },
    { before: left, after: right },
  ];
};

interface Before {
  readonly before: number;
}

export interface Sides extends Before {
  readonly after: number;
}

/** How a convolution's kernel moves over a map. */
export interface Window {
  readonly stride?: Pair;
  readonly dilation?: Pair;
  /**
   * Zeros on each side, or TensorFlow's SAME: as many as keep ⌈extent / stride⌉ outputs, the odd
   * one at the bottom or right. Negative: rows or columns that are left out.
   */
  readonly pad?: Padding | "same";
}

/** Outputs along each axis, and the zeros before its first input. */
export function spans(
  extents: readonly [height: number, width: number],
  kernel: Pair,
  { stride = 1, dilation = 1, pad = 0 }: Window,
): readonly [down: Span, across: Span] {
  const span = (axis: 0 | 1): Span => {
    const [extent, step] = [extents[axis], both(stride)[axis]];
    const reach = (both(kernel)[axis] - 1) * both(dilation)[axis] + 1;
    if (pad !== "same") {
      const { before, after } = sides(pad)[axis];
      return { out: Math.floor((extent + before + after - reach) / step) + 1, before };
    }
    const out = Math.ceil(extent / step);
    return { out, before: Math.floor(Math.max(0, (out - 1) * step + reach - extent) / 2) };
  };
  return [span(0), span(1)];
}

export interface Span extends Before {
  readonly out: number;
}

/** A window as kernels name its numbers. */
export function windowParams(
  kernel: Pair,
  { stride = 1, dilation = 1 }: Pick<Window, "stride" | "dilation">,
  [down, across]: readonly [down: Before, across: Before],
) {
  const [kernelHeight, kernelWidth] = both(kernel);
  const [strideDown, strideAcross] = both(stride);
  const [dilationDown, dilationAcross] = both(dilation);
  const moves = { strideDown, strideAcross, dilationDown, dilationAcross };
  return { kernelHeight, kernelWidth, ...moves, padTop: down.before, padLeft: across.before };
}
