import { checkNames, type NamesOf } from "../../names.ts";
import { type Graph, type OperationKind, padded, type Value } from "../../runtime/graph.ts";
import col2imKernel from "../generated/col2im.wgsl.ts";
import { lanes } from "../lanes.ts";
import { ACTIVATIONS, type Activation } from "./activation.ts";
import { direct, type Layout } from "./direct.ts";
import { biasOf, type Filter, packColumns, packed } from "./filter.ts";
import { checkGroups, groupsStep } from "./grouped.ts";
import type { Operands } from "./operands.ts";
import { CHUNK_BYTES, chunk, product, type Tile } from "./product.ts";
import { nameOf, phaseWaysOf, tapWaysOf } from "./ways.ts";
import { type Axis, area, axesOf, both, type Padding, type Pair, simplified, windowParams } from "./window.ts";

/** How `convTranspose` moves, and what it does to its sums. */
export interface ConvTransposeOptions {
  /** Pixels of the result from one pixel of x to the next; 1 unless given. */
  readonly stride?: Pair;
  /** Pixels from one tap to the next; 1 unless given. */
  readonly dilation?: Pair;
  /** What is cut off each side of the result; negative where zeros are added. */
  readonly pad?: Padding;
  /** Rows added at the bottom and columns at the right. */
  readonly outputPad?: Pair;
  /** Groups of channels, of which each sees its own inputs alone; 1 unless given. */
  readonly groups?: number;
  /** Applied to the sums; "none" unless given. */
  readonly activation?: Activation;
}

/** A transposed convolution of its input. */
export const CONV_TRANSPOSE: OperationKind<{ readonly filter: Filter; readonly options: ConvTransposeOptions }> = {
  name: "transposed convolution",
};

const NAMES: NamesOf<ConvTransposeOptions> = {
  stride: true,
  dilation: true,
  pad: true,
  outputPad: true,
  groups: true,
  activation: true,
};

/**
 * y = activation(transposed convolution of x [n, h, w, in] + bias), as PyTorch's and ONNX's: pixel
 * p of x times tap k is added to y at p · stride + k · dilation − pad. The filter's weight is laid
 * out like a convolution's, [out][in / groups][height][width] (`transposedFilterOf` reads PyTorch's
 * [in][out / groups][height][width]).
 * @throws ShapeError when channels, groups or extents do not fit.
 */
export function convTranspose(graph: Graph, x: Value, filter: Filter, options: ConvTransposeOptions = {}): Value {
  checkNames("convTranspose", options, NAMES);
  const { stride = 1, dilation = 1, pad = 0, outputPad = 0, groups = 1, activation = "none" } = options;
  checkGroups(x, filter, groups);
  const [n = 1, height = 1, width = 1] = x.shape;
  const axes = axesOf([height, width], filter.kernel, { stride, dilation, pad });
  const [outHeight, outWidth] = axes.map(
    ({ extent, stride, reach, before, after }, axis) =>
      (extent - 1) * stride + reach - before - after + both(outputPad)[axis]!,
  ) as [number, number];
  const y = graph.map(filter.label, n, outHeight, outWidth, filter.outChannels);
  const values = { x, y, bias: biasOf(graph, filter), residual: undefined };
  const phases = inPhases(axes, [outHeight, outWidth]);
  const few = vectorBytes(x, filter) <= CHUNK_BYTES;
  if (groups > 1 || !(phases || few)) {
    groupsStep(graph, values, filter, { groups, axes, activation, transposed: true });
  } else {
    const { inChannels, outChannels } = filter;
    const shape = { height, width, outHeight, outWidth, inChannels, outChannels, kernel: simplified(filter.kernel) };
    // The products are the same however they are moved and cut.
    const plain = { ...shape, stride: 1, dilation: 1, pad: 0, upsample: phases, residual: false };
    const way = graph.choose(
      `${nameOf(plain, graph.storage)} transposed`,
      phases ? phaseWaysOf(graph, plain, few) : tapWaysOf(graph, plain),
      (other, images) => {
        convTranspose(other, other.map("x", images, height, width, inChannels), filter, options);
      },
    );
    if (way.algorithm === "direct") {
      direct(graph, values, filter, way, { ...plain, axes: [PHASE, PHASE], activation }, PHASES);
    } else columns(graph, values, filter, { axes, activation, tile: way.tile });
  }
  graph.record(CONV_TRANSPOSE, [x], y, { filter, options });
  return y;
}

/**
 * A transposed convolution's weights as PyTorch and ONNX lay them out, [in][out / groups][k][k], as
 * a filter's: [out][in / groups][k][k].
 */
export function transposedWeight(
  weight: ArrayLike<number>,
  { inChannels, outChannels, kernel }: Pick<Filter, "inChannels" | "outChannels" | "kernel">,
  groups = 1,
): Float32Array {
  const taps = area(kernel);
  const [inGroup, outGroup] = [inChannels / groups, outChannels / groups];
  const values = new Float32Array(outChannels * inGroup * taps);
  for (let i = 0; i < inChannels; i += 1) {
    const first = Math.floor(i / inGroup) * outGroup;
    for (let o = 0; o < outGroup; o += 1) {
      const from = (i * outGroup + o) * taps;
      const to = ((first + o) * inGroup + (i % inGroup)) * taps;
      for (let t = 0; t < taps; t += 1) values[to + t] = weight[from + t]!;
    }
  }
  return values;
}

/** What all taps' products of one image and four output channels take. */
const vectorBytes = ({ shape: [, height = 1, width = 1] }: Value, { kernel }: Filter): number =>
  16 * area(kernel) * height * width;

/**
 * Whether it is of 4×4 taps, stride 2 and padding 1: then every pixel makes 2×2 outputs, each a sum
 * of 2×2 taps, which is how an upsampling convolution is summed, too.
 */
const inPhases = (axes: readonly Axis[], out: readonly number[]): boolean =>
  axes.every(
    ({ extent, kernel, stride, dilation, before }, at) =>
      kernel === 4 && stride === 2 && dilation === 1 && before === 1 && out[at] === 2 * extent,
  );

/** One axis of a phase. */
const PHASE = { kernel: 2, stride: 1, dilation: 1, before: 0 };

/**
 * [out][in][4][4] → [phase][tap][in][out]: the outputs of even rows see taps 3 and 1, from above
 * and from their own pixel, those of odd rows 2 and 0, and so with columns.
 */
const PHASES: Layout = {
  suffix: ".transposed",
  pack: (weight, scale, { inChannels, outChannels }) => {
    const [rows, columns] = [padded(inChannels), padded(outChannels)];
    const values = new Float32Array(16 * rows * columns);
    for (let phase = 0; phase < 4; phase += 1) {
      for (let tap = 0; tap < 4; tap += 1) {
        const from = 4 * (3 - (phase >> 1) - 2 * (tap >> 1)) + 3 - (phase & 1) - 2 * (tap & 1);
        for (let i = 0; i < inChannels; i += 1) {
          const to = ((4 * phase + tap) * rows + i) * columns;
          for (let o = 0; o < outChannels; o += 1) {
            values[to + o] = weight[(o * inChannels + i) * 16 + from]! * scale[o]!;
          }
        }
      }
    }
    return values;
  },
};

/** The greatest common divisor. */
const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));

interface Columns {
  readonly axes: readonly [Axis, Axis];
  readonly activation: Activation;
  readonly tile: Tile;
}

/**
 * All taps' products at x's resolution, one product of matrices, then those that fall on an output
 * summed: no multiply-add is spent on a zero, whatever the stride.
 */
function columns(graph: Graph, { x, y, bias }: Operands, filter: Filter, { axes, activation, tile }: Columns): void {
  const { label, kernel, inChannels, outChannels } = filter;
  const taps = area(kernel);
  const [n = 1, inHeight = 1, inWidth = 1] = x.shape;
  const [, height = 1, width = 1] = y.shape;
  const outVectors = padded(outChannels) / 4;
  const { kernelHeight, kernelWidth, strideDown, strideAcross, ...moves } = windowParams(axes);
  const choices = {
    ACTIVATION: ACTIVATIONS[activation],
    KERNEL_HEIGHT: kernelHeight,
    KERNEL_WIDTH: kernelWidth,
    STRIDE_DOWN: strideDown,
    STRIDE_ACROSS: strideAcross,
    STEP_DOWN: strideDown / divisor(strideDown, moves.dilationDown),
    STEP_ACROSS: strideAcross / divisor(strideAcross, moves.dilationAcross),
  };
  const most = Math.min(outVectors, Math.floor(CHUNK_BYTES / vectorBytes(x, filter)));
  const images = chunk(n, most * vectorBytes(x, filter));
  for (let firstVector = 0; firstVector < outVectors; firstVector += most) {
    const vectors = Math.min(most, outVectors - firstVector);
    const [from, count] = [4 * firstVector, Math.min(4 * vectors, outChannels - 4 * firstVector)];
    const weight = graph.weights(
      `${label}.weight.columns${most < outVectors ? `.${firstVector}` : ""}`,
      [padded(inChannels), taps, 4 * vectors],
      [...filter.weight.sources, ...filter.scale.sources],
      packed(filter, (values, scale, extents) => {
        const rows = count * inChannels * taps;
        const own = Float64Array.from({ length: rows }, (_, at) => values[from * inChannels * taps + at]!);
        const factors = Float64Array.from({ length: count }, (_, o) => scale[from + o]!);
        return packColumns(own, factors, { ...extents, outChannels: count });
      }),
    );
    for (let first = 0; first < n; first += images) {
      const some = Math.min(images, n - first);
      const pixels = some * inHeight * inWidth;
      const t = graph.value(`${label}.columns`, [pixels, taps, 4 * vectors]);
      product(
        graph,
        tile,
        { x, weight, y: t },
        {
          first: first * inHeight * inWidth,
          rows: pixels,
          inVectors: padded(inChannels) / 4,
          outVectors: taps * vectors,
        },
        2 * taps * pixels * inChannels * count,
      );
      const blocks = Math.ceil(width / 4);
      const total = some * height * blocks * vectors;
      const extents = { height, width, inHeight, inWidth, vectors, outVectors, firstVector, firstImage: first };
      graph.step(col2imKernel, { t, bias, y }, { ...extents, ...moves, blocks, total }, lanes(total), { choices });
    }
  }
}
