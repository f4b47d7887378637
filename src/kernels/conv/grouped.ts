import { ShapeError } from "../../errors.ts";
import { checkNames, type NamesOf } from "../../names.ts";
import { elements, type Graph, type OperationKind, padded, type Value } from "../../runtime/graph.ts";
import groupsKernel from "../generated/conv-groups.wgsl.ts";
import { lanes } from "../lanes.ts";
import { ACTIVATIONS, type Activation } from "./activation.ts";
import { type ConvOptions, conv } from "./conv.ts";
import { depthwise } from "./depthwise.ts";
import { biasOf, type Filter, packed, packTaps } from "./filter.ts";
import type { Operands } from "./operands.ts";
import { type Axis, area, axesOf, windowParams } from "./window.ts";

export interface GroupedOptions extends Omit<ConvOptions, "upsample"> {
  /** Groups of channels, of which each sees its own inputs alone; 1 unless given. */
  readonly groups?: number;
}

/** A convolution of x in groups of channels; its inputs are x and the residual. */
export const GROUPED: OperationKind<{ readonly filter: Filter; readonly options: GroupedOptions }> = {
  name: "grouped convolution",
};

const NAMES: NamesOf<GroupedOptions> = {
  stride: true,
  dilation: true,
  pad: true,
  activation: true,
  residual: true,
  groups: true,
};

/**
 * y = activation(conv(x) + bias + residual) in groups of channels: the filter's weight is [out][in
 * / groups][height][width]. One group is `conv`, and as many as channels `depthwise`.
 * @throws ShapeError when the groups do not divide the channels.
 */
export function grouped(graph: Graph, x: Value, filter: Filter, options: GroupedOptions = {}): Value {
  checkNames("grouped", options, NAMES);
  const { groups = 1, ...others } = options;
  const { residual, activation = "none", ...window } = others;
  checkGroups(x, filter, groups);
  if (groups === 1) return conv(graph, x, filter, others);
  const { label, inChannels, outChannels, kernel } = filter;
  if (groups === inChannels && groups === outChannels && !residual) {
    return depthwise(graph, x, filter, { ...window, activation });
  }
  const [n = 1, height = 1, width = 1] = x.shape;
  const axes = axesOf([height, width], kernel, window);
  const y = graph.map(label, n, axes[0].out, axes[1].out, outChannels);
  if (residual && residual.shape.join() !== y.shape.join()) {
    throw new ShapeError(
      `"${label}" makes [${y.shape}], to which "${residual.label}" [${residual.shape}] cannot be added.`,
      "Give a residual of the shape that the convolution makes.",
    );
  }
  const values = { x, y, bias: biasOf(graph, filter), residual };
  groupsStep(graph, values, filter, { groups, axes, activation, transposed: false });
  graph.record(GROUPED, [x, residual], y, { filter, options });
  return y;
}

/** @throws ShapeError when a filter in groups cannot be applied to x. */
export function checkGroups(x: Value, { label, inChannels, outChannels }: Filter, groups: number): void {
  if (x.channels !== inChannels || x.shape.at(-1) !== padded(inChannels)) {
    throw new ShapeError(
      `"${label}" takes ${inChannels} channels, but "${x.label}" is [${x.shape}].`,
      "Give a map of as many channels as its weights have.",
    );
  }
  if (!Number.isInteger(groups) || groups < 1 || inChannels % groups !== 0 || outChannels % groups !== 0) {
    throw new ShapeError(
      `"${label}" cannot be in ${groups} groups: it leads from ${inChannels} to ${outChannels} channels.`,
      "Give a number of groups that divides both.",
    );
  }
}

interface Groups {
  readonly groups: number;
  readonly axes: readonly [Axis, Axis];
  readonly activation: Activation;
  readonly transposed: boolean;
}

/** A convolution in groups, or its transpose, output by output. */
export function groupsStep(
  graph: Graph,
  { x, y, bias, residual }: Operands,
  filter: Filter,
  { groups, axes, activation, transposed }: Groups,
): void {
  const { label, inChannels, outChannels, kernel } = filter;
  const [inGroup, outGroup] = [inChannels / groups, outChannels / groups];
  const weight = graph.parameter(
    `${label}.weight.groups`,
    [area(kernel), padded(inGroup), padded(outChannels)],
    [...filter.weight.sources, ...filter.scale.sources],
    packed({ ...filter, inChannels: inGroup }, packTaps),
  );
  const [, inHeight = 1, inWidth = 1, inStored = 4] = x.shape;
  const [, height = 1, width = 1] = y.shape;
  const extents = { height, width, inHeight, inWidth, inStored, outVectors: padded(outChannels) / 4, outChannels };
  const total = elements(y.shape) / 4;
  // Every tap of every output; of a transposed convolution, of every input.
  const [pixels, channels] = transposed
    ? [elements(x.shape) / inStored, inChannels * outGroup]
    : [elements(y.shape) / padded(outChannels), outChannels * inGroup];
  graph.step(
    groupsKernel,
    { x, weight, bias, residual: residual ?? bias, y },
    { ...extents, inGroup, outGroup, ...windowParams(axes), total },
    lanes(total),
    {
      choices: {
        TRANSPOSED: transposed,
        SHARED: outGroup % 4 === 0,
        ACTIVATION: ACTIVATIONS[activation],
        RESIDUAL: residual !== undefined,
      },
      flops: 2 * pixels * area(kernel) * channels,
    },
  );
}
