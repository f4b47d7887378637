import { UsageError, WeightsError } from "../errors.ts";
import type { Device } from "../runtime/device.ts";
import type { Graph, Value } from "../runtime/graph.ts";
import { Tensor } from "../runtime/tensor.ts";
import type { CheckpointTensor } from "../weights/tensor.ts";

/** The tensors of a network by the names its architecture uses. */
export type State = ReadonlyMap<string, CheckpointTensor>;

/** The shape of a tensor, or undefined. */
export const shapeOf = (state: State, key: string): readonly number[] | undefined => state.get(key)?.shape;

/** The tensors of a network against what its architecture says: every missing, mis-shaped and unexpected one at once, as PyTorch does. */
export function checkShapes(
  what: string,
  state: State,
  expected: ReadonlyMap<string, readonly number[]>,
  ignored: (key: string) => boolean = () => false,
): void {
  const missing: string[] = [];
  const wrong: string[] = [];
  for (const [key, shape] of expected) {
    const found = state.get(key)?.shape;
    if (!found) missing.push(key);
    else if (found.join() !== shape.join()) wrong.push(`${key} is [${found}], not [${shape}]`);
  }
  const unexpected = [...state.keys()].filter((key) => !expected.has(key) && !ignored(key));
  if (missing.length + wrong.length + unexpected.length === 0) return;
  const list = (title: string, items: readonly string[]): string[] =>
    items.length === 0
      ? []
      : [`${title}: ${items.slice(0, 8).join(", ")}${items.length > 8 ? ` and ${items.length - 8} more` : ""}.`];
  throw new WeightsError(
    "weights-shape",
    [
      `These are not the weights of ${what}.`,
      ...list("Missing", missing),
      ...list("Mis-shaped", wrong),
      ...list("Unexpected", unexpected),
    ].join(" "),
    "Check that the file belongs to this kind of network and is complete.",
  );
}

export interface UploadOptions {
  readonly signal?: AbortSignal | undefined;
}

/** A network's learned values on a device, uploaded once and shared by every plan of the network. */
export class Weights {
  readonly #device: Device;
  readonly #state: State;
  readonly #tensors = new Map<string, Tensor>();
  #disposed = false;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(device: Device, state: State) {
    this.#device = device;
    this.#state = state;
  }

  /** Uploads what the graph learned and is not yet here, one tensor at a time, and says which tensor is which value. */
  async bind(graph: Graph, options: UploadOptions = {}): Promise<Map<Value, Tensor>> {
    // One caller after the other, so that two plans compiled at once do not upload the same value twice.
    const turn = this.#turn.then(() => this.#bind(graph, options));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #bind(graph: Graph, { signal }: UploadOptions): Promise<Map<Value, Tensor>> {
    if (this.#disposed) throw new UsageError("This network was disposed.", "Load it again.");
    const bound = new Map<Value, Tensor>();
    for (const { value, sources, pack } of graph.parameters) {
      let tensor = this.#tensors.get(value.label);
      if (!tensor) {
        signal?.throwIfAborted();
        const arrays: Float32Array[] = [];
        for (const key of sources) arrays.push(await this.#state.get(key)!.read({ signal }));
        const packed = pack(arrays) as Float32Array<ArrayBuffer>;
        tensor = await this.#device.allocating(`"${value.label}"`, () => {
          const created = Tensor.from(this.#device, value.label, value.shape, "f32", packed);
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
