import { expect, test } from "vitest";
import { prepare, runCell, type Variables } from "../../site/cells.ts";

const modules: Record<string, unknown> = { a: { one: 1, default: "d", "two words": 2 }, b: { three: 3 } };
const load = async (name: string): Promise<unknown> => modules[name] ?? Promise.reject(new Error(`no ${name}`));

/** Runs cells one after the other. */
async function run(...cells: string[]): Promise<{ values: unknown[]; variables: Variables }> {
  const variables: Variables = {};
  const values: unknown[] = [];
  for (const cell of cells) values.push(await runCell(cell, variables, load));
  return { values, variables };
}

test("what a cell declares others see and change", async () => {
  const { values, variables } = await run(
    "let a = 1, { b, c: [d = 4, ...e], ...f } = { b: 2, c: [undefined, 5, 6], g: 7 };\nlet later, h = a + b",
    "a += 10; later = () => a; function twice(x) { return 2 * x; }\nclass Pair { of() { return [a, twice(a)]; } }",
    "a = 20; const own = new Pair().of()",
    "later()",
  );
  expect(variables).toMatchObject({ a: 20, b: 2, d: 4, e: [5, 6], f: { g: 7 }, h: 3, own: [20, 40] });
  expect(values).toEqual([undefined, undefined, undefined, 20]);
});

test("a cell is run again: its constants are new, and what has no value is undefined", async () => {
  const { values } = await run("const a = 1; let b", "b = a", "const a = 2; let b", "[a, b]");
  expect(values.at(-1)).toEqual([2, undefined]);
});

test.each([
  ["const q = 1; q = 2"],
  ["const { p, q } = { p: 1, q: 2 };\nq += 1"],
  ["const q = 1; const change = () => { q++; }; change()"],
  ["const q = 1", "q = 2"],
])("assigning to a constant is an error: %s", async (...cells) => {
  await expect(run(...cells)).rejects.toThrow(TypeError);
  await expect(run(...cells)).rejects.toThrow('"q" is a constant');
});

test("what hides a constant may change", async () => {
  const { values } = await run("const q = 1; { let q = 2; q = 3; }\n((q) => { q = 4; })(5); q");
  expect(values).toEqual([1]);
});

test("a function calls what is declared behind it, and itself by what it is called now", async () => {
  const { values } = await run(
    "const six = first(3);\nfunction first(n) { return n < 2 ? 1 : n * first(n - 1); }",
    "six",
  );
  expect(values[1]).toBe(6);
});

test("modules are loaded by name", async () => {
  const { values, variables } = await run(
    'import d, { one as uno, "two words" as two } from "a";\nimport * as b from "b";\nimport "a";\n[d, uno, two, b.three]',
  );
  expect(values).toEqual([["d", 1, 2, 3]]);
  expect(variables).toMatchObject({ d: "d", uno: 1, two: 2 });
  await expect(run('import { x } from "c"')).rejects.toThrow("no c");
});

test("top-level await, and the value of an expression at the end alone", async () => {
  const cells = ["await Promise.resolve(3); /* three */", "4; const x = 5", "({ x, y: 6 })", "", "/* no */"];
  const { values } = await run(...cells);
  expect(values).toEqual([3, undefined, { x: 5, y: 6 }, undefined, undefined]);
});

test("lines end by themselves as they do elsewhere", async () => {
  const { values } = await run(
    "const a = [1, 2]\nconst [b] = a\nconst { length } = a\nconst c = b\n;[a.length, b, c, length]",
  );
  expect(values).toEqual([[2, 1, 1, 2]]);
});

test("declarations inside of blocks and loops stay there", async () => {
  const { variables } = await run("for (const i of [1]) { const inner = i; }\n{ let other = 2; }");
  expect(Object.keys(variables)).toEqual([]);
});

test("code is strict, and what was never declared is an error", async () => {
  await expect(run("undeclared = 1")).rejects.toThrow(ReferenceError);
  await expect(run("missing + 1")).rejects.toThrow("missing is not defined");
});

test("lines keep their numbers", async () => {
  const code = 'import {\n  one,\n} from "a";\nconst a =\n  1;\nclass A {}\nthrow new Error("here");';
  const { body } = prepare(code);
  expect(body.split("\n").findIndex((line) => line.includes("throw"))).toBe(6);
});

test.each([
  ["const a = ;", /Unexpected token \(1:10\)/],
  ["const a = 1;\nexport { a };", /nothing to export to \(line 2\)/],
  ["let x = 1; let x = 2;", /already been declared/],
])("%s is refused", (code, message) => {
  expect(() => prepare(code)).toThrow(SyntaxError);
  expect(() => prepare(code)).toThrow(message);
});
