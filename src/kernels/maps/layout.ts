import { ShapeError } from "../../errors.ts";
import { elements, type Graph, type OperationKind, padded, type Value } from "../../runtime/graph.ts";
import placeKernel from "../generated/place.wgsl.ts";
import reshapeKernel from "../generated/reshape.wgsl.ts";
import shuffleKernel from "../generated/shuffle.wgsl.ts";
import transposeKernel from "../generated/transpose.wgsl.ts";
import { lanes } from "../lanes.ts";

/** Channels, rows and columns of one image. */
export type Extents = readonly [channels: number, height: number, width: number];

/** Axes of one image: channels, rows, columns. */
export const AXES = ["c", "h", "w"] as const;
export type AxisName = (typeof AXES)[number];

/** The input's numbers, in their order, under other extents. */
export const RESHAPE: OperationKind<undefined> = { name: "reshape" };
export const TRANSPOSE: OperationKind<{ readonly order: readonly AxisName[] }> = { name: "transpose" };
export interface Shuffle {
  readonly block: number;
  readonly toDepth: boolean;
  readonly byChannel: boolean;
}
export const SHUFFLE: OperationKind<Shuffle> = { name: "shuffle" };
/** The inputs one behind the other along an axis. */
export const STACK: OperationKind<{ readonly axis: AxisName }> = { name: "stack" };

/** Channels, rows and columns of a map [n, h, w, c]. */
export const extentsOf = ({ channels, shape: [, height = 1, width = 1] }: Value): Extents => [channels, height, width];

/**
 * x [n, h, w, c] with other extents: its numbers keep their order, channel by channel and row by
 * row, as PyTorch's and ONNX's reshape has it.
 * @throws ShapeError for extents of more or fewer numbers.
 */
export function reshape(graph: Graph, x: Value, [channels, height, width]: Extents): Value {
  const [n = 1, inHeight = 1, inWidth = 1, stored = 4] = x.shape;
  const label = `${x.label}.reshaped`;
  if (channels * height * width !== x.channels * inHeight * inWidth) {
    throw new ShapeError(
      `"${x.label}" [${extentsOf(x)}] cannot have the extents [${[channels, height, width]}].`,
      "Give extents of as many numbers.",
    );
  }
  // Pixels in another arrangement are the same memory.
  if (channels === x.channels) return graph.view(x, label, [n, height, width, stored], channels);
  const y = graph.map(label, n, height, width, channels);
  const total = elements(y.shape) / 4;
  const to = { outHeight: height, outWidth: width, outVectors: y.shape.at(-1)! / 4, channels };
  graph.step(reshapeKernel, { x, y }, { inHeight, inWidth, inStored: stored, ...to, total }, lanes(total));
  graph.record(RESHAPE, [x], y, undefined);
  return y;
}

/**
 * x with its axes in another order: the first of `order` becomes channels, then rows, then columns.
 */
export function transpose(graph: Graph, x: Value, order: readonly AxisName[]): Value {
  if (order.length !== 3 || AXES.some((axis) => !order.includes(axis))) {
    throw new ShapeError(`"${order}" is no order of the axes c, h and w.`, "Name each once.");
  }
  const [n = 1, inHeight = 1, inWidth = 1, stored = 4] = x.shape;
  const steps = { c: 1, h: inWidth * stored, w: stored };
  const extents = { c: x.channels, h: inHeight, w: inWidth };
  const [channels, height, width] = order.map((axis) => extents[axis]) as [number, number, number];
  const [deep, down, across] = order.map((axis) => steps[axis]) as [number, number, number];
  const y = graph.map(`${x.label}.${order.join("")}`, n, height, width, channels);
  transposeStep(graph, x, y, { image: inHeight * inWidth * stored, down, across, deep });
  graph.record(TRANSPOSE, [x], y, { order });
  return y;
}

/** A map of one image, the same for n. It has no gradient: it is for what is constant. */
export function repeat(graph: Graph, x: Value, n: number): Value {
  const [, height = 1, width = 1, stored = 4] = x.shape;
  const y = graph.map(`${x.label}.${n}`, n, height, width, x.channels);
  transposeStep(graph, x, y, { image: 0, down: width * stored, across: stored, deep: 1 });
  return y;
}

/**
 * y in steps of x, which are numbers of x from one image, row, column and channel of y to the next.
 */
function transposeStep(
  graph: Graph,
  x: Value,
  y: Value,
  steps: Readonly<Record<"image" | "down" | "across" | "deep", number>>,
): void {
  const [, height = 1, width = 1, stored = 4] = y.shape;
  const total = elements(y.shape) / 4;
  const extents = { height, width, vectors: stored / 4, channels: y.channels };
  graph.step(transposeKernel, { x, y }, { ...extents, ...steps, total }, lanes(total));
}

/**
 * Blocks of channels become blocks of pixels, block × block (`toDepth`: the other way round). The
 * channels of one place of the block are side by side (ONNX's DCR); with `byChannel` the places of
 * one channel (CRD, PyTorch's pixel shuffle).
 */
export function shuffle(graph: Graph, x: Value, { block, toDepth, byChannel }: Shuffle): Value {
  const [n = 1, inHeight = 1, inWidth = 1, stored = 4] = x.shape;
  const parts = toDepth ? [inHeight, inWidth] : [x.channels / block];
  if (parts.some((extent) => extent % block !== 0)) {
    throw new ShapeError(
      `"${x.label}" [${extentsOf(x)}] cannot be taken in blocks of ${block}×${block}.`,
      "Give a block that divides it.",
    );
  }
  const [height, width] = toDepth ? [inHeight / block, inWidth / block] : [inHeight * block, inWidth * block];
  const channels = toDepth ? x.channels * block ** 2 : x.channels / block ** 2;
  const y = graph.map(`${x.label}.shuffled`, n, height, width, channels);
  const total = elements(y.shape) / 4;
  graph.step(
    shuffleKernel,
    { x, y },
    {
      ...{ height, width, vectors: padded(channels) / 4, channels },
      ...{ inStored: stored, inChannels: x.channels, block, total },
    },
    lanes(total),
    { choices: { TO_DEPTH: toDepth, BY_CHANNEL: byChannel } },
  );
  graph.record(SHUFFLE, [x], y, { block, toDepth, byChannel });
  return y;
}

/** The parts one behind the other along an axis; their other extents are the same. */
export function stack(graph: Graph, label: string, parts: readonly Value[], axis: AxisName): Value {
  const [first] = parts as readonly [Value];
  const along = AXES.indexOf(axis);
  const extents = [...extentsOf(first)] as [number, number, number];
  extents[along] = 0;
  for (const part of parts) {
    const own = extentsOf(part);
    if (own.some((extent, at) => at !== along && extent !== extents[at]) || part.shape[0] !== first.shape[0]) {
      throw new ShapeError(
        `"${part.label}" [${own}] cannot be put behind "${first.label}" [${extentsOf(first)}] along ${axis}.`,
        "Give maps whose other extents are the same.",
      );
    }
    extents[along] += own[along]!;
  }
  const [channels, outHeight, outWidth] = extents;
  const y = graph.map(label, first.shape[0]!, outHeight, outWidth, channels);
  const outStored = y.shape.at(-1)!;
  const offset = { c: 0, h: 0, w: 0 };
  parts.forEach((part, index) => {
    const [n = 1, inHeight = 1, inWidth = 1, inStored = 4] = part.shape;
    const last = index === parts.length - 1;
    // Of the last part's channels, up to the end: padding is written too.
    const width = axis === "c" && !last ? part.channels : outStored - offset.c;
    const total = n * inHeight * inWidth * width;
    graph.step(
      placeKernel,
      { x: part, y },
      {
        ...{ inHeight, inWidth, inStored, outHeight, outWidth, outStored },
        ...{ row: offset.h, column: offset.w, channel: offset.c, width, total },
      },
      lanes(total),
    );
    offset[axis] += extentsOf(part)[along]!;
  });
  graph.record(STACK, parts, y, { axis });
  return y;
}
