import { expect, test } from "vitest";
import { parseJson } from "../../src/weights/json.ts";

const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);

test("what JSON.parse reads is read", () => {
  const values = [1, "a", null, { a: [{ b: "[[{" }], 'c"\\': '\\"[', d: "\\\\" }, [[[]], {}], "[".repeat(1000)];
  for (const value of values) expect(parseJson(JSON.stringify(value))).toEqual(value);
  expect(parseJson(nested(64))).toEqual(JSON.parse(nested(64)));
  expect(parseJson(`[${"[],".repeat(1000)}{}]`)).toHaveLength(1001);
});

test("what nests deeper than anything known is none", () => {
  expect(() => parseJson(nested(65))).toThrow(SyntaxError);
  expect(() => parseJson("[".repeat(5e6))).toThrow(/Nested deeper than 64, at 64/);
  expect(() => parseJson('{"a":'.repeat(100))).toThrow(/Nested/);
  expect(() => parseJson('"\\\\" [')).toThrow(SyntaxError);
});
