import { afterEach, expect, test, vi } from "vitest";
import { Tensor } from "../../src/runtime/tensor.ts";
import { requestDevice } from "../gpu.ts";

const real = globalThis.setImmediate;
/** The module as it is when it is first used: it takes the host's timers as they are then. */
async function fresh() {
  vi.resetModules();
  return (await import("../../src/runtime/wait.ts")).waitable;
}

afterEach(() => {
  vi.useRealTimers(); // first: it deletes what it does not find as it left it
  globalThis.setImmediate = real;
});

/** A host's `setImmediate` that counts who posts turns through it. */
function counted(): { turns: number } {
  const count = { turns: 0 };
  const counting = (turn: (...args: unknown[]) => void, ...args: unknown[]): NodeJS.Immediate => {
    count.turns += 1;
    return real(turn, ...args);
  };
  globalThis.setImmediate = counting as typeof setImmediate;
  return count;
}

/** Like Dawn: a turn, which it posts again as long as it waits, is native code. */
function dawn() {
  const state = { turns: 0, waits: false, listener: () => {} };
  const turn = (): void => {
    state.turns += 1;
    state.listener();
    if (state.waits) globalThis.setImmediate(native);
  };
  const native = turn.bind(undefined);
  const begin = (): void => {
    state.waits = true;
    globalThis.setImmediate(native);
  };
  return { state, begin };
}

test("while a GPU works, Dawn takes few turns and the result comes all the same", async () => {
  using device = await requestDevice();
  using tensor = Tensor.create(device, "x", [2 ** 24], "f32");
  const count = counted();
  const host = globalThis.setImmediate;
  for (let i = 0; i < 40; i += 1) tensor.clear(); // of 64 MiB: a tenth of a second at least
  expect([...(await tensor.read(2))]).toEqual([0, 0]);
  // Untamed it is tens of thousands; these are of the first millisecond.
  expect(count.turns).toBeLessThan(2000);
  expect(globalThis.setImmediate).toBe(host);
});

test("turns in vain come at longer and longer intervals, up to a bound", async () => {
  const waitable = await fresh();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setImmediate", "performance"] });
  const { state, begin } = dawn();
  waitable(begin, true);
  vi.advanceTimersByTime(20);
  const early = state.turns;
  vi.advanceTimersByTime(1000 - 20);
  const before = state.turns;
  vi.advanceTimersByTime(800);
  expect(state.turns - before).toBe(100);
  expect(early).toBeGreaterThan(10);
  state.waits = false;
  vi.advanceTimersByTime(8);
  const last = state.turns;
  vi.advanceTimersByTime(1000);
  expect(state.turns).toBe(last);
});

test("between two turns in vain a sixteenth of what was waited passes, eight milliseconds at most", async () => {
  const waitable = await fresh();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setImmediate", "performance"] });
  vi.advanceTimersByTime(5000); // whatever the host's clock says when the call begins
  const [delays, set] = [[] as number[], globalThis.setTimeout];
  const { state, begin } = dawn();
  const from = performance.now();
  globalThis.setTimeout = ((turn: () => void, delay: number) => {
    delays.push(delay, performance.now() - from);
    return set(turn, delay);
  }) as typeof setTimeout;
  waitable(begin, true);
  vi.advanceTimersByTime(200);
  state.waits = false;
  globalThis.setTimeout = set;
  expect(delays.length).toBeGreaterThan(2 * 20);
  for (let at = 0; at < delays.length; at += 2) expect(delays[at]).toBe(Math.min(8, delays[at + 1]! / 16));
  expect(delays.at(-2)).toBe(8);
});

test.each([
  { software: false, ms: 15, every: true },
  { software: false, ms: 16, every: false },
  { software: true, ms: 0, every: true },
  { software: true, ms: 1, every: false },
])("after $ms ms it is asked at every turn: $every (software: $software)", async ({ software, ms, every }) => {
  const waitable = await fresh();
  vi.useFakeTimers({ toFake: ["performance"] });
  const { state, begin } = dawn();
  waitable(begin, software);
  vi.advanceTimersByTime(ms);
  const before = state.turns;
  for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => real(resolve));
  expect(state.turns - before > 90).toBe(every);
  state.waits = false;
});

test("two of Dawn's instances wait beside each other", async () => {
  const waitable = await fresh();
  vi.useFakeTimers({ toFake: ["performance"] });
  const both = [dawn(), dawn()];
  for (const { begin } of both) waitable(begin, true);
  vi.advanceTimersByTime(5);
  const turns = () => both.map(({ state }) => state.turns);
  while (Math.min(...turns()) < 5) await new Promise((resolve) => setTimeout(resolve, 1));
  for (const { state } of both) state.waits = false;
});

test("who fakes timers later holds up nothing", async () => {
  const waitable = await fresh();
  waitable(() => {}, true);
  const { state, begin } = dawn();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  waitable(begin, true);
  vi.advanceTimersByTime(5);
  while (state.turns < 5) await new Promise((resolve) => real(resolve));
  state.waits = false;
});

test("nor does who faked them at the first call, and no longer does", async () => {
  const waitable = await fresh();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  waitable(() => {}, true);
  vi.useRealTimers();
  vi.useFakeTimers({ toFake: ["performance"] });
  const { state, begin } = dawn();
  waitable(begin, true);
  vi.advanceTimersByTime(5);
  while (state.turns < 5) await new Promise((resolve) => real(resolve));
  state.waits = false;
});

test("a new call is asked for at once, whatever was waited for before", async () => {
  const waitable = await fresh();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setImmediate", "performance"] });
  const { state, begin } = dawn();
  waitable(begin, true);
  vi.advanceTimersByTime(1000);
  const before = state.turns;
  waitable(() => {}, true);
  vi.advanceTimersByTime(0);
  expect(state.turns).toBeGreaterThan(before);
});

test("the host's setImmediate is there for everybody else, also after a failure and in Dawn's listeners", async () => {
  const waitable = await fresh();
  const count = counted();
  const host = globalThis.setImmediate;
  const { state, begin } = dawn();
  let told = 0;
  state.listener = () => {
    state.waits = false;
    const handle = globalThis.setImmediate((by: number) => {
      told += by;
    }, 1);
    expect(handle).toBeInstanceOf(Object);
    globalThis.setImmediate(() => {
      told += 10;
    });
    globalThis.setImmediate(
      ((by: number) => {
        told += by;
      }).bind(undefined),
      100,
    );
  };
  waitable(begin, true);
  expect(globalThis.setImmediate).toBe(host);
  expect(() =>
    waitable(() => {
      throw new Error("lost");
    }, true),
  ).toThrow("lost");
  expect(globalThis.setImmediate).toBe(host);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(state.turns).toBe(1);
  expect(told).toBe(111);
  expect(count.turns).toBe(4); // Dawn's one turn, and the listener's
});

test("without a setImmediate, or with one that cannot be replaced, it is the call alone", async () => {
  const waitable = await fresh();
  expect(waitable(() => 7, true)).toBe(7);
  const host = globalThis.setImmediate;
  try {
    Object.defineProperty(globalThis, "setImmediate", { value: host, writable: false, configurable: true });
    expect(waitable(() => globalThis.setImmediate, true)).toBe(host);
    Reflect.deleteProperty(globalThis, "setImmediate");
    expect(waitable(() => "setImmediate" in globalThis, true)).toBe(false);
  } finally {
    Object.defineProperty(globalThis, "setImmediate", { value: host, writable: true, configurable: true });
  }
});
