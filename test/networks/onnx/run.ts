// Runs a lowered graph on the adapter, with ONNX's tensors going in and coming out.

import { Weights } from "../../../src/models/weights.ts";
import { count, transposed } from "../../../src/networks/onnx/arrays.ts";
import { type LowerOptions, lower } from "../../../src/networks/onnx/lower.ts";
import type { Extents, Placed } from "../../../src/networks/onnx/placed.ts";
import type { OnnxModel } from "../../../src/networks/onnx/read.ts";
import { Results } from "../../../src/networks/operation-list.ts";
import type { Operation } from "../../../src/networks/operations.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { Graph, padded } from "../../../src/runtime/graph.ts";
import { Plan } from "../../../src/runtime/plan.ts";
import { Tensor } from "../../../src/runtime/tensor.ts";

/** Channels, rows, columns, image after image, to how maps lie. */
function toMaps(
  values: ArrayLike<number>,
  images: number,
  [channels, rows, columns]: Extents,
): Float32Array<ArrayBuffer> {
  const stored = padded(channels);
  const maps = new Float32Array(images * rows * columns * stored);
  for (let i = 0; i < images; i += 1) {
    for (let c = 0; c < channels; c += 1) {
      for (let p = 0; p < rows * columns; p += 1) {
        maps[(i * rows * columns + p) * stored + c] = values[(i * channels + c) * rows * columns + p]!;
      }
    }
  }
  return maps;
}

/** An ONNX value of each image, image after image, from maps. */
function fromMaps(maps: Float32Array, images: number, { shape, order, extents }: Placed): Float64Array {
  const [channels, rows, columns] = extents;
  const stored = padded(channels);
  const each = count(extents);
  const all = new Float64Array(images * each);
  const lying = order.map((axis) => shape[axis]!);
  const back = [...order.keys()].sort((a, b) => order[a]! - order[b]!);
  for (let i = 0; i < images; i += 1) {
    const image = new Float64Array(each);
    for (let c = 0; c < channels; c += 1) {
      for (let p = 0; p < rows * columns; p += 1) {
        image[c * rows * columns + p] = maps[(i * rows * columns + p) * stored + c]!;
      }
    }
    all.set(transposed(image, lying, back), i * each);
  }
  return all;
}

/** What a graph makes of these inputs, by name: values of `batch` images, one after the other. */
export async function run(
  device: Device,
  model: OnnxModel,
  inputs: ReadonlyMap<string, ArrayLike<number>>,
  batch = 1,
  options: LowerOptions = { size: 2 ** 20 },
): Promise<ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: Float64Array }>> {
  const list = await lower(model, options);
  const graph = new Graph(device.target);
  const results = new Results(graph, list.state, batch);
  const weights = new Weights(device, list.state);
  const bound: [ReturnType<Graph["map"]>, Tensor][] = [];
  for (const { name, extents } of list.inputs) {
    const [channels, rows, columns] = extents;
    const value = graph.map(name, batch, rows, columns, channels);
    results.set(name, () => value);
    bound.push([value, Tensor.from(device, name, value.shape, "f32", toMaps(inputs.get(name)!, batch, extents))]);
  }
  for (const step of list.steps) {
    results.append(step as unknown as Operation);
  }
  const values = list.outputs.map(({ value }) => results.maker(value.result)());
  const learned = await weights.bind(graph);
  const keep = values.filter((value) => !bound.some(([input]) => input.id === value.id));
  const plan = await Plan.compile(device, graph, { keep, bind: [...learned, ...bound] });
  plan.run();
  const made = new Map<string, { shape: readonly number[]; values: Float64Array }>();
  for (const [i, { name, value }] of list.outputs.entries()) {
    const own = bound.find(([input]) => input.id === values[i]!.id);
    const data = (await (own ? own[1] : plan.tensor(values[i]!)).read()) as Float32Array;
    if (
      values[i]!.channels !== value.extents[0] ||
      count(values[i]!.shape) !== batch * (count(value.extents) / value.extents[0]) * padded(value.extents[0])
    ) {
      throw new Error(`"${name}" is [${values[i]!.shape}] where [${value.extents}] was expected`);
    }
    made.set(name, { shape: value.shape, values: fromMaps(data, batch, value) });
  }
  plan.dispose();
  weights.dispose();
  for (const [, tensor] of bound) tensor.dispose();
  return made;
}
