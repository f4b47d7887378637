import { count } from "./arrays.ts";
import { floatOf, intOf, intsOf, refused, textOf } from "./attributes.ts";
import type { Known } from "./known.ts";
import { isKnown, type Lower, type Lowered, type Lowering } from "./lowering.ts";
import type { Extents, Placed } from "./placed.ts";
import type { OnnxNode } from "./read.ts";
import { outputsOf, transposedWindow, windowOf } from "./windows.ts";

// Tests: test/networks/onnx/lower.test.ts

/** An input that the file must hold. */
export function weightInput(node: OnnxNode, inputs: readonly (Lowered | undefined)[], index: number): Known {
  const input = inputs[index];
  if (!input) throw refused(node, `has no input ${index}`);
  if (!isKnown(input)) throw refused(node, `has a weight, "${node.inputs[index]}", that the network computes`);
  return input;
}

/** A map [1, c, h, w], or [1, c, w] where the input had one row. */
const mapOf = (x: Placed, [channels, rows, columns]: Extents): Pick<Placed, "shape" | "order" | "extents"> => {
  const shape = x.shape.length === 4 ? [1, channels, rows, columns] : [1, channels, columns];
  return { shape, order: [...shape.keys()].filter((axis) => shape[axis] !== 1), extents: [channels, rows, columns] };
};

/** The fields of a learned filter [a, b, kernel…]; a kernel of one axis is one row. */
async function filterFields(node: OnnxNode, inputs: readonly (Lowered | undefined)[], list: Lowering) {
  const weight = weightInput(node, inputs, 1);
  const [a = 0, b = 0, ...kernel] = weight.shape;
  if (kernel.length !== 1 && kernel.length !== 2) throw refused(node, `has a weight of [${weight.shape}]`);
  const shape = kernel.length === 1 ? [a, b, 1, ...kernel] : weight.shape;
  const fields = {
    weight: await list.weight(node, weight, shape),
    ...(inputs[2] && { bias: await list.weight(node, weightInput(node, inputs, 2)) }),
  };
  return { a, b, kernel, fields };
}

const conv: Lower = async (node, inputs, list) => {
  const x = list.map(node, await list.placed(node, inputs[0]));
  const { a: out, b, kernel, fields } = await filterFields(node, inputs, list);
  const [channels, rows, columns] = x.extents;
  const groups = intOf(node, "group", 1);
  if (b * groups !== channels) throw refused(node, `takes ${b * groups} channels, but is given ${channels}`);
  const window = windowOf(node, [rows, columns], kernel);
  const { stride, dilation, pad } = window;
  const made = mapOf(x, [out, ...outputsOf(window, [rows, columns])]);
  return [list.emit(node, { op: "conv", x: x.result, ...fields, stride, dilation, pad, groups }, made)];
};

const convTranspose: Lower = async (node, inputs, list) => {
  const x = list.map(node, await list.placed(node, inputs[0]));
  const { a, b, kernel, fields } = await filterFields(node, inputs, list);
  const [channels, rows, columns] = x.extents;
  if (a !== channels) throw refused(node, `takes ${a} channels, but is given ${channels}`);
  const groups = intOf(node, "group", 1);
  const { stride, dilation, pad, outputPad, out } = transposedWindow(node, [rows, columns], kernel);
  const made = mapOf(x, [b * groups, ...out]);
  const step = { op: "convTranspose", x: x.result, ...fields, stride, dilation, pad, groups, outputPad };
  return [list.emit(node, step, made)];
};

/** [1, C, …] with the channels as such. */
function withChannels(node: OnnxNode, x: Placed, list: Lowering): Placed {
  const rest = [...x.shape.keys()].slice(2);
  if (x.shape[0] !== 1 || x.shape.length < 2) {
    throw refused(
      node,
      `has an input of [${x.shape}]`,
      "Export the network for one image, or with an open batch size.",
    );
  }
  if (x.shape.length > 4) return list.arranged(node, x, [[1], [], rest]);
  return list.arranged(node, x, [[1], rest.slice(0, -1), rest.slice(-1)]);
}

const batchNorm: Lower = async (node, inputs, list) => {
  if (intOf(node, "training_mode", 0) === 1)
    throw refused(node, "is in training mode", "Export it after model.eval().");
  const x = withChannels(node, await list.placed(node, inputs[0]), list);
  const names = await Promise.all([1, 2, 3, 4].map((index) => list.weight(node, weightInput(node, inputs, index))));
  const [weight, bias, mean, variance] = names;
  const eps = floatOf(node, "epsilon", 1e-5);
  return [list.same(node, x, { op: "batchNorm", weight, bias, mean, variance, eps })];
};

const instanceNorm: Lower = async (node, inputs, list) => {
  const x = withChannels(node, await list.placed(node, inputs[0]), list);
  const weight = await list.weight(node, weightInput(node, inputs, 1));
  const bias = await list.weight(node, weightInput(node, inputs, 2));
  return [list.same(node, x, { op: "instanceNorm", weight, bias, eps: floatOf(node, "epsilon", 1e-5) })];
};

/** Of patterns: x / √(mean over channels of x² + 1e−8). */
const pixelNorm: Lower = async (node, inputs, list) => {
  const x = withChannels(node, await list.placed(node, inputs[0]), list);
  return [list.same(node, x, { op: "pixelNorm" })];
};

const pool =
  (op: "maxpool" | "average"): Lower =>
  async (node, inputs, list) => {
    if (node.outputs[1]) throw refused(node, "gives the places of the largest");
    const x = list.map(node, await list.placed(node, inputs[0]));
    const [channels, rows, columns] = x.extents;
    const window = windowOf(node, [rows, columns]);
    const ceil = intOf(node, "ceil_mode", 0) === 1;
    const { kernel: size, stride, dilation, pad } = window;
    const countPad = op === "average" && intOf(node, "count_include_pad", 0) === 1;
    const made = mapOf(x, [channels, ...outputsOf(window, [rows, columns], ceil)]);
    const step = { op, x: x.result, size, stride, dilation, pad, ceil, ...(countPad && { countPad }) };
    return [list.emit(node, step, made)];
  };

const globalPool =
  (op: string): Lower =>
  async (node, inputs, list) => {
    const x = withChannels(node, await list.placed(node, inputs[0]), list);
    const shape = x.shape.map((extent, axis) => (axis < 2 ? extent : 1));
    const channels = x.extents[0];
    const made = { shape, order: channels === 1 ? [] : [1], extents: [channels, 1, 1] as const };
    return [list.emit(node, { op, x: x.result, axes: "hw" }, made)];
  };

const shuffle =
  (op: "depthToSpace" | "spaceToDepth"): Lower =>
  async (node, inputs, list) => {
    const x = list.map(node, await list.placed(node, inputs[0]));
    const block = intOf(node, "blocksize", 0);
    const [channels, rows, columns] = x.extents;
    const deep = op === "spaceToDepth";
    const extents: Extents = deep
      ? [channels * block * block, rows / block, columns / block]
      : [channels / (block * block), rows * block, columns * block];
    if (!extents.every((extent) => Number.isInteger(extent))) throw refused(node, `cuts [${x.shape}] into ${block}`);
    const mode = textOf(node, "mode", "DCR");
    return [list.emit(node, { op, x: x.result, block, mode }, mapOf(x, extents))];
  };

/** Resize's sizes and scales of rows and columns, whichever version says them. */
async function sizesOf(node: OnnxNode, inputs: readonly (Lowered | undefined)[], list: Lowering, x: Placed) {
  const read = async (index: number): Promise<readonly number[] | undefined> => {
    const input = inputs[index];
    if (!input || count(input.shape) === 0) return undefined;
    return [...(await weightInput(node, inputs, index).numbers())];
  };
  const old = node.operator === "Upsample" || list.opset < 11;
  const axes = intsOf(node, "axes") ?? [...x.shape.keys()];
  /** Of all axes, from those that are named. */
  const spread = (values: readonly number[] | undefined, without: readonly number[]): readonly number[] | undefined =>
    values && without.map((value, axis) => values[axes.indexOf(axis < 0 ? axis + x.shape.length : axis)] ?? value);
  const ones = x.shape.map(() => 1);
  const given = old ? (node.attributes.get("scales") ? undefined : await read(1)) : await read(2);
  const attribute = node.attributes.get("scales");
  const scales = spread(attribute?.kind === "floats" ? attribute.value : given, ones);
  const sizes = old ? undefined : spread(await read(3), x.shape);
  const roi = old ? undefined : await read(1);
  if (!scales && !sizes) throw refused(node, "says neither scales nor sizes");
  const made = x.shape.map((extent, axis) => sizes?.[axis] ?? Math.floor(extent * scales![axis]!));
  const factors = x.shape.map((extent, axis) => scales?.[axis] ?? sizes![axis]! / extent);
  return { made, factors, roi, old };
}

const resize: Lower = async (node, inputs, list) => {
  const x = list.map(node, await list.placed(node, inputs[0]));
  const { made, factors, roi, old } = await sizesOf(node, inputs, list, x);
  if (made[0] !== 1 || made[1] !== x.extents[0]) throw refused(node, "resizes channels or the batch");
  if (intOf(node, "antialias", 0) === 1) throw refused(node, "smooths before it makes smaller (antialias)");
  const policy = textOf(node, "keep_aspect_ratio_policy", "stretch");
  if (policy !== "stretch") throw refused(node, `keeps the aspect ratio (${policy})`);
  const row = x.shape.length === 3;
  const [height, width] = row ? [1, made[2]!] : [made[2]!, made[3]!];
  const scales = row ? [1, factors[2]!] : [factors[2]!, factors[3]!];
  const coordinates = old ? "asymmetric" : textOf(node, "coordinate_transformation_mode", "half_pixel");
  const rank = x.shape.length;
  const corners = roi && [roi[rank - 2]!, roi[rank - 1]!, roi[2 * rank - 2]!, roi[2 * rank - 1]!];
  const step = {
    op: "resample",
    x: x.result,
    height,
    width,
    mode: textOf(node, "mode", "nearest"),
    coordinates,
    scales,
    nearest: old ? "floor" : textOf(node, "nearest_mode", "round_prefer_floor"),
    cubic: floatOf(node, "cubic_coeff_a", -0.75),
    ...(intOf(node, "exclude_outside", 0) === 1 && { excludeOutside: true }),
    ...(coordinates === "tf_crop_and_resize" &&
      corners && { roi: corners, value: floatOf(node, "extrapolation_value", 0) }),
  };
  return [list.emit(node, step, mapOf(x, [x.extents[0], height, width]))];
};

/** Of patterns alone. */
export const RECOGNISED: Readonly<Record<string, Lower>> = {
  PixelNorm: pixelNorm,
  Silu: async (node, [x], list) => [list.same(node, await list.placed(node, x), { op: "silu" })],
};

export const CONVOLUTION: Readonly<Record<string, Lower>> = {
  Conv: conv,
  ConvTranspose: convTranspose,
  BatchNormalization: batchNorm,
  InstanceNormalization: instanceNorm,
  MaxPool: pool("maxpool"),
  AveragePool: pool("average"),
  GlobalAveragePool: globalPool("reduceMean"),
  GlobalMaxPool: globalPool("reduceMax"),
  DepthToSpace: shuffle("depthToSpace"),
  SpaceToDepth: shuffle("spaceToDepth"),
  Resize: resize,
  Upsample: resize,
};
