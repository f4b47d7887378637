import { WeightsError } from "../errors.ts";

// Tests: test/weights/hostile.test.ts, test/weights/pickles.test.ts

/** A global that a pickle names and that is not looked up: a class or function nobody here runs. */
export class PickledName {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/**
 * What a pickle would have made by calling something. Nothing is called: it stays what it was
 * called with, and the state that was put on it.
 */
export class PickledObject {
  /** What was called, such as "torch.nn.modules.conv.Conv2d". */
  readonly name: string;
  readonly args: readonly unknown[];
  /** As BUILD gave it; for most objects their `__dict__`, a Map. */
  state: unknown;
  /** Items of a subclass of dict. */
  entries: Map<unknown, unknown> | undefined;
  /** Items of a subclass of list or set. */
  items: unknown[] | undefined;

  constructor(name: string, args: readonly unknown[]) {
    this.name = name;
    this.args = args;
  }
}

/** A global that is known, and what is made of its arguments instead of a call. */
export class PickleFunction extends PickledName {
  readonly call: (args: readonly unknown[]) => unknown;

  constructor(name: string, call: (args: readonly unknown[]) => unknown) {
    super(name);
    this.call = call;
  }
}

/**
 * A long string of bytes or characters that was passed over: where it lies, and how it begins.
 * Reading it is for whoever needs it.
 */
export class Payload {
  readonly kind: "bytes" | "text";
  /** Bytes [start, end) of what is unpickled. */
  readonly start: number;
  readonly end: number;
  readonly head: Uint8Array;

  constructor(kind: "bytes" | "text", start: number, end: number, head: Uint8Array) {
    this.kind = kind;
    this.start = start;
    this.end = end;
    this.head = head;
  }

  get length(): number {
    return this.end - this.start;
  }
}

/** Values that BUILD completes. */
export interface Buildable {
  build(state: unknown): void;
}

export function isBuildable(value: unknown): value is Buildable {
  return typeof value === "object" && value !== null && "build" in value && typeof value.build === "function";
}

/** The pickle goes on after the bytes at hand: an opcode is to be tried again with more of them. */
export class PickleTruncated extends Error {
  /** Bytes that are needed from where the opcode began. */
  readonly needed: number;

  constructor(needed: number) {
    super("The pickle goes on.");
    this.needed = needed;
  }
}

export function ended(size: number): WeightsError {
  return new WeightsError("weights-format", `The pickle ends in the middle, at byte ${size}.`, AGAIN);
}

const AGAIN = "Download or copy the file again.";
/** Characters of a string that a message shows. */
const SHOWN = 60;

/**
 * A value of a pickle for a message, at most a line: what containers hold is counted, not shown, so
 * that shared, deep and cyclic ones cost nothing.
 */
export function show(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "string") return `"${cut(value)}"`;
  if (typeof value === "bigint") return value < 2n ** 64n && value > -(2n ** 64n) ? String(value) : "a huge integer";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value instanceof Map) return `a dict of ${value.size}`;
  if (value instanceof Set) return `a set of ${value.size}`;
  if (value instanceof Uint8Array || value instanceof Payload) return `${value.length} bytes`;
  if (value instanceof PickledObject) return `an object of ${cut(value.name)}`;
  if (value instanceof PickledName) return cut(value.name);
  return "an object";
}

/** Text from a file for a message: short, and without control characters. */
export function cut(text: string): string {
  const shown = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return shown.replace(/[\u0000-\u001f\u007f-\u009f]/g, "·");
}

export function damaged(what: string): WeightsError {
  return new WeightsError("weights-format", `The pickle is damaged: ${what}.`, AGAIN);
}

/** For messages: which file is meant. */
export function damagedFile(name: string, what: string): WeightsError {
  return new WeightsError("weights-format", `${name} is damaged: ${what}.`, AGAIN);
}

export function unsafe(what: string): WeightsError {
  return new WeightsError(
    "weights-unsafe",
    `The pickle contains ${what}, which a file of plain weights does not need; it could run code, so it was refused.`,
    "In Python, save only the weights: torch.save(model.state_dict(), path), or write safetensors.",
  );
}
