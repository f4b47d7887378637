import { describe, expect, test } from "vitest";
import { errorOfTwo, jackknife } from "../../../src/compare/dissections/jackknife.ts";
import { random } from "../../kernels/reference.ts";

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const deviation = (values: readonly number[]) => {
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1));
};
/** A statistic with each value left out. */
const without = (values: readonly number[], statistic: (some: readonly number[]) => number) =>
  values.map((_, i) => statistic(values.filter((_, j) => j !== i)));

describe("the jackknife's error", () => {
  test("of a mean is its standard error", () => {
    const values = [3, 1, 4, 1, 5, 9, 2, 6];
    expect(jackknife(without(values, mean))).toBeCloseTo(deviation(values) / Math.sqrt(8), 12);
  });

  test("is unknown of fewer than two", () => {
    expect([jackknife([]), jackknife([1])]).toEqual([undefined, undefined]);
    expect(jackknife([1, 1])).toBe(0);
  });

  test("of a ratio of counts in 20 blocks is what repeating everything scatters by", () => {
    const draw = random(3);
    const [ratios, errors]: [number[], number[]] = [[], []];
    for (let run = 0; run < 800; run += 1) {
      // (both, either) of every block: a few images of very different areas
      const blocks = Array.from({ length: 20 }, () => {
        let [both, either] = [0, 0];
        for (let image = 0; image < 5; image += 1) {
          const area = Math.floor(1000 * draw() ** 3);
          either += area;
          both += Math.floor(area * draw());
        }
        return [both, either] as const;
      });
      const ratio = (some: readonly (readonly [number, number])[]) =>
        some.reduce((sum, [both]) => sum + both, 0) / some.reduce((sum, [, either]) => sum + either, 0);
      ratios.push(ratio(blocks));
      errors.push(jackknife(blocks.map((_, i) => ratio(blocks.filter((_, j) => j !== i))))!);
    }
    const relative = mean(errors) / deviation(ratios);
    expect(relative).toBeGreaterThan(0.93);
    expect(relative).toBeLessThan(1.1);
  });
});

describe("the error of a difference", () => {
  const a = { whole: 10, without: [9, 10, 11] };
  const difference = (one: number, other: number) => other - one;

  test("is none where the same images change both alike", () => {
    const b = { whole: 20, without: [19, 20, 21] };
    expect(errorOfTwo(difference, a, b, true)).toBe(0);
    expect(errorOfTwo(difference, a, b, false)).toBeCloseTo(
      Math.hypot(jackknife(a.without)!, jackknife(b.without)!),
      12,
    );
  });

  test("is unknown where one has no blocks", () => {
    expect(errorOfTwo(difference, a, { whole: 1, without: [] }, true)).toBeUndefined();
    expect(errorOfTwo(difference, a, { whole: 1, without: [] }, false)).toBeUndefined();
  });
});
