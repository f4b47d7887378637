import { Budget, memoryFor } from "./budget.ts";
import { viewOf } from "./bytes.ts";
import {
  damaged,
  ended,
  Payload,
  PickledName,
  PickledObject,
  PickleFunction,
  PickleTruncated,
  show,
} from "./pickle-values.ts";

// Tests: test/weights/pth.test.ts, test/weights/hostile.test.ts

/**
 * Decides what a pickle may name. What it does not know stays inert; nothing from the file is ever
 * executed.
 */
export interface PickleVocabulary {
  /**
   * The value that stands for a global, a PickleFunction if something is to be made of its calls;
   * undefined leaves it and what it makes inert.
   */
  global(name: string): unknown;
  /** The value of a persistent id. */
  persistentLoad(id: unknown): unknown;
}

/** Longest module or class name worth reading. */
const MAX_LINE = 512;
/** Bytes from which on a string is passed over: nothing but arrays is as long. */
const PAYLOAD_BYTES = 4096;
/** Characters from which on a text is; source texts of modules have up to 40,000. */
const PAYLOAD_TEXT = 100_000;
/** Of what is passed over, this much is kept: a storage's description is in it. */
const HEAD_BYTES = 1024;

/** An opcode and the length that follows it, at most. */
const PREFIX_BYTES = 16;

/**
 * Bytes of memory that a list or tuple takes, a dict, set or array of bytes, and an item of one.
 */
const [LIST, TABLE, ITEM] = [80, 250, 40];
/** Values that are waiting to be put somewhere: writers put them by the thousand. */
const MAX_STACK = 2 ** 20;

/**
 * The state of a pickle being read: position, value stack, marks and memo. The opcodes act on it.
 *
 * Bytes come in windows, of which one is held; an opcode that needs more than is left throws
 * PickleTruncated before it changes anything, and is tried again.
 */
export class PickleMachine {
  /** Where the next byte is, in what is unpickled. */
  at: number;
  stopped = false;
  readonly memo = new Map<number, unknown>();
  readonly vocabulary: PickleVocabulary;
  #bytes: Uint8Array = new Uint8Array(0);
  #view = viewOf(this.#bytes);
  /** Where the window begins. */
  #base = 0;
  /** Where what is unpickled ends. */
  readonly #size: number;
  readonly #stack: unknown[] = [];
  /** Heights of the stack where a MARK was set. */
  readonly #marks: number[] = [];
  readonly #utf8 = new TextDecoder();
  readonly #memory: Budget;

  /**
   * @param size bytes of what is unpickled
   * @param weight bytes that the file spends on it: fewer than `size` where it is compressed
   */
  constructor(vocabulary: PickleVocabulary, start: number, size: number, weight = size) {
    this.vocabulary = vocabulary;
    this.at = start;
    this.#size = size;
    // A dict takes hundreds of bytes of memory and can be one byte of the file, but what is written
    // by a program has at least names, sizes and references around it.
    this.#memory = new Budget(memoryFor(weight), () =>
      damaged("it makes more lists and dicts than a file of its size can need"),
    );
  }

  /** Goes on with these bytes, which begin at `base`. */
  see(bytes: Uint8Array, base: number): void {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    this.#base = base;
  }

  /** A container that is about to be pushed. */
  container<T>(value: T): T {
    this.#memory.spend(Array.isArray(value) ? LIST : TABLE);
    return value;
  }

  /** So many items that a dict or set is about to get. */
  items(count: number): void {
    this.#memory.spend(ITEM * count);
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

  /** Bytes of this length, of which long ones are passed over. */
  bytes(length: number): Uint8Array | Payload {
    if (length > PAYLOAD_BYTES) return this.#pass("bytes", length);
    // a copy, or one short string would keep a whole window
    return this.container(this.#take(length).slice());
  }

  text(length: number): string | Payload {
    if (length > PAYLOAD_TEXT) return this.#pass("text", length);
    return this.#utf8.decode(this.#take(length));
  }

  /** A string of Python 2, bytes or text: each byte is a character, so that nothing is lost. */
  byteText(length: number): string | Payload {
    if (length > PAYLOAD_BYTES) return this.#pass("bytes", length);
    return String.fromCharCode(...this.#take(length));
  }

  line(): string {
    const from = this.at - this.#base;
    const end = this.#bytes.subarray(0, from + MAX_LINE).indexOf(0x0a, from);
    if (end < 0) {
      if (from + MAX_LINE > this.#bytes.length) this.#advance(MAX_LINE);
      throw damaged(`a name at byte ${this.at} does not end`);
    }
    const line = this.#utf8.decode(this.#bytes.subarray(from, end));
    this.at = this.#base + end + 1;
    return line;
  }

  push(value: unknown): void {
    if (this.#stack.length >= MAX_STACK) throw damaged("it holds too many values that belong to nothing");
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
    if (this.#marks.length >= MAX_STACK) throw damaged("it begins too much that does not end");
    this.#marks.push(this.#stack.length);
  }

  /** Removes and returns everything above the last mark. */
  popMark(): unknown[] {
    const height = this.#marks.pop();
    if (height === undefined) throw damaged("a mark is missing");
    return this.#stack.splice(height);
  }

  remember(key: number): void {
    this.#memory.spend(ITEM);
    this.memo.set(key, this.top());
  }

  recall(key: number): unknown {
    if (!this.memo.has(key)) throw damaged(`it refers to memo ${key}, which was never set`);
    return this.memo.get(key);
  }

  global(module: string, name: string): unknown {
    if (module.length + name.length > MAX_LINE) throw damaged(`a global is called ${show(name)} of ${show(module)}`);
    const full = `${module}.${name}`;
    return this.vocabulary.global(full) ?? new PickledName(full);
  }

  call(callee: unknown, args: unknown): unknown {
    if (!Array.isArray(args)) throw damaged("the arguments of a call are no tuple");
    // What is made may be a copy of what it is given, and that may be given again and again.
    this.items(args.reduce((sum: number, arg) => sum + lengthOf(arg), 0));
    if (callee instanceof PickleFunction) return callee.call(args);
    if (callee instanceof PickledName) return this.container(new PickledObject(callee.name, args));
    // what a function made that was not called: getattr(…)(…)
    if (callee instanceof PickledObject) return this.container(new PickledObject(callee.name, [callee, ...args]));
    throw damaged("it calls something that is no function");
  }

  #take(length: number): Uint8Array {
    const from = this.#advance(length);
    return this.#bytes.subarray(from, from + length);
  }

  #pass(kind: "bytes" | "text", length: number): Payload {
    const start = this.at;
    if (start + length > this.#size) throw ended(this.#size);
    const head = this.#take(Math.min(length, HEAD_BYTES)).slice();
    this.at = start + length;
    return new Payload(kind, start, this.at, head);
  }

  /** Where the next `length` bytes are in the window. */
  #advance(length: number): number {
    const from = this.at - this.#base;
    if (this.at + length > this.#size) throw ended(this.#size);
    if (from + length > this.#bytes.length) throw new PickleTruncated(length + PREFIX_BYTES);
    this.at += length;
    return from;
  }
}

function lengthOf(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  return value instanceof Map || value instanceof Set ? value.size : 0;
}
