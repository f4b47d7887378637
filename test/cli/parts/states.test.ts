import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { newPlan, type OpenPlan, type Plan } from "../../../src/cli/parts/plan.ts";
import {
  baseOf,
  chainsLeft,
  checkAdapter,
  endOf,
  isCounted,
  MERGED,
  mergedFolder,
  nextPass,
  readState,
  StateFile,
  stateDone,
  stateFile,
} from "../../../src/cli/parts/states.ts";
import { OutputError, UsageError } from "../../../src/errors.ts";
import { outputFolder } from "../../node/abandoned.ts";

let home: string;
let plan: OpenPlan;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-states-"));
  plan = { plan: newPlan({ size: 9, layers: ["a"], quantiles: true } as unknown as Plan), folder: home, key: "plan" };
});
afterEach(() => rm(home, { recursive: true, force: true }));

const DISSECTION = { name: "dissection" };
const UNITS = { name: "units-0", layer: "a" };
const share = { first: 9, end: 9 };
const signal = new AbortController().signal;

/** Merges a pass, in which the chains came to these phases. */
async function merged(
  pass: number,
  phases: Readonly<Record<string, readonly [at: string, done: number]>>,
): Promise<void> {
  const path = mergedFolder(plan, pass);
  await mkdir(path, { recursive: true });
  const folder = await outputFolder(path);
  for (const [name, [at, done]] of Object.entries(phases)) {
    const file = new StateFile(folder, { name }, { plan, adapter: '["v","a","A"]', found: undefined, share, signal });
    expect(file.wasKept).toBe(false);
    await file.keep({ at, done, tables: new Map([["x", Float64Array.of(1, 2 ** 40)]]) });
    expect(file.wasKept).toBe(true);
  }
  await folder.write(MERGED, "{}");
  await folder.finish();
}

test("chains end in passes of their own, and are found where they ended", async () => {
  expect([await nextPass(plan), await isCounted(plan)]).toEqual([1, false]);
  expect(await chainsLeft(plan, 1)).toEqual([DISSECTION, UNITS]);
  expect(await baseOf(DISSECTION, plan, 1)).toBeUndefined();
  await expect(chainsLeft(plan, 2)).rejects.toThrow("Pass 1 of");
  await expect(baseOf(DISSECTION, plan, 2)).rejects.toThrow(OutputError);
  await merged(1, { dissection: ["levels 0", 0], "units-0": ["units 2", 9] });
  expect([await nextPass(plan), await isCounted(plan)]).toEqual([2, false]);
  expect(await chainsLeft(plan, 2)).toEqual([DISSECTION]);
  await merged(2, { dissection: ["scores", 9] });
  expect(await chainsLeft(plan, 3)).toEqual([]);
  expect([await nextPass(plan), await isCounted(plan)]).toEqual([3, true]);
  expect((await endOf(UNITS, plan))?.state.at).toBe("units 2");
  expect((await endOf(DISSECTION, plan))?.state.tables.get("x")).toEqual(Float64Array.of(1, 2 ** 40));
});

test("a phase that is about to begin is no end", async () => {
  await merged(1, { dissection: ["scores", 0], "units-0": ["units 2", 0] });
  expect(await chainsLeft(plan, 2)).toEqual([DISSECTION, UNITS]);
  expect(await isCounted(plan)).toBe(false);
});

test("what is another plan's, another adapter's or damaged is refused", async () => {
  await merged(1, { dissection: ["levels 0", 0], "units-0": ["units 1", 0] });
  const path = join(mergedFolder(plan, 1), stateFile(DISSECTION));
  const other = { ...plan, key: "other" };
  await expect(readState(path, other)).rejects.toThrow(UsageError);
  await expect(stateDone(path, other)).rejects.toThrow("is of another plan");
  const found = (await readState(path, plan))!;
  expect(() => checkAdapter(path, found, '["v","a","A"]')).not.toThrow();
  expect(() => checkAdapter(path, found, '["v","a","B"]')).toThrow(/was counted on A, and this is B/);
  const bytes = await readFile(path);
  bytes[bytes.length - 1]! ^= 1;
  await writeFile(path, bytes);
  const damaged: string[] = [];
  expect(await readState(path, plan, (one) => damaged.push(one))).toBeUndefined();
  expect(damaged).toEqual([path]);
  await expect(baseOf(DISSECTION, plan, 2)).rejects.toThrow("is damaged");
  expect(await readState(join(home, "none"), plan)).toBeUndefined();
  expect(await stateDone(join(home, "none"), plan)).toBeUndefined();
});
