import { expect, test } from "vitest";
import { artifactScores } from "../../../src/compare/artifacts/scores.ts";
import { goldenFeatures, goldenJson, goldenTop } from "../golden.ts";

const { features, top } = goldenJson("artifacts");

test("the golden scores of 128 units", async () => {
  const stage = "c5";
  const done: number[] = [];
  const scores = await artifactScores({
    generated: await goldenFeatures(`generated_${stage}`),
    maxima: await goldenFeatures("layer6_max"),
    real: await goldenFeatures(`real_${stage}`),
    top,
    onProgress: (progress) => done.push(progress.done),
  });
  const { score, score_mean, score_cov, ranking } = features[stage];
  const images = await goldenTop();
  for (const found of scores) {
    const { unit } = found;
    expect(Math.abs(found.distance / score[unit] - 1)).toBeLessThan(1e-9);
    expect(Math.abs(found.mean / score_mean[unit] - 1)).toBeLessThan(1e-9);
    expect(Math.abs(found.covariance / score_cov[unit] - 1)).toBeLessThan(1e-9);
    expect(found.images).toEqual(Array.from({ length: top }, (_, rank) => images[128 * rank + unit]));
  }
  expect(scores.sort((a, b) => b.distance - a.distance).map(({ unit }) => unit)).toEqual(ranking);
  expect(done).toEqual(Array.from({ length: 129 }, (_, i) => i));
});

test("of equals the first, and what does not fit is refused", async () => {
  const rows = (n: number, d: number, of: (i: number) => number) => ({
    data: Float64Array.from({ length: n * d }, (_, i) => of(i)),
    n,
    d,
  });
  const set = {
    generated: rows(5, 2, (i) => i),
    maxima: rows(5, 1, (i) => (i === 3 ? 2 : 1)),
    real: rows(4, 2, (i) => i * i),
    top: 3,
  };
  expect((await artifactScores(set))[0]!.images).toEqual([3, 0, 1]);
  expect((await artifactScores({ ...set, top: 2 }))[0]!.images).toEqual([3, 0]);
  expect((await artifactScores({ ...set, top: 5 }))[0]!.images).toEqual([3, 0, 1, 2, 4]);
  await expect(artifactScores({ ...set, top: 6 })).rejects.toThrow("The first 6 of 5 images make no sense.");
  await expect(artifactScores({ ...set, top: 1 })).rejects.toThrow(/from 2 to 5/);
  await expect(artifactScores({ ...set, maxima: rows(4, 1, (i) => i) })).rejects.toThrow(
    /5 images, and activations in 4/,
  );
  await expect(artifactScores({ ...set, real: rows(4, 3, (i) => i) })).rejects.toThrow(/of 2 and of 3 numbers/);
});
