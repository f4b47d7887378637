import { expect, test } from "vitest";
import { unitNamed } from "../../src/elements/unit-name.ts";

test.each([
  ["layer4/24", { layer: "layer4", unit: 24 }],
  [" b16/conv0/3 ", { layer: "b16/conv0", unit: 3 }],
  ["layer4", undefined],
  ["layer4/x", undefined],
  ["/3", undefined],
  ["", undefined],
])("%j names %j", (text, unit) => expect(unitNamed(text)).toEqual(unit));
