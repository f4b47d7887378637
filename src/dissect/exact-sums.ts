import { SUM_WORDS } from "../kernels/statistics/statistics.ts";

// Tests: test/dissect/merge.test.ts

/** Units in which exact sums are counted; see accumulate-exact.wgsl. */
const UNIT = 2 ** -80;
/** The highest word of what is no number. */
const LOST = 0x80000000;

/**
 * The sum at this place of a table of them, rounded once; NaN if anything that went in was none.
 */
export function exactSum(words: Uint32Array, place: number): number {
  const first = place * SUM_WORDS;
  if (words[first + SUM_WORDS - 1] === LOST) return Number.NaN;
  let sum = 0n;
  for (let word = SUM_WORDS - 1; word >= 0; word -= 1) sum = (sum << 32n) | BigInt(words[first + word]!);
  return Number(BigInt.asIntN(32 * SUM_WORDS, sum)) * UNIT;
}

/** Adds a table of exact sums to another, as if all had been added to one. */
export function addExactSums(to: Uint32Array, sums: Uint32Array): void {
  for (let first = 0; first < to.length; first += SUM_WORDS) {
    const last = first + SUM_WORDS - 1;
    const lost = to[last] === LOST || sums[last] === LOST;
    let carry = 0;
    for (let at = first; at <= last; at += 1) {
      const sum = to[at]! + sums[at]! + carry;
      to[at] = sum; // modulo 2³²
      carry = sum >= 2 ** 32 ? 1 : 0;
    }
    if (lost) to[last] = LOST;
  }
}
