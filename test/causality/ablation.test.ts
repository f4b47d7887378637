import { describe, expect, it } from "vitest";
import { stepsOf } from "../../src/causality/ablation.ts";
import { ablateEverywhere } from "../../src/causality/index.ts";
import { UsageError } from "../../src/index.ts";
import { toFullAblation } from "../../src/report/ablation.ts";
import { labelMaps, SIZE, tally } from "./label-maps.ts";
import { LAYER, useSmallExperiment } from "./small-experiment.ts";

const small = useSmallExperiment();
const { models } = small;

describe("a curve", () => {
  const UNITS = [7, 0, 3, 5];
  const ALPHAS = [1, 0.5, 0.25, 0];

  it("ablates one unit more each time", async () => {
    const { pixels } = await ablateEverywhere(small.experiment, { layer: LAYER, units: UNITS });
    expect(pixels).toHaveLength(5);
    for (const [n, counts] of pixels.entries()) {
      expect(counts).toEqual(tally(models, await labelMaps(models, [{ layer: LAYER, units: UNITS.slice(0, n) }])));
    }
    const mixed = await ablateEverywhere(small.experiment, { layer: LAYER, units: UNITS, alphas: ALPHAS, steps: 2 });
    const alpha = ALPHAS.slice(0, 2);
    expect(mixed.pixels[2]).toEqual(
      tally(models, await labelMaps(models, [{ layer: LAYER, units: UNITS.slice(0, 2), alpha }])),
    );
  });

  it("goes on where it was cut", async () => {
    const finished = new Map<string, readonly number[]>();
    const controller = new AbortController();
    const reason = new Error("enough");
    let images = 0;
    const onImages = (more: number): void => {
      images += more;
      if (images > 3 * SIZE) controller.abort(reason);
    };
    {
      using cut = await small.create({ finished, onImages, signal: controller.signal });
      await expect(ablateEverywhere(cut, { layer: LAYER, units: UNITS })).rejects.toBe(reason);
    }
    expect(finished.size).toBe(2);
    images = -100;
    using rest = await small.create({ finished, onImages });
    const whole = await ablateEverywhere(rest, { layer: LAYER, units: UNITS });
    expect(images).toBe(-100 + 3 * SIZE); // as they are, and two of four steps
    expect(whole).toEqual(await ablateEverywhere(small.experiment, { layer: LAYER, units: UNITS }));
  });

  it("ends where it is told to, else after 30 units or the last", async () => {
    const thirtyFive = Array.from({ length: 35 }, (_, unit) => unit);
    const where = { layer: LAYER };
    expect(stepsOf({ ...where, units: thirtyFive })).toBe(30);
    expect(stepsOf({ ...where, units: thirtyFive, steps: 31 })).toBe(31);
    expect(stepsOf({ ...where, units: UNITS })).toBe(4);
    expect(stepsOf({ ...where, units: UNITS, steps: 1 })).toBe(1);
    expect(stepsOf({ ...where, units: UNITS, steps: 1_000_000 })).toBe(4);
    for (const steps of [0, 1.5, 1_000_001]) {
      const curve = ablateEverywhere(small.experiment, { ...where, units: UNITS, steps });
      await expect(curve).rejects.toThrow(UsageError);
      await expect(curve).rejects.toThrow(/steps .* makes no sense\. Use a whole number from 1 to 1000000/);
    }
    const none = await ablateEverywhere(small.experiment, { ...where, units: UNITS, steps: 1 });
    expect(none).toEqual({ ...where, units: UNITS, pixels: [small.experiment.before, expect.any(Array)] });
    const partly = await ablateEverywhere(small.experiment, { ...where, units: UNITS, steps: 1, alphas: ALPHAS });
    expect(partly).toEqual({ ...none, alphas: ALPHAS });
  });

  it("is written as gandissect writes it", async () => {
    const curve = await ablateEverywhere(small.experiment, { layer: LAYER, units: UNITS, steps: 2 });
    const named = { classname: "tree", classnum: 2, metric: "iou" };
    expect(toFullAblation(curve, named)).toEqual({
      ...named,
      baseline: small.experiment.before[2],
      layer: LAYER,
      ablation_units: UNITS,
      ablation_values: [1, 1, 1, 1],
      ablation_effects: curve.pixels.slice(1).map((counts) => counts[2]),
    });
    const mixed = toFullAblation({ ...curve, alphas: ALPHAS }, named);
    expect(mixed.ablation_values).toEqual(ALPHAS);
  });
});
