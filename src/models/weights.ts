// Tests: test/models/weights.test.ts, test/networks/generators/progan.test.ts,
// test/networks/segmenters/recognise.test.ts

import { UsageError, WeightsError } from "../errors.ts";
import type { State } from "../networks/state.ts";
import type { Device } from "../runtime/device.ts";
import { elements, Graph, type Value } from "../runtime/graph.ts";
import { Tensor } from "../runtime/tensor.ts";
import { tune } from "../runtime/tune.ts";
import { encodeFloat16 } from "../weights/float16.ts";

export interface UploadOptions {
  readonly signal?: AbortSignal | undefined;
}

/** A network of which there is one on a device. */
interface Model {
  readonly device: Device;
  append(graph: Graph, batch: number): unknown;
  bind(graph: Graph, signal?: AbortSignal): Promise<unknown>;
  dispose(): void;
}

/** Chooses a model's kernels by its device and brings its weights there, or disposes of it. */
export async function upload(model: Model, signal?: AbortSignal): Promise<void> {
  const { device } = model;
  const describe = (): Graph => {
    const graph = new Graph(device.target, "f32", device.tuned);
    model.append(graph, 1);
    return graph;
  };
  try {
    await tune(device, describe, signal);
    await model.bind(describe(), signal);
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/**
 * A network's learned values on a device, uploaded once and shared by every plan of the network.
 */
export class Weights {
  readonly #device: Device;
  readonly #state: State;
  /** Whether weights may be NaN or infinite. */
  readonly allowNonFinite: boolean;
  readonly #tensors = new Map<string, Tensor>();
  #disposed = false;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(device: Device, state: State, allowNonFinite = false) {
    this.#device = device;
    this.#state = state;
    this.allowNonFinite = allowNonFinite;
  }

  /**
   * Uploads what the graph learned of this network (what these weights own, and what nobody does)
   * and is not yet here, one tensor at a time, and says which tensor is which value.
   */
  async bind(graph: Pick<Graph, "parameters">, options: UploadOptions = {}): Promise<Map<Value, Tensor>> {
    // One caller after the other, so that two plans compiled at once do not upload the same value
    // twice.
    const turn = this.#turn.then(() => this.#bind(graph, options));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #bind(graph: Pick<Graph, "parameters">, { signal }: UploadOptions): Promise<Map<Value, Tensor>> {
    if (this.#disposed) throw new UsageError("This network was disposed.", "Load it again.");
    const bound = new Map<Value, Tensor>();
    const parameters = graph.parameters.filter(({ owner }) => owner === undefined || owner === this);
    // A tensor that several values are made of is read once: held until the last of them is here.
    const wanted = new Map<string, number>();
    for (const { value, sources } of parameters) {
      if (!this.#tensors.has(value.label)) for (const key of sources) wanted.set(key, (wanted.get(key) ?? 0) + 1);
    }
    const held = new Map<string, Float32Array>();
    const take = async (key: string): Promise<Float32Array> => {
      const left = wanted.get(key)! - 1;
      wanted.set(key, left);
      const tensor = this.#state.get(key);
      if (!tensor) throw new WeightsError("weights-shape", `"${key}" is missing.`, "Check that the file is complete.");
      const known = held.get(key);
      const array = known ?? (await tensor.read({ signal }));
      if (!known && !this.allowNonFinite) checkFinite(key, array);
      if (left > 0) held.set(key, array);
      else held.delete(key);
      return array;
    };
    for (const { value, sources, pack, half } of parameters) {
      let tensor = this.#tensors.get(value.label);
      if (!tensor) {
        signal?.throwIfAborted();
        const arrays: Float32Array[] = [];
        for (const key of sources) arrays.push(await take(key));
        const packed = pack(arrays) as Float32Array<ArrayBuffer>;
        const data = half ? halves(value, packed) : packed;
        tensor = await this.#device.allocating(`"${value.label}"`, () => {
          const created = Tensor.from(this.#device, value.label, value.shape, value.dtype, data);
          this.#tensors.set(value.label, created);
          return created;
        });
      }
      bound.set(value, tensor);
    }
    return bound;
  }

  /** Bytes on the device. */
  get bytes(): number {
    return [...this.#tensors.values()].reduce((sum, tensor) => sum + tensor.bytes, 0);
  }

  dispose(): void {
    this.#disposed = true;
    for (const tensor of this.#tensors.values()) tensor.dispose();
    this.#tensors.clear();
  }
}

/** @throws WeightsError that says how many weights are NaN or infinite. */
function checkFinite(key: string, weights: Float32Array): void {
  let count = 0;
  for (let i = 0; i < weights.length; i += 1) if (!Number.isFinite(weights[i])) count += 1;
  if (count === 0) return;
  throw new WeightsError(
    "weights-values",
    `"${key}" has ${count} of ${weights.length} values that are not finite (NaN or infinite).`,
    "Its training diverged: take an earlier checkpoint, or load it all the same with `allowNonFinite`.",
  );
}

/** Numbers as float16, two to a word. @throws WeightsError when one is too large for it. */
function halves(value: Value, numbers: Float32Array): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(elements(value.shape));
  const bits = encodeFloat16(numbers);
  const tooLarge = bits.findIndex((half) => (half & 0x7c00) === 0x7c00);
  if (tooLarge >= 0) {
    throw new WeightsError(
      "weights-shape",
      `${numbers[tooLarge]} in "${value.label}" is not a float16 number.`,
      "Load this network with float32 storage.",
    );
  }
  new Uint16Array(words.buffer).set(bits);
  return words;
}
