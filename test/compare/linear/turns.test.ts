import { afterEach, expect, test, vi } from "vitest";
import { type Turns, turns } from "../../../src/compare/linear/turns.ts";

afterEach(() => vi.restoreAllMocks());

/** Keeps the thread busy. */
const work = (ms: number): void => {
  for (const since = performance.now(); performance.now() - since < ms; );
};

test("others have turns between pieces of work, and not between every two", async () => {
  let ticks = 0;
  let others = true;
  const tick = (): void => {
    ticks += 1;
    if (others) setImmediate(tick);
  };
  setImmediate(tick);
  const take = turns();
  await take();
  expect(ticks).toBe(0);
  for (let piece = 0; piece < 10; piece += 1) {
    work(12);
    await take();
  }
  others = false;
  expect(ticks).toBeGreaterThanOrEqual(5);
});

test("after ten milliseconds, and after each turn ten more", async () => {
  let clock = 100;
  vi.spyOn(performance, "now").mockImplementation(() => clock);
  /** Whether it goes on at once, without a turn of the event loop. */
  const atOnce = async (take: Turns): Promise<boolean> => {
    let done = false;
    const taken = take().then(() => {
      done = true;
    });
    for (let i = 0; i < 10; i += 1) await undefined;
    const before = done;
    await taken;
    return before;
  };
  const take = turns();
  clock = 109.9;
  expect(await atOnce(take)).toBe(true);
  clock = 110;
  expect(await atOnce(take)).toBe(false);
  clock = 119.9;
  expect(await atOnce(take)).toBe(true);
  clock = 120;
  expect(await atOnce(take)).toBe(false);
});

test("an abort is heard, from outside too", async () => {
  const controller = new AbortController();
  const take = turns(controller.signal);
  await take();
  setTimeout(() => controller.abort(new Error("enough")), 1);
  await expect(
    (async () => {
      for (;;) {
        work(12);
        await take();
      }
    })(),
  ).rejects.toThrow("enough");
});
