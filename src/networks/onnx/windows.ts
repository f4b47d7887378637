import { intsOf, refused, textOf } from "./attributes.ts";
import type { OnnxNode } from "./read.ts";

// Tests: test/networks/onnx/lower.test.ts

type Pair = readonly [number, number];
/** Top, left, bottom, right. */
export type Sides = readonly [number, number, number, number];

/** How a kernel moves over a map; one axis is the columns of one row. */
export interface Window {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
  readonly pad: Sides;
}

/** More than any map's rows and columns. */
const MOST = 2 ** 16;

const pair = (node: OnnxNode, values: readonly number[], row: number): Pair => {
  if (values.some((value) => !(value >= row && value <= MOST))) throw refused(node, `moves by ${values}`);
  if (values.length === 1) return [row, values[0]!];
  if (values.length !== 2) throw refused(node, `works on ${values.length} axes, not one or two`);
  return [values[0]!, values[1]!];
};

/** Kernel, strides, dilations of a node; `kernel` where the weight says it. */
function movesOf(node: OnnxNode, kernel: readonly number[] | undefined): Omit<Window, "pad"> {
  const shape = intsOf(node, "kernel_shape") ?? kernel;
  if (!shape) throw refused(node, "says nothing of its kernel");
  const ones = shape.map(() => 1);
  return {
    kernel: pair(node, shape, 1),
    stride: pair(node, intsOf(node, "strides") ?? ones, 1),
    dilation: pair(node, intsOf(node, "dilations") ?? ones, 1),
  };
}

/** ONNX's [begin …, end …] as the four sides. */
function sidesOf(node: OnnxNode, pads: readonly number[] | undefined): Sides {
  if (!pads) return [0, 0, 0, 0];
  if (pads.some((side) => Math.abs(side) > MOST)) throw refused(node, `has pads of ${pads}`);
  if (pads.length === 2) return [0, pads[0]!, 0, pads[1]!];
  if (pads.length !== 4) throw refused(node, `has ${pads.length} pads`);
  return [pads[0]!, pads[1]!, pads[2]!, pads[3]!];
}

/** A window over a map of these rows and columns, with what its padding is. */
export function windowOf(node: OnnxNode, extents: Pair, kernel?: readonly number[]): Window {
  const moves = movesOf(node, kernel);
  const auto = textOf(node, "auto_pad", "NOTSET");
  if (auto === "VALID") return { ...moves, pad: [0, 0, 0, 0] };
  if (auto === "NOTSET" || auto === "") return { ...moves, pad: sidesOf(node, intsOf(node, "pads")) };
  const before: number[] = [];
  const after: number[] = [];
  for (const axis of [0, 1] as const) {
    const [extent, stride] = [extents[axis], moves.stride[axis]];
    const reach = (moves.kernel[axis] - 1) * moves.dilation[axis] + 1;
    const total = Math.max(0, (Math.ceil(extent / stride) - 1) * stride + reach - extent);
    // The odd one is at the end, or with SAME_LOWER at the beginning.
    const less = Math.floor(total / 2);
    before.push(auto === "SAME_LOWER" ? total - less : less);
    after.push(auto === "SAME_LOWER" ? less : total - less);
  }
  return { ...moves, pad: [before[0]!, before[1]!, after[0]!, after[1]!] };
}

/** Outputs of a window along each axis. */
export function outputsOf({ kernel, stride, dilation, pad }: Window, extents: Pair, ceil = false): Pair {
  const along = (axis: 0 | 1): number => {
    const reach = (kernel[axis] - 1) * dilation[axis] + 1;
    const room = extents[axis] + pad[axis] + pad[axis + 2]! - reach;
    if (!ceil) return Math.floor(room / stride[axis]) + 1;
    const most = Math.ceil(room / stride[axis]) + 1;
    // A window that would begin behind the map and the zeros before its end is left out.
    return (most - 1) * stride[axis] >= extents[axis] + pad[axis] ? most - 1 : most;
  };
  return [along(0), along(1)];
}

/**
 * A transposed convolution's window: what is cut off each side and what is added behind, from pads,
 * or from the shape it is to make. Then the surplus is cut at the start, with SAME_UPPER at the end
 * (ONNX ConvTranspose-11).
 */
export function transposedWindow(
  node: OnnxNode,
  extents: Pair,
  kernel: readonly number[],
): Window & { readonly outputPad: Pair; readonly out: Pair } {
  const moves = movesOf(node, kernel);
  const given = pair(node, intsOf(node, "output_padding") ?? kernel.map(() => 0), 0);
  const auto = textOf(node, "auto_pad", "NOTSET");
  const same = auto === "SAME_UPPER" || auto === "SAME_LOWER";
  const shape = intsOf(node, "output_shape")?.slice(-kernel.length);
  const wanted: readonly (number | undefined)[] = shape
    ? pair(node, shape, 1)
    : [0, 1].map((axis) => (same ? extents[axis]! * moves.stride[axis]! : undefined));
  const pad = [...sidesOf(node, auto === "NOTSET" || auto === "" ? intsOf(node, "pads") : undefined)];
  const outputPad = [...given];
  const out = [0, 0];
  for (const axis of [0, 1] as const) {
    const reach = (moves.kernel[axis] - 1) * moves.dilation[axis] + 1;
    const full = (extents[axis] - 1) * moves.stride[axis] + reach + given[axis];
    const size = wanted[axis];
    if (size === undefined) {
      out[axis] = full - pad[axis]! - pad[axis + 2]!;
      continue;
    }
    const surplus = Math.max(0, full - size);
    const half = Math.floor(surplus / 2);
    pad[axis] = auto === "SAME_UPPER" ? half : surplus - half;
    pad[axis + 2] = surplus - pad[axis]!;
    outputPad[axis]! += size - (full - surplus);
    out[axis] = size;
  }
  return {
    ...moves,
    pad: pad as unknown as Sides,
    outputPad: outputPad as unknown as Pair,
    out: out as unknown as Pair,
  };
}
