import { expect, test } from "vitest";
import { commandOf, withSecrets } from "../../../src/cli/commands/plan.ts";
import type { DissectOptions } from "../../../src/cli/job.ts";
import { chainsOf } from "../../../src/cli/parts/chains.ts";
import { passesOf } from "../../../src/cli/parts/passes.ts";
import { evenParts, inOrder, newPlan, type Plan, partsOf, planKey } from "../../../src/cli/parts/plan.ts";
import type { JobSettings } from "../../../src/cli/run.ts";
import { UsageError } from "../../../src/errors.ts";

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

const LAYER = { name: "layer4", channels: 512, height: 8, width: 8 };
const SETTINGS: JobSettings = { layers: [], size: 1000, seed: 1, trainSeed: 2, examples: 20 };
const passes = (layers: number, settings: Partial<JobSettings> = {}, images = 1000): number =>
  passesOf(
    { layers: Array.from({ length: layers }, (_, at) => ({ ...LAYER, name: `layer${at}` })), resolution: 256 },
    { ...SETTINGS, ...settings },
    [{ first: 0, end: images }],
  );

test("how many passes there are is known before", () => {
  expect(passes(1)).toBe(5);
  expect(passes(1, { quantileThreshold: 0.01 })).toBe(4);
  expect(passes(1, { rule: "pnas-2020" })).toBe(4);
  // Of each layer three selections; counts of 512 labels at 100 levels take 100 MiB.
  expect(passes(2)).toBe(3 * 2 + 1 + 1);
  expect(passes(6)).toBe(3 * 6 + 2 + 1);
  expect(passes(1, {}, 262_143)).toBe(5);
  expect(() => passes(1, {}, 262_144)).toThrow("a machine can count 262143");
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
