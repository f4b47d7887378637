import { expect, test } from "vitest";
import { permalink } from "../../../src/report/viewer/permalink.ts";

test("addresses read back as they were written", () => {
  const { parse, format } = permalink();
  const layers = ["layer4", "a/b?c#d"];
  for (const address of [
    "#layer4",
    "#layer4/unit/17",
    "#layer4?concept=tree&sort=iou",
    "#layer4/unit/3?q=a+b&view=mask",
  ]) {
    expect(format(parse(address, layers))).toBe(address);
  }
  const strange = { ...parse("", layers), layer: "a/b?c#d", concept: "x&y=z (object)", interpretable: true };
  expect(parse(format(strange), layers)).toEqual(strange);
  expect(parse("#nothing/unit/x?sort=up&view=no%", layers)).toMatchObject({
    layer: "layer4",
    unit: undefined,
    sort: "label",
  });
});
