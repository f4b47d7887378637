import { describe, expect, test } from "vitest";
import { agree, correlation } from "../../src/dissect/scores.ts";
import { random } from "../kernels/reference.ts";
import { scores } from "./tally.ts";

describe("scores", () => {
  // Spec §3.5.
  test.each([
    [0.04, 0.05, 0.1, 0.363636, 0.076272, 0.170506, 0.93],
    [0.009, 0.01, 0.05, 0.176471, 0.024576, 0.106879, 0.958],
    [0.02, 0.1, 0.1, 0.111111, 0.005079, 0.007874, 0.84],
    [0, 0.01, 0.01, 0, 0.000101, 0.000903, 0.98],
    [0.3, 0.35, 0.4, 0.666667, 0.250411, 0.234019, 0.85],
  ])("of intersection %d, active %d, truth %d", (intersection, active, truth, iou, mi, iqr, agreement) => {
    const scores = agree({ intersection, active, truth });
    const published = { iou, mi, iqr, agreement };
    for (const name of ["iou", "mi", "iqr", "agreement"] as const) {
      expect(Math.abs(scores[name] - published[name]), name).toBeLessThan(5.1e-7);
    }
  });

  test("of nothing are zero, of equals one", () => {
    expect(agree({ intersection: 0, active: 0, truth: 0 })).toEqual({ iou: 0, mi: 0, iqr: 0, agreement: 1 });
    expect(agree({ intersection: 1, active: 1, truth: 1 })).toEqual({ iou: 1, mi: 0, iqr: 0, agreement: 1 });
    const same = agree({ intersection: 0.25, active: 0.25, truth: 0.25 });
    expect(same).toMatchObject({ iou: 1, agreement: 1 });
    expect(same.iqr).toBeCloseTo(1, 12);
    // Independent: no information, and never less than none.
    expect(agree({ intersection: 0.06, active: 0.2, truth: 0.3 }).mi).toBeCloseTo(0, 12);
  });

  test("equal the definition wherever a table of counts can lie", () => {
    const draw = random(1);
    const share = () => [0, 1, draw(), draw(), draw() ** 8][Math.floor(5 * draw())]!;
    for (let i = 0; i < 2000; i += 1) {
      const [active, truth] = [share(), share()];
      // The unit's pixels are a category's, the concept's all images': their intersection may
      // exceed either.
      const intersection = i % 4 === 0 ? share() : Math.min(active, truth) * draw();
      const found = agree({ intersection, active, truth });
      const expected = scores(intersection, active, truth);
      for (const name of ["iou", "mi", "iqr", "agreement"] as const) {
        expect(Math.abs(found[name] - expected[name]), `${name} of ${intersection}, ${active}, ${truth}`).toBeLessThan(
          1e-12,
        );
      }
    }
  });
});

describe("correlation", () => {
  test("from sums", () => {
    // v = 0 0 1 3, t = 0 0 1 1
    expect(correlation({ count: 4, sum: 4, squares: 10, onConcept: 4, pixels: 2 })).toBeCloseTo(2 / Math.sqrt(6), 12);
    // constant unit
    expect(correlation({ count: 4, sum: 4, squares: 4, onConcept: 2, pixels: 2 })).toBe(0);
    // constant concept
    expect(correlation({ count: 4, sum: 4, squares: 10, onConcept: 4, pixels: 4 })).toBe(0);
    const sums = { count: 4, sum: 4, squares: 10, onConcept: 4, pixels: 2 };
    for (const lost of ["sum", "squares", "onConcept"]) {
      expect(correlation({ ...sums, [lost]: Number.NaN })).toBeNaN();
    }
  });

  test("equals that of the pixels one by one", () => {
    const draw = random(2);
    for (let i = 0; i < 50; i += 1) {
      const pairs = Array.from({ length: 40 }, () => [draw() * 3 - 1, Number(draw() < 0.3)] as const);
      const mean = (f: (v: number, t: number) => number) => pairs.reduce((sum, [v, t]) => sum + f(v, t), 0) / 40;
      const [mv, mt] = [mean((v) => v), mean((_, t) => t)];
      const product = mean((v) => (v - mv) ** 2) * mean((_, t) => (t - mt) ** 2);
      const found = correlation({
        count: 40,
        sum: 40 * mv,
        squares: 40 * mean((v) => v * v),
        onConcept: 40 * mean((v, t) => v * t),
        pixels: 40 * mt,
      });
      expect(Math.abs(found - mean((v, t) => (v - mv) * (t - mt)) / Math.sqrt(product))).toBeLessThan(1e-12);
    }
  });
});
