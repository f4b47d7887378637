import { expect, test, vi } from "vitest";
import { QUANTILES, unitQuantiles } from "../../src/causality/index.ts";
import { hazen } from "../../src/dissect/quantiles.ts";
import { UsageError } from "../../src/index.ts";
import { toNchw } from "../gpu.ts";
import { useSmallModels } from "./models.ts";

const [LAYER, SIZE] = ["layer3", 5];

const models = useSmallModels();

test("units' quantiles are exact", async () => {
  const quantiles = [0.5, 0.99, 1];
  const found = await unitQuantiles(models.generator, { layer: LAYER, quantiles, size: SIZE, seed: 1, batch: 2 });
  using run = await models.generator.forward(models.generator.sample({ size: SIZE, seed: 1 }), { retain: [LAYER] });
  const tensor = run.layers.get(LAYER)!;
  const { channels, height, width } = models.generator.layer(LAYER);
  const maps = toNchw(await tensor.read(), tensor.shape, channels);
  const pixels = height * width;
  expect([found.units, found.samples]).toEqual([channels, SIZE * pixels]);
  for (let unit = 0; unit < channels; unit += 1) {
    const values = Array.from({ length: SIZE }, (_, i) => [
      ...maps.subarray((i * channels + unit) * pixels, (i * channels + unit + 1) * pixels),
    ]).flat();
    values.sort((a, b) => a - b);
    quantiles.forEach((quantile) => {
      const { low, weight } = hazen(quantile, values.length);
      const expected = values[low]! * (1 - weight) + (values[low + 1] ?? 0) * weight;
      expect(found.levels(quantile)[unit]).toBeCloseTo(expected, 6);
    });
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(found.means[unit]).toBeCloseTo(mean, 6);
  }
});

test("from the lowest activation to the highest unless others are asked for, each once and in their order", async () => {
  const some = { layer: LAYER, size: SIZE };
  const all = await unitQuantiles(models.generator, some);
  expect(all.quantiles).toEqual(QUANTILES);
  expect(QUANTILES).toHaveLength(59);
  const twice = await unitQuantiles(models.generator, { ...some, quantiles: [0.99, 0, 0.99] });
  expect(twice.quantiles).toEqual([0, 0.99]);
  expect(twice.levels(0.99)).toEqual(all.levels(0.99));
  expect(twice.means).toEqual(all.means);
});

test("they are those of 1000 images of seed 1, eight at a time, unless others are asked for", async () => {
  const layer = "layer1";
  const compile = vi.spyOn(models.generator, "compile");
  const plain = await unitQuantiles(models.generator, { layer, quantiles: [0, 0.9] });
  expect(compile.mock.calls).toEqual([[{ batch: 8, retain: [layer], until: layer, signal: undefined }]]);
  compile.mockRestore();
  const named = { layer, quantiles: [0, 0.9], size: 1000, seed: 1, batch: 8 };
  expect(plain).toEqual(await unitQuantiles(models.generator, { ...named, batch: 40 }));
  expect(await unitQuantiles(models.generator, { ...named, seed: 2 })).not.toEqual(plain);
  expect(await unitQuantiles(models.generator, { ...named, size: 999 })).not.toEqual(plain);
});

test.each([
  [{ quantiles: [1.5] }, /1\.5 is no quantile\. Use a number between 0 and 1/],
  [{ quantiles: [0.5, -0.01] }, /-0\.01 is no quantile/],
  [{ quantiles: [Number.NaN] }, /NaN is no quantile/],
  [{ batch: 0 }, /batch 0 makes no sense\. Use a whole number from 1 to 1024/],
  [{ batch: 1025 }, /batch 1025 makes no sense/],
  [{ size: 0 }, /size 0 makes no sense/],
  [{ size: 2 ** 26 }, /size 67108864 makes no sense\. Use a whole number from 1 to 67108863/],
  [{ seed: -1 }, /seed -1 makes no sense/],
  [{ layer: "layer9" }, /no layer "layer9"/],
])("%j is refused", async (more, message) => {
  const refused = unitQuantiles(models.generator, { layer: LAYER, quantiles: [0.5], ...more });
  await expect(refused).rejects.toThrow(UsageError);
  await expect(refused).rejects.toThrow(message);
});
