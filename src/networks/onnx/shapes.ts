import { count } from "./arrays.ts";
import { axisOf, intOf, intsOf, refused } from "./attributes.ts";
import type { Known } from "./known.ts";
import type { OnnxNode } from "./read.ts";

// Tests: test/networks/onnx/fold.test.ts

/** An input, or undefined where it is left out. */
export type Given = Known | { readonly shape: readonly number[] } | undefined;

/**
 * The numbers of an input that says what to do, such as a shape; undefined where it is left out.
 */
export async function numbersOf(
  node: OnnxNode,
  inputs: readonly Given[],
  index: number,
): Promise<number[] | undefined> {
  const input = inputs[index];
  if (!input) return undefined;
  if (!("numbers" in input)) {
    throw refused(
      node,
      `takes "${node.inputs[index]}", which changes with the network's inputs`,
      "Export the network with constant shapes.",
    );
  }
  return [...(await input.numbers())];
}

/** Numbers that are an attribute in old versions and an input in new ones. */
export const attributeOrInput = async (
  node: OnnxNode,
  name: string,
  inputs: readonly Given[],
  index: number,
): Promise<readonly number[] | undefined> => intsOf(node, name) ?? (await numbersOf(node, inputs, index));

/** Reshape's result: 0 keeps an extent, −1 is what is left. */
export function reshaped(node: OnnxNode, shape: readonly number[], target: readonly number[]): number[] {
  const keepZero = intOf(node, "allowzero", 0) === 1;
  const made = target.map((extent, axis) => (extent === 0 && !keepZero ? (shape[axis] ?? 0) : extent));
  const open = made.indexOf(-1);
  if (open >= 0)
    made[open] = count(shape) / made.reduce((product, extent) => (extent === -1 ? product : product * extent), 1);
  if (count(made) !== count(shape) || made.some((extent) => !Number.isInteger(extent) || extent < 0)) {
    throw refused(
      node,
      `cannot make [${target}] of [${shape}]`,
      "Export it for one image, or with an open batch size.",
    );
  }
  return made;
}

export function flattened(node: OnnxNode, shape: readonly number[]): number[] {
  const axis = intOf(node, "axis", 1);
  const at = axis === shape.length ? axis : axisOf(node, axis, shape.length);
  return [count(shape.slice(0, at)), count(shape.slice(at))];
}

export function squeezed(node: OnnxNode, shape: readonly number[], axes: readonly number[] | undefined): number[] {
  const out = new Set(axes?.map((axis) => axisOf(node, axis, shape.length)));
  for (const axis of out) if (shape[axis] !== 1) throw refused(node, `cannot take axis ${axis} out of [${shape}]`);
  return shape.filter((extent, axis) => (axes ? !out.has(axis) : extent !== 1));
}

export function unsqueezed(node: OnnxNode, shape: readonly number[], axes: readonly number[]): number[] {
  const rank = shape.length + axes.length;
  const fresh = new Set(axes.map((axis) => axisOf(node, axis, rank)));
  if (fresh.size !== axes.length) throw refused(node, `adds an axis twice: ${axes}`);
  const left = [...shape];
  return Array.from({ length: rank }, (_, axis) => (fresh.has(axis) ? 1 : left.shift()!));
}

/** The axes of a transposition; reversed unless given. */
export function permutation(node: OnnxNode, rank: number): readonly number[] {
  const axes = intsOf(node, "perm") ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  if (axes.length !== rank || new Set(axes).size !== rank) throw refused(node, `orders ${rank} axes as ${axes}`);
  return axes.map((axis) => axisOf(node, axis, rank));
}

/** What a slice takes along an axis: elements first, first + step, … */
export interface Sliced {
  readonly axis: number;
  readonly first: number;
  readonly step: number;
  readonly count: number;
}

/** Slice: starts, ends, axes and steps as NumPy counts them. */
export async function slices(node: OnnxNode, shape: readonly number[], inputs: readonly Given[]): Promise<Sliced[]> {
  const starts = (await attributeOrInput(node, "starts", inputs, 1)) ?? [];
  const ends = (await attributeOrInput(node, "ends", inputs, 2)) ?? [];
  const axes = (await attributeOrInput(node, "axes", inputs, 3)) ?? starts.map((_, axis) => axis);
  const steps = (await numbersOf(node, inputs, 4)) ?? starts.map(() => 1);
  if (ends.length !== starts.length || axes.length !== starts.length || steps.length !== starts.length) {
    throw refused(node, `has ${starts.length} starts for ${axes.length} axes`);
  }
  return starts.map((start, i) => {
    const axis = axisOf(node, axes[i]!, shape.length);
    const extent = shape[axis]!;
    const step = steps[i]!;
    if (!Number.isInteger(step) || step === 0) throw refused(node, `has a step of ${step}`);
    const place = (at: number, least: number, most: number): number =>
      Math.min(most, Math.max(least, at < 0 ? at + extent : at));
    const [first, last] =
      step > 0
        ? [place(start, 0, extent), place(ends[i]!, 0, extent)]
        : [place(start, 0, extent - 1), place(ends[i]!, -1, extent - 1)];
    return { axis, first, step, count: Math.max(0, Math.ceil((last - first) / step)) };
  });
}

/** The extents of a Split's outputs and its axis. */
export async function splits(
  node: OnnxNode,
  shape: readonly number[],
  inputs: readonly Given[],
): Promise<{ axis: number; sizes: readonly number[] }> {
  const axis = axisOf(node, intOf(node, "axis", 0), shape.length);
  const extent = shape[axis]!;
  const parts = node.outputs.length;
  const even = Math.ceil(extent / parts);
  const sizes =
    (await attributeOrInput(node, "split", inputs, 1)) ??
    Array.from({ length: parts }, (_, i) => Math.max(0, Math.min(even, extent - i * even)));
  if (
    sizes.length !== parts ||
    sizes.some((size) => !(size >= 0)) ||
    sizes.reduce((sum, size) => sum + size, 0) !== extent
  ) {
    throw refused(node, `splits ${extent} into ${sizes}`);
  }
  return { axis, sizes };
}

/** Concat's result and axis. */
export function concatenated(
  node: OnnxNode,
  shapes: readonly (readonly number[])[],
): { axis: number; shape: number[] } {
  const [first] = shapes;
  if (!first) throw refused(node, "joins nothing");
  const axis = axisOf(node, intOf(node, "axis", 1), first.length);
  for (const shape of shapes) {
    if (shape.length !== first.length || shape.some((extent, i) => i !== axis && extent !== first[i])) {
      throw refused(node, `joins [${first}] and [${shape}]`);
    }
  }
  const shape = [...first];
  shape[axis] = shapes.reduce((sum, extents) => sum + extents[axis]!, 0);
  return { axis, shape };
}

/** The axes that a reduction is over, ascending, and its result. */
export async function reduction(
  node: OnnxNode,
  shape: readonly number[],
  inputs: readonly Given[],
): Promise<{ axes: readonly number[]; shape: number[] }> {
  const given = await attributeOrInput(node, "axes", inputs, 1);
  const none = given === undefined || given.length === 0;
  if (none && intOf(node, "noop_with_empty_axes", 0) === 1) return { axes: [], shape: [...shape] };
  const axes = none
    ? shape.map((_, axis) => axis)
    : [...new Set(given.map((axis) => axisOf(node, axis, shape.length)))].sort((a, b) => a - b);
  const keep = intOf(node, "keepdims", 1) === 1;
  const made = shape.flatMap((extent, axis) => (axes.includes(axis) ? (keep ? [1] : []) : [extent]));
  return { axes, shape: made };
}
