import { expect, test } from "vitest";
import { dom } from "../../../src/report/viewer/dom.ts";

test.each([
  [null, "–"],
  [0, "0.000"],
  [0.0994, "0.099"],
  [-0.0512, "-0.051"],
  [0.1, "0.10"],
  [0.456, "0.46"],
  [-0.25, "-0.25"],
  [1, "1.00"],
])("a score of %s reads %s", (score, text) => expect(dom().score(score)).toBe(text));
