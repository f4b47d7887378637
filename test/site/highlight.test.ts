import { expect, test } from "vitest";
import { highlighted } from "../../site/highlight.ts";

const marked = (code: string) => highlighted(code).flatMap(({ text, kind }) => (kind ? [`${kind} ${text}`] : []));

test("keywords, strings, numbers and comments", () => {
  expect(marked('import { of } from "a"; // b')).toEqual([
    "keyword import",
    "keyword of",
    "keyword from",
    'string "a"',
    "comment // b",
  ]);
  expect(marked("for await (const x of [1.5]) `a`; /* c */")).toEqual([
    ...["keyword for", "keyword await", "keyword const", "keyword of", "number 1.5"],
    ...["string `", "string a", "string `", "comment /* c */"],
  ]);
  expect(marked("f({ of: 1, let: 2 })")).toEqual(["number 1", "number 2"]);
});

test.each(["", "const", 'const a = "b', "a /* b", "x = 1;\n\n  // y\n", "#", "`${"])("%j is all there", (code) => {
  expect(
    highlighted(code)
      .map(({ text }) => text)
      .join(""),
  ).toBe(code);
});
