import { expect, test, vi } from "vitest";
import { distances } from "../../src/compare/distances.ts";
import type { KeptFeatures } from "../../src/compare/features-file.ts";
import { goldenAreas, goldenFeatures, goldenJson } from "./golden.ts";

const kind = { network: "scenes64", tensor: "c4", preprocessing: "128 pixels", d: 256 };
const side = async (features: string, areas: string): Promise<KeptFeatures> => ({
  n: 200,
  images: features,
  kind,
  segmenter: "scenes64",
  vectors: await goldenFeatures(features),
  areas: await goldenAreas(areas),
});

test("everything that two sets have in common, as the golden files have it", async () => {
  const [real, generated] = [await side("real_c4", "scenes"), await side("generated_c4", "seed1")];
  const phases = new Set<string>();
  const found = await distances(real, generated, { permutations: 5, onProgress: (phase) => phases.add(phase) });
  const { baseline, kid, prdc } = goldenJson("artifacts").features.c4;
  expect(Math.abs(found.frechet!.distance / baseline.fd - 1)).toBeLessThan(1e-9);
  expect(Math.abs(found.kid!.kid - kid)).toBeLessThan(1e-9);
  expect(found.coverage).toMatchObject({ precision: prdc.precision, recall: prdc.recall });
  const pair = goldenJson("fsd").pairs.find(({ a, b }: { a: string; b: string }) => a === "scenes" && b === "seed1");
  expect(Math.abs(found.segmentation!.distance - pair.fsd)).toBeLessThan(2e-6);
  expect(found.frechetBySize!.sizes).toEqual([40, 80, 120, 160, 200]);
  expect(found.frechetPermutation).toBeUndefined();
  expect(found.notes).toEqual([expect.stringContaining("200 images for vectors of 256 numbers")]);
  const told = ["FSD: permutations", "FSD: sizes", "FD", "KID", "precision and recall", "FD: sizes"];
  expect([...phases]).toEqual(told);
  // Which set is asked whether it looks like the other is said.
  const turned = await distances(generated, real, { generated: "a", permutations: 2 });
  expect(turned.coverage).toEqual(found.coverage);
});

test("of vectors alone p is that of FD; of areas alone there is FSD", async () => {
  const [a, b] = [await side("real_c4", "scenes"), await side("generated_c4", "seed1")];
  const only = ({ areas: _, segmenter: __, ...rest }: KeptFeatures): KeptFeatures => rest;
  const found = await distances(only(a), only(b), { permutations: 3 });
  expect(found.segmentation).toBeUndefined();
  expect(found.frechetPermutation).toMatchObject({ permutations: 3, p: 0.25 });
  const bare = ({ vectors: _, kind: __, ...rest }: KeptFeatures): KeptFeatures => rest;
  const areas = await distances(bare(a), bare(b), { permutations: 3 });
  expect(Object.keys(areas).sort()).toEqual(["notes", "segmentation"]);
  await expect(distances(only(a), bare(b))).rejects.toThrow("nothing in common");
});

test("statistics have a Fréchet distance, with what is to be said of it", async () => {
  const a = await side("real_c4", "scenes");
  const d = 256;
  const covariance = new Float64Array(d * d);
  const found = await distances(a, { mean: new Float64Array(d), covariance, d });
  expect(Object.keys(found).sort()).toEqual(["frechet", "notes"]);
  expect(found.notes).toEqual([expect.stringContaining("200 images"), expect.stringContaining("statistics")]);
  expect(found.frechet!.distance).toBeGreaterThan(found.frechet!.mean);
});

test("what was measured differently is refused", async () => {
  const a = await side("real_c4", "scenes");
  const onProgress = vi.fn();
  const options = { permutations: 1, onProgress };
  await expect(distances(a, { ...a, kind: { ...kind, tensor: "c3" } }, options)).rejects.toThrow(
    "The features differ in layer: c4 and c3.",
  );
  expect(onProgress).not.toHaveBeenCalled(); // before anything is computed
  await expect(distances(a, { ...a, segmenter: "upp" })).rejects.toThrow("Pixels were named by scenes64 and by upp.");
});
