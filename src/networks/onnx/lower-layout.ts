import { axisOf, broadcast, floatOf, intOf, intsOf, refused, textOf } from "./attributes.ts";
import { checkExtents, extentsWith, isKnown, type Lower, type Lowered, type Lowering } from "./lowering.ts";
import {
  type Extents,
  extentsOf,
  type Groups,
  groupsOf,
  LETTERS,
  type Placed,
  reshapedOrder,
  wideAxes,
} from "./placed.ts";
import type { OnnxNode } from "./read.ts";
import {
  attributeOrInput,
  concatenated,
  flattened,
  numbersOf,
  permutation,
  reshaped,
  slices,
  splits,
  squeezed,
  unsqueezed,
} from "./shapes.ts";

// Tests: test/networks/onnx/lower.test.ts

/** The value under another shape: the same memory where its axes allow it. */
export function viewed(node: OnnxNode, x: Placed, shape: readonly number[], list: Lowering): Placed {
  const order = reshapedOrder(x, shape);
  if (order) return { ...x, shape, order };
  const wide = wideAxes(x.shape);
  const natural = list.arranged(node, x, [wide.slice(0, -2), wide.slice(-2, -1), wide.slice(-1)]);
  return { ...natural, shape, order: wideAxes(shape) };
}

const view =
  (of: (node: OnnxNode, x: Placed, inputs: readonly (Lowered | undefined)[]) => Promise<readonly number[]>): Lower =>
  async (node, inputs, list) => {
    const x = await list.placed(node, inputs[0]);
    return [viewed(node, x, await of(node, x, inputs), list)];
  };

const transpose: Lower = async (node, inputs, list) => {
  const x = await list.placed(node, inputs[0]);
  const axes = permutation(node, x.shape.length);
  const shape = axes.map((axis) => x.shape[axis]!);
  return [{ ...x, shape, order: x.order.map((axis) => axes.indexOf(axis)) }];
};

/** The value after a step along one axis, which has that many elements then. */
function along(
  node: OnnxNode,
  [x, at]: readonly [Placed, number],
  axis: number,
  extent: number,
  step: { readonly op: string; readonly [field: string]: unknown },
  list: Lowering,
): Placed {
  const shape = x.shape.with(axis, extent);
  const there = x.order.includes(axis);
  // One element before: it stands where it was isolated.
  const before = there ? [] : groupsOf(x)!.slice(0, at).flat();
  const order = there
    ? x.order.filter((other) => other !== axis || extent !== 1)
    : [...before, axis, ...x.order.slice(before.length)];
  return list.emit(node, step, { shape, order, extents: extentsWith(x.extents, at, extent) });
}

const slice: Lower = async (node, inputs, list) => {
  let x = await list.placed(node, inputs[0]);
  for (const { axis, first, step, count } of await slices(node, x.shape, inputs)) {
    const extent = x.shape[axis]!;
    if (first === 0 && step === 1 && count === extent) continue;
    if (count < 1) throw refused(node, "takes nothing");
    const isolated = list.isolated(node, x, axis);
    const fields = { op: "slice", x: isolated[0].result, axis: LETTERS[isolated[1]], first, count };
    x = along(node, isolated, axis, count, { ...fields, ...(step !== 1 && { step }) }, list);
  }
  return [x];
};

const split: Lower = async (node, inputs, list) => {
  const x = await list.placed(node, inputs[0]);
  const { axis, sizes } = await splits(node, x.shape, inputs);
  const isolated = list.isolated(node, x, axis);
  let first = 0;
  return sizes.map((count, i) => {
    if (count < 1) throw refused(node, "makes an empty part");
    const step = { op: "slice", x: isolated[0].result, axis: LETTERS[isolated[1]], first, count };
    first += count;
    return along({ ...node, outputs: [node.outputs[i]!] }, isolated, axis, count, step, list);
  });
};

const concat: Lower = async (node, inputs, list) => {
  const parts = await Promise.all(
    inputs.map((input, index) => (input && isKnown(input) ? input : list.placed(node, input, index))),
  );
  const { axis, shape } = concatenated(
    node,
    parts.map((part) => part.shape),
  );
  // All as the first that the network computes lies.
  const model = parts.find((part): part is Placed => !isKnown(part))!;
  const [first, at] = list.isolated(node, model, axis);
  const own = groupsOf(first);
  const rest = first.order.filter((other) => other !== axis);
  // Channels before rows and columns that are cut across.
  const groups: Groups = own
    ? (own.map((group, i) => (i === at ? [axis] : group)) as unknown as Groups)
    : [[axis], rest, []];
  const results: string[] = [];
  const extents = (given: readonly number[]): Extents =>
    own ? extentsOf(given, groups) : [given[axis]!, first.extents[1], first.extents[2]];
  for (const part of parts) {
    const placed = isKnown(part)
      ? await list.constant(node, part, groups, extents(part.shape))
      : list.arranged(node, part, groups, extents(part.shape));
    results.push(placed.result);
  }
  const order = groups.flat().filter((other) => shape[other] !== 1);
  const step = { op: "concat", parts: results, axis: LETTERS[at] };
  return [list.emit(node, step, { shape, order, extents: extents(shape) })];
};

/** Whole numbers that choose elements along an axis; a single one takes the axis away. */
const gather: Lower = async (node, inputs, list) => {
  const [table, indices] = inputs;
  if (table && isKnown(table) && indices && !isKnown(indices)) return [await embedding(node, table, indices, list)];
  const x = await list.placed(node, table);
  const axis = axisOf(node, intOf(node, "axis", 0), x.shape.length);
  const extent = x.shape[axis]!;
  const chosen = ((await numbersOf(node, inputs, 1)) ?? []).map((at) => (at < 0 ? at + extent : at));
  if (chosen.length === 0 || chosen.some((at) => !(at >= 0 && at < extent))) {
    throw refused(node, `takes elements ${chosen} of ${extent}`);
  }
  const isolated = list.isolated(node, x, axis);
  const letter = LETTERS[isolated[1]];
  const step =
    chosen.length === 1
      ? { op: "slice", x: isolated[0].result, axis: letter, first: chosen[0]!, count: 1 }
      : { op: "gather", x: isolated[0].result, axis: letter, indices: chosen };
  const made = along(node, isolated, axis, chosen.length, step, list);
  return [viewed(node, made, [...x.shape.slice(0, axis), ...indices!.shape, ...x.shape.slice(axis + 1)], list)];
};

/** The row of a table that belongs to a class, which is given as a one at its place. */
async function embedding(node: OnnxNode, table: Lowered, label: Placed, list: Lowering): Promise<Placed> {
  if (!isKnown(table) || table.shape.length !== 2 || intOf(node, "axis", 0) !== 0) {
    throw refused(node, `takes elements of [${table.shape}] that the network computes`);
  }
  const [classes, size] = table.shape as [number, number];
  if (label.extents[0] !== classes)
    throw refused(node, `has a table of ${classes} rows for ${label.extents[0]} classes`);
  const shape = [...label.shape, size];
  const step = { op: "embedding", x: label.result, table: await list.weight(node, table) };
  return list.emit(node, step, { shape, order: wideAxes(shape), extents: [size, 1, 1] });
}

const pad: Lower = async (node, inputs, list) => {
  const mode = textOf(node, "mode", "constant");
  const pads = (await attributeOrInput(node, "pads", inputs, 1)) ?? intsOf(node, "paddings") ?? [];
  const value = floatOf(node, "value", undefined) ?? (await numbersOf(node, inputs, 2))?.[0] ?? 0;
  let x = await list.placed(node, inputs[0]);
  const rank = x.shape.length;
  const axes = ((await numbersOf(node, inputs, 3)) ?? [...x.shape.keys()]).map((axis) => axisOf(node, axis, rank));
  if (pads.length !== 2 * axes.length) throw refused(node, `has ${pads.length} pads for ${axes.length} axes`);
  if (mode !== "constant" && mode !== "reflect" && mode !== "edge") throw refused(node, `pads by "${mode}"`);
  for (const [i, axis] of axes.entries()) {
    const [before, after] = [pads[i]!, pads[i + axes.length]!];
    if (before === 0 && after === 0) continue;
    const isolated = list.isolated(node, x, axis);
    const at = isolated[1];
    const sides = [0, at === 1 ? before : 0, at === 2 ? before : 0, at === 1 ? after : 0, at === 2 ? after : 0].slice(
      1,
    );
    const [top, left, bottom, right] = sides;
    const where = at === 0 ? { channels: [before, after] } : { pad: [top, left, bottom, right] };
    const step = { op: "pad", x: isolated[0].result, ...where, mode, ...(value !== 0 && { value }) };
    x = along(node, isolated, axis, x.shape[axis]! + before + after, step, list);
  }
  return [x];
};

/** Axes of one element repeated, each on its own. */
function repeated(node: OnnxNode, given: Placed, shape: readonly number[], list: Lowering): Placed {
  const more = shape.length - given.shape.length;
  let x: Placed = {
    ...given,
    shape: [...new Array<number>(more).fill(1), ...given.shape],
    order: given.order.map((axis) => axis + more),
  };
  for (const [axis, extent] of shape.entries()) {
    if (x.shape[axis] === extent) continue;
    const isolated = list.isolated(node, x, axis);
    const extents: Extents = extentsWith(isolated[0].extents, isolated[1], extent);
    x = along(node, isolated, axis, extent, { op: "expand", x: isolated[0].result, shape: extents }, list);
  }
  return x;
}

const expand: Lower = async (node, inputs, list) => {
  const x = await list.placed(node, inputs[0]);
  return [repeated(node, x, broadcast(node, x.shape, (await numbersOf(node, inputs, 1)) ?? []), list)];
};

/** Copies side by side along each axis. */
const tile: Lower = async (node, inputs, list) => {
  let x = await list.placed(node, inputs[0]);
  const repeats = (await numbersOf(node, inputs, 1)) ?? [];
  if (repeats.length !== x.shape.length || repeats.some((times) => times < 1))
    throw refused(node, `repeats ${repeats}`);
  for (const [axis, times] of repeats.entries()) {
    if (times === 1) continue;
    checkExtents(node, x.shape.with(axis, x.shape[axis]! * times));
    const isolated = list.isolated(node, x, axis);
    const parts = new Array<string>(times).fill(isolated[0].result);
    const step = { op: "concat", parts, axis: LETTERS[isolated[1]] };
    x = along(node, isolated, axis, x.shape[axis]! * times, step, list);
  }
  return [x];
};

export const LAYOUT: Readonly<Record<string, Lower>> = {
  Reshape: view(async (node, { shape }, inputs) =>
    reshaped(node, shape, (await attributeOrInput(node, "shape", inputs, 1)) ?? []),
  ),
  Flatten: view(async (node, { shape }) => flattened(node, shape)),
  Squeeze: view(async (node, { shape }, inputs) =>
    squeezed(node, shape, await attributeOrInput(node, "axes", inputs, 1)),
  ),
  Unsqueeze: view(async (node, { shape }, inputs) =>
    unsqueezed(node, shape, (await attributeOrInput(node, "axes", inputs, 1)) ?? []),
  ),
  Transpose: transpose,
  Slice: slice,
  Split: split,
  Concat: concat,
  Gather: gather,
  Pad: pad,
  Expand: expand,
  Tile: tile,
};
