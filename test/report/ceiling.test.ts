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

test("shares are told in few digits, and eight concepts", () => {
  // a third of the pixels, and all of them, which is no ceiling
  expect(of(0.04 / 3, [0, 334, 333, 0])).toEqual({ share: 0.333333, concepts: ["sky"] });
  expect(of(0.04, [0, 1000, 0, 0])).toBeUndefined();
  expect(of(0.0399, [0, 1000])).toEqual({ share: 0.9975, concepts: ["sky"] });
  const text = (share: number, count: number) => ceilingText({ share, concepts: [..."abcdefghi"].slice(0, count) });
  expect(text(0.123456, 8)).toBe("no concept over 12.3 % of the pixels can be detected (a, b, c, d, e, f, g, h)");
  expect(text(0.5, 9)).toBe("no concept over 50 % of the pixels can be detected (a, b, c, d, e, f, g, h, …)");
});
