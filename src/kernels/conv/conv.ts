import { ShapeError } from "../../errors.ts";
import { checkNames, type NamesOf } from "../../names.ts";
import { type Graph, type OperationKind, padded, type Value } from "../../runtime/graph.ts";
import type { Activation } from "./activation.ts";
import { direct } from "./direct.ts";
import { biasOf, type Filter, packPhases, packTaps } from "./filter.ts";
import { taps } from "./taps.ts";
import { type ConvShape, nameOf, type Way, waysOf } from "./ways.ts";
import { axesOf, type Pair, simplified, type Window } from "./window.ts";
import { winograd } from "./winograd.ts";

/** How `conv` moves, and what it does to its sums. */
export interface ConvOptions extends Window {
  /** Upsample ×2 by nearest neighbour first (3×3 only). */
  readonly upsample?: boolean;
  /** Applied to the sums, residual included; "none" unless given. */
  readonly activation?: Activation;
  /** Added before the activation. */
  readonly residual?: Value;
}

/** A convolution of x, and the way it runs; its inputs are x and the residual. */
export const CONV: OperationKind<{ readonly filter: Filter; readonly options: ConvOptions; readonly way: Way }> = {
  name: "conv",
};

const CONV_NAMES: NamesOf<ConvOptions> = {
  stride: true,
  dilation: true,
  pad: true,
  upsample: true,
  activation: true,
  residual: true,
};

/**
 * y = activation(conv(x) + bias + residual) over x [n, h, w, in], with zero padding: [n, rows,
 * columns, out], rows and columns as in PyTorch's `Conv2d`.
 * @throws ShapeError when channels, extents or the residual do not fit; UsageError.
 */
export function conv(graph: Graph, x: Value, filter: Filter, options: ConvOptions = {}): Value {
  checkNames("conv", options, CONV_NAMES);
  const shape = shapeOf(x, filter, options);
  const { height, width, outHeight, outWidth, inChannels, outChannels } = shape;
  const { residual } = options;
  const way = graph.choose(nameOf(shape, graph.storage), waysOf(graph, shape), (other, images) => {
    const map = other.map("x", images, height, width, inChannels);
    const addend = residual && { residual: other.map("residual", images, outHeight, outWidth, outChannels) };
    conv(other, map, filter, { ...options, ...addend });
  });
  return convBy(way, graph, x, filter, options);
}

/** The shape of one image's convolution. @throws ShapeError when x does not fit the filter. */
function shapeOf(x: Value, { label, inChannels, outChannels, kernel: taps }: Filter, options: ConvOptions): ConvShape {
  const { upsample = false, residual } = options;
  const kernel = simplified(taps);
  const stride = simplified(options.stride ?? 1);
  const dilation = simplified(options.dilation ?? 1);
  const pad = simplified(options.pad ?? 0);
  const [, height = 0, width = 0, stored = 0] = x.shape;
  if (x.channels !== inChannels || stored !== padded(inChannels)) {
    throw new ShapeError(
      `"${label}" takes ${inChannels} channels, but "${x.label}" is [${x.shape}].`,
      "Give a map of as many channels as its weights have.",
    );
  }
  if (upsample && (kernel !== 3 || pad !== 1 || stride !== 1 || dilation !== 1)) {
    throw new ShapeError(
      `"${label}": only a 3×3 convolution with padding 1 can follow an upsampling.`,
      "Upsample with `resize` before any other.",
    );
  }
  const [down, across] = axesBy(options, [height, width], kernel);
  const outHeight = upsample ? 2 * height : down.out;
  const outWidth = upsample ? 2 * width : across.out;
  const extents = { height, width, outHeight, outWidth, inChannels, outChannels };
  return { ...extents, kernel, stride, dilation, pad, upsample, residual: residual !== undefined };
}

/** The name by which a convolution's way is looked up. */
export const nameOfConv = (graph: Graph, x: Value, filter: Filter, options: ConvOptions): string =>
  nameOf(shapeOf(x, filter, options), graph.storage);

/** Upsampling makes four convolutions of 2×2 taps. */
const axesBy = ({ upsample, ...window }: ConvOptions, extents: readonly [number, number], kernel: Pair) =>
  axesOf(extents, upsample ? 2 : kernel, window);

/**
 * `conv` in a way that is given, such as the one in which the same convolution ran on a larger map:
 * then the bits are the same, too.
 */
export function convBy(way: Way, graph: Graph, x: Value, filter: Filter, options: ConvOptions): Value {
  const { label } = filter;
  const { activation = "none", residual } = options;
  const shape = shapeOf(x, filter, options);
  const { height, width, kernel, outHeight, outWidth, outChannels, upsample } = shape;
  const y = graph.map(label, x.shape[0]!, outHeight, outWidth, outChannels);
  if (residual && residual.shape.join() !== y.shape.join()) {
    throw new ShapeError(
      `"${label}" makes [${y.shape}], to which "${residual.label}" [${residual.shape}] cannot be added.`,
      "Give a residual of the shape that the convolution makes.",
    );
  }
  const values = { x, y, bias: biasOf(graph, filter), residual };
  if (way.algorithm === "direct") {
    const layout = upsample ? { suffix: ".phases", pack: packPhases } : { suffix: "", pack: packTaps };
    const axes = axesBy(options, [height, width], kernel);
    direct(graph, values, filter, way, { ...shape, axes, activation }, layout);
  } else if (way.algorithm === "taps") taps(graph, values, filter, way, shape, activation);
  else winograd(graph, values, filter, way, shape, activation);
  graph.record(CONV, [x, residual], y, { filter, options, way });
  return y;
}
