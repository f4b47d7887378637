import { expect, test } from "vitest";
import { turns } from "../../../src/compare/linear/turns.ts";

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
