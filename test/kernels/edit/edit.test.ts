import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type EditOptions, edit } from "../../../src/kernels/edit/edit.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { requestDevice } from "../../gpu.ts";
import { Bench, each, noise, noiseMap, TOLERANCE, unpack, worstUnit, zeros } from "../reference.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

/** Two images of 3 × 4 pixels and 5 units, stored as 8. */
const SHAPE = [2, 3, 4, 5] as const;
const PIXELS = 12;
const x = noiseMap(16, SHAPE);
const rows = (numbers: readonly (readonly number[])[]) =>
  Float32Array.from(numbers.flatMap((units) => [...units, 0, 0, 0]));

const ALPHA = [
  [0, 1, 0.5, 1, 0.25],
  [0.5, 0, 0.75, 1, 0],
  [1, 0.125, 0, 0, 0],
];
const VALUE = [
  [9, 3, -2, 0, 5],
  [-1, 7, 4, 2, 8],
  [0.5, -6, 1, 1, 1],
];
/** [2 images][edits][pixels], with exact zeros and ones. */
const masks = (edits: number) =>
  noise(17, 2 * edits * PIXELS).map((v, index) =>
    index % 5 === 0 ? 0 : index % 5 === 1 ? 1 : Math.min(1, Math.abs(v)),
  );

async function run(
  options: EditOptions,
  alpha: number[][],
  value: number[][],
  mask: Float32Array<ArrayBuffer>,
  source?: Float32Array<ArrayBuffer>,
) {
  const bench = new Bench(device);
  const { y, values } = edit(bench.graph, bench.map(x), options);
  bench.give(values.alpha, rows(alpha));
  bench.give(values.value, rows(value));
  bench.give(values.mask, mask);
  if (source) bench.give(values.source!, source);
  const [stored] = await bench.run(y);
  return stored;
}

describe("edits", () => {
  test.each([1, 2, 3])("of number %i are one of the closed formula, for each image by its own mask", async (edits) => {
    const [alpha, value, mask] = [ALPHA.slice(0, edits), VALUE.slice(0, edits), masks(edits)];
    const got = unpack(await run({ edits }, alpha, value, mask), 5);
    const expected = zeros(SHAPE);
    each(expected, (image, row, column, c, index) => {
      const a = (e: number) => alpha[e]![c]! * mask[(image * edits + e) * PIXELS + row * 4 + column]!;
      // α = 1 − Π (1 − αₑ); v α = Σ vₑ αₑ Π over later edits (spec §6.2)
      let remaining = 1;
      let replaced = 0;
      for (let e = edits - 1; e >= 0; e -= 1) {
        replaced += value[e]![c]! * a(e) * remaining;
        expected.terms[index]! += Math.abs(value[e]![c]! * a(e)) + Math.abs(x.data[index]!);
        remaining *= 1 - a(e);
      }
      expected.data[index] = x.data[index]! * remaining + replaced;
    });
    expect(worstUnit(got, expected)).toBeLessThan(TOLERANCE);
    each(x, (image, row, column, c, index) => {
      const a = alpha.map((units, e) => units[c]! * mask[(image * edits + e) * PIXELS + row * 4 + column]!);
      // untouched exactly
      if (a.every((part) => part === 0)) expect(got[index]).toBe(x.data[index]);
      if (a.at(-1) === 1) expect(got[index]).toBe(value.at(-1)![c]);
    });
  });

  test("copy values pixel by pixel, each edit from a source of its own", async () => {
    const source = Float32Array.from(noise(18, 2 * PIXELS * 8));
    const ones = new Float32Array(2 * 2 * PIXELS).fill(1);
    const alpha = [
      [1, 1, 0, 0, 0],
      [0, 0, 1, 0.5, 0],
    ];
    const got = unpack(
      await run({ edits: 2, copies: true }, alpha, [VALUE[0]!.map(() => 0), [0, 0, 2, 0, 0]], ones, source),
      5,
    );
    each(x, (_, row, column, c, index) => {
      const copied = (e: number) => source[(e * PIXELS + row * 4 + column) * 8 + c]!;
      const before = x.data[index]!;
      const expected = [copied(0), copied(0), copied(1) + 2, before * 0.5 + copied(1) * 0.5, before][c]!;
      expect(got[index]).toBeCloseTo(expected, 6);
    });
  });

  test("by a rule replace what it says, where alpha and mask say", async () => {
    const ones = new Float32Array(2 * PIXELS).fill(1);
    ones[0] = 0;
    const rule = `
      // several lines
      if (unit == 4u) { return 1.0 / 0.0 * x; }
      return select(x * value, f32(100u * image + 10u * row + column), unit == 1u);`;
    const stored = await run({ rule }, [[1, 1, 1, 0, 0]], [[2, 0, -3, 1, 1]], ones).catch((error) => error);
    // WGSL has no infinite constants: the compiler's word reaches the caller
    expect(stored).toBeInstanceOf(Error);
    expect(String(stored)).toMatch(/the rule\.wgsl:\d+: /);
    const divided = rule.replace("1.0 / 0.0 * x", "x / (f32(unit) - 4.0)");
    const got = unpack(await run({ rule: divided }, [[1, 1, 1, 0, 0]], [[2, 0, -3, 1, 1]], ones), 5);
    each(x, (image, row, column, c, index) => {
      const before = x.data[index]!;
      const edited = [before * 2, 100 * image + 10 * row + column, before * -3, before, before][c]!;
      expect(got[index]).toBe(Math.fround(image === 0 && row === 0 && column === 0 ? before : edited));
    });
  });
});
