import { WeightsError } from "../errors.ts";
import { viewOf } from "./bytes.ts";

// Tests: test/weights/pth.test.ts, test/weights/hostile.test.ts

/**
 * Decides what a pickle may name. Everything it does not know is refused; nothing from the file is
 * ever executed.
 */
export interface PickleVocabulary {
  /**
   * The value that stands for a global, a PickleFunction if it may be called; undefined refuses it.
   */
  global(name: string): unknown;
  /** The value of a persistent id. */
  persistentLoad(id: unknown): unknown;
}

/** A global that a pickle may call (REDUCE, NEWOBJ) or, without `call`, only mention. */
export class PickleFunction {
  readonly name: string;
  readonly call: (args: readonly unknown[]) => unknown;

  constructor(name: string, call: (args: readonly unknown[]) => unknown) {
    this.name = name;
    this.call = call;
  }
}

/** The pickle goes on after the bytes at hand; with a larger piece of the file it may be whole. */
export class PickleTruncated extends WeightsError {}

/** Longest module or class name worth reading. */
const MAX_LINE = 512;

/**
 * The state of a pickle being read: position, value stack, marks and memo. The opcodes act on it.
 */
export class PickleMachine {
  at: number;
  stopped = false;
  readonly memo = new Map<number, unknown>();
  readonly vocabulary: PickleVocabulary;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #stack: unknown[] = [];
  /** Heights of the stack where a MARK was set. */
  readonly #marks: number[] = [];
  readonly #utf8 = new TextDecoder();

  constructor(bytes: Uint8Array, vocabulary: PickleVocabulary, start: number) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    this.vocabulary = vocabulary;
    this.at = start;
  }

  byte(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  /** A 64-bit length. Above 2⁵³ it is inexact, but then no file is long enough either. */
  uint64(): number {
    return Number(this.#view.getBigUint64(this.#advance(8), true));
  }

  /** Pickle floats are big-endian. */
  float64(): number {
    return this.#view.getFloat64(this.#advance(8), false);
  }

  take(length: number): Uint8Array {
    const from = this.#advance(length);
    return this.#bytes.subarray(from, from + length);
  }

  text(length: number): string {
    return this.#utf8.decode(this.take(length));
  }

  line(): string {
    const end = this.#bytes.subarray(0, this.at + MAX_LINE).indexOf(0x0a, this.at);
    if (end < 0) {
      if (this.at + MAX_LINE > this.#bytes.length) this.#advance(MAX_LINE);
      throw damaged(`a name at byte ${this.at} does not end`);
    }
    const line = this.text(end - this.at);
    this.at = end + 1;
    return line;
  }

  push(value: unknown): void {
    this.#stack.push(value);
  }

  pop(): unknown {
    const top = this.top();
    this.#stack.pop();
    return top;
  }

  top(): unknown {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) throw damaged("its stack runs empty");
    return this.#stack.at(-1);
  }

  mark(): void {
    this.#marks.push(this.#stack.length);
  }

  /** Removes and returns everything above the last mark. */
  popMark(): unknown[] {
    const height = this.#marks.pop();
    if (height === undefined) throw damaged("a mark is missing");
    return this.#stack.splice(height);
  }

  remember(key: number): void {
    this.memo.set(key, this.top());
  }

  recall(key: number): unknown {
    if (!this.memo.has(key)) throw damaged(`it refers to memo ${key}, which was never set`);
    return this.memo.get(key);
  }

  global(module: string, name: string): unknown {
    const value = this.vocabulary.global(`${module}.${name}`);
    if (value === undefined) throw unsafe(`the global ${module}.${name}`);
    return value;
  }

  call(callee: unknown, args: unknown): unknown {
    if (!(callee instanceof PickleFunction)) throw unsafe("a call of something that is no function");
    if (!Array.isArray(args)) throw damaged(`the arguments of ${callee.name} are no tuple`);
    return callee.call(args);
  }

  #advance(length: number): number {
    const from = this.at;
    if (from + length > this.#bytes.length) {
      throw new PickleTruncated(
        "weights-format",
        `The pickle ends in the middle, at byte ${this.#bytes.length}.`,
        AGAIN,
      );
    }
    this.at = from + length;
    return from;
  }
}

const AGAIN = "Download or copy the file again.";

export function damaged(what: string): WeightsError {
  return new WeightsError("weights-format", `The pickle is damaged: ${what}.`, AGAIN);
}

export function unsafe(what: string): WeightsError {
  return new WeightsError(
    "weights-unsafe",
    `The pickle contains ${what}, which a file of plain weights does not need; it could run code, so it was refused.`,
    "In Python, save only the weights: torch.save(model.state_dict(), path), or write safetensors.",
  );
}
