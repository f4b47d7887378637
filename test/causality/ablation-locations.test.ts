import { describe, expect, it, vi } from "vitest";
import { ablateLocations } from "../../src/causality/index.ts";
import { type Edit, UsageError } from "../../src/index.ts";
import { toPixAblation } from "../../src/report/ablation.ts";
import { rarest, SEED, SIZE } from "./label-maps.ts";
import { LAYER, useSmallExperiment } from "./small-experiment.ts";

const UNITS = [7, 0, 3, 5];

describe.each(["square", "oblong"] as const)("a curve of %s images", (images) => {
  const small = useSmallExperiment(images);
  const { models } = small;

  it.each([{}, { alphas: [0.75, 0.25, 1, 1] }])("location by location measures just there: %j", async ({ alphas }) => {
    const label = rarest(small.experiment.before);
    const units = UNITS.slice(0, 2);
    const options = { layer: LAYER, units: UNITS, steps: 2, ...(alphas && { alphas }) };
    const finished = new Map<string, readonly number[]>();
    using own = await small.create({ finished });
    const measure = vi.spyOn(own, "measure");
    const found = await ablateLocations(own, label, options);
    const { height, width } = models.generator.layer(LAYER);
    const { generator } = models;
    const [high, wide] = [generator.height / height, generator.width / width]; // of a cell
    const inCell = (map: Uint32Array, at: number): number =>
      map.filter((one, pixel) => {
        const [row, column] = [Math.floor(pixel / generator.width), pixel % generator.width];
        return one === label && Math.floor(row / high) * width + Math.floor(column / wide) === at;
      }).length;
    using draw = await models.generator.compile({ batch: SIZE, editable: [LAYER] });
    using segment = await models.segmenter.compile(draw.image!, [generator.height, generator.width]);
    const z = models.generator.sample({ size: SIZE, seed: SEED });
    const drawn = async (edits: readonly Edit[]): Promise<Uint32Array[]> => {
      draw.setEdits(edits);
      draw.run(z);
      segment.run();
      const maps = await segment.labels.read();
      return Array.from({ length: SIZE }, (_, i) =>
        maps.subarray((i * maps.length) / SIZE, ((i + 1) * maps.length) / SIZE),
      );
    };
    const plain = await drawn([]);
    let locations = 0;
    const scores = [0, 0, 0];
    for (let at = 0; at < height * width; at += 1) {
      const shown = plain.map((map) => inCell(map, at));
      const mask = Float32Array.from({ length: height * width }, (_, cell) => Number(cell === at));
      for (let n = 0; n <= 2; n += 1) {
        const maps = await drawn([
          { layer: LAYER, units: units.slice(0, n), mask, ...(alphas && { alpha: alphas.slice(0, n) }) },
        ]);
        maps.forEach((map, image) => {
          if (shown[image]! > 0) scores[n]! += inCell(map, at) / (high * wide);
        });
      }
      locations += shown.filter((count) => count > 0).length;
    }
    expect(found).toEqual({ layer: LAYER, label, units: UNITS, ...(alphas && { alphas }), locations, scores });
    expect(locations).toBeGreaterThan(2); // more than one batch of them
    expect(finished.size).toBe(SIZE);
    // What is kept is known by all that it depends on.
    expect(measure.mock.calls.map(([what]) => what)).toEqual(
      Array.from({ length: SIZE }, (_, image) => ["locations", label, LAYER, units, alphas ?? 1, image]),
    );
    expect(await ablateLocations(own, label, options)).toEqual(found);
    expect(finished.size).toBe(SIZE);
    // Less of the units is another measurement.
    await ablateLocations(own, label, { ...options, alphas: [0.5, 0.5, 1, 1] });
    expect(finished.size).toBe(2 * SIZE);
    const named = { classname: "x", metric: "iou" };
    const json = toPixAblation(found, named);
    expect(json).toMatchObject({ classnum: label, baseline: scores[0], ablation_effects: scores.slice(1) });
    expect(json.ablation_values).toEqual(alphas);
  });

  it("is refused for labels that there are not", async () => {
    const { length } = models.segmenter.labels;
    for (const label of [0, length, 1.5]) {
      const ended = ablateLocations(small.experiment, label, { layer: LAYER, units: UNITS });
      await expect(ended).rejects.toThrow(UsageError);
      await expect(ended).rejects.toThrow(`label ${label} makes no sense. Use a whole number from 1 to ${length - 1}.`);
    }
  });

  it("stops when it is told to, and frees what it took", async () => {
    await models.device.idle();
    const live = { ...models.device.live };
    const controller = new AbortController();
    controller.abort(new Error("enough"));
    const stopped = ablateLocations(small.experiment, 1, { layer: LAYER, units: UNITS, signal: controller.signal });
    await expect(stopped).rejects.toThrow("enough");
    await models.device.idle();
    expect(models.device.live).toEqual(live);
  });
});
