import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { detectRaces } from "wgsl_reflect/wgsl_reflect.module.js";
import { TILES } from "../../src/kernels/conv/product.ts";
import { type Kernel, specialize } from "../../src/runtime/kernel.ts";

interface Launch {
  readonly grid: readonly [number, number, number];
  readonly params: Uint32Array;
  /** Elements of each storage buffer, in the order of their bindings. */
  readonly buffers: readonly number[];
  /** Every shape that its workgroups can have. */
  readonly choices: readonly Readonly<Record<string, number | boolean>>[];
}

/**
 * A tiny launch of each kernel with workgroup memory, in which every loop around a barrier turns at
 * least twice.
 */
const LAUNCHES: Readonly<Record<string, Launch>> = {
  // 4 pixels (2 × 2), 1 × 1 taps, 32 input and 4 output channels: two tiles of input channels
  "conv-tiled": {
    grid: [1, 1, 1],
    params: Uint32Array.of(0, 4, 2, 2, 2, 2, 8, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 0, 0, 1, 1, 0, 0),
    buffers: [4 * 32, 32 * 4, 4, 4, 4 * 4],
    choices: (["64x64", "128x64", "128x128"] as const).flatMap((tile) =>
      [false, true].map((HALF) => ({ ...TILES[tile].choices, HALF })),
    ),
  },
};

const DIRECTORY = new URL("../../src/kernels/generated/", import.meta.url);
const KERNELS = (
  await Promise.all(
    readdirSync(DIRECTORY)
      .filter((file) => file.endsWith(".wgsl.ts"))
      .map(async (file) => ((await import(new URL(file, DIRECTORY).href)) as { default: Kernel }).default),
  )
).filter(({ source }) => source.includes("var<workgroup>"));

function races(source: string, { grid, params, buffers }: Launch): string[] {
  const storage = buffers.map((elements, index) => [index + 1, new Float32Array(elements).fill(0.5)] as const);
  // Only the list of races is used: what the interpreter computes is wrong around barriers.
  const found = detectRaces(source, "main", [...grid], {
    0: { 0: { uniform: params }, ...Object.fromEntries(storage) },
  });
  expect(found.errors).toEqual([]);
  return found.races.map(({ message }) => message);
}

const BARRIER = /workgroupBarrier\(\);/g;

describe("races", () => {
  test("every kernel with workgroup memory has a launch here", () => {
    expect(KERNELS.map(({ name }) => name).sort()).toEqual(Object.keys(LAUNCHES).sort());
  });

  for (const kernel of KERNELS) {
    const { name, source } = kernel;
    const launch = LAUNCHES[name];
    if (!launch) continue;
    test.each(launch.choices)(`${name} has none with %j`, (choices) => {
      expect(races(specialize(kernel, choices), launch)).toEqual([]);
    });
    test.each([...source.matchAll(BARRIER)].map(({ index }, nth) => [nth + 1, index] as const))(
      `${name} has some without its barrier %i`,
      (_, index) => {
        const without = source.slice(0, index) + source.slice(index).replace("workgroupBarrier();", "");
        expect(races(without, launch).length).toBeGreaterThan(0);
      },
    );
  }
});
