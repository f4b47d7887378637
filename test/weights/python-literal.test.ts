import { describe, expect, it } from "vitest";
import { type PythonLiteral, parsePythonLiteral } from "../../src/weights/python-literal.ts";

describe("a literal", () => {
  const cases: [text: string, value: PythonLiteral][] = [
    ["'<f4'", "<f4"],
    ['"it\'s"', "it's"],
    ["''", ""],
    ["-12", -12],
    ["3L", 3],
    ["True", true],
    ["False", false],
    ["None", null],
    ["()", []],
    ["(6,)", [6]],
    ["(2, 3)", [2, 3]],
    [
      "[('a', '<f4'), ('b', '<i4', (2,))]",
      [
        ["a", "<f4"],
        ["b", "<i4", [2]],
      ],
    ],
    ["{}", new Map()],
    [
      "{'a': 1, 'b': (2,), }  \n",
      new Map<PythonLiteral, PythonLiteral>([
        ["a", 1],
        ["b", [2]],
      ]),
    ],
  ];
  it.each(cases)("%s is read", (text, value) => expect(parsePythonLiteral(text)).toEqual(value));

  it.each(["", "(", "(1", "(1 2)", "(1,,)", "{'a'}", "{'a' 1}", "{'a': 1 'b': 2}", "{1: 2", "]", ",", "1 1", "x"])(
    "%s is none",
    (text) => expect(() => parsePythonLiteral(text)).toThrow("header of a NumPy array is damaged"),
  );

  it.each([
    ["lists", (inner: string) => `[${inner}]`],
    ["tuples", (inner: string) => `(0, ${inner})`],
    ["a dict's values", (inner: string) => `{0: ${inner}}`],
    ["a dict's keys", (inner: string) => `{${inner}: 0}`],
  ])("may nest 32 deep, in %s, and no deeper", (_, wrap) => {
    const nested = (depth: number): string => (depth === 0 ? "[]" : wrap(nested(depth - 1)));
    expect(() => parsePythonLiteral(nested(32))).not.toThrow();
    expect(() => parsePythonLiteral(nested(33))).toThrow("damaged");
  });
});
