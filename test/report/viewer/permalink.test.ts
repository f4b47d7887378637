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

const { parse, format } = permalink();
const layers = ["layer4", "layer6"];

test.each([
  "#layer6",
  "#layer4/unit/0",
  "#layer4?sort=unit",
  "#layer4?sort=iqr",
  "#layer4?concept=sky&sort=concept",
  "#layer4?concept=sky",
  "#layer4?interpretable=1",
  "#layer4?view=original",
  "#layer4?view=segmentation",
  "#layer6/unit/12?concept=sky&sort=iou&q=tree&interpretable=1&view=activation",
])("%s is an address of its own", (address) => {
  expect(format(parse(address, layers))).toBe(address);
});

test("every part of an address is its part of what is shown", () => {
  expect(parse("#layer6/unit/12?concept=sky&sort=concept&q=tree&interpretable=1&view=mask", layers)).toEqual({
    ...{ layer: "layer6", unit: 12, concept: "sky", sort: "concept", query: "tree", interpretable: true, view: "mask" },
  });
});

test.each([
  ["", "#layer4"],
  ["#layer5", "#layer4"],
  ["layer6", "#layer6"],
  ["#layer6#", "#layer4"],
  ["#layer4/unit/-1", "#layer4"],
  ["#layer4/unit/1x", "#layer4"],
  ["#layer4/unit", "#layer4"],
  ["#layer4/units/3", "#layer4"],
  ["#layer4?sort=concept", "#layer4"],
  ["#layer4?sort=masked", "#layer4"],
  ["#layer4?sort=label&view=masked&interpretable=0", "#layer4"],
  ["#layer4?view=iou&interpretable=true", "#layer4"],
  ["#%/unit/3", "#layer4/unit/3"],
])("%j is shown as %s", (address, shown) => {
  expect(format(parse(address, layers))).toBe(shown);
});

test("a name that cannot be decoded is taken as it is, and without layers there is none", () => {
  expect(parse("#50%", ["100", "50%"]).layer).toBe("50%");
  expect(parse("#layer4", [])).toMatchObject({ layer: "" });
});
