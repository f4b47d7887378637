import { expect, test } from "vitest";
import { RULES, ruleOf } from "../../src/dissect/rules.ts";

test("rules are those of the papers", () => {
  expect(ruleOf("cvpr-2017")).toMatchObject({ quantile: 0.005, iou: 0.04, images: "with the category" });
  expect(ruleOf("netdissect-lite")).toBe(RULES["cvpr-2017"]);
  expect(ruleOf("pnas-2020")).toMatchObject({ quantile: 0.01, iou: 0.04, images: "all", levelsOf: "labels" });
  expect(ruleOf("gan-dissection")).toMatchObject({ iou: 0.05, iqr: 0.01 });
  expect(() => ruleOf("cvpr2017" as "cvpr-2017")).toThrow('There is no rule "cvpr2017".');
});
