import { describe, expect, test } from "vitest";
import { tooWide, wrapComments } from "../../scripts/wrap.mjs";

const words = (count: number): string => Array.from({ length: count }, (_, index) => `w${index % 10}`).join(" ");
const widest = (text: string): number => Math.max(...text.split("\n").map((line) => line.length));

describe("comments are wrapped", () => {
  test("a paragraph of lines, to the last column and no further", () => {
    const wrapped = wrapComments(`  // ${words(30)}\n  // ${words(30)}\ncode();`);
    expect(widest(wrapped)).toBeLessThanOrEqual(100);
    expect(wrapped.split("\n").slice(0, -1).join(" ").replaceAll("  // ", "")).toBe(`${words(30)} ${words(30)}`);
    expect(wrapComments(wrapped)).toBe(wrapped);
  });

  test("what stands on one line between /** and */ gets lines of its own", () => {
    const long = words(35);
    const [first, second, third, last] = wrapComments(`/** ${long} */`).split("\n");
    expect([first, last]).toEqual(["/**", " */"]);
    expect(`${second} ${third?.slice(3)}`).toBe(` * ${long}`);
  });

  test("lists, code and other paragraphs keep their lines", () => {
    const text = ["/**", ` * ${words(40)}`, " *", " * - one", " * - two", " *", " *     x = 1", " */"].join("\n");
    expect(wrapComments(text).split("\n").slice(-6)).toEqual(text.split("\n").slice(-6));
  });

  test("an item that goes on hangs below its first word", () => {
    expect(wrapComments(`// - ${words(40)}`).split("\n")[1]).toMatch(/^\/\/ {3}w/);
  });

  test("a tag's further lines stand two blanks in", () => {
    const text = `/**\n * Does.\n * @throws ${words(30)}\n *   ${words(9)}\n */`;
    const wrapped = wrapComments(text).split("\n");
    expect(wrapped.slice(2, -1).map((line) => line.slice(0, 6))).toEqual(
      [" * @th", " *   w", " *   w"].slice(0, wrapped.length - 3),
    );
    expect(
      wrapped
        .slice(2, -1)
        .map((line) => line.slice(3).trim())
        .join(" "),
    ).toBe(`@throws ${words(30)} ${words(9)}`);
  });

  test("an item that fits stays as it is beside one that does not", () => {
    const text = [
      `// - ${words(40)}`,
      "// - one that",
      "//   goes on",
      "// biome-ignore lint: it",
      "// use bilinear",
    ].join("\n");
    expect(wrapComments(text).split("\n").slice(-4)).toEqual(text.split("\n").slice(1));
  });

  test("a comment behind code goes before it where it has no room", () => {
    const code = `  const x = f(${"a".repeat(60)});`;
    expect(wrapComments(`${code} // ${words(14)}`)).toBe(`  // ${words(14)}\n${code}`);
    expect(wrapComments(`${code} // short`)).toBe(`${code} // short`);
  });

  test("what fits stays as it is, however it is broken", () => {
    const text = "// one\n// two\n\n/** three */\n";
    expect(wrapComments(text)).toBe(text);
  });
});

describe("what is too wide is found", () => {
  const long = "a".repeat(90);
  test.each([
    ["a.ts", `// ${long} ${long}`, ["1: a comment beyond column 100"]],
    ["a.ts", `f();\n/**\n * ${long} ${long}\n */`, ["3: a comment beyond column 100"]],
    ["a.ts", `f(${"x, ".repeat(28)}); // ${words(10)}`, ["1: a comment beyond column 100"]],
    ["a.wgsl", `let x = 1; // ${long}`, ["1: a comment beyond column 100"]],
    ["a.ts", `throw new Error(\n            "${long}" +\n "b");`, ["2: a string beyond column 100"]],
    ["a.ts", `throw new Error("a" +\n            \`${long}\`);`, ["2: a string beyond column 100"]],
    ["a.ts", `throw new Error("${long}");`, []],
    ["a.ts", `f("http://example.org", ${"x, ".repeat(30)});`, []],
    ["a.ts", `// ${words(10)}\nf();`, []],
  ])("%s: %s", (path, text, expected) => expect(tooWide(path, text)).toEqual(expected));
});
