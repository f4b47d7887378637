import { OPCODES } from "./opcodes.ts";
import { PickleMachine, type PickleVocabulary, unsafe } from "./pickle-machine.ts";

// Tests: test/weights/pth.test.ts, test/weights/hostile.test.ts

/**
 * A vocabulary without words: for pickles that should hold plain numbers, strings and containers.
 */
export const PLAIN: PickleVocabulary = {
  global: () => undefined,
  persistentLoad: () => {
    throw unsafe("a persistent id where none belongs");
  },
};

/**
 * Reads one pickle (protocols 2 to 5) from `start`. Tuples and lists become arrays, dicts Maps,
 * sets Sets, bytes Uint8Arrays.
 *
 * Memory stays in proportion to the pickle: lengths are checked against the bytes at hand before
 * anything is made of them, and shared values stay shared. There is no recursion. Values may be
 * cyclic; who walks them must expect that.
 * @returns the value, and where the next pickle begins
 * @throws WeightsError `weights-unsafe` for a refused global or opcode, `weights-format` for
 *   damage; PickleTruncated.
 */
export function unpickle(bytes: Uint8Array, vocabulary: PickleVocabulary, start = 0): { value: unknown; end: number } {
  const machine = new PickleMachine(bytes, vocabulary, start);
  while (!machine.stopped) {
    const at = machine.at;
    const opcode = machine.byte();
    const step = OPCODES[opcode];
    if (step === undefined) throw unsafe(`opcode 0x${opcode.toString(16)} at byte ${at}`);
    step(machine);
  }
  return { value: machine.pop(), end: machine.at };
}
