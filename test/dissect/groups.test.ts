import { describe, expect, test } from "vitest";
import { countingPasses } from "../../src/dissect/groups.ts";
import type { Device } from "../../src/runtime/device.ts";

const MIB = 2 ** 20;
const devices = (binding: number) =>
  ({ gpu: { limits: { maxBufferSize: 1024 * MIB, maxStorageBufferBindingSize: binding } } }) as unknown as Device;
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
const wide: [string, number[]] = ["wide", [8, 16, 16, 512]];
const narrow: [string, number[]] = ["narrow", [8, 64, 64, 128]];
// A row of the wide layer is 4 · 100 · 512 bytes.
const options = { levels: 100, categories: 3, device: devices(128 * MIB), bytes: 512 * MIB };

describe("two thousand labels", () => {
  test("are counted in one pass where only some occur", () => {
    const shapes = new Map([wide, narrow]);
    expect(countingPasses(shapes, upTo(300), options)).toEqual([{ layers: ["wide", "narrow"], labels: upTo(300) }]);
    expect(countingPasses(shapes, [], options)).toEqual([{ layers: ["wide", "narrow"], labels: [] }]);
  });

  test("are split where a histogram would be more than can be bound", () => {
    const most = Math.floor((128 * MIB) / (4 * 100 * 512)) - 3;
    const passes = countingPasses(new Map([wide]), upTo(1813), options);
    expect(passes.map(({ labels }) => labels.length)).toEqual([most, most, 1813 - 2 * most]);
    expect(passes.flatMap(({ labels }) => labels)).toEqual(upTo(1813));
  });

  test("and layers where all histograms would be more than is kept", () => {
    const shapes = new Map([wide, narrow, ["wider", wide[1]] as const, ["widest", wide[1]] as const]);
    const bytes = 130 * MIB;
    const passes = countingPasses(shapes, upTo(300), { ...options, bytes });
    expect(passes.map(({ layers }) => layers)).toEqual([
      ["wide", "narrow"],
      ["wider", "widest"],
    ]);
    for (const { layers, labels } of passes) {
      const need = layers.reduce((sum, layer) => sum + 4 * 100 * shapes.get(layer)!.at(-1)! * (3 + labels.length), 0);
      expect(need).toBeLessThanOrEqual(bytes);
    }
  });

  test("and layers that just fit together are counted together", () => {
    const shapes = new Map([wide, ["wider", wide[1]] as const]);
    const bytes = 2 * (3 + 1) * 4 * 100 * 512;
    expect(countingPasses(shapes, [1], { ...options, bytes })).toHaveLength(1);
    expect(countingPasses(shapes, [1], { ...options, bytes: bytes - 1 })).toHaveLength(2);
  });

  test("say what to do where not even one fits", () => {
    expect(() => countingPasses(new Map([wide]), [1], { ...options, device: devices(4 * 4 * 100 * 512 - 1) })).toThrow(
      expect.objectContaining({
        code: "limit",
        message: expect.stringMatching(/512 units of wide.*quantileThreshold/),
      }),
    );
    const fits = devices(4 * 4 * 100 * 512);
    expect(countingPasses(new Map([wide]), [1, 2], { ...options, device: fits })).toHaveLength(2);
  });
});
