import type { CountTable } from "./counter.ts";

/** A selection between two passes; see narrow.wgsl. */
export interface Narrowing {
  /** What the pass counted, [units, rows, 2^bits]. */
  readonly counts: CountTable;
  readonly units: number;
  /** Of counters that a unit has. */
  readonly rows: number;
  /** Of a digit. */
  readonly bits: number;
  /** Of every target [targets, units]: its digits so far, its rank and its row of counters. */
  readonly key: ArrayLike<number>;
  readonly rank: ArrayLike<number>;
  readonly row: ArrayLike<number>;
}

/**
 * What narrow.wgsl and narrow-rows.wgsl make of a pass's counters, where those and ranks may be
 * more than 32 bits hold: `next` is the table in which the next pass looks values up.
 */
export function narrowed({ counts, units, rows, bits, key, rank, row }: Narrowing): {
  readonly key: Uint32Array<ArrayBuffer>;
  readonly rank: Float64Array<ArrayBuffer>;
  readonly row: Uint32Array<ArrayBuffer>;
  readonly next: Uint32Array<ArrayBuffer>;
} {
  const digits = 2 ** bits;
  const found = { key: Uint32Array.from(key), rank: Float64Array.from(rank), row: Uint32Array.from(row) };
  const next = new Uint32Array(counts.length);
  for (let unit = 0; unit < units; unit += 1) {
    let given = 0;
    let before: number | undefined;
    // Targets of a unit are sorted: those of one row go on where the one before them ended.
    let start: number | undefined;
    let [digit, below] = [0, 0];
    for (let at = unit; at < key.length; at += units) {
      const own = (unit * rows + found.row[at]!) * digits;
      if (own !== start) [start, digit, below] = [own, 0, 0];
      // (The last digit takes what is left.)
      for (; digit < digits - 1 && found.rank[at]! >= below + counts[own + digit]!; digit += 1) {
        below += counts[own + digit]!;
      }
      found.key[at] = found.key[at]! * digits + digit; // modulo 2³²
      found.rank[at]! -= below;
      const counter = own + digit;
      if (counter !== before) {
        before = counter;
        given += 1;
        next[counter] = given;
      }
      found.row[at] = given - 1;
    }
  }
  return { ...found, next };
}
