import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ShapeError, WeightsError } from "../../../src/errors.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { requestDevice } from "../../gpu.ts";
import { moved64, stack64 } from "../../kernels/maps/layout64.ts";
import { at, type Map64, noiseMap, resize64, TOLERANCE, worstUnit } from "../../kernels/reference.ts";
import { run } from "./bench.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

const x = noiseMap(1, [2, 4, 5, 7]);
/** x's numbers, each from a place of its own. */
const taken = (
  extents: readonly [number, number, number],
  from: (c: number, row: number, column: number) => readonly [c: number, row: number, column: number],
): Map64 =>
  moved64(x, extents, (i, row, column, c) => {
    const place = from(c, row, column);
    return at(x, i, place[1], place[2], place[0]);
  });

/** Reflected at the first and last, and again. */
const mirror = (index: number, extent: number): number => {
  if (index < 0) return mirror(-index, extent);
  return index < extent ? index : mirror(2 * (extent - 1) - index, extent);
};
const clamp = (index: number, extent: number): number => Math.min(extent - 1, Math.max(0, index));

describe("what moves numbers about", () => {
  it.each<readonly [Readonly<Record<string, unknown>>, Map64]>([
    [{ op: "slice", first: 3, channels: 2 }, taken([2, 4, 5], (c, h, w) => [c + 3, h, w])],
    [{ op: "slice", first: 4, channels: 3 }, taken([3, 4, 5], (c, h, w) => [c + 4, h, w])],
    [{ op: "slice", first: 1, axis: "h", count: 3 }, taken([7, 3, 5], (c, h, w) => [c, h + 1, w])],
    [{ op: "slice", first: 4, axis: "w", count: 3, step: -2 }, taken([7, 4, 3], (c, h, w) => [c, h, 4 - 2 * w])],
    [{ op: "slice", first: 1, axis: "c", count: 3, step: 2 }, taken([3, 4, 5], (c, h, w) => [1 + 2 * c, h, w])],
    [{ op: "gather", indices: [6, 0, 6, 3, 1] }, taken([5, 4, 5], (c, h, w) => [[6, 0, 6, 3, 1][c]!, h, w])],
    [{ op: "gather", axis: "h", indices: [3, 3, 0] }, taken([7, 3, 5], (c, h, w) => [c, [3, 3, 0][h]!, w])],
    [{ op: "transpose", order: "hwc" }, taken([4, 5, 7], (c, h, w) => [w, c, h])],
    [
      { op: "pad", pad: [2, 7, 9, 1], mode: "reflect" },
      taken([7, 15, 13], (c, h, w) => [c, mirror(h - 2, 4), mirror(w - 7, 5)]),
    ],
    [{ op: "pad", pad: [1, 0, 2, 3], mode: "edge" }, taken([7, 7, 8], (c, h, w) => [c, clamp(h - 1, 4), clamp(w, 5)])],
    [{ op: "pad", pad: [-1, -2, 0, -1] }, taken([7, 3, 2], (c, h, w) => [c, h + 1, w + 2])],
    [{ op: "pad", channels: [3, 2], mode: "reflect" }, taken([12, 4, 5], (c, h, w) => [mirror(c - 3, 7), h, w])],
    [{ op: "upsampleNearest2" }, taken([7, 8, 10], (c, h, w) => [c, h >> 1, w >> 1])],
  ])("%j", async (step, expected) => {
    const { data } = await run(device, [step], { input: x });
    expect(worstUnit(data, { ...expected, terms: expected.data })).toBe(0);
  });

  it("pad puts a value around, in channels too, and none in the padding", async () => {
    const { value, data } = await run(device, [{ op: "pad", pad: [1, 1, 0, 2], channels: [1, 2], value: 2.5 }], {
      input: x,
    });
    expect(value.shape).toEqual([2, 5, 8, 12]);
    expect(value.channels).toBe(10);
    for (let i = 0; i < 2; i += 1) {
      for (let h = 0; h < 5; h += 1) {
        for (let w = 0; w < 8; w += 1) {
          for (let c = 0; c < 10; c += 1) {
            const within = h > 0 && w > 0 && w < 6 && c > 0 && c < 8;
            const from = within ? x.data[at(x, i, h - 1, w - 1, c - 1)]! : 2.5;
            expect(data[((i * 5 + h) * 8 + w) * 10 + c]).toBe(from);
          }
        }
      }
    }
  });

  it("expand repeats extents of 1", async () => {
    const small = noiseMap(2, [2, 1, 3, 1]);
    const { data } = await run(device, [{ op: "expand", shape: [5, 4, 3] }], { input: small });
    const expected = moved64(small, [5, 4, 3], (i, _, column) => at(small, i, 0, column, 0));
    expect(worstUnit(data, { ...expected, terms: expected.data })).toBe(0);
    await expect(run(device, [{ op: "expand", shape: [5, 4, 2] }], { input: small })).rejects.toThrow(
      '"step 0" repeats "input" [1,1,3] to [5,4,2]',
    );
  });

  it("concat takes any channels, of maps of other extents too, and other axes", async () => {
    const [y, small] = [noiseMap(3, [2, 4, 5, 6]), noiseMap(4, [2, 2, 3, 5])];
    const inputs = { input: x, y, small };
    const even = await run(device, [{ op: "concat", parts: ["input", "y"] }], inputs);
    const expected = stack64([x, y], "c");
    expect(worstUnit(even.data, expected)).toBe(0);
    const { data } = await run(device, [{ op: "concat", parts: ["input", "small"] }], inputs);
    const resized = resize64(small, 4, 5);
    const both = stack64([x, resized], "c");
    const terms = stack64([x, { ...resized, data: resized.terms }], "c").terms;
    expect(worstUnit(data, { ...both, terms })).toBeLessThan(TOLERANCE);
    const wide = await run(device, [{ op: "concat", axis: "w", parts: ["input", "input"] }], inputs);
    expect(worstUnit(wide.data, stack64([x, x], "w"))).toBe(0);
  });

  it("constant reads a tensor row by row of channel by channel, for all images", async () => {
    const numbers = Float32Array.from({ length: 30 }, (_, index) => index);
    const steps = [
      { op: "constant", tensor: "c", shape: [5, 3, 2], to: "c" },
      { op: "concat", parts: ["c", "c"], axis: "h" },
    ];
    const { value, data } = await run(device, steps, { input: x }, { c: [[30], numbers] });
    expect(value.shape).toEqual([2, 6, 2, 8]);
    const one = { n: 2, height: 3, width: 2, channels: 5, data: Float64Array.from([...numbers, ...numbers]) };
    const whole = moved64(one, [5, 6, 2], (_, row, column, c) => (c * 3 + (row % 3)) * 2 + column);
    expect(worstUnit(data, whole)).toBe(0);
    await expect(run(device, steps, { input: x }, { c: [[29], numbers] })).rejects.toThrow(WeightsError);
    await expect(run(device, steps, { input: x })).rejects.toThrow('"c" is missing; it would be [5,3,2]');
  });

  it.each<readonly [Readonly<Record<string, unknown>>, string]>([
    [{ op: "slice", first: 5, channels: 3 }, 'takes 3 of the 7 of "input" along c, from 5 on in steps of 1'],
    [{ op: "slice", first: 1 }, "takes no of the 7"],
    [{ op: "slice", first: 1, axis: "h", count: 3, step: -1 }, "takes 3 of the 4"],
    [{ op: "gather", axis: "w", indices: [0, 5] }, '"step 0" takes number 5 of 5 along w'],
    [{ op: "reshape", shape: [7, 4, 4] }, "cannot have the extents [7,4,4]"],
    [{ op: "depthToSpace", block: 3 }, "blocks of 3×3"],
    [{ op: "pad", pad: [-4, 0, 0, 0] }, "cannot have the shape"],
  ])("%j does not fit, and says so", async (step, message) => {
    await expect(run(device, [step], { input: x })).rejects.toThrow(ShapeError);
    await expect(run(device, [step], { input: x })).rejects.toThrow(message);
  });
});
