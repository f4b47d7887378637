import { afterAll, beforeAll, expect, test } from "vitest";
import { EditTrials } from "../../../src/compare/artifacts/trials.ts";
import { segmenterFeatures } from "../../../src/compare/features.ts";
import { frechetDistance } from "../../../src/compare/frechet.ts";
import type { Device, Generator, Segmenter } from "../../../src/index.ts";
import { requestDevice } from "../../gpu.ts";
import { goldenFeatures, goldenJson, scenes64Originals } from "../golden.ts";

const { ablated, size, seed, layer } = goldenJson("artifacts");

let device: Device;
let generator: Generator;
let segmenter: Segmenter;
beforeAll(async () => {
  device = await requestDevice();
  ({ generator, segmenter } = await scenes64Originals(device));
});
afterAll(() => {
  segmenter?.dispose();
  generator?.dispose();
  device?.dispose();
});

test("a golden ablation, from z on", async () => {
  const trials = await EditTrials.open(generator, {
    layer,
    size,
    seed,
    features: segmenterFeatures(segmenter, { layer: "c5" }),
  });
  const { units, fd_c5 } = ablated.top10;
  const { vectors } = await trials.measure([{ layer, units }]);
  const { distance } = await frechetDistance(vectors, await goldenFeatures("real_c5"));
  expect(Math.abs(distance / fd_c5 - 1)).toBeLessThan(1e-5);
  trials.dispose();
});

test("edits are taken back, and images that are made anew for each are the same", async () => {
  const network = segmenterFeatures(segmenter, { layer: "c2" });
  const options = { layer, size: 6, seed: 3, features: network, segmenter, batch: 3 };
  const trials = await EditTrials.open(generator, options);
  const forgetful = await EditTrials.open(generator, { ...options, memory: 0 });
  const as = await trials.measure([]);
  const edits = [{ layer, units: ablated.top10.units }];
  const without = await trials.measure(edits);
  expect(without.areas!.counts).not.toEqual(as.areas!.counts);
  expect(await trials.measure([])).toEqual(as);
  expect(await forgetful.measure(edits)).toEqual(without);
  expect(await forgetful.measure([])).toEqual(as);
  trials.dispose();
  forgetful.dispose();
  await expect(EditTrials.open(generator, { ...options, layer: "layer99" })).rejects.toThrow(/layer99/);
});
