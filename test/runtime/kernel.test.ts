import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import convTiled from "../../src/kernels/generated/conv-tiled.wgsl.ts";
import { type Kernel, packParams, sourceLine, specialize } from "../../src/runtime/kernel.ts";

const SOURCE = `// A kernel.
const TILE: u32 = 8;  // an edge
const GAIN: f32 = 1.5;
const ADD: bool = false;
const TILES: u32 = TILE * 2;
alias Scalar = f32;
fn f() { const TILE2 = 3; }`;
const KERNEL = {
  name: "sample",
  source: SOURCE,
  params: { count: "u32", shift: "i32", gain: "f32" },
  bindings: {},
} as const satisfies Kernel;

describe("specialising", () => {
  test("nothing changes nothing", () => expect(specialize(KERNEL, {})).toBe(SOURCE));

  test("rewrites what is named, and only that", () => {
    expect(specialize(KERNEL, { TILE: 16, ADD: true, GAIN: 0.25 })).toBe(
      SOURCE.replace("TILE: u32 = 8;", "TILE: u32 = 16;")
        .replace("ADD: bool = false;", "ADD: bool = true;")
        .replace("GAIN: f32 = 1.5;", "GAIN: f32 = 0.25;"),
    );
    expect(specialize(KERNEL, { TILES: 4 })).toBe(SOURCE.replace("TILES: u32 = TILE * 2;", "TILES: u32 = 4;"));
  });

  test("to half precision enables it, and to single does not", () => {
    expect(specialize(KERNEL, { Scalar: "f16" })).toBe(`enable f16;\n${SOURCE.replace("= f32;", "= f16;")}`);
    expect(specialize(KERNEL, { Scalar: "f32" })).toBe(SOURCE);
  });

  test.each(["TYPO", "TIL", "Scala", "TILE2", "f"])("an unknown name is refused: %s", (name) => {
    expect(() => specialize(KERNEL, { [name]: 1 })).toThrow(
      expect.objectContaining({
        code: "kernel",
        message: expect.stringContaining(`sample.wgsl declares no const or alias "${name}"`),
      }),
    );
  });

  test("a real kernel", () => {
    const code = specialize(convTiled, { PIXELS: 128, HALF: true });
    expect(code).toMatch(/^const PIXELS:u32= 128;/m);
    expect(code).toMatch(/^const HALF:bool= true;/m);
    expect(code.split("\n")).toHaveLength(convTiled.source.split("\n").length);
  });
});

describe("lines of code are lines of files", () => {
  const code = "enable f16;\nenable subgroups;\nfirst\nsecond\n// parts/a.wgsl\none\ntwo\n// parts/b-c.wgsl\nuno\n";

  test.each([
    [3, "sample.wgsl:1"],
    [4, "sample.wgsl:2"],
    [6, "parts/a.wgsl:1"],
    [7, "parts/a.wgsl:2"],
    [9, "parts/b-c.wgsl:1"],
  ])("line %i is %s", (line, place) => expect(sourceLine(KERNEL, code, line)).toBe(place));

  test("of a real kernel's parts", () => {
    const lines = convTiled.source.split("\n");
    const line = lines.findIndex((text) => text.startsWith("fn weightAt")) + 1;
    const [file, number] = sourceLine(convTiled, convTiled.source, line).split(":");
    expect(file).toBe("parts/conv-operands.wgsl");
    const part = readFileSync(new URL(`../../src/kernels/${file}`, import.meta.url), "utf8").split("\n");
    expect(part[Number(number) - 1]).toMatch(/^fn weightAt/);
  });
});

describe("parameters", () => {
  test("lie where the struct has them", () => {
    const bytes = packParams(KERNEL, { count: 0xfffffffe, shift: -2, gain: 0.1 });
    const view = new DataView(bytes.buffer);
    expect(bytes).toHaveLength(16);
    expect([view.getUint32(0, true), view.getInt32(4, true), view.getUint32(12, true)]).toEqual([0xfffffffe, -2, 0]);
    expect(view.getFloat32(8, true)).toBe(Math.fround(0.1));
  });

  test("that are missing are named", () => {
    expect(() => packParams(KERNEL, { count: 1, gain: 1 })).toThrow(
      expect.objectContaining({
        code: "kernel",
        message: expect.stringContaining('sample.wgsl needs the parameter "shift"'),
      }),
    );
  });
});
