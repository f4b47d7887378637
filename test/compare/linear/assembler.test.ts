import { expect, test } from "vitest";
import {
  type Code,
  get,
  integer,
  load,
  moduleOf,
  set,
  storeSum,
  zeros,
} from "../../../src/compare/linear/assembler.ts";

const flat = (code: Code): number[] => code.flatMap((part) => (typeof part === "number" ? [part] : flat(part)));
const I32_CONST = 0x41;

// DWARF's examples of LEB128 (version 5, section 7.6), numbers on both sides of each byte more, and
// the specification's own of WebAssembly.
test.each<readonly [number, readonly number[]]>([
  [0, [0]],
  [2, [2]],
  [-2, [0x7e]],
  [63, [0x3f]],
  [64, [0xc0, 0]],
  [-64, [0x40]],
  [-65, [0xbf, 0x7f]],
  [127, [0xff, 0]],
  [-127, [0x81, 0x7f]],
  [128, [0x80, 1]],
  [-128, [0x80, 0x7f]],
  [129, [0x81, 1]],
  [-129, [0xff, 0x7e]],
  [-123456, [0xc0, 0xbb, 0x78]],
])("%i, which may be negative, is the bytes %j", (value, bytes) => {
  expect(flat(integer(value))).toEqual([I32_CONST, ...bytes]);
});

test.each<readonly [number, readonly number[]]>([
  [2, [2]],
  [127, [0x7f]],
  [128, [0x80, 1]],
  [129, [0x81, 1]],
  [12857, [0xb9, 0x64]],
  [624485, [0xe5, 0x8e, 0x26]],
])("the place %i behind an address is the bytes %j", (offset, bytes) => {
  // local.get 1, v128.load of eight bytes' alignment
  expect(flat(load(get(1), offset))).toEqual([0x20, 1, 0xfd, 0, 3, ...bytes]);
  expect(flat(set(offset, []))).toEqual([0x21, ...bytes]);
});

test("a vector of zeros is sixteen bytes of them", () => {
  expect(flat(zeros)).toEqual([0xfd, 0x0c, ...new Array(16).fill(0)]);
});

test("a sum of both halves is stored: lanes 0 and 1, f64.add, f64.store", () => {
  expect(flat(storeSum(get(0), 8, get(1)))).toEqual([
    ...[0x20, 0, 0x20, 1, 0xfd, 0x21, 0, 0x20, 1, 0xfd, 0x21, 1],
    ...[0xa0, 0x39, 3, 8],
  ]);
});

test("a module has the sections of its functions, on a memory that is imported", () => {
  const code = [set(1, integer(7))];
  const bytes = moduleOf([{ name: "f", parameters: 1, integers: 1, vectors: 2, code }]);
  expect([...bytes]).toEqual([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // "\0asm", version 1
    ...[1, 5, 1, 0x60, 1, 0x7f, 0], // a type: i32 → nothing
    // env.memory
    ...[2, 15, 1, 3, 0x65, 0x6e, 0x76, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2, 0, 0],
    ...[3, 2, 1, 0], // a function of that type
    ...[7, 5, 1, 1, 0x66, 0, 0], // exported as "f"
    ...[10, 12, 1, 10, 2, 1, 0x7f, 2, 0x7b, 0x41, 7, 0x21, 1, 0x0b], // its locals and code
  ]);
  expect(WebAssembly.validate(bytes)).toBe(true);
});
