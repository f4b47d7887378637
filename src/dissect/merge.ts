import { UsageError } from "../errors.ts";
import type { DissectionState, Share, StateTable } from "./checkpoint.ts";
import { addCounts } from "./counter.ts";
import { addExactSums } from "./exact-sums.ts";

/**
 * Tables of the images that activate units most, [k, units]: the activations and, from 1 on, which
 * images.
 */
const TOP = ["top activations", "top images"] as const;

/** Tables of `exactSum`. */
const SUMS = "moments";

/** The phases behind which nothing is counted any more: what they counted is all there is. */
const LAST = new Set(["scores", "units 2"]);

/** Whether what all machines counted of a phase is the end of it. */
export const isLastPhase = (at: string): boolean => LAST.has(at);

/**
 * What many machines counted of one phase, as if one had: parts are added in the order of their
 * images.
 */
export class Merging {
  readonly #tables = new Map<string, StateTable>();
  readonly #examples: number;
  #at: string | undefined;
  #done = 0;

  /** Of a dissection that keeps so many top images a unit. */
  constructor(examples: number) {
    this.#examples = examples;
  }

  /**
   * Adds what was counted of images `first`…`end − 1`, which are the next ones.
   * @throws UsageError for what is of another phase, of other images, or not whole.
   */
  add({ at, done, tables }: DissectionState, { first, end }: Share): void {
    this.#at ??= at;
    if (at !== this.#at || first !== this.#done || done !== end) {
      throw unfit(`images ${first} to ${done} of "${at}" do not follow ${this.#done} images of "${this.#at}"`);
    }
    const isFirst = this.#tables.size === 0;
    const missing = [...this.#tables.keys()].find((name) => !tables.has(name));
    if (missing !== undefined) throw unfit(`one has no table "${missing}"`);
    for (const [name, table] of tables) {
      if (isFirst) this.#tables.set(name, emptied(name, table));
      if (this.#tables.get(name)?.length !== table.length) throw unfit(`tables "${name}" differ`);
    }
    for (const [name, table] of tables) {
      const own = this.#tables.get(name)!;
      if (name.endsWith(SUMS)) addExactSums(own as Uint32Array, table as Uint32Array);
      else if (!TOP.some((kind) => name.endsWith(kind))) addCounts(own as Float64Array, table);
    }
    for (const name of tables.keys()) if (name.endsWith(TOP[0])) this.#rank(name, tables);
    this.#done = end;
  }

  /** What was counted until now; counts are Float64Arrays. */
  get state(): DissectionState {
    return { at: this.#at ?? "", done: this.#done, tables: this.#tables };
  }

  /** Of equal activations the earlier image goes first, as in top.wgsl. */
  #rank(name: string, tables: ReadonlyMap<string, StateTable>): void {
    const imagesName = name.slice(0, -TOP[0].length) + TOP[1];
    const [values, images] = [this.#tables.get(name), this.#tables.get(imagesName)];
    const [newValues, newImages] = [tables.get(name), tables.get(imagesName)];
    if (!values || !images || !newValues || !newImages) throw unfit(`one has no table "${imagesName}"`);
    const k = this.#examples;
    const units = values.length / k;
    for (let unit = 0; unit < units; unit += 1) {
      const column = (table: StateTable): number[] =>
        Array.from({ length: k }, (_, rank) => table[rank * units + unit]!);
      const [before, beforeImages] = [column(values), column(images)];
      for (let rank = 0, old = 0, next = 0; rank < k; rank += 1) {
        const at = next * units + unit;
        const isOld = beforeImages[old] !== 0 && !(newImages[at] !== 0 && newValues[at]! > before[old]!);
        values[rank * units + unit] = isOld ? before[old]! : newValues[at]!;
        images[rank * units + unit] = isOld ? beforeImages[old]! : newImages[at]!;
        if (isOld) old += 1;
        else next += 1;
      }
    }
  }
}

/** A table of the same length for the sums. */
function emptied(name: string, table: StateTable): StateTable {
  if (name.endsWith(TOP[0])) return new Float32Array(table.length);
  if (name.endsWith(SUMS) || name.endsWith(TOP[1])) return new Uint32Array(table.length);
  return new Float64Array(table.length);
}

const unfit = (why: string): UsageError =>
  new UsageError(
    `These parts do not make a whole: ${why}.`,
    "Run the parts of one plan, with the version that made it.",
  );
