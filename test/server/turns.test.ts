import { expect, test } from "vitest";
import { Turns } from "../../src/server/turns.ts";

/** Work that ends when it is told to. */
function job() {
  let end: (value: string) => void = () => {};
  const ended = new Promise<string>((resolve) => {
    end = resolve;
  });
  return { end, work: () => ended };
}
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

test("one at a time, in order", async () => {
  const turns = new Turns(8);
  const seen: string[] = [];
  const [a, b] = [job(), job()];
  const first = turns.take(async () => seen.push(`a ${await a.work()}`));
  const second = turns.take(async () => seen.push(`b ${await b.work()}`));
  b.end("ends");
  await settle();
  expect(seen).toEqual([]);
  a.end("ends");
  await Promise.all([first, second]);
  expect(seen).toEqual(["a ends", "b ends"]);
});

test("so many wait beside the one at work, and no more", async () => {
  const turns = new Turns(2);
  const busy = job();
  const all = [1, 2, 3].map(() => turns.take(busy.work));
  await expect(turns.take(busy.work)).rejects.toMatchObject({ status: 429, headers: { "retry-after": "1" } });
  busy.end("done");
  expect(await Promise.all(all)).toEqual(["done", "done", "done"]);
  expect(await turns.take(async () => "again")).toBe("again");
  const next = job();
  const more = [1, 2, 3].map(() => turns.take(next.work));
  await expect(turns.take(next.work)).rejects.toMatchObject({ status: 429 });
  next.end("done");
  await Promise.all(more);
});

test("work that fails or is given up does not hold the others", async () => {
  const turns = new Turns(8);
  const controller = new AbortController();
  const begun: number[] = [];
  const failed = turns.take(async () => {
    throw new Error("broken");
  });
  const given = turns.take(async () => begun.push(1), controller.signal);
  const last = turns.take(async () => "fine");
  controller.abort();
  await expect(failed).rejects.toThrow("broken");
  await expect(given).rejects.toMatchObject({ name: "AbortError" });
  expect(await last).toBe("fine");
  expect(begun).toEqual([]);
});

test("who gives up leaves their place at once, also while somebody is at work", async () => {
  const turns = new Turns(1);
  const busy = job();
  const first = turns.take(busy.work);
  const begun: string[] = [];
  for (let again = 0; again < 5; again += 1) {
    const controller = new AbortController();
    const given = turns.take(async () => begun.push("given up"), controller.signal);
    controller.abort();
    await expect(given).rejects.toMatchObject({ name: "AbortError" });
  }
  const second = turns.take(async () => begun.push("second"));
  await expect(turns.take(busy.work)).rejects.toMatchObject({ status: 429 });
  busy.end("done");
  await Promise.all([first, second]);
  expect(begun).toEqual(["second"]);
});

test("work that throws before it returns a promise holds nobody", async () => {
  const turns = new Turns(1);
  const throws = () => {
    throw new Error("at once");
  };
  await expect(turns.take(throws)).rejects.toThrow("at once");
  expect(await turns.take(async () => "fine")).toBe("fine");
});
