import { expect, test, vi } from "vitest";
import { addCounts, Counter, narrowest } from "../../src/dissect/counter.ts";
import type { Tensor } from "../../src/runtime/tensor.ts";

/** A counter of six on a device that only notes what is asked of it. */
function counter(dtype: "u32" | "f32") {
  const read = vi.fn(async (count?: number, first?: number) => [count, first]);
  const write = vi.fn();
  return { read, write, counter: new Counter({ dtype, shape: [2, 3], read, write } as unknown as Tensor) };
}

test("what many machines counted is read in place of the device's numbers", async () => {
  const { counter: counts, read, write } = counter("u32");
  expect([counts.length, counts.isMerged]).toEqual([6, false]);
  expect(await counts.read(2, 3)).toEqual([2, 3]);
  expect(await counts.read()).toEqual([undefined, 0]);
  expect(counts.take(Float64Array.of(1, 2, 3, 4, 5, 2 ** 40))).toBe(true);
  expect(counts.isMerged).toBe(true);
  expect(await counts.read()).toEqual(Float64Array.of(1, 2, 3, 4, 5, 2 ** 40));
  expect(await counts.read(2, 3)).toEqual(Float64Array.of(4, 5));
  expect(await counts.read(undefined, 4)).toEqual(Float64Array.of(5, 2 ** 40));
  expect([read.mock.calls.length, write.mock.calls.length]).toEqual([2, 0]);
  const own = Uint32Array.of(6, 5, 4, 3, 2, 1);
  expect(counts.take(own)).toBe(true);
  expect([counts.isMerged, write.mock.calls]).toEqual([false, [[own]]]);
});

test("takes nothing that does not fit", () => {
  const [whole, float] = [counter("u32"), counter("f32")];
  expect(whole.counter.take(new Uint32Array(5))).toBe(false);
  expect(whole.counter.take(new Float64Array(7))).toBe(false);
  expect(whole.counter.take(new Float32Array(6))).toBe(false);
  expect(whole.counter.take(undefined)).toBe(false);
  // floats are no counts, which 64 bits would hold more of
  expect(float.counter.take(new Float64Array(6))).toBe(false);
  expect(float.counter.take(new Uint32Array(6))).toBe(false);
  expect([whole.write.mock.calls, float.write.mock.calls]).toEqual([[], []]);
  expect(float.counter.take(new Float32Array(6))).toBe(true);
});

test("counts are added at their place, and written in 32 bits where all fit", () => {
  const to = Float64Array.of(1, 2, 3, 4);
  addCounts(to, [10, 20]);
  addCounts(to, Uint32Array.of(100, 200), 2);
  expect(to).toEqual(Float64Array.of(11, 22, 103, 204));
  expect(narrowest(Float64Array.of(1, 2 ** 32 - 1))).toEqual(Uint32Array.of(1, 2 ** 32 - 1));
  const wide = Float64Array.of(1, 2 ** 32);
  expect(narrowest(wide)).toBe(wide);
});
