import { expect, test } from "vitest";
import { jsonFault } from "../../src/networks/json-fault.ts";

test.each([
  ['{"a": 1,\n "b": 2\n "c": 3}', 3, 2, "a comma or }"],
  ['{"a": 1,}', 1, 9, 'a name in "quotes"'],
  ["{a: 1}", 1, 2, 'a name in "quotes" or }'],
  ["[1, 2", 1, 6, "a comma or ]"],
  ["[1, 2,]", 1, 7, "a value"],
  ["[,]", 1, 2, "a value or ]"],
  ['{"a" 1}', 1, 6, "a colon"],
  ['{"a": }', 1, 7, "a value"],
  ['{"a": [{"b": "c\\q"}]}', 1, 14, "a value"],
  ['{"a": "two\nlines"}', 1, 7, "a value"],
  ['{}\r\n\r\n{"b": 1}', 3, 1, "nothing more"],
  ['{"a": 01}', 1, 8, "a comma or }"],
  ["", 1, 1, "a value"],
  ["  \n  'x'", 2, 3, "a value"],
  ["[1}", 1, 3, "a comma or ]"],
  ['{"a":1]', 1, 7, "a comma or }"],
])("%j", (text, line, column, wanted) => {
  expect(() => JSON.parse(text)).toThrow(SyntaxError);
  expect(jsonFault(text)).toBe(`at line ${line}, column ${column}, where ${wanted} would be`);
});

test("what nests without end is told where it is too deep", () => {
  expect(jsonFault("[".repeat(1e5))).toBe("at line 1, column 66, where more than 64 lists and objects are open");
});
