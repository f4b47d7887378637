import { ShapeError } from "../errors.ts";
import { fold, type Graph, padded, type Value } from "../runtime/graph.ts";
import { ACTIVATIONS, type Activation } from "./activation.ts";
import register from "./conv-register.wgsl.ts";
import tiled from "./conv-tiled.wgsl.ts";
import { type Filter, packed, packPhases, packTaps } from "./filter.ts";
import { suitsTaps, taps } from "./taps.ts";
import { suitsWinograd, winograd } from "./winograd.ts";

export interface ConvOptions {
  readonly stride?: number;
  readonly dilation?: number;
  /** Zeros on each side, or TensorFlow's SAME: as many as keep ⌈extent / stride⌉ outputs, the odd one at the bottom or right. */
  readonly pad?: number | "same";
  /** Upsample ×2 by nearest neighbour first (3×3 only). */
  readonly upsample?: boolean;
  readonly activation?: Activation;
  /** Added before the activation. */
  readonly residual?: Value;
}

/** Outputs along one axis, and the zeros before its first input. */
export function span(
  extent: number,
  kernel: number,
  { stride = 1, dilation = 1, pad = 0 }: Pick<ConvOptions, "stride" | "dilation" | "pad">,
): { readonly out: number; readonly before: number } {
  const reach = (kernel - 1) * dilation + 1;
  if (pad !== "same") return { out: Math.floor((extent + 2 * pad - reach) / stride) + 1, before: pad };
  const out = Math.ceil(extent / stride);
  return { out, before: Math.floor(Math.max(0, (out - 1) * stride + reach - extent) / 2) };
}

/** A filter's bias [out], padded to whole vec4s. */
export const biasOf = (graph: Graph, { label, outChannels, bias }: Filter): Value =>
  graph.parameter(`${label}.bias`, [padded(outChannels)], bias.sources, (sources) => {
    const values = new Float32Array(padded(outChannels));
    values.set(bias.of(sources));
    return values;
  });

/** y = activation(conv(x) + bias + residual) over x [n, h, w, in], with zero padding. */
export function conv(graph: Graph, x: Value, filter: Filter, options: ConvOptions = {}): Value {
  const { stride = 1, dilation = 1, pad = 0, upsample = false, activation = "none", residual } = options;
  const { label, kernel, inChannels, outChannels } = filter;
  const [n = 0, height = 0, width = 0, stored = 0] = x.shape;
  if (x.channels !== inChannels || stored !== padded(inChannels)) {
    throw new ShapeError(`"${label}" takes ${inChannels} channels, but "${x.label}" is [${x.shape}].`);
  }
  if (upsample && (kernel !== 3 || pad !== 1 || stride !== 1 || dilation !== 1)) {
    throw new ShapeError(`"${label}": only a 3×3 convolution with padding 1 can follow an upsampling.`);
  }
  const vertical = span(height, kernel, options);
  const horizontal = span(width, kernel, options);
  const outHeight = upsample ? 2 * height : vertical.out;
  const outWidth = upsample ? 2 * width : horizontal.out;
  const y = graph.map(label, n, outHeight, outWidth, outChannels);
  if (residual && residual.shape.join() !== y.shape.join()) {
    throw new ShapeError(
      `"${label}" makes [${y.shape}], to which "${residual.label}" [${residual.shape}] cannot be added.`,
    );
  }
  const bias = biasOf(graph, filter);
  // Chosen by the shape of one image and never by the batch, so that an image's bits do not depend on its company.
  const simple = kernel === 3 && stride === 1 && dilation === 1 && (pad === 1 || pad === "same") && !upsample;
  if (simple && suitsWinograd(graph, filter, height, width)) {
    winograd(graph, { x, y, bias, ...(residual ? { residual } : {}) }, filter, activation);
    return y;
  }
  if (upsample && !residual && suitsTaps(graph, filter, height, width)) {
    taps(graph, { x, y, bias }, filter, activation);
    return y;
  }

  const edge = upsample ? 2 : kernel;
  const phases = upsample ? 4 : 1;
  const weight = graph.weights(
    `${label}.weight${upsample ? ".phases" : ""}`,
    [phases, edge * edge, stored, padded(outChannels)],
    [...filter.weight.sources, ...filter.scale.sources],
    packed(filter, upsample ? packPhases : packTaps),
  );
  const walked = upsample ? [height, width] : [outHeight, outWidth];
  const pixels = n * walked[0]! * walked[1]!;
  const outVectors = padded(outChannels) / 4;
  const groups =
    graph.target === "software"
      ? Math.ceil((Math.ceil(pixels / 8) * Math.ceil(outVectors / 4)) / 4)
      : Math.ceil(pixels / 64) * Math.ceil(outVectors / 16);
  const [columns, rows] = fold(groups);
  graph.step(
    graph.target === "software" ? register : tiled,
    { x, weight, bias, residual: residual ?? bias, y },
    {
      pixels,
      height: walked[0]!,
      width: walked[1]!,
      inHeight: height,
      inWidth: width,
      inVectors: stored / 4,
      outVectors,
      kernel: edge,
      stride,
      dilation,
      padTop: vertical.before,
      padLeft: horizontal.before,
    },
    [columns, rows, phases],
    {
      choices: {
        SCALE: upsample ? 2 : 1,
        ACTIVATION: ACTIVATIONS[activation],
        RESIDUAL: residual !== undefined,
        HALF: graph.storage === "f16",
      },
      flops: 2 * pixels * phases * edge * edge * inChannels * outChannels,
    },
  );
  return y;
}
