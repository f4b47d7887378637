import { expect, test } from "vitest";
import { ceilingOf, ceilingText } from "../../src/report/ceiling.ts";
import { fixture } from "./fixture.ts";

const { dissection } = fixture();
const of = (quantileThreshold: number | "iqr", pixels: readonly number[]) =>
  ceilingOf({
    settings: { ...dissection.settings, quantileThreshold, iouThreshold: 0.04, size: 10, segmentationSize: 10 },
    labels: ["-", "sky", "tree", "door"].map((name) => ({ name, category: "object" })),
    labelPixels: pixels,
  });

test("concepts over p / threshold of the pixels cannot be detected", () => {
  const found = of(0.01, [700, 251, 250, 1]);
  expect(found).toEqual({ share: 0.25, concepts: ["sky"] });
  expect(ceilingText(found!)).toBe("no concept over 25 % of the pixels can be detected (sky)");
  expect(ceilingText(of(0.005, [900, 0, 0, 0])!)).toBe("no concept over 12.5 % of the pixels can be detected");
  expect(of(0.5, [0, 1000, 0, 0])).toBeUndefined();
  expect(of("iqr", [0, 1000, 0, 0])).toBeUndefined();
});
