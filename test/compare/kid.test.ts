import { describe, expect, test } from "vitest";
import { kernelDistance } from "../../src/compare/kid.ts";
import { rowsAt, type Vectors } from "../../src/compare/vectors.ts";
import { permutation } from "../../src/weights/permutation.ts";
import { RandomState } from "../../src/weights/random.ts";
import { goldenFeatures, goldenJson } from "./golden.ts";

/** The unbiased estimate, as it is defined. */
function plain(a: Vectors, b: Vectors): number {
  const kernel = (x: Vectors, i: number, y: Vectors, j: number): number => {
    let sum = 0;
    for (let k = 0; k < x.d; k += 1) sum += x.data[i * x.d + k]! * y.data[j * y.d + k]!;
    return (sum / x.d + 1) ** 3;
  };
  const mean = (x: Vectors, y: Vectors): number => {
    let [sum, count] = [0, 0];
    for (let i = 0; i < x.n; i += 1) {
      for (let j = 0; j < y.n; j += 1) {
        if (x === y && i === j) continue;
        sum += kernel(x, i, y, j);
        count += 1;
      }
    }
    return sum / count;
  };
  return mean(a, a) + mean(b, b) - 2 * mean(a, b);
}

const made = (seed: number, n: number, d: number): Vectors => ({
  data: new RandomState(seed).standardNormal(n * d),
  n,
  d,
});

describe.each(["c4", "c5"])("golden features of %s", (stage) => {
  test("all images", async () => {
    const [generated, real] = [await goldenFeatures(`generated_${stage}`), await goldenFeatures(`real_${stage}`)];
    const { kid, subsets } = await kernelDistance(generated, real);
    expect(subsets).toBe(1);
    expect(Math.abs(kid - goldenJson("artifacts").features[stage].kid)).toBeLessThan(1e-9);
  });
});

test("subsets are averaged, of the images that NumPy's permutations name first", async () => {
  const [a, b] = [made(1, 40, 6), made(2, 30, 6)];
  const found = await kernelDistance(a, b, { subsets: 5, subsetSize: 20, seed: 3 });
  const random = new RandomState(3);
  const each = Array.from({ length: 5 }, () => {
    const x = rowsAt(a, permutation(random, 40).subarray(0, 20));
    return plain(x, rowsAt(b, permutation(random, 30).subarray(0, 20)));
  });
  const mean = each.reduce((sum, value) => sum + value, 0) / 5;
  expect(found.kid).toBeCloseTo(mean, 12);
  expect(found.deviation).toBeCloseTo(Math.sqrt(each.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 5), 12);
  expect(found).toMatchObject({ subsets: 5, subsetSize: 20 });
});

test("sets of other sizes, whole", async () => {
  const [a, b] = [made(4, 300, 5), made(5, 20, 5)];
  const found = await kernelDistance(a, b, { subsetSize: 20 });
  expect(found.kid).toBeCloseTo(plain(a, b), 12);
  expect(found).toMatchObject({ subsets: 1, subsetSize: 20 });
});

test("100 subsets of 1000, seed 0, unless given; one of two is the least", async () => {
  const [a, b] = [made(6, 1001, 1), made(7, 1001, 1)];
  expect(await kernelDistance(a, b, { subsets: 1 })).toMatchObject({ subsets: 1, subsetSize: 1000, deviation: 0 });
  expect(await kernelDistance(a, b, { subsetSize: 2 })).toMatchObject({ subsets: 100, subsetSize: 2 });
  const random = new RandomState(0);
  const x = rowsAt(a, permutation(random, 1001).subarray(0, 2));
  const y = rowsAt(b, permutation(random, 1001).subarray(0, 2));
  expect((await kernelDistance(a, b, { subsets: 1, subsetSize: 2 })).kid).toBeCloseTo(plain(x, y), 12);
});

test("what makes no sense is refused", async () => {
  const set = made(1, 9, 4);
  await expect(kernelDistance(set, set, { subsetSize: 1 })).rejects.toThrow("100 subsets of 1 make no sense.");
  await expect(kernelDistance(set, set, { subsets: 0 })).rejects.toThrow("0 subsets");
  await expect(kernelDistance(set, made(1, 9, 5))).rejects.toThrow("Vectors of 4 and of 5 numbers");
});
