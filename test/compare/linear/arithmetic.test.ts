import { afterEach, expect, test, vi } from "vitest";
import { type Arithmetic, arithmetic, plainArithmetic } from "../../../src/compare/linear/arithmetic.ts";
import { noise } from "./matrices.ts";

afterEach(() => vi.unstubAllGlobals());

/** What both loops leave in a memory of noise. */
function worked({ memory, tiles, rows }: Arithmetic): Float64Array {
  memory.set(noise(1, 1, 2000));
  tiles(8, 40, 3, 7, 400); // a [7, 4], b [3, 7, 4], c [3, 4, 4]
  rows(600, 100, 9, 1100, 1200, 1300, 1310);
  return memory.slice(0, 2000);
}

test("WebAssembly and JavaScript do the same", () => {
  const [fast, plain] = [worked(arithmetic(2000)), worked(plainArithmetic(2000))];
  expect(fast.some((value, i) => value !== noise(1, 1, 2000)[i])).toBe(true);
  for (let i = 0; i < 2000; i += 1) expect(fast[i]).toBeCloseTo(plain[i]!, 12);
});

test("tiles are what they are defined as", () => {
  const { memory, tiles } = arithmetic(2000);
  memory.set(noise(1, 1, 2000));
  const before = memory.slice(0, 2000);
  tiles(8, 40, 3, 7, 400);
  for (let tile = 0; tile < 3; tile += 1) {
    for (let i = 0; i < 4; i += 1) {
      for (let j = 0; j < 4; j += 1) {
        let sum = before[400 + 16 * tile + 4 * i + j]!;
        for (let k = 0; k < 7; k += 1) sum += before[8 + 4 * k + i]! * before[40 + 28 * tile + 4 * k + j]!;
        expect(memory[400 + 16 * tile + 4 * i + j]).toBeCloseTo(sum, 12);
      }
    }
  }
});

test("is really WebAssembly here, and JavaScript where a page forbids that", async () => {
  expect(arithmetic(8).memory.byteLength % 65_536).toBe(0);
  vi.resetModules();
  const forbidden = class {
    constructor() {
      throw new WebAssembly.CompileError("Refused to compile by the Content Security Policy");
    }
  };
  vi.stubGlobal("WebAssembly", { ...WebAssembly, CompileError: WebAssembly.CompileError, Module: forbidden });
  const anew = await import("../../../src/compare/linear/arithmetic.ts");
  const place = anew.arithmetic(2000);
  expect(place.memory.length).toBe(2000);
  expect(worked(place)).toEqual(worked(plainArithmetic(2000)));
});
