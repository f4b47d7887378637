import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { KeptDissection, standing } from "../../src/cli/kept-dissection.ts";
import { outputFolder } from "../node/abandoned.ts";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-kept-dissection-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const STATE = {
  at: "scores",
  done: 12,
  tables: new Map<string, Uint8Array | Uint16Array | Uint32Array | Float32Array | Float64Array>([
    ["a", Uint8Array.of(1, 2, 3)],
    ["b", Uint16Array.of(65535)],
    ["c", Uint32Array.of(2 ** 32 - 1, 7)],
    ["d", Float32Array.of(0.1, Number.NaN)],
    ["e", Float64Array.of(1 / 3)],
    ["none", new Float64Array(0)],
  ]),
};
const signal = new AbortController().signal;
const damaged = vi.fn();
const open = async (settings: unknown, by = signal) =>
  KeptDissection.open(await outputFolder(home), settings, by, damaged);
const path = (): string => join(home, "dissection.state");

test.each([
  [
    "training quantiles 0",
    0,
    "was stopped going over the activations for the units' quantiles: going on from the first image on",
  ],
  [
    "whole quantiles 1",
    96,
    "went over all activations once, and was stopped going over the activations for the units' quantiles: going on behind the first 96 images",
  ],
  [
    "training quantiles 5",
    1,
    "went over all activations 5 times, and was stopped going over the activations for the units' quantiles: going on behind the first image",
  ],
  [
    "levels 2",
    40,
    "found the quantiles of all activations, and was stopped counting what the units agree with at each: going on behind the first 40 images",
  ],
  ["scores", 12, "chose the units' levels, and was stopped scoring the units: going on behind the first 12 images"],
  ["what else 3", 8, "was stopped counting: going on behind the first 8 images"],
])("of a run that was stopped at %s, image %i, it is said in plain words", (at, done, said) => {
  expect(standing({ at, done })).toBe(`An earlier run ${said}.`);
});

test("what is kept is found by a run of the same settings alone, and goes when all is done", async () => {
  const first = await open({ seed: 1 });
  expect(first.found).toBeUndefined();
  await first.keep(STATE);
  const again = await open({ seed: 1 });
  expect(again.found).toEqual(STATE);
  expect((await open({ seed: 2 })).found).toBeUndefined();
  expect(damaged).not.toHaveBeenCalled();
  await again.remove();
  expect((await readdir(home)).filter((name) => !name.startsWith("."))).toEqual([]);
});

test.each<readonly [string, (bytes: Buffer) => Uint8Array]>([
  ["cut", (bytes) => bytes.subarray(0, -1)],
  ["changed", (bytes) => Buffer.concat([bytes.subarray(0, -1), Buffer.of(bytes.at(-1)! ^ 1)])],
  ["changed in its head", (bytes) => Buffer.from(bytes.toString("latin1").replace('"done":12', '"done":99'), "latin1")],
  ["empty", () => Buffer.of()],
  ["somebody else's", () => Buffer.from("mine")],
])("a file that is %s is told of, and not believed", async (_, damage) => {
  damaged.mockClear();
  await (await open(1)).keep(STATE);
  await writeFile(path(), damage(await readFile(path())));
  expect((await open(1)).found).toBeUndefined();
  expect(damaged.mock.calls).toEqual([[path()]]);
});

test("a file that cannot be read is an error, not a beginning", async () => {
  await (await open(1)).keep(STATE);
  await rm(path());
  await mkdir(path());
  await expect(open(1)).rejects.toThrow(/dissection\.state" cannot be read/);
});

test("it is time every five seconds, seldom enough to take a tenth of the time, and when it is to end", async () => {
  const clock = vi.spyOn(performance, "now").mockReturnValue(0);
  const controller = new AbortController();
  const kept = await open(1, controller.signal);
  const due = (at: number): boolean => {
    clock.mockReturnValue(at);
    return kept.due();
  };
  expect([due(5000), due(5001)]).toEqual([false, true]);
  clock.mockReturnValueOnce(6000).mockReturnValue(7000);
  await kept.keep(STATE);
  expect([due(17_000), due(17_001)]).toEqual([false, true]);
  controller.abort();
  expect(due(7000)).toBe(true);
  clock.mockRestore();
});
