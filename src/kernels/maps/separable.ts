import { ShapeError } from "../../errors.ts";
import { elements, type Graph, type OperationKind, type Value } from "../../runtime/graph.ts";
import channelsKernel from "../generated/channels.wgsl.ts";
import separableKernel from "../generated/separable.wgsl.ts";
import { lanes } from "../lanes.ts";

/** An input that an output reads, and what it is multiplied by. */
export type Tap = readonly [from: number, weight: number];

/**
 * A linear map of one axis, row by row: the taps of each output. An output without any is none of
 * the inputs.
 */
export interface Axis {
  readonly inputs: number;
  readonly taps: readonly (readonly Tap[])[];
}

/** Rows and columns of the input, each by a linear map of its own. */
export const SEPARABLE: OperationKind<{ readonly rows: Axis; readonly columns: Axis }> = { name: "separable" };
/** The input's channels by a linear map. */
export const CHANNELS: OperationKind<{ readonly axis: Axis }> = { name: "channels" };

/** Every output one input. */
export const picking = (inputs: number, from: readonly number[]): Axis => ({
  inputs,
  taps: from.map((index) => (index >= 0 && index < inputs ? [[index, 1]] : [])),
});

/** The axis as it is. */
export const whole = (extent: number): Axis => picking(extent, [...Array(extent).keys()]);

/** One output: all inputs times a weight. */
export const summing = (inputs: number, weight: number): Axis => ({
  inputs,
  taps: [Array.from({ length: inputs }, (_, index) => [index, weight] as const)],
});

/** The transposed map: what each input gives to the outputs. */
export function transposed({ inputs, taps }: Axis): Axis {
  const back: Tap[][] = Array.from({ length: inputs }, () => []);
  taps.forEach((row, to) => {
    for (const [from, weight] of row) back[from]!.push([to, weight]);
  });
  return { inputs: taps.length, taps: back };
}

/** The table of an axis on the GPU, [outputs][taps][where, weight]. */
function table(graph: Graph, { inputs, taps }: Axis): { readonly value: Value; readonly width: number } {
  const rows = taps.map((row) => row.filter(([, weight]) => weight !== 0));
  const width = Math.max(1, ...rows.map((row) => row.length));
  const numbers = new Float32Array(rows.length * width * 2);
  rows.forEach((row, to) => {
    for (const [k, [from, weight]] of row.entries()) numbers.set([from, weight], 2 * (to * width + k));
  });
  // Parameters are kept by label, so the label says which numbers (FNV-1a, 32 bits).
  const bits = new Uint32Array(numbers.buffer);
  const hash = bits.reduce((sum, word) => Math.imul(sum ^ word, 0x01000193), 0x811c9dc5) >>> 0;
  const label = `taps ${inputs}>${rows.length}x${width} ${hash.toString(16)}`;
  return { value: graph.parameter(label, [rows.length, width, 2], [], () => numbers), width };
}

const refuse = (x: Value, what: string, { inputs }: Axis): never => {
  throw new ShapeError(`"${x.label}" [${x.shape}] has no ${inputs} ${what}.`, "Give a table made for this map.");
};

/** Rows and columns of x [n, h, w, c] by linear maps; pixels of neither are `fill`. */
export function separable(graph: Graph, x: Value, rows: Axis, columns: Axis, fill = 0): Value {
  const [n = 1, inHeight = 1, inWidth = 1, stored = 4] = x.shape;
  if (rows.inputs !== inHeight) refuse(x, "rows", rows);
  if (columns.inputs !== inWidth) refuse(x, "columns", columns);
  const [outHeight, outWidth] = [rows.taps.length, columns.taps.length];
  const y = graph.map(`${x.label}.${outHeight}x${outWidth}`, n, outHeight, outWidth, x.channels);
  const [down, across] = [table(graph, rows), table(graph, columns)];
  const total = elements(y.shape) / 4;
  const extents = { vectors: stored / 4, channels: x.channels, inHeight, inWidth, outHeight, outWidth };
  graph.step(
    separableKernel,
    { x, rows: down.value, columns: across.value, y },
    { ...extents, down: down.width, across: across.width, total, fill },
    lanes(total),
  );
  graph.record(SEPARABLE, [x], y, { rows, columns });
  return y;
}

/** Channels of x [n, h, w, c] by a linear map; those of none are `fill`. */
export function channelwise(graph: Graph, x: Value, axis: Axis, fill = 0): Value {
  const [n = 1, height = 1, width = 1, stored = 4] = x.shape;
  if (axis.inputs !== x.channels) refuse(x, "channels", axis);
  const y = graph.map(`${x.label}.${axis.taps.length}`, n, height, width, axis.taps.length);
  const { value, width: taps } = table(graph, axis);
  const total = elements(y.shape) / 4;
  graph.step(
    channelsKernel,
    { x, table: value, y },
    { inStored: stored, outVectors: y.shape.at(-1)! / 4, channels: y.channels, taps, total, fill },
    lanes(total),
  );
  graph.record(CHANNELS, [x], y, { axis });
  return y;
}

/** Upsampling ×2 by nearest neighbour: x [n, h, w, c] to [n, 2 h, 2 w, c]. */
export function upsample(graph: Graph, x: Value): Value {
  const [, height = 1, width = 1] = x.shape;
  const twice = (extent: number): Axis =>
    picking(
      extent,
      Array.from({ length: 2 * extent }, (_, index) => index >> 1),
    );
  return separable(graph, x, twice(height), twice(width));
}
