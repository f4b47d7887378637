import { elements } from "../runtime/graph.ts";
import type { Tensor } from "../runtime/tensor.ts";

export type StateTable = Uint8Array | Uint16Array | Uint32Array | Float32Array | Float64Array;

/**
 * Where a dissection stands: what it goes on from to the same bits, with the same models, settings
 * and adapter.
 */
export interface DissectionState {
  /** The phase, of those that count images. */
  readonly at: string;
  /** Images that the phase has counted. */
  readonly done: number;
  /** What they were counted into, and what earlier phases found. */
  readonly tables: ReadonlyMap<string, StateTable>;
}

/** Who keeps where a dissection stands. */
export interface Checkpoints {
  /** What an earlier run kept. */
  readonly found?: DissectionState | undefined;
  /** Asked after every batch: is it time? What is to be kept is read from the GPU then. */
  due(): boolean;
  keep(state: DissectionState): Promise<void>;
}

/** Tensors that a phase counts into, by names that are theirs alone. */
export type Counters = Readonly<Record<string, Tensor>>;

/** What an earlier phase found is kept under names that begin so, and counters are not. */
const FOUND = "found: ";

/** What a dissection's phases put aside, and find of an earlier run. */
export class Checkpoint {
  readonly #checkpoints: Checkpoints | undefined;
  readonly #results = new Map<string, StateTable>();
  #left: DissectionState | undefined;

  constructor(checkpoints: Checkpoints | undefined) {
    this.#checkpoints = checkpoints;
    this.#left = checkpoints?.found;
    for (const [name, table] of this.#left?.tables ?? []) {
      if (name.startsWith(FOUND)) this.#results.set(name.slice(FOUND.length), table);
    }
  }

  /** Whether anybody keeps anything. */
  get isUsed(): boolean {
    return this.#checkpoints !== undefined;
  }

  /** What a phase found, here or in the earlier run. */
  result<T extends StateTable>(name: string, Kind: { new (...args: never[]): T }): T | undefined {
    const table = this.#results.get(name);
    return table instanceof Kind ? table : undefined;
  }

  /** Notes what a phase found, for the phases behind it. */
  put(name: string, table: StateTable): void {
    if (this.#checkpoints) this.#results.set(name, table);
  }

  /** Which phase the earlier run was in, while nobody has gone on with it. */
  get at(): string | undefined {
    return this.#left?.at;
  }

  /**
   * Images that the earlier run counted in this phase, into these counters, which have its numbers
   * then; 0 where it was in another, or at no border of batches of this size. `extra` is what else
   * it kept.
   */
  restore(
    at: string,
    { size, batchSize }: { readonly size: number; readonly batchSize: number },
    counters: Counters,
  ): { readonly done: number; readonly extra: ReadonlyMap<string, StateTable> } {
    const nothing = { done: 0, extra: new Map<string, StateTable>() };
    const left = this.#left;
    if (left?.at !== at) return nothing;
    this.#left = undefined;
    const fits = Object.entries(counters).every(([name, { shape, dtype }]) => {
      const table = left.tables.get(name);
      const Kind = dtype === "u32" ? Uint32Array : Float32Array;
      return table instanceof Kind && table.length === elements(shape);
    });
    if (!fits || (left.done < size && left.done % batchSize > 0)) return nothing;
    for (const [name, tensor] of Object.entries(counters)) tensor.write(left.tables.get(name) as never);
    const others = [...left.tables].filter(([name]) => !name.startsWith(FOUND) && !(name in counters));
    return { done: left.done, extra: new Map(others) };
  }

  /** Keeps what a phase has counted, if it is time. */
  async keep(
    at: string,
    done: number,
    counters: () => Counters | Promise<Counters>,
    extra: () => ReadonlyMap<string, StateTable> = () => new Map(),
  ): Promise<void> {
    if (!this.#checkpoints?.due()) return;
    const tables = new Map(extra());
    for (const [name, tensor] of Object.entries(await counters())) tables.set(name, await tensor.read());
    for (const [name, table] of this.#results) tables.set(FOUND + name, table);
    await this.#checkpoints.keep({ at, done, tables });
  }
}

/** Counters by names that are a layer's alone. */
export const ofLayer = (layer: string, counters: Counters): Counters =>
  Object.fromEntries(Object.entries(counters).map(([name, tensor]) => [`${layer} ${name}`, tensor]));
