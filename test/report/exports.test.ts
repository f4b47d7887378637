import { expect, expectTypeOf, test } from "vitest";
import type { LabelMap, PictureLabels, SamplePicture } from "../../src/index.ts";
import { nodeEncoder } from "../../src/node/photo/encoder.ts";
import * as report from "../../src/report/index.ts";
import { fixture } from "./fixture.ts";
import { LocalHand, options } from "./hands.ts";

test("what a page needs for workers of its own comes from ganatomy/report", async () => {
  const hands: LocalHand[] = [];
  const start = (): LocalHand => {
    hands.push(new LocalHand());
    return hands.at(-1)!;
  };
  const machine: report.Machine = { cores: 3, memory: 2 ** 34 };
  const made = (plan: report.DrawingPlan) => {
    expect(report.handBytes(plan)).toBeGreaterThan(2 ** 20);
    return report.startPool(plan, report.handsFor({ ...plan, pixels: 1e9 }, machine), start, nodeEncoder());
  };
  const { dissection, pictures } = fixture();
  const { files, write } = report.memoryFolder();
  await report.writeReport({ write }, dissection, pictures(), { ...options, pool: made });
  expect(files.has("report.html")).toBe(true);
  expect(hands.map(({ ended }) => ended)).toEqual([true, true, true]);
});

test("types that plans, drawn units and answers consist of have names there", () => {
  expectTypeOf<report.DrawnUnit["files"][number]>().toEqualTypeOf<report.StripFile>();
  expectTypeOf<report.DrawnUnit["features"]>().toEqualTypeOf<report.PageFeatures>();
  expectTypeOf<report.DrawnUnit["embedded"][number]>().toEqualTypeOf<report.EmbeddedPicture>();
  expectTypeOf<report.DrawingPlan["page"]>().toEqualTypeOf<report.PageDrawing>();
  expectTypeOf<report.DrawingPlan["colors"][number]>().toEqualTypeOf<report.Rgb>();
  expectTypeOf<Extract<report.FromWorker, { error: unknown }>["error"]>().toEqualTypeOf<report.WireError>();
});

test("a picture's labels and a label file's map are two types of two names", () => {
  expectTypeOf<SamplePicture["labels"]>().toEqualTypeOf<PictureLabels>();
  expectTypeOf<PictureLabels>().not.toEqualTypeOf<LabelMap>();
});
