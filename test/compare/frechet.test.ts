import { describe, expect, test } from "vitest";
import { frechetDistance } from "../../src/compare/frechet.ts";
import { rowsAt, type Vectors } from "../../src/compare/vectors.ts";
import { RandomState } from "../../src/weights/random.ts";
import { goldenAreas, goldenFeatures, goldenJson, goldenTop } from "./golden.ts";

const { features } = goldenJson("artifacts");
const exact = goldenJson("frechet");

/** As scripts/golden/diagnosis.py makes them. */
function vectors(seed: number, n: number, d: number, shift: number): Vectors {
  const data = Float64Array.from(new RandomState(seed).standardNormal(n * d), Math.fround);
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; j < d; j += 1) data[i * d + j] = j === 5 ? 0 : data[i * d + j]! / (1 + (j % 16));
    data[i * d + 7] = data[i * d + 6]!;
  }
  return { data: data.map((value) => value + shift), n, d };
}

const momentsOf = (set: Vectors) => {
  const { n, d, data } = set;
  const mean = new Float64Array(d);
  for (let i = 0; i < n; i += 1) for (let j = 0; j < d; j += 1) mean[j]! += data[i * d + j]! / n;
  const covariance = new Float64Array(d * d);
  for (let i = 0; i < n; i += 1) {
    for (let p = 0; p < d; p += 1) {
      for (let q = 0; q < d; q += 1) {
        covariance[p * d + q]! += ((data[i * d + p]! - mean[p]!) * (data[i * d + q]! - mean[q]!)) / (n - 1);
      }
    }
  }
  return { mean, covariance, d };
};

describe.each(["c4", "c5"])("golden features of %s", (stage) => {
  test("all images, and the scores of units", async () => {
    const [generated, real] = [await goldenFeatures(`generated_${stage}`), await goldenFeatures(`real_${stage}`)];
    const { baseline, score, score_mean, score_cov } = features[stage];
    const found = await frechetDistance(generated, real);
    expect(Math.abs(found.distance / baseline.fd - 1)).toBeLessThan(1e-9);
    expect(Math.abs(found.mean / baseline.mean - 1)).toBeLessThan(1e-9);
    expect(Math.abs(found.covariance / baseline.cov - 1)).toBeLessThan(1e-9);
    const top = await goldenTop();
    for (let unit = 0; unit < 128; unit += 9) {
      const first = Array.from({ length: 40 }, (_, i) => top[128 * i + unit]!);
      const { distance, mean, covariance } = await frechetDistance(rowsAt(generated, first), real);
      expect(Math.abs(distance / score[unit] - 1)).toBeLessThan(1e-9);
      expect(Math.abs(mean / score_mean[unit] - 1)).toBeLessThan(1e-9);
      expect(Math.abs(covariance / score_cov[unit] - 1)).toBeLessThan(1e-9);
    }
  });
});

test("covariances alone give the same", async () => {
  const [generated, real] = [await goldenFeatures("generated_c4"), await goldenFeatures("real_c4")];
  const found = await frechetDistance(momentsOf(generated), momentsOf(real));
  expect(Math.abs(found.distance - features.c4.baseline.fd)).toBeLessThan(1e-5);
  const mixed = await frechetDistance(generated, momentsOf(real));
  expect(Math.abs(mixed.distance - features.c4.baseline.fd)).toBeLessThan(1e-5);
});

test.each(exact.areas as { a: string; b: string; distance: number; covariance: number }[])(
  "areas of $a and $b, whose covariances are singular",
  async ({ a, b, distance, covariance }) => {
    const of = async (name: string): Promise<Vectors> => {
      const { counts, n, labels } = await goldenAreas(name);
      return { data: Float64Array.from(counts, (count) => (count / 4096) * 100), n, d: labels.length };
    };
    const found = await frechetDistance(await of(a), await of(b));
    expect(Math.abs(found.distance - distance)).toBeLessThan(1e-9);
    expect(Math.abs(found.covariance - covariance)).toBeLessThan(1e-9);
  },
);

interface Made {
  readonly seeds: readonly [number, number];
  readonly sizes: readonly [number, number];
  readonly d: number;
  readonly distance: number;
}

test.each(exact.vectors as Made[])("$sizes vectors of $d numbers", async ({ seeds, sizes, d, distance }) => {
  const found = await frechetDistance(vectors(seeds[0], sizes[0], d, 0), vectors(seeds[1], sizes[1], d, 0.125));
  // Long ones go by eigenvalues: 1e-5, as the golden files' README allows; by singular values 1e-9.
  const tolerance = d > 768 && Math.min(...sizes) > d ? 1e-5 : 1e-9;
  expect(Math.abs(found.distance - distance)).toBeLessThan(tolerance);
});

test("a set is no distance from itself", async () => {
  const set = vectors(1, 30, 12, 0);
  expect(Math.abs((await frechetDistance(set, set)).distance)).toBeLessThan(1e-12);
});

test("sets that have none are refused, and aborts heard", async () => {
  await expect(frechetDistance(vectors(1, 9, 8, 0), vectors(1, 9, 10, 0))).rejects.toThrow(
    "Vectors of 8 and of 10 numbers have no distance.",
  );
  await expect(frechetDistance(vectors(1, 1, 8, 0), vectors(1, 9, 8, 0))).rejects.toThrow("A set of 1 image");
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(frechetDistance(vectors(1, 9, 8, 0), vectors(2, 9, 8, 0), { signal })).rejects.toThrow("enough");
});
