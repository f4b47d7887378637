import { contiguousStrides } from "../../weights/layout.ts";
import { alongAxis, broadcastStrides, count, positions, strided, transposed } from "./arrays.ts";
import { axisOf, broadcast, floatOf, floatsOf, intOf, intsOf, refused, tensorOf } from "./attributes.ts";
import { type Fold, needed } from "./folding.ts";
import { computed, FLOAT, INT64, type Known, literal, ofTensor } from "./known.ts";
import {
  attributeOrInput,
  concatenated,
  flattened,
  numbersOf,
  permutation,
  reduction,
  reshaped,
  slices,
  splits,
  squeezed,
  unsqueezed,
} from "./shapes.ts";

// Tests: test/networks/onnx/fold.test.ts

const constant: Fold = async (node, _inputs, { budget }) => {
  const tensor = tensorOf(node, "value");
  if (tensor) return [ofTensor(tensor, budget)];
  const float = floatOf(node, "value_float", undefined);
  const int = intOf(node, "value_int", undefined);
  const floats = floatsOf(node, "value_floats");
  const ints = intsOf(node, "value_ints");
  if (float !== undefined) return [literal([float], [], FLOAT)];
  if (int !== undefined) return [literal([int], [], INT64)];
  if (floats) return [literal(floats, [floats.length], FLOAT)];
  if (ints) return [literal(ints, [ints.length], INT64)];
  throw refused(node, "holds no numbers");
};

const constantOfShape: Fold = async (node, inputs, { budget }) => {
  const shape = (await numbersOf(node, inputs, 0)) ?? [];
  const value = tensorOf(node, "value");
  const [fill = 0] = value ? await value.numbers() : [];
  if (shape.some((extent) => extent < 0)) throw refused(node, `would be [${shape}]`);
  return [await computed(budget, shape, value?.type ?? FLOAT, [], () => new Float64Array(count(shape)).fill(fill))];
};

const range: Fold = async (node, inputs, { budget }) => {
  const [start = 0, limit = 0, delta = 1] = await Promise.all(
    [0, 1, 2].map(async (index) => (await needed(node, inputs, index).numbers())[0]!),
  );
  const length = Math.max(0, Math.ceil((limit - start) / delta));
  if (!Number.isFinite(length)) throw refused(node, `counts from ${start} to ${limit} by ${delta}`);
  return [
    await computed(budget, [length], needed(node, inputs).type, [], () =>
      Float64Array.from({ length }, (_, i) => start + i * delta),
    ),
  ];
};

/** The same numbers under another shape. */
const viewed = (x: Known, shape: readonly number[]): Known => {
  const { tensor: _, ...rest } = x;
  return { ...rest, shape };
};

const gather: Fold = async (node, inputs, { budget }) => {
  const [x, indices] = [needed(node, inputs, 0), needed(node, inputs, 1)];
  const axis = axisOf(node, intOf(node, "axis", 0), x.shape.length);
  const extent = x.shape[axis]!;
  const places = [...(await indices.numbers())].map((at) => (at < 0 ? at + extent : at));
  const outside = places.find((at) => !(at >= 0 && at < extent));
  if (outside !== undefined) throw refused(node, `takes element ${outside} of ${extent}`);
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  return [
    await computed(budget, shape, x.type, [x], ([values]) =>
      alongAxis(values!, x.shape, axis, places.length, (j) => places[j]!),
    ),
  ];
};

const slice: Fold = async (node, inputs, { budget }) => {
  const x = needed(node, inputs);
  const steps = contiguousStrides(x.shape);
  const shape = [...x.shape];
  let offset = 0;
  for (const { axis, first, step, count: extent } of await slices(node, x.shape, inputs)) {
    offset += first * steps[axis]!;
    shape[axis] = extent;
    steps[axis]! *= step;
  }
  return [await computed(budget, shape, x.type, [x], ([values]) => strided(values!, shape, steps, offset))];
};

const split: Fold = async (node, inputs, { budget }) => {
  const x = needed(node, inputs);
  const { axis, sizes } = await splits(node, x.shape, inputs);
  let first = 0;
  const parts: Known[] = [];
  for (const size of sizes) {
    const from = first;
    const shape = x.shape.with(axis, size);
    parts.push(
      await computed(budget, shape, x.type, [x], ([values]) =>
        alongAxis(values!, x.shape, axis, size, (j) => from + j),
      ),
    );
    first += size;
  }
  return parts;
};

const concat: Fold = async (node, inputs, { budget }) => {
  const parts = inputs.map((_, index) => needed(node, inputs, index));
  const { axis, shape } = concatenated(
    node,
    parts.map((part) => part.shape),
  );
  return [
    await computed(budget, shape, parts[0]!.type, parts, (values) => {
      const joined = new Float64Array(count(shape));
      const inner = count(shape.slice(axis));
      let at = 0;
      values.forEach((value, i) => {
        const block = count(parts[i]!.shape.slice(axis));
        for (let row = 0; row * block < value.length; row += 1) {
          joined.set(value.subarray(row * block, (row + 1) * block), row * inner + at);
        }
        at += block;
      });
      return joined;
    }),
  ];
};

const expand: Fold = async (node, inputs, { budget }) => {
  const x = needed(node, inputs);
  const shape = broadcast(node, x.shape, (await numbersOf(node, inputs, 1)) ?? []);
  const steps = broadcastStrides(x.shape, shape.length);
  return [await computed(budget, shape, x.type, [x], ([values]) => strided(values!, shape, steps))];
};

const tile: Fold = async (node, inputs, { budget }) => {
  const x = needed(node, inputs);
  const repeats = (await numbersOf(node, inputs, 1)) ?? [];
  if (repeats.length !== x.shape.length || repeats.some((times) => !(times >= 0))) {
    throw refused(node, `repeats ${x.shape.length} axes by ${repeats}`);
  }
  const shape = x.shape.map((extent, axis) => extent * repeats[axis]!);
  return [
    await computed(budget, shape, x.type, [x], ([values]) =>
      x.shape.reduce((all, extent, axis) => {
        const had = [...shape.slice(0, axis), ...x.shape.slice(axis)];
        return alongAxis(all, had, axis, shape[axis]!, (j) => j % extent);
      }, values!),
    ),
  ];
};

const transpose: Fold = async (node, inputs, { budget }) => {
  const x = needed(node, inputs);
  const axes = permutation(node, x.shape.length);
  const shape = axes.map((axis) => x.shape[axis]!);
  return [await computed(budget, shape, x.type, [x], ([values]) => transposed(values!, x.shape, axes))];
};

/** A sum over axes and the like: `of` combines, from `start` on; `after` ends with the count. */
const reduce =
  (start: number, of: (sum: number, x: number) => number, after = (sum: number, _elements: number) => sum): Fold =>
  async (node, inputs, { budget }) => {
    const x = needed(node, inputs);
    const { axes, shape } = await reduction(node, x.shape, inputs);
    if (axes.length === 0) return [x];
    const kept = x.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
    const steps = broadcastStrides(kept, kept.length);
    return [
      await computed(budget, shape, x.type, [x], ([values]) => {
        const made = new Float64Array(count(kept)).fill(start);
        let i = 0;
        for (const at of positions(x.shape, steps)) {
          made[at] = of(made[at]!, values![i]!);
          i += 1;
        }
        return made.map((sum) => after(sum, values!.length / made.length));
      }),
    ];
  };

export const SHAPED: Readonly<Record<string, Fold>> = {
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Range: range,
  Gather: gather,
  Slice: slice,
  Split: split,
  Concat: concat,
  Expand: expand,
  Tile: tile,
  Transpose: transpose,
  Reshape: async (node, inputs) => {
    const x = needed(node, inputs);
    return [viewed(x, reshaped(node, x.shape, (await attributeOrInput(node, "shape", inputs, 1)) ?? []))];
  },
  Flatten: async (node, inputs) => {
    const x = needed(node, inputs);
    return [viewed(x, flattened(node, x.shape))];
  },
  Squeeze: async (node, inputs) => {
    const x = needed(node, inputs);
    return [viewed(x, squeezed(node, x.shape, await attributeOrInput(node, "axes", inputs, 1)))];
  },
  Unsqueeze: async (node, inputs) => {
    const x = needed(node, inputs);
    return [viewed(x, unsqueezed(node, x.shape, (await attributeOrInput(node, "axes", inputs, 1)) ?? []))];
  },
  ReduceSum: reduce(0, (sum, x) => sum + x),
  ReduceProd: reduce(1, (product, x) => product * x),
  ReduceMax: reduce(Number.NEGATIVE_INFINITY, Math.max),
  ReduceMin: reduce(Number.POSITIVE_INFINITY, Math.min),
  ReduceMean: reduce(
    0,
    (sum, x) => sum + x,
    (sum, elements) => sum / elements,
  ),
};
