import { expect, test } from "vitest";
import { InTurn } from "../../src/session/in-turn.ts";

/** Jobs by name; those of "a" go before others. What is drawn waits until it is let go. */
function drawer() {
  const drawn: string[] = [];
  const going: (() => void)[] = [];
  const jobs = new InTurn<string>({
    ready: () => true,
    first: (job) => job.startsWith("a"),
    draw: (job) => {
      drawn.push(job);
      return new Promise((resolve) => going.push(resolve));
    },
  });
  /** Ends what is drawn, and lets the next begin. */
  const next = async (): Promise<void> => {
    going.shift()?.();
    await new Promise((resolve) => setTimeout(resolve));
  };
  return { jobs, drawn, next };
}

test("what waits longest is drawn first, and once for all that changed meanwhile", async () => {
  const { jobs, drawn, next } = drawer();
  for (const job of ["b", "c", "d"]) jobs.add(job);
  jobs.ask("c");
  jobs.ask("b");
  jobs.remove("d");
  jobs.ask("d");
  for (let i = 0; i < 5; i += 1) await next();
  expect(drawn).toEqual(["b", "c", "b"]);
});

test("what goes before others does so every other time, however often it changes", async () => {
  const { jobs, drawn, next } = drawer();
  for (const job of ["b", "c", "d", "e", "a"]) jobs.add(job);
  for (let i = 0; i < 5; i += 1) {
    await next();
    jobs.ask("a");
  }
  for (let i = 0; i < 5; i += 1) await next();
  expect(drawn).toEqual(["b", "a", "c", "a", "d", "a", "e", "a"]);
});

test("what goes before others and waits longest passes nobody", async () => {
  const { jobs, drawn, next } = drawer();
  jobs.add("b");
  jobs.add("a1");
  jobs.add("c");
  jobs.add("a2");
  for (let i = 0; i < 5; i += 1) await next();
  expect(drawn).toEqual(["b", "a1", "a2", "c"]);
});
