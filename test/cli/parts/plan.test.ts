import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { commandOf, withSecrets } from "../../../src/cli/commands/plan.ts";
import type { DissectOptions } from "../../../src/cli/job.ts";
import { chainsOf } from "../../../src/cli/parts/chains.ts";
import {
  evenParts,
  inOrder,
  newPlan,
  openPlan,
  type Plan,
  partsOf,
  planKey,
  planText,
} from "../../../src/cli/parts/plan.ts";
import { UsageError } from "../../../src/errors.ts";
import { VERSION } from "../../../src/version.ts";

test("parts are all images, in order", () => {
  expect(evenParts(10, 3)).toEqual([
    { first: 0, end: 3 },
    { first: 3, end: 6 },
    { first: 6, end: 10 },
  ]);
  expect(partsOf([1, 6, 3], 10)).toEqual([
    { first: 0, end: 1 },
    { first: 1, end: 7 },
    { first: 7, end: 10 },
  ]);
  expect(() => partsOf([1, 6], 10)).toThrow(UsageError);
  expect(inOrder(evenParts(10, 3).toReversed())).toEqual(evenParts(10, 3));
});

test("a plan stands for one command", () => {
  const args = [
    "plan",
    "runs/a",
    "--model",
    "runs/a",
    "--split",
    "8",
    "--size=20",
    "--slurm",
    "--time=1:00",
    "--jobs=2",
  ];
  expect(commandOf(args, "runs/a")).toBe("ganatomy dissect --model runs/a --size=20");
  expect(commandOf(["plan", "--split=3", "--model", "https://a:b@c/d.pth?token=e", "p"], "p")).toBe(
    "ganatomy dissect --model https://c/d.pth",
  );
  expect(commandOf(["-q", "plan", "plan", "--size", "9"], "plan")).toBe("ganatomy dissect -q --size 9");
});

test("addresses with passwords and tokens are told from others", () => {
  const given = (model?: string, segmenter?: string) => withSecrets({ model, segmenter } as DissectOptions);
  expect(given("https://a.org/church.pth?token=e", "https://b:c@a.org/upp/")).toEqual(["--model", "--segmenter"]);
  expect(given("https://a.org/church.pth", "upp?/a#b")).toEqual([]);
  expect(given()).toEqual([]);
});

/** A folder for a plan. */
async function folderFor(text?: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "ganatomy-plan-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  if (text !== undefined) await writeFile(join(folder, "plan.json"), text);
  return folder;
}
const WHOLE = newPlan({
  ...{ command: "ganatomy dissect", cwd: "/", options: { seed: 1, trainSeed: 2, examples: 3 }, files: [] },
  ...{ layers: ["layer4"], quantiles: true, size: 10, parts: evenParts(10, 3).toReversed(), passes: 5, outdir: "o" },
});

test("a plan is opened by its folder or its file", async () => {
  const folder = await folderFor(planText(WHOLE));
  const opened = { plan: WHOLE, folder, key: planKey(WHOLE) };
  expect(WHOLE).toMatchObject({ format: "ganatomy plan 1", version: VERSION });
  expect(await openPlan(folder)).toEqual(opened);
  expect(await openPlan(join(folder, "plan.json"))).toEqual(opened);
  await expect(openPlan(await folderFor())).rejects.toMatchObject({ code: "not-found" });
  const missing = join(folder, "other.json");
  const message = `There is no plan "${missing}".`;
  await expect(openPlan(missing)).rejects.toMatchObject({
    code: "not-found",
    message: expect.stringContaining(message),
  });
  // what is there but cannot be read is not missing
  const blocked = await folderFor();
  await mkdir(join(blocked, "plan.json"));
  await expect(openPlan(blocked)).rejects.toMatchObject({ code: "output" });
  const other = await folderFor(planText({ ...WHOLE, version: "0.0.0" }));
  await expect(openPlan(other)).rejects.toThrow(`is of ganatomy 0.0.0, and this is ${VERSION}`);
});

test.each<readonly [string, object]>([
  ["another format", { format: "ganatomy plan 2" }],
  ["no version", { version: undefined }],
  ["no place", { cwd: 3 }],
  ["no report's place", { outdir: null }],
  ["no options", { options: null }],
  ["options that are none", { options: "seed" }],
  ["no layers", { layers: "layer4" }],
  ["no files", { files: undefined }],
  ["half an image", { size: 9.5 }],
  ["passes that are none", { passes: "5" }],
  ["no parts", { parts: undefined }],
  ["parts that are none", { parts: [null] }],
  ["a part that is none", { parts: [{ first: 0, end: 10 }, null] }],
  ["fewer images", { parts: evenParts(9, 3) }],
  ["more images", { parts: evenParts(11, 3) }],
  ["images that are left out first", { parts: [{ first: 1, end: 10 }] }],
  [
    "images that are left out between",
    {
      parts: [
        { first: 0, end: 4 },
        { first: 5, end: 10 },
      ],
    },
  ],
  [
    "images twice",
    {
      parts: [
        { first: 0, end: 6 },
        { first: 5, end: 10 },
      ],
    },
  ],
  [
    "a part of none",
    {
      parts: [
        { first: 0, end: 0 },
        { first: 0, end: 10 },
      ],
    },
  ],
  [
    "parts that end within an image",
    {
      parts: [
        { first: 0, end: 2.5 },
        { first: 2.5, end: 10 },
      ],
    },
  ],
])("a file with %s is no plan", async (_, damage) => {
  const folder = await folderFor(planText({ ...WHOLE, ...damage } as Plan));
  await expect(openPlan(folder)).rejects.toMatchObject({
    code: "file",
    message: expect.stringContaining("is no plan"),
  });
});

test.each(["", "{", "null", "[]", "7"])("%j is no plan", async (text) => {
  await expect(openPlan(await folderFor(text))).rejects.toMatchObject({
    code: "file",
    message: expect.stringContaining("is no plan, or is damaged."),
  });
});

test("a plan's key is of what is counted, not of where its report goes", () => {
  const given = { size: 9, outdir: "a", command: "b", options: { seed: 1 }, layers: ["x", "y"], quantiles: true };
  const plan = newPlan(given as unknown as Plan);
  const options = { ...plan.options, outdir: "c", force: true };
  expect(planKey({ ...plan, outdir: "c", command: "d", options })).toBe(planKey(plan));
  expect(planKey({ ...plan, options: { ...options, seed: 2 } })).not.toBe(planKey(plan));
  expect(planKey({ ...plan, size: 10 })).not.toBe(planKey(plan));
  expect(chainsOf(plan).map(({ name }) => name)).toEqual(["dissection", "units-0", "units-1"]);
  expect(chainsOf({ ...plan, quantiles: false })).toEqual([{ name: "dissection" }]);
});
