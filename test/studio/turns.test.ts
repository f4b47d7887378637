import { expect, test } from "vitest";
import { type Opening, Turns } from "../../studio/turns.ts";

/** Openings by name, each ended by hand, and what is shown of them. */
function studio(first?: string) {
  const seen = { shown: first, added: [] as string[], failed: [] as string[] };
  const turns = new Turns(() => seen.shown !== undefined);
  const steps = new Map<string, (step: "loads" | "breaks") => void>();
  const settled = () => new Promise((resolve) => setTimeout(resolve));
  const open = (name: string, work: (opening: Opening) => Promise<void>) => {
    void turns.open(work, (error) => seen.failed.push(`${name}: ${(error as Error).message}`));
    return settled();
  };
  const loaded = (name: string) =>
    new Promise<void>((resolve, reject) => {
      steps.set(name, (step) => (step === "loads" ? resolve() : reject(new Error("is broken"))));
    });
  return {
    seen,
    generator: (name: string) =>
      open(name, async (opening) => {
        opening.replaces();
        await loaded(name);
        opening.shows();
        seen.shown = name;
        await loaded(`rest of ${name}`);
        opening.signal.throwIfAborted();
        seen.added.push(`rest of ${name}`);
      }),
    report: (name: string) =>
      open(name, async (opening) => {
        await opening.turn();
        seen.added.push(`${name} on ${seen.shown}`);
      }),
    async step(name: string, step: "loads" | "breaks" = "loads") {
      steps.get(name)!(step);
      await settled();
    },
  };
}

test("the last of several generators is shown, whichever is loaded first", async () => {
  const { seen, generator, step } = studio("old");
  await generator("a");
  await generator("b");
  await step("b");
  await step("a");
  expect(seen.shown).toBe("b");
  await step("rest of b");
  expect(seen).toEqual({ shown: "b", added: ["rest of b"], failed: [] });
});

test("what a generator still lacks does not come once another is shown, and does if that is broken", async () => {
  const { seen, generator, step } = studio("old");
  await generator("a");
  await step("a");
  await generator("b");
  await step("b", "breaks");
  await step("rest of a");
  expect(seen).toEqual({ shown: "a", added: ["rest of a"], failed: ["b: is broken"] });
  await generator("c");
  await step("c");
  await generator("d");
  await step("d");
  await step("rest of c");
  expect(seen.added).toEqual(["rest of a"]);
});

test("a report waits for the generator before it, and goes with it", async () => {
  const { seen, generator, report, step } = studio("old");
  await report("r");
  await generator("a");
  await report("s");
  await step("a");
  await step("rest of a");
  expect(seen.added).toEqual(["r on old", "rest of a", "s on a"]);
  await generator("b");
  await report("t");
  await generator("c");
  await step("b", "breaks");
  await step("c");
  await step("rest of c");
  expect(seen).toMatchObject({ shown: "c", added: ["r on old", "rest of a", "s on a", "rest of c"], failed: [] });
});

test("where there is no picture yet, the first is only given up for one that can be shown", async () => {
  const { seen, generator, step } = studio();
  await generator("first");
  await generator("broken");
  await step("broken", "breaks");
  await step("first");
  expect(seen).toMatchObject({ shown: "first", failed: ["broken: is broken"] });

  const other = studio();
  await other.generator("first");
  await other.generator("mine");
  await other.step("mine");
  await other.step("first");
  expect(other.seen).toMatchObject({ shown: "mine", failed: [] });
});

test("one that was asked for before is not begun after another, however long it was read", async () => {
  const { seen, generator, step } = studio("old");
  const turns = new Turns(() => true);
  const begun: string[] = [];
  let read = (): void => {};
  const reading = new Promise<void>((resolve) => (read = resolve));
  const open = (name: string, after: Promise<void>) =>
    turns.open(
      async (opening) => {
        await after;
        opening.replaces();
        begun.push(name);
        await new Promise(() => {});
      },
      (error) => begun.push(String(error)),
    );
  const slow = open("folder", reading);
  void open("file", Promise.resolve());
  await Promise.resolve();
  read();
  await slow;
  expect(begun).toEqual(["file"]);
  await generator("a");
  await step("a");
  expect(seen.shown).toBe("a");
});
