// Tests: test/models/weights.test.ts, test/networks/generators/progan.test.ts,
// test/networks/segmenters/recognise.test.ts

import { UsageError, WeightsError } from "../errors.ts";
import type { State } from "../networks/state.ts";
import type { Device } from "../runtime/device.ts";
import { elements, Graph, type Value } from "../runtime/graph.ts";
import { Tensor } from "../runtime/tensor.ts";
import { tune } from "../runtime/tune.ts";
import { encodeFloat16 } from "../weights/float16.ts";

/**
 * Bytes of tensors that are read at a time: a server is asked once for what lies side by side, and
 * the next are on their way while these are uploaded. Above it, one parameter's.
 */
const BYTES_AHEAD = 8 * 2 ** 20;
/**
 * As many bytes as a tensor counts for at least, so that 128 are read at a time: each opens its
 * file, and many systems let a process have 1,024 open (`ulimit -n`).
 */
const LEAST_BYTES = 2 ** 16;

type Parameter = Graph["parameters"][number];

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

/** Is told of a model whose kernels are chosen, before its weights are read. */
export type Known<M> = (model: M) => void;

/** Chooses a model's kernels by its device and brings its weights there, or disposes of it. */
export async function upload<M extends Model>(model: M, signal?: AbortSignal, known?: Known<M>): Promise<void> {
  const { device } = model;
  const describe = (): Graph => {
    const graph = new Graph(device.target, "f32", device.tuned);
    model.append(graph, 1);
    return graph;
  };
  try {
    await tune(device, describe, signal);
    known?.(model);
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
   * and is not yet here, some tensors at a time, and says which tensor is which value.
   */
  async bind(graph: Pick<Graph, "parameters">, options: UploadOptions = {}): Promise<Map<Value, Tensor>> {
    // One caller after the other, so that two plans compiled at once do not upload the same value
    // twice.
    const turn = this.#turn.then(() => this.#bind(graph, options));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #bind(graph: Pick<Graph, "parameters">, { signal }: UploadOptions): Promise<Map<Value, Tensor>> {
    this.#check();
    const parameters = graph.parameters.filter(({ owner }) => owner === undefined || owner === this);
    const missing = parameters.filter(({ value }) => !this.#tensors.has(value.label));
    // Two of one label are one tensor.
    const wanted = [...new Map(missing.map((parameter) => [parameter.value.label, parameter])).values()];
    const reader = this.#reader(wanted, signal);
    const lots = this.#lots(wanted);
    const begin = (lot: readonly Parameter[] | undefined) => {
      const reading = lot && reader(lot);
      reading?.catch(() => {}); // told when its turn comes, if it does
      return reading;
    };
    let next = begin(lots[0]);
    for (const [index, lot] of lots.entries()) {
      signal?.throwIfAborted();
      const read = await next!;
      this.#check();
      next = begin(lots[index + 1]);
      const first = `"${lot[0]!.value.label}"`;
      await this.#device.allocating(lot.length > 1 ? `the weights from ${first} on` : first, () => {
        for (const [at, parameter] of lot.entries()) this.#upload(parameter, read[at]!);
      });
    }
    this.#check();
    return new Map(parameters.map(({ value }) => [value, this.#tensors.get(value.label)!]));
  }

  #check(): void {
    if (this.#disposed) throw new UsageError("This network was disposed.", "Load it again.");
  }

  /** Parameters in their order, by lots whose tensors have BYTES_AHEAD or are one parameter's. */
  #lots(parameters: readonly Parameter[]): Parameter[][] {
    const lots: Parameter[][] = [];
    let left = 0;
    for (const parameter of parameters) {
      const bytesOf = (key: string) => Math.max(LEAST_BYTES, 4 * elements(this.#state.get(key)?.shape ?? []));
      const bytes = parameter.sources.reduce((sum, key) => sum + bytesOf(key), 0);
      if (lots.length === 0 || bytes > left) {
        lots.push([]);
        left = BYTES_AHEAD;
      }
      lots.at(-1)!.push(parameter);
      left -= bytes;
    }
    return lots;
  }

  /**
   * Reads what parameters are made of, all of a lot in one moment. A tensor that several of them
   * are made of is read once: held until the last of them has it.
   */
  #reader(parameters: readonly Parameter[], signal: AbortSignal | undefined) {
    const wanted = new Map<string, number>();
    for (const key of parameters.flatMap(({ sources }) => sources)) wanted.set(key, (wanted.get(key) ?? 0) + 1);
    const held = new Map<string, Promise<Float32Array>>();
    const read = async (key: string): Promise<Float32Array> => {
      const tensor = this.#state.get(key);
      if (!tensor) throw new WeightsError("weights-shape", `"${key}" is missing.`, "Check that the file is complete.");
      const array = await tensor.read({ signal });
      if (!this.allowNonFinite) checkFinite(key, array);
      return array;
    };
    const take = (key: string): Promise<Float32Array> => {
      const left = wanted.get(key)! - 1;
      wanted.set(key, left);
      const array = held.get(key) ?? read(key);
      if (left > 0) held.set(key, array);
      else held.delete(key);
      return array;
    };
    return (lot: readonly Parameter[]): Promise<Float32Array[][]> =>
      Promise.all(lot.map(({ sources }) => Promise.all(sources.map(take))));
  }

  #upload({ value, pack, half }: Parameter, arrays: Float32Array[]): void {
    const packed = pack(arrays) as Float32Array<ArrayBuffer>;
    const data = half ? halves(value, packed) : packed;
    const tensor = Tensor.from(this.#device, value.label, value.shape, value.dtype, data);
    this.#tensors.set(value.label, tensor);
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
