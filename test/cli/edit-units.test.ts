import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { editCommand } from "../../src/cli/edit/edit.ts";
import { readOrder } from "../../src/cli/edit/units.ts";
import { UsageError } from "../../src/errors.ts";

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-units-"));
  const layers = [{ layer: "layer3", rankings: [{ name: "tree-iou", score: [-0.1, -0.05, -0.5] }] }];
  await writeFile(join(home, "dissect.json"), JSON.stringify({ layers }));
});
afterAll(() => rm(home, { recursive: true, force: true }));

test("a ranking is read if it is of the layer's units", async () => {
  expect(await readOrder(home, "layer3", "tree", "iou", 3)).toMatchObject({
    units: [2, 0, 1],
    scores: [0.5, 0.1, 0.05],
  });
  const other = readOrder(home, "layer3", "tree", "iou", 10);
  await expect(other).rejects.toThrow(UsageError);
  await expect(other).rejects.toThrow(/ranks 3 units of layer3, which has 10\./);
});

describe("options that would do nothing are refused", () => {
  const DEFAULTS = { layer: "layer4", top: 20, metric: "iou", alpha: 1, pooling: "max", size: 1, seed: 3, pictures: 0 };
  const named = { ...DEFAULTS, tune: true, concept: "tree" } as const;

  test.each([
    [{ curve: true, alpha: 0.5 }, /A curve takes units away altogether/],
    [{ locations: true, value: 0 }, /A curve takes units away altogether/],
    [{ eachUnit: true, mask: [0, 0, 8, 8] as const }, /--each-unit takes every unit away/],
    [{ eachUnit: true, alpha: 0.5 }, /--each-unit takes every unit away/],
    [{ eachUnit: true, value: { quantile: 0.5 } }, /--each-unit takes every unit away/],
    [{ eachUnit: true, mixed: true }, /--each-unit takes every unit away/],
    [{ mixed: true, units: [3] }, /have no scores/],
  ])("%j", async (more, message) => {
    const ended = editCommand("ablate", { ...named, ...more } as never);
    await expect(ended).rejects.toThrow(UsageError);
    await expect(ended).rejects.toThrow(message);
  });
});
