import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { mergedChain, mergePass } from "../../../src/cli/parts/merge.ts";
import { newPlan, type OpenPlan, type Plan } from "../../../src/cli/parts/plan.ts";
import { MERGED, mergedFolder, partFolder } from "../../../src/cli/parts/states.ts";
import { withInterrupt } from "../../../src/cli/with-folder.ts";
import { MARKER } from "../../../src/node/marker.ts";

let home: string;
let plan: OpenPlan;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-merge-"));
  const parts = [0, 1].map((first) => ({ first, end: first + 1 }));
  const given = { size: 2, layers: ["a"], quantiles: true, parts, options: { examples: 1 } };
  plan = { plan: newPlan(given as unknown as Plan), folder: home, key: "plan" };
});
afterEach(() => rm(home, { recursive: true, force: true }));

async function put(folder: string, ...names: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of names) await writeFile(join(folder, name), "");
}

test("what a killed merge left of merged passes goes with the next, and nothing else", async () => {
  const states = ["dissection.state", "units-0.state", MARKER];
  for (const pass of [1, 2]) await put(mergedFolder(plan, pass), MERGED);
  await put(partFolder(plan, 1, 2), ...states);
  await put(partFolder(plan, 2, 1), ...states, "notes.txt");
  await put(partFolder(plan, 2, 2), "units-0.state");
  await put(partFolder(plan, 3, 1), ...states);
  await withInterrupt(async (running) => {
    expect(await mergePass(plan, 2, running)).toBe(true);
    return 0;
  });
  expect(await readdir(join(home, "pass-1"))).toEqual(["merged"]);
  expect((await readdir(join(home, "pass-2"))).sort()).toEqual(["merged", "part-1"]);
  expect(await readdir(partFolder(plan, 2, 1))).toEqual(["notes.txt"]);
  expect((await readdir(partFolder(plan, 3, 1))).sort()).toEqual([MARKER, ...states.slice(0, 2)].sort());
});

test("what is missing is told from what is damaged", async () => {
  const merged = (): Promise<void> =>
    withInterrupt(async (running) => {
      await mergedChain(plan, 1, { name: "dissection" }, "", running);
      return 0;
    }).then(() => {});
  await expect(merged()).rejects.toThrow(
    /part-1\/dissection\.state" is missing\. Run ganatomy part \S+ 1 --pass 1 again/,
  );
  await put(partFolder(plan, 1, 1), "dissection.state");
  await expect(merged()).rejects.toThrow(/part-1\/dissection\.state" is damaged\. Remove it, and run ganatomy part/);
});
