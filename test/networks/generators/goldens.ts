// Small generators in the containers that people have, and what they make in double precision:
// test/golden/generators, made by this project's founders in plain PyTorch operations.

import { readFileSync } from "node:fs";
import { gradient } from "../../../src/gradient/gradient.ts";
import type { Device } from "../../../src/index.ts";
import { openCheckpoint } from "../../../src/index.ts";
import { Weights } from "../../../src/models/weights.ts";
import type { GeneratorFile } from "../../../src/networks/generators/family.ts";
import type { AppendOptions, Network, NetworkValues } from "../../../src/networks/network.ts";
import { Graph, type Value } from "../../../src/runtime/graph.ts";
import { Plan } from "../../../src/runtime/plan.ts";
import { RandomState } from "../../../src/weights/random.ts";
import { toNchw } from "../../gpu.ts";

export const bytesOfFixture = (name: string): Uint8Array =>
  readFileSync(new URL(`../../golden/generators/${name}`, import.meta.url));

/** What a container holds for a generator, and what is said about it. */
export async function fixture(name: string): Promise<GeneratorFile & { readonly warnings: readonly string[] }> {
  const { tensors, attributes } = await openCheckpoint(bytesOfFixture(name));
  const warnings: string[] = [];
  return { tensors, attributes, warnings, onWarning: (message) => void warnings.push(message) };
}

export interface Golden {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array;
}

/** A golden's tensors; float64 ones are read as such, which networks' tensors are not. */
export async function golden(name: string): Promise<ReadonlyMap<string, Golden>> {
  const file = Uint8Array.from(bytesOfFixture(`${name}.golden.safetensors`));
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length))) as Record<
    string,
    { readonly dtype: string; readonly shape: readonly number[]; readonly data_offsets: readonly [number, number] }
  >;
  return new Map(
    Object.entries(header).map(
      ([
        key,
        {
          dtype,
          shape,
          data_offsets: [from, to],
        },
      ]) => {
        const bytes = file.slice(8 + length + from, 8 + length + to).buffer;
        return [key, { shape, data: dtype === "F64" ? new Float64Array(bytes) : new Float32Array(bytes) }] as const;
      },
    ),
  );
}

/** Rows of a golden as a network's input takes them. */
export function rowsOf({ shape, data }: Golden, value: Value): Float32Array<ArrayBuffer> {
  const stored = value.shape.at(-1)!;
  const length = shape.at(-1)!;
  const rows = new Float32Array((data.length / length) * stored);
  data.forEach((number, at) => {
    rows[Math.floor(at / length) * stored + (at % length)] = number;
  });
  return rows;
}

export interface Ran {
  /** [n, c, h, w] */
  readonly outputs: ReadonlyMap<string, Float32Array>;
  readonly layers: ReadonlyMap<string, Float32Array>;
  /** As the device holds them. */
  readonly stored: ReadonlyMap<string, Float32Array>;
}

/**
 * What a network makes of a golden's z and classes, or of values that are given as it holds them.
 */
export async function ran(
  device: Device,
  network: Network,
  {
    given = new Map(),
    n = 2,
    ...options
  }: AppendOptions & {
    readonly n?: number;
    readonly given?: ReadonlyMap<string, Float32Array>;
  },
  expected?: ReadonlyMap<string, Golden>,
): Promise<Ran> {
  const graph = new Graph(device.target);
  const values = network.append(graph, n, options);
  const weights = new Weights(device, network.state);
  const keep = [...values.layers.values(), ...values.outputs.values()];
  const plan = await Plan.compile(device, graph, { keep, bind: await weights.bind(graph) });
  try {
    for (const [name, value] of values.inputs) {
      const rows = given.get(name) ?? rowsOf(expected!.get(name === "label" ? "c" : name)!, value);
      plan.tensor(value).write(rows as Float32Array<ArrayBuffer>);
    }
    plan.run();
    const stored = new Map<string, Float32Array>();
    const read = async (from: ReadonlyMap<string, Value>): Promise<Map<string, Float32Array>> => {
      const all = new Map<string, Float32Array>();
      for (const [name, value] of from) {
        const tensor = plan.tensor(value);
        const data = await tensor.read();
        stored.set(name, data);
        all.set(name, toNchw(data, value.shape, value.channels));
      }
      return all;
    };
    return { outputs: await read(values.outputs), layers: await read(values.layers), stored };
  } finally {
    plan.dispose();
    weights.dispose();
  }
}

/** A network compiled for one image, with more values beside it. */
class Model<K extends string> {
  readonly #plan: Plan;
  readonly #weights: Weights;
  readonly #inputs: ReadonlyMap<string, Value>;
  readonly #kept: Readonly<Record<K, Value>>;

  private constructor(
    plan: Plan,
    weights: Weights,
    inputs: ReadonlyMap<string, Value>,
    kept: Readonly<Record<K, Value>>,
  ) {
    this.#plan = plan;
    this.#weights = weights;
    this.#inputs = inputs;
    this.#kept = kept;
  }

  static async compile<K extends string>(
    device: Device,
    network: Network,
    more: (values: NetworkValues, graph: Graph) => Readonly<Record<K, Value>>,
  ): Promise<Model<K>> {
    const graph = new Graph(device.target);
    const values = network.append(graph, 1);
    const kept = more(values, graph);
    const weights = new Weights(device, network.state);
    const keep = Object.values<Value>(kept);
    const plan = await Plan.compile(device, graph, { keep, bind: await weights.bind(graph) });
    return new Model(plan, weights, values.inputs, kept);
  }

  /** Writes inputs, or kept values, and returns the kept ones. */
  async run(given: ReadonlyMap<string, Float32Array>): Promise<Readonly<Record<K, Float32Array>>> {
    for (const [name, numbers] of given) {
      const value = this.#inputs.get(name) ?? this.#kept[name as K];
      if (value) this.#plan.tensor(value).write(numbers as Float32Array<ArrayBuffer>);
    }
    this.#plan.run();
    const entries: [string, Float32Array][] = [];
    for (const [name, value] of Object.entries<Value>(this.#kept)) {
      entries.push([name, await this.#plan.tensor(value).read()]);
    }
    return Object.fromEntries(entries) as Record<K, Float32Array>;
  }

  [Symbol.dispose](): void {
    this.#plan.dispose();
    this.#weights.dispose();
  }
}

/**
 * How Σ seed · image changes for a random seed along its gradient by z, by two nearby images, and
 * the gradient's length, which that should be.
 */
export async function slopeAlongGradient(
  device: Device,
  network: Network,
): Promise<{ readonly slope: number; readonly length: number }> {
  using model = await Model.compile(device, network, (values, graph) => {
    const raw = values.outputs.get("raw")!;
    const seed = graph.value("seed", raw.shape, "f32", raw.channels);
    return { raw, seed, dz: gradient(graph, raw, [values.inputs.get("z")!], { seed })[0]! };
  });
  const random = new RandomState(5);
  const z = Float32Array.from(random.standardNormal(16));
  const seed = Float32Array.from(random.standardNormal(32 * 32 * 4), (v, at) => (at % 4 === 3 ? 0 : v));
  const given = (values: Float32Array) =>
    new Map([
      ["z", values],
      ["label", Float32Array.of(0, 1, 0, 0)],
      ["seed", seed],
    ]);
  const { dz } = await model.run(given(z));
  // Along the gradient, where the slope is its length.
  const length = Math.hypot(...dz);
  const at = async (by: number) => {
    const { raw } = await model.run(given(z.map((v, i) => v + (by * dz[i]!) / length)));
    return raw.reduce((sum, v, i) => sum + v * seed[i]!, 0);
  };
  const step = 1e-4;
  const slope = ((await at(step)) - (await at(-step))) / (2 * step);
  return { slope, length };
}

/** The largest difference, by the range of what is expected. */
export function worstOfRange(actual: Float32Array, { data }: Golden): number {
  if (actual.length !== data.length) return Number.POSITIVE_INFINITY;
  let [low, high, worst] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  data.forEach((value, at) => {
    low = Math.min(low, value);
    high = Math.max(high, value);
    const error = Math.abs(value - actual[at]!);
    if (!(error <= worst)) worst = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
  });
  return worst / (high - low);
}
