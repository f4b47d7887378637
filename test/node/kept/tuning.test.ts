import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Device } from "../../../src/index.ts";
import { folderCache } from "../../../src/node/cache.ts";
import { KeptTuning } from "../../../src/node/kept/tuning.ts";
import type { Adapter } from "../../../src/runtime/adapter.ts";
import type { Tunable } from "../../../src/runtime/graph.ts";
import { Tuning } from "../../../src/runtime/tuning.ts";
import { outputFolder } from "../abandoned.ts";

const ADAPTER: Adapter = { vendor: "nvidia", architecture: "hopper", description: "", software: false };

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-tuning-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const users = () => folderCache(join(home, "cache"));
/** An operation that can run in two ways, as far as who decides is concerned. */
const tunable = { ways: ["plain", "clever"] } as unknown as Tunable;

/**
 * A program at work in the folder: operations are restored or timed, others run untimed, and
 * something is written.
 */
async function work(timed: readonly string[], untimed: readonly string[], adapter = ADAPTER) {
  const kept = await KeptTuning.open(await outputFolder(join(home, "out"), { kind: "edits", keep: true }), users());
  const tuning = new Tuning(adapter, { tuningCache: kept.cache });
  kept.keep({ tuned: tuning.tuned } as unknown as Device);
  await tuning.restored();
  for (const name of timed) if (tuning.isOpen([name, tunable])) tuning.tuned.set(name, "clever");
  if (timed.length > 0) await tuning.keep();
  tuning.settle(new Map(untimed.map((name) => [name, tunable])));
  await kept.folder.write("measurements.json", "{}");
  await kept.folder.finish();
  return Object.fromEntries(tuning.tuned);
}

test("a folder's operations run the second time as they did the first, timed or not", async () => {
  const first = await work(["a", "b"], ["c"]);
  expect(first).toEqual({ a: "clever", b: "clever", c: "plain" });
  // c was reached this time, and d is new.
  expect(await work(["a", "b", "c", "d"], [])).toEqual({ ...first, d: "clever" });
  expect(await work([], [])).toEqual({ ...first, d: "clever" });
});

test("the user's cache learns what was timed, and nothing that a folder only settled", async () => {
  await work(["a"], ["c"]);
  await work(["a", "d"], []);
  await rm(join(home, "out"), { recursive: true });
  expect(await work([], [])).toEqual({ a: "clever" });
});

test("adapters keep to themselves", async () => {
  const first = await work(["a"], ["b"]);
  expect(await work([], ["a"], { ...ADAPTER, architecture: "ampere" })).toEqual({ a: "plain" });
  expect(await work([], [])).toEqual(first);
});

test("a device that times nothing leaves no file", async () => {
  const software = { ...ADAPTER, software: true };
  const kept = await KeptTuning.open(await outputFolder(join(home, "out"), { kind: "edits", keep: true }), users());
  kept.keep({ tuned: new Tuning(software, {}).tuned } as unknown as Device);
  await kept.folder.write("measurements.json", "{}");
  expect((await readdir(join(home, "out"))).sort()).toEqual([".ganatomy", ".ganatomy.lock", "measurements.json"]);
  await kept.folder.finish();
});

test("a single operation's way is kept before anything else is written", async () => {
  await work(["a"], []);
  expect(Object.values(JSON.parse(await readFile(path(), "utf8")).state)).toEqual([{ a: "clever" }]);
});

const path = (): string => join(home, "out/tuned.json");

test.each([
  ["cut", (text: string) => text.slice(0, -10)],
  ["altered", (text: string) => text.replace("plain", "clever")],
  ["of another format", (text: string) => text.replace("tuned 1", "tuned 2")],
  ["a list", () => "[]"],
  ["a number", () => "5"],
  ["null", () => "null"],
  ["of ways that are no names", () => '{"https://adapter":{"a":1}}'],
  ["of ways of which one is no name", () => '{"https://adapter":{"a":"plain","b":1}}'],
  ["of adapters of which one has no ways", () => '{"https://adapter":{"a":"plain"},"https://other":{"a":1}}'],
])("a file that is %s is refused, and stays", async (_, damage) => {
  await work(["a"], ["b"]);
  const text = await readFile(path(), "utf8");
  expect(JSON.parse(text)).toEqual({
    format: "ganatomy tuned 1",
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    state: { [Object.keys(JSON.parse(text).state)[0]!]: { a: "clever", b: "plain" } },
  });
  await writeFile(path(), damage(text));
  await expect(work(["b"], [])).rejects.toThrow(/tuned\.json" is damaged/);
  expect(await readFile(path(), "utf8")).toBe(damage(text));
});

test("a file without a checksum, as earlier versions wrote it, is read", async () => {
  const first = await work(["a"], ["b"]);
  const { state } = JSON.parse(await readFile(path(), "utf8"));
  await writeFile(path(), JSON.stringify(state, null, 1));
  expect(await work([], ["a", "b"])).toEqual(first);
});
