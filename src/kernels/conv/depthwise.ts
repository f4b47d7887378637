import { ShapeError } from "../../errors.ts";
import { checkNames, type NamesOf } from "../../names.ts";
import { type Graph, type OperationKind, padded, type Value } from "../../runtime/graph.ts";
import depthwiseKernel from "../generated/depthwise.wgsl.ts";
import stripKernel from "../generated/depthwise-strip.wgsl.ts";
import { lanes } from "../lanes.ts";
import { ACTIVATIONS } from "./activation.ts";
import type { ConvOptions } from "./conv.ts";
import { biasOf, type Filter, packChannels, packed } from "./filter.ts";
import { area, axesOf, simplified, windowParams } from "./window.ts";

/**
 * Outputs down a strip of a software adapter: many share loads, and enough strips are left for its
 * threads.
 */
const STRIP = 16;

export type DepthwiseOptions = Pick<ConvOptions, "stride" | "dilation" | "pad" | "activation">;

/** A depthwise convolution of its input. */
export const DEPTHWISE: OperationKind<{ readonly filter: Filter; readonly options: DepthwiseOptions }> = {
  name: "depthwise",
};

const NAMES: NamesOf<DepthwiseOptions> = { stride: true, dilation: true, pad: true, activation: true };

/**
 * y = activation(depthwise convolution of x [n, h, w, c] + bias): the filter's weight is
 * [c][1][k][k].
 * @throws ShapeError when channels do not fit.
 */
export function depthwise(graph: Graph, x: Value, filter: Filter, options: DepthwiseOptions = {}): Value {
  checkNames("depthwise", options, NAMES);
  const { label, inChannels, outChannels } = filter;
  const { activation = "none" } = options;
  const kernel = simplified(filter.kernel);
  const stride = simplified(options.stride ?? 1);
  const dilation = simplified(options.dilation ?? 1);
  const [n = 1, inHeight = 1, inWidth = 1, stored = 4] = x.shape;
  if (inChannels !== outChannels || x.channels !== outChannels) {
    throw new ShapeError(
      `"${label}" filters ${outChannels} channels one by one, but "${x.label}" is [${x.shape}].`,
      "Give a map of as many channels as filters.",
    );
  }
  const axes = axesOf([inHeight, inWidth], kernel, options);
  const [height, width] = [axes[0].out, axes[1].out];
  const y = graph.map(label, n, height, width, outChannels);
  // Float32 whatever the storage: these weights are few.
  const weight = graph.parameter(
    `${label}.weight.channels`,
    [area(kernel), padded(outChannels)],
    [...filter.weight.sources, ...filter.scale.sources],
    packed(filter, packChannels),
  );
  graph.record(DEPTHWISE, [x], y, { filter, options });
  const bindings = { x, weight, bias: biasOf(graph, filter), y };
  const vectors = stored / 4;
  const map = { height, width, inHeight, inWidth, vectors };
  const window = windowParams(axes);
  const cost = {
    choices: { ACTIVATION: ACTIVATIONS[activation] },
    flops: 2 * n * height * width * outChannels * area(kernel),
  };
  if (graph.target !== "gpu" && stride === 1 && typeof dilation === "number" && (kernel === 3 || kernel === 5)) {
    const [blocks, reach] = [dilation * Math.ceil(width / (4 * dilation)), Math.ceil(height / dilation)];
    const rows = Math.min(STRIP, reach);
    const strips = dilation * Math.ceil(reach / rows);
    const total = n * strips * blocks * vectors;
    const { padTop, padLeft } = window;
    graph.step(
      stripKernel,
      bindings,
      { ...map, padTop, padLeft, dilation, blocks, strips, rows, total },
      lanes(total),
      {
        ...cost,
        choices: { ...cost.choices, KERNEL: kernel },
      },
    );
    return y;
  }
  const blocks = Math.ceil(width / 4);
  const total = n * height * blocks * vectors;
  graph.step(depthwiseKernel, bindings, { ...map, ...window, blocks, total }, lanes(total), cost);
  return y;
}
