import { expect, test } from "vitest";
import { ruleOf } from "../../src/dissect/rules.ts";

test("rules are those of the papers", () => {
  // the 0.005 quantile of a layer's activations, T_k; label maps of 112 pixels for 224; IoU > 0.04
  const netDissect = { quantile: 0.005, levelsOf: "layer", images: "with the category", iou: 0.04, grid: 112 / 224 };
  // NetDissect-Lite resizes maps as they are; the others lay cells by their receptive fields.
  expect(ruleOf("netdissect-lite")).toEqual(netDissect);
  expect(ruleOf("cvpr-2017")).toEqual({
    ...netDissect,
    cells: { of: "all", as: "cvpr-2017", outside: "border" },
  });
  // the top 1 % of upsampled activations; 56 pixels for 224
  expect(ruleOf("pnas-2020")).toEqual({
    ...{ quantile: 0.01, levelsOf: "labels", images: "all", iou: 0.04, grid: 56 / 224 },
    cells: { of: "unpadded", as: "pnas-2020", outside: "zeros" },
  });
  // levels are searched; IoU > 0.05 and IQR > 0.01; maps of half the image's edge
  expect(ruleOf("gan-dissection")).toEqual({
    ...{ levelsOf: "layer", images: "with the category", iou: 0.05, iqr: 0.01, grid: 0.5 },
  });
  expect(() => ruleOf("cvpr2017" as "cvpr-2017")).toThrow('There is no rule "cvpr2017".');
});
