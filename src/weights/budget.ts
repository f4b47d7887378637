import type { WeightsError } from "../errors.ts";

/** Bytes of memory that any file may make of itself, those for each of its own, and the most. */
const [GRANTED, A_BYTE, MOST] = [16e6, 16, 96e6];

/**
 * What a file may still make of itself. Deflate, references and marks of one byte let a small one
 * ask for much: each reader counts what it is about to make, and refuses before it is made.
 */
export class Budget {
  #left: number;
  readonly #refuse: () => WeightsError;

  /** @param most what may be spent, in whatever is counted */
  constructor(most: number, refuse: () => WeightsError) {
    this.#left = most;
    this.#refuse = refuse;
  }

  /** @throws what was given for it, when more is spent than there is. */
  spend(amount = 1): void {
    this.#left -= amount;
    if (this.#left < 0) throw this.#refuse();
  }
}

/** Bytes of memory that the description of tensors in a file of so many bytes may take. */
export const memoryFor = (bytes: number): number => Math.min(GRANTED + A_BYTE * bytes, MOST);

/**
 * Bytes that all tensors of a file of so many bytes may have together, unpacked, repeated and
 * shared as they are: zeros deflate a thousandfold, and a stride of 0 makes anything of one number.
 */
export const tensorsFor = (bytes: number): number => 2 * GRANTED + A_BYTE * bytes;
