import { UsageError } from "../errors.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { Counter, type CountTable } from "./counter.ts";

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

/** Images `first`…`end − 1`. */
export interface Share {
  readonly first: number;
  readonly end: number;
}

/** Who keeps where a dissection stands. */
export interface Checkpoints {
  /** What an earlier run kept. */
  readonly found?: DissectionState | undefined;
  /**
   * Asked after every batch, and where it ends amid one: is it time? What is to be kept is read
   * from the GPU then.
   */
  due(): boolean;
  keep(state: DissectionState): Promise<void>;
  /**
   * The images that are counted of one phase, that of `found` or the first: those from `found.done`
   * on. What was counted is kept in the end, and `PhaseEnd` thrown. Where there are none (`first` =
   * `end`), `found` has all that many machines counted of its phase: what follows from that is
   * kept, where the next phase begins, and `PhaseEnd` thrown; behind the last phase the dissection
   * ends as ever.
   */
  readonly share?: Share | undefined;
}

/** Thrown where a share of a phase has been counted, or all of it has been evaluated. */
export class PhaseEnd extends Error {
  override name = "PhaseEnd";
}

/** What a phase counts into, by names that are its alone. */
export type Counters = Readonly<Record<string, Counter>>;

/** Counters of these tensors. */
export const countersOf = (tensors: Readonly<Record<string, Tensor>>): Counters =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, new Counter(tensor)]));

/** What a phase counts into, and what it goes by, which earlier ones made. */
export interface PhaseTables {
  readonly counters: Counters;
  readonly known?: Counters;
}

/** What an earlier phase found is kept under names that begin so, and counters are not. */
const FOUND = "found: ";

/** What a dissection's phases put aside, and find of an earlier run. */
export class Checkpoint {
  readonly #checkpoints: Checkpoints | undefined;
  readonly #results = new Map<string, StateTable>();
  #left: DissectionState | undefined;
  /** Keeps what the phase has counted, where that was not done after its last batch. */
  #behind: (() => Promise<void>) | undefined;

  constructor(checkpoints: Checkpoints | undefined, before?: Checkpoint) {
    this.#checkpoints = checkpoints;
    this.#left = checkpoints?.found;
    for (const [name, table] of this.#left?.tables ?? []) {
      if (name.startsWith(FOUND)) this.#results.set(name.slice(FOUND.length), table);
    }
    // (What one of many machines goes by is what it was given.)
    for (const [name, table] of this.isShared ? [] : before ? before.#results : []) this.#results.set(name, table);
  }

  /** Whether anybody keeps anything. */
  get isUsed(): boolean {
    return this.#checkpoints !== undefined;
  }

  /** Whether this run is one of many of the same dissection. */
  get isShared(): boolean {
    return this.#checkpoints?.share !== undefined;
  }

  /** Whether a share of the images is counted, and no more. */
  get isPart(): boolean {
    const share = this.#checkpoints?.share;
    return share !== undefined && share.first < share.end;
  }

  /** The images that are counted of `size`. */
  share(size: number): Share {
    return this.#checkpoints?.share ?? { first: 0, end: size };
  }

  /** The images of `size` that are gone through: those that are counted, or all if none is. */
  range(size: number): Share {
    return this.isPart ? this.share(size) : { first: 0, end: size };
  }

  /** What a phase found, here or in the earlier run. */
  result<T extends StateTable>(name: string, Kind: { new (...args: never[]): T }): T | undefined {
    const table = this.#results.get(name);
    return table instanceof Kind ? table : undefined;
  }

  /** The same of counts, of one machine or of many. */
  counts(name: string): CountTable | undefined {
    return this.result(name, Uint32Array<ArrayBuffer>) ?? this.result(name, Float64Array<ArrayBuffer>);
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
   * then; undefined where it was in another, or at no border of batches of this size. `extra` is
   * what else it kept.
   * @throws UsageError where it was one of many whose numbers do not fit.
   */
  restore(
    at: string,
    { size, batchSize }: { readonly size: number; readonly batchSize: number },
    { counters, known = {} }: PhaseTables,
  ): { readonly done: number; readonly extra: ReadonlyMap<string, StateTable> } | undefined {
    const left = this.#left;
    if (left?.at !== at) return undefined;
    this.#left = undefined;
    const all = Object.entries({ ...counters, ...known });
    // (Where a share begins nothing has been counted.)
    const needed = this.isShared ? all.filter(([name]) => left.tables.has(name) || name in known) : all;
    const border = this.isShared || left.done === size || left.done % batchSize === 0;
    if (!border || !needed.every(([name, counter]) => counter.take(left.tables.get(name)))) {
      if (!this.isShared) return undefined;
      throw misfit(at);
    }
    const others = [...left.tables].filter(([name]) => !name.startsWith(FOUND) && !all.some(([own]) => own === name));
    return { done: left.done, extra: new Map(others) };
  }

  /**
   * A phase begins: where all of an earlier one was to be evaluated, that is over.
   * @throws PhaseEnd; UsageError where what was found is of a phase that does not come.
   */
  async begin(at: string, known: () => Counters | Promise<Counters> = () => ({})): Promise<void> {
    const share = this.#checkpoints?.share;
    if (!share || this.#left?.at === at) return;
    if (this.#left) throw misfit(this.#left.at);
    if (this.isPart) return;
    await this.#keep(at, 0, await known());
    throw new PhaseEnd(at);
  }

  /**
   * A phase's batches. Where they end amid one, as photographs do when somebody stops, what was
   * counted before is kept first, if it is time.
   */
  async *batches<T>(each: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
    try {
      yield* each;
    } catch (error) {
      if (this.#checkpoints?.due()) await this.#behind?.();
      throw error;
    } finally {
      this.#behind = undefined;
    }
  }

  /**
   * Keeps what a phase has counted, if it is time, or its share has been counted.
   * @throws PhaseEnd
   */
  async keep(
    at: string,
    done: number,
    tables: () => PhaseTables | Promise<PhaseTables>,
    extra: () => ReadonlyMap<string, StateTable> = () => new Map(),
  ): Promise<void> {
    const share = this.#checkpoints?.share;
    const isOver = share?.end === done;
    const now = async (): Promise<void> => {
      const { counters, known = {} } = await tables();
      // What a share goes by is kept once for all.
      await this.#keep(at, done, share ? counters : { ...counters, ...known }, share ? undefined : extra());
    };
    const isTime = isOver || this.#checkpoints?.due();
    this.#behind = isTime ? undefined : now;
    if (isTime) await now();
    if (isOver) throw new PhaseEnd(at);
  }

  async #keep(
    at: string,
    done: number,
    counters: Counters,
    extra: ReadonlyMap<string, StateTable> = new Map(),
  ): Promise<void> {
    const tables = new Map(extra);
    for (const [name, counter] of Object.entries(counters)) tables.set(name, await counter.read());
    for (const [name, table] of this.isPart ? [] : this.#results) tables.set(FOUND + name, table);
    await this.#checkpoints?.keep({ at, done, tables });
  }
}

const misfit = (at: string): UsageError =>
  new UsageError(
    `What was counted of "${at}" does not fit this dissection.`,
    "Make a new plan with the version that runs it.",
  );

/** Counters by names that are a layer's alone. */
export const ofLayer = (layer: string, counters: Counters): Counters =>
  Object.fromEntries(Object.entries(counters).map(([name, counter]) => [`${layer} ${name}`, counter]));
