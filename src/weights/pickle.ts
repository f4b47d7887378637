import { readExactly } from "./bytes.ts";
import { OPCODES } from "./opcodes.ts";
import { PickleMachine, type PickleVocabulary } from "./pickle-machine.ts";
import { PickleTruncated, unsafe } from "./pickle-values.ts";
import type { ReadOptions, Source } from "./source.ts";

// Tests: test/weights/pth.test.ts, test/weights/hostile.test.ts

/**
 * A vocabulary without words: for pickles that should hold plain numbers, strings and containers.
 */
export const PLAIN: PickleVocabulary = {
  global: (name) => {
    throw unsafe(`the global ${name}`);
  },
  persistentLoad: () => {
    throw unsafe("a persistent id where none belongs");
  },
};

export interface Unpickled {
  readonly value: unknown;
  /** Where the next pickle begins. */
  readonly end: number;
}

/**
 * Reads one pickle (protocols 2 to 5) from `start`. Tuples and lists become arrays, dicts Maps,
 * sets Sets, bytes Uint8Arrays or, if they are long, Payloads; objects of unknown classes become
 * PickledObjects.
 *
 * Memory and time stay in proportion to the pickle: lengths are checked against the bytes at hand
 * before anything is made of them, and shared values stay shared. There is no recursion. Values may
 * be cyclic; who walks them must expect that.
 * @throws WeightsError `weights-unsafe` for a refused opcode, `weights-format` for damage.
 */
export function unpickle(bytes: Uint8Array, vocabulary: PickleVocabulary, start = 0): Unpickled {
  const machine = new PickleMachine(vocabulary, start, bytes.length);
  machine.see(bytes, 0);
  return run(machine);
}

/** Bytes that are read at a time. */
const WINDOW = 64 * 1024;

/**
 * Pickles that follow each other in a source, of which only what lies between long strings is read.
 */
export class PickleStream {
  /** Where the next one begins. */
  at = 0;
  readonly #source: Source;
  readonly #options: ReadOptions;
  readonly #weight: number;
  #window: Uint8Array = new Uint8Array(0);
  #base = 0;

  /** @param weight bytes that the file spends on it; the source's size unless given */
  constructor(source: Source, options: ReadOptions, weight = source.size) {
    this.#source = source;
    this.#options = options;
    this.#weight = weight;
  }

  /** @throws what `unpickle` throws; what the source throws. */
  async next(vocabulary: PickleVocabulary): Promise<unknown> {
    const { size } = this.#source;
    const machine = new PickleMachine(vocabulary, this.at, size, this.#weight);
    for (;;) {
      machine.see(this.#window, this.#base);
      try {
        const { value, end } = run(machine);
        this.at = end;
        return value;
      } catch (error) {
        if (!(error instanceof PickleTruncated)) throw error;
        const { at } = machine;
        const end = Math.min(size, at + Math.max(WINDOW, error.needed));
        this.#window = await readExactly(this.#source, at, end, this.#options);
        this.#base = at;
      }
    }
  }
}

/** Until the pickle ends; PickleTruncated leaves the machine where the opcode begins. */
function run(machine: PickleMachine): Unpickled {
  while (!machine.stopped) {
    const { at } = machine;
    try {
      const opcode = machine.byte();
      const step = OPCODES[opcode];
      if (step === undefined) throw unsafe(`opcode 0x${opcode.toString(16)} at byte ${at}`);
      step(machine);
    } catch (error) {
      machine.at = at;
      throw error;
    }
  }
  return { value: machine.pop(), end: machine.at };
}
