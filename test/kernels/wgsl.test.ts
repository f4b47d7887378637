import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { partsOf, describe as reflect } from "../../scripts/wgsl.mjs";

const MAIN = "@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id) id: vec3u) {}\n";
const X = "@group(0) @binding(1) var<storage, read> x: array<f32>;\n";

/** The kernels, or the parts, as they are written. */
function sources(isPart: boolean): ReadonlyMap<string, string> {
  const directory = new URL("../../src/kernels/", import.meta.url);
  const paths = readdirSync(directory, { recursive: true, encoding: "utf8" }).filter(
    (path) => path.endsWith(".wgsl") && path.startsWith("parts/") === isPart,
  );
  const name = (path: string) => path.replace(/^.*\//, "").replace(/\.wgsl$/, "");
  return new Map(paths.map((path) => [name(path), readFileSync(new URL(path, directory), "utf8")]));
}

describe("parts", () => {
  const parts = new Map([
    ["a", "// A part.\n// use c\n// use b\nfn a() {}\n"],
    ["b", "// use c\nfn b() {}\n"],
    ["c", "// use b\nfn c() {}\n"], // they may need each other
    ["d", "// use bees, and it is no line of that kind\nfn d() {}\n"],
  ]);

  test("are those that are named, each once, with what they use themselves", () => {
    expect(partsOf("k", `// A kernel.\n// use a\n// use b\n${MAIN}`, parts)).toEqual(["a", "c", "b"]);
    expect(partsOf("k", "// use d\n", parts)).toEqual(["d"]);
    expect(partsOf("k", MAIN, parts)).toEqual([]);
  });

  test("that do not exist are refused, by the file that wants them", () => {
    expect(() => partsOf("k", "// use e\n", parts)).toThrow(/^k\.wgsl uses "e", and there is no .*parts\/e\.wgsl$/);
    const wanting = new Map([["a", "// use e\n"]]);
    expect(() => partsOf("k", "// use a\n", wanting)).toThrow(/^parts\/a\.wgsl uses "e"/);
  });

  test("are all used, by at least two", () => {
    const shared = sources(true);
    const users = [...sources(false)].flatMap(([name, source]) => partsOf(name, source, shared));
    const once = [...shared.keys()].filter((part) => users.filter((used) => used === part).length < 2);
    expect(once).toEqual([]);
  });
});

describe("what is said of a kernel", () => {
  test("its parameters, its buffers, and what may be chosen", () => {
    const source = `const ADD: bool = false;
const LANES = 4u;
alias Scalar = f32;
struct Params { total: u32, gain: f32 }
@group(0) @binding(0) var<uniform> params: Params;
${X}@group(0) @binding(2) var<storage, read_write> y: array<f32>;
${MAIN}`;
    expect(reflect("k", source)).toEqual({
      name: "k",
      params: { total: "u32", gain: "f32" },
      bindings: { x: "read", y: "read_write" },
      choices: { ADD: "boolean", LANES: "number", Scalar: '"f32" | "f16"' },
    });
  });

  test.each([
    ["override", `override A = 1;\n${MAIN}`, /uses `override`/],
    ["a directive", `enable f16;\n${MAIN}`, /`enable` directive/],
    ["no entry point", X, /exactly one @compute entry point/],
    ["another name for it", MAIN.replace("main", "start"), /exactly one @compute entry point/],
    ["two of them", MAIN + MAIN.replace("main", "start"), /exactly one @compute entry point/],
    ["two groups", `${X}@group(1) @binding(0) var<storage, read> y: array<f32>;\n${MAIN}`, /more than group 0/],
    ["a uniform of another name", `@group(0) @binding(0) var<uniform> p: P;\nstruct P { a: u32 }\n${MAIN}`, /`params`/],
    [
      "vectors as parameters",
      `@group(0) @binding(0) var<uniform> params: P;\nstruct P { a: vec2u }\n${MAIN}`,
      /params\.a is no 4-byte number/,
    ],
    ["a gap among bindings", `${X.replace("(1)", "(2)")}${MAIN}`, /x is out of the bindings' order/],
    [
      "nine buffers",
      Array.from({ length: 9 }, (_, b) => X.replace("(1)", `(${b + 1})`).replace("x:", `x${b}:`)).join("") + MAIN,
      /more than 8/,
    ],
    ["a name twice, as a part's", `${X}fn f() {}\n${MAIN}// parts/a.wgsl\nstruct f { a: u32 }\n`, /declares f twice/],
    ["an entry point's name", `${MAIN}fn main() {}\n`, /declares main twice/],
    ["a buffer's name", `${X}const x = 1;\n${MAIN}`, /declares x twice/],
  ])("refuses %s", (_, source, why) => {
    expect(() => reflect("k", source)).toThrow(why);
    expect(() => reflect("k", source)).toThrow(/^k\.wgsl: /);
  });
});
