import { elements } from "../runtime/graph.ts";
import type { Tensor } from "../runtime/tensor.ts";

/** Counts: of one machine, whose counters are 32 bits wide, or of many, exact up to 2⁵³. */
export type CountTable = Uint32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/**
 * A table of counters on the GPU. What many machines counted takes its place in all that is read,
 * as it may be more than counters hold; nothing is counted any more then.
 */
export class Counter {
  readonly tensor: Tensor;
  #merged: Float64Array<ArrayBuffer> | undefined;

  constructor(tensor: Tensor) {
    this.tensor = tensor;
  }

  /** Whether it is what many machines counted. */
  get isMerged(): boolean {
    return this.#merged !== undefined;
  }

  get length(): number {
    return elements(this.tensor.shape);
  }

  /** `count` of them from `first` on, all unless said otherwise; where they are no floats. */
  async read(count?: number, first = 0): Promise<CountTable> {
    const merged = this.#merged;
    if (!merged) return (this.tensor as Tensor<"u32">).read(count, first);
    return merged.slice(first, count === undefined ? undefined : first + count);
  }

  /**
   * Takes numbers over: Float64Arrays are what many machines counted. False where they do not fit.
   */
  take(table: unknown): boolean {
    const { dtype } = this.tensor;
    const Kind = dtype === "u32" ? Uint32Array : Float32Array;
    if (!(table instanceof Kind || (table instanceof Float64Array && dtype === "u32"))) return false;
    if (table.length !== this.length) return false;
    this.#merged = table instanceof Float64Array ? (table as Float64Array<ArrayBuffer>) : undefined;
    if (!this.#merged) this.tensor.write(table as never);
    return true;
  }
}

/** Adds counts to others. */
export function addCounts(to: Float64Array | Uint32Array, counts: ArrayLike<number>, first = 0): void {
  for (let at = 0; at < counts.length; at += 1) to[first + at]! += counts[at]!;
}

/** The same counts in 32 bits if all fit, as results are written. */
export function narrowest(counts: CountTable): CountTable {
  return counts instanceof Float64Array && counts.every((count) => count < 2 ** 32) ? Uint32Array.from(counts) : counts;
}
