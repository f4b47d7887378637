// Lists of operations run on a device, for the tests of what they compute.
import { checkedSteps, Results } from "../../../src/networks/operation-list.ts";
import type { State } from "../../../src/networks/state.ts";
import type { Device } from "../../../src/runtime/device.ts";
import type { Value } from "../../../src/runtime/graph.ts";
import { Bench, type Map64, unpack } from "../../kernels/reference.ts";

/** A file's tensors: extents and numbers. */
export type Tensors = Readonly<Record<string, readonly [readonly number[], ArrayLike<number>]>>;

/** What the last of these steps makes of the inputs, [n, h, w, c] without padding. */
export async function run(
  device: Device,
  steps: readonly unknown[],
  inputs: Readonly<Record<string, Map64>>,
  tensors: Tensors = {},
): Promise<{ readonly value: Value; readonly data: Float32Array }> {
  const bench = new Bench(device);
  const state = new Map(Object.entries(tensors).map(([name, [shape]]) => [name, { shape }])) as unknown as State;
  const results = new Results(bench.graph, state, Object.values(inputs)[0]!.n);
  for (const [name, map] of Object.entries(inputs)) {
    let value: Value | undefined;
    results.set(name, () => (value ??= bench.map(map, name)));
  }
  const list = checkedSteps(steps, Object.keys(inputs));
  for (const step of list) results.append(step);
  const value = results.maker(list.at(-1)!.to)();
  bench.graph.parameters.forEach((parameter, index) => {
    const sources = parameter.sources.map((name) => Float32Array.from(tensors[name]![1]));
    bench.graph.parameters[index] = { ...parameter, pack: () => parameter.pack(sources) };
  });
  const [data] = await bench.run(value);
  return { value, data: unpack(data, value.channels) };
}
