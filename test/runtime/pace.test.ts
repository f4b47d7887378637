import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Pace } from "../../src/runtime/pace.ts";
import { Tensor } from "../../src/runtime/tensor.ts";
import { requestDevice } from "../gpu.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Submits work and waits as long as the device takes. */
function work(pace: Pace, flops: number, ms: number): void {
  pace.submitted(flops);
  const done = pace.waiting();
  vi.advanceTimersByTime(ms);
  done();
}

test("a submit lasts about half a frame at the pace seen last", () => {
  const pace = new Pace();
  expect(pace.submitFlops).toBe(1e10);
  work(pace, 4e11, 100);
  expect(pace.submitFlops).toBeCloseTo(3.2e10, -3);
  work(pace, 4e11, 400);
  expect(pace.submitFlops).toBeCloseTo(8e9, -3);
});

test("the time in which nothing was submitted does not count", () => {
  const pace = new Pace();
  work(pace, 1e11, 100);
  vi.advanceTimersByTime(5000);
  work(pace, 1e11, 100);
  expect(pace.submitFlops).toBeCloseTo(8e9, -3);
});

test("nor what was submitted after waiting began", () => {
  const pace = new Pace();
  pace.submitted(1e11);
  const first = pace.waiting();
  pace.submitted(3e11);
  const second = pace.waiting();
  vi.advanceTimersByTime(100);
  first();
  expect(pace.submitFlops).toBeCloseTo(8e9, -3);
  vi.advanceTimersByTime(100);
  second();
  expect(pace.submitFlops).toBeCloseTo(2.4e10, -3);
});

test("a read ends work like waiting does", async () => {
  vi.useRealTimers();
  using device = await requestDevice();
  using tensor = Tensor.create(device, "x", [4], "f32");
  vi.useFakeTimers({ toFake: ["performance"] });
  device.pace.submitted(1e11);
  await tensor.read();
  vi.advanceTimersByTime(60_000); // somebody looks at it
  device.pace.submitted(1e11);
  const done = device.pace.waiting();
  vi.advanceTimersByTime(100);
  done();
  expect(device.pace.submitFlops).toBeCloseTo(8e9, -3);
});

test("a device that was there for long before its first work is no slower for it", () => {
  vi.advanceTimersByTime(60_000);
  const pace = new Pace();
  work(pace, 1e11, 100);
  expect(pace.submitFlops).toBeCloseTo(8e9, -3);
});

test("the least work that says something is a tenth of a GFLOP, and none that took no time", () => {
  const pace = new Pace();
  work(pace, 1e8 - 1, 1);
  expect(pace.submitFlops).toBe(1e10);
  work(pace, 1e12, 0);
  expect(pace.submitFlops).toBe(1e10);
  work(pace, 1e8, 0.5);
  expect(pace.submitFlops).toBeCloseTo(1.6e9, -3);
});

test("little work says nothing, and no device gets next to nothing or all at once", () => {
  const pace = new Pace();
  work(pace, 1e6, 50);
  expect(pace.submitFlops).toBe(1e10);
  work(pace, 1e9, 60_000);
  expect(pace.submitFlops).toBe(1e8);
  work(pace, 1e12, 1);
  expect(pace.submitFlops).toBe(1e11);
});
