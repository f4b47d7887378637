import { ShapeError } from "../../errors.ts";
import { checkNames, type NamesOf } from "../../names.ts";
import { bytesOf, elements, type Graph, type OperationKind, padded, type Value } from "../../runtime/graph.ts";
import sum from "../generated/conv-sum.wgsl.ts";
import { lanes } from "../lanes.ts";
import { ACTIVATIONS, type Activation } from "./activation.ts";
import { biasOf, type Filter, packed, packPhases, packTaps } from "./filter.ts";
import type { Operands } from "./operands.ts";
import { chunk, tileStep } from "./product.ts";
import { taps } from "./taps.ts";
import { type ConvShape, nameOf, type Way, waysOf } from "./ways.ts";
import { type Axis, axesOf, simplified, type Window, windowParams } from "./window.ts";
import { winograd } from "./winograd.ts";

export interface ConvOptions extends Window {
  /** Upsample ×2 by nearest neighbour first (3×3 only). */
  readonly upsample?: boolean;
  readonly activation?: Activation;
  /** Added before the activation. */
  readonly residual?: Value;
}

/** A convolution of x; its inputs are x and the residual. */
export const CONV: OperationKind<{ readonly filter: Filter; readonly options: ConvOptions }> = { name: "conv" };

const CONV_NAMES: NamesOf<ConvOptions> = {
  stride: true,
  dilation: true,
  pad: true,
  upsample: true,
  activation: true,
  residual: true,
};

/** y = activation(conv(x) + bias + residual) over x [n, h, w, in], with zero padding. */
export function conv(graph: Graph, x: Value, filter: Filter, options: ConvOptions = {}): Value {
  checkNames("conv", options, CONV_NAMES);
  const { upsample = false, activation = "none", residual } = options;
  const { label, inChannels, outChannels } = filter;
  const kernel = simplified(filter.kernel);
  const stride = simplified(options.stride ?? 1);
  const dilation = simplified(options.dilation ?? 1);
  const pad = simplified(options.pad ?? 0);
  const [n = 0, height = 0, width = 0, stored = 0] = x.shape;
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
  // Upsampling makes four convolutions of 2×2 taps.
  const axes = axesOf([height, width], upsample ? 2 : kernel, { stride, dilation, pad });
  const outHeight = upsample ? 2 * height : axes[0].out;
  const outWidth = upsample ? 2 * width : axes[1].out;
  const y = graph.map(label, n, outHeight, outWidth, outChannels);
  if (residual && residual.shape.join() !== y.shape.join()) {
    throw new ShapeError(
      `"${label}" makes [${y.shape}], to which "${residual.label}" [${residual.shape}] cannot be added.`,
      "Give a residual of the shape that the convolution makes.",
    );
  }
  const shape: ConvShape = {
    height,
    width,
    outHeight,
    outWidth,
    inChannels,
    outChannels,
    kernel,
    stride,
    dilation,
    pad,
    upsample,
    residual: residual !== undefined,
  };
  const way = graph.choose(nameOf(shape, graph.storage), waysOf(graph, shape), (other, images) => {
    const map = other.map("x", images, height, width, inChannels);
    const addend = residual && { residual: other.map("residual", images, outHeight, outWidth, outChannels) };
    conv(other, map, filter, { ...options, ...addend });
  });
  const values = { x, y, bias: biasOf(graph, filter), residual };
  if (way.algorithm === "direct") {
    direct(graph, values, filter, way, { ...shape, axes, activation });
  } else if (way.algorithm === "taps") taps(graph, values, filter, way, shape, activation);
  else winograd(graph, values, filter, way, shape, activation);
  graph.record(CONV, [x, residual], y, { filter, options });
  return y;
}

/** The sum over taps and channels. */
function direct(
  graph: Graph,
  { x, y, bias, residual }: Operands,
  filter: Filter,
  { tile, split }: Way,
  shape: ConvShape & { readonly axes: readonly [Axis, Axis]; readonly activation: Activation },
): void {
  const { height, width, outHeight, outWidth, inChannels, outChannels, upsample } = shape;
  const { label } = filter;
  const [n = 1] = x.shape;
  const taps = shape.axes[0].kernel * shape.axes[1].kernel;
  const phases = upsample ? 4 : 1;
  const weight = graph.weights(
    `${label}.weight${upsample ? ".phases" : ""}`,
    [phases, taps, padded(inChannels), padded(outChannels)],
    [...filter.weight.sources, ...filter.scale.sources],
    packed(filter, upsample ? packPhases : packTaps),
  );
  const outVectors = padded(outChannels) / 4;
  const walked = upsample ? { height, width } : { height: outHeight, width: outWidth };
  const flags = { residual: residual ? 1 : 0, activation: ACTIVATIONS[shape.activation] };
  const images = split > 1 ? chunk(n, (split * bytesOf(y)) / n) : n;
  for (let first = 0; first < n; first += images) {
    const count = Math.min(images, n - first);
    const pixels = count * walked.height * walked.width;
    const outputs = count * outHeight * outWidth;
    const to = split > 1 ? graph.value(`${label}.parts`, [split, outputs, 4 * outVectors]) : y;
    tileStep(
      graph,
      tile,
      { x, weight, bias, residual: residual ?? bias, y: to },
      {
        first: first * walked.height * walked.width,
        pixels,
        ...walked,
        inHeight: height,
        inWidth: width,
        inVectors: padded(inChannels) / 4,
        outVectors,
        ...windowParams(shape.axes),
        scale: upsample ? 2 : 1,
        xStride: 0,
        yStride: outputs,
        split,
        ...(split > 1 ? { biased: 0, residual: 0, activation: 0 } : { biased: 1, ...flags }),
      },
      phases * split,
      2 * pixels * phases * taps * inChannels * outChannels,
    );
    if (split === 1) continue;
    const total = outputs * outVectors;
    const from = (first * elements(y.shape)) / n / 4;
    graph.step(
      sum,
      { parts: to, bias, residual: residual ?? bias, y },
      { split, vectors: outVectors, first: from, total, ...flags },
      lanes(total),
    );
  }
}
