// Tests: test/compare/linear/arithmetic.test.ts

/** WebAssembly instructions, as bytes in any nesting. */
export type Code = readonly (number | Code)[];

/** A function of 32-bit addresses and counts that returns nothing. */
export interface Assembled {
  readonly name: string;
  readonly parameters: number;
  /** Further locals: so many 32-bit integers, then so many vectors. */
  readonly integers: number;
  readonly vectors: number;
  readonly code: Code;
}

const I32 = 0x7f;
const V128 = 0x7b;

/** An unsigned number as WebAssembly writes them, seven bits a byte (LEB128). */
const unsigned = (value: number): number[] =>
  value < 128 ? [value] : [(value & 127) | 128, ...unsigned(Math.floor(value / 128))];
/** A small number that may be negative, |value| < 2²⁷. */
const signed = (value: number): number[] =>
  value >= -64 && value < 64 ? [value & 127] : [(value & 127) | 128, ...signed(value >> 7)];
const simd = (opcode: number, ...rest: Code): Code => [0xfd, ...unsigned(opcode), ...rest];
/** Alignment 2³, and bytes from the address on. */
const at = (offset: number): Code => [3, ...unsigned(offset)];

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number, value: Code): Code => [value, 0x21, ...unsigned(local)];
export const integer = (value: number): Code => [0x41, ...signed(value)];
export const plus = (a: Code, b: Code): Code => [a, b, 0x6a];
export const load = (address: Code, offset: number): Code => [address, simd(0x00, at(offset))];
/** One double in both halves of a vector. */
export const loadTwice = (address: Code, offset: number): Code => [address, simd(0x0a, at(offset))];
export const store = (address: Code, offset: number, value: Code): Code => [address, value, simd(0x0b, at(offset))];
export const add = (a: Code, b: Code): Code => [a, b, simd(0xf0)];
export const multiply = (a: Code, b: Code): Code => [a, b, simd(0xf2)];
export const zeros: Code = simd(0x0c, new Array<number>(16).fill(0));
const half = (vector: Code, lane: 0 | 1): Code => [vector, simd(0x21, lane)];
/** Stores the sum of a vector's two doubles. */
export const storeSum = (address: Code, offset: number, vector: Code): Code => [
  address,
  half(vector, 0),
  half(vector, 1),
  0xa0,
  [0x39, at(offset)],
];
/** Runs the code as often as the local says, once at the least, and counts it down to zero. */
export const times = (local: number, code: Code): Code => [
  [0x03, 0x40],
  code,
  [get(local), integer(1), 0x6b, 0x22, ...unsigned(local)],
  [0x0d, 0, 0x0b],
];

const bytesOf = (code: Code): number[] => code.flatMap((part) => (typeof part === "number" ? [part] : bytesOf(part)));
const sized = (bytes: readonly number[]): number[] => [...unsigned(bytes.length), ...bytes];
const vector = (parts: readonly (readonly number[])[]): number[] => [...unsigned(parts.length), ...parts.flat()];
const text = (name: string): number[] => sized([...new TextEncoder().encode(name)]);

/** A module of these functions on a memory that is imported as `env.memory`. */
export function moduleOf(functions: readonly Assembled[]): Uint8Array<ArrayBuffer> {
  const section = (id: number, bytes: readonly number[]): number[] => [id, ...sized(bytes)];
  const types = functions.map(({ parameters }) => [0x60, ...vector(new Array(parameters).fill([I32])), 0]);
  const bodies = functions.map(({ integers, vectors, code }) => {
    const locals = vector([
      [...unsigned(integers), I32],
      [...unsigned(vectors), V128],
    ]);
    return sized([...locals, ...bytesOf(code), 0x0b]);
  });
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector(types)),
    ...section(2, vector([[...text("env"), ...text("memory"), 2, 0, 0]])),
    ...section(3, vector(functions.map((_, index) => unsigned(index)))),
    ...section(7, vector(functions.map(({ name }, index) => [...text(name), 0, ...unsigned(index)]))),
    ...section(10, vector(bodies)),
  ]);
}
