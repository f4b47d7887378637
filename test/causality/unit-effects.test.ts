import { expect, test } from "vitest";
import { unitEffects } from "../../src/causality/index.ts";
import { labelMaps, tally } from "./label-maps.ts";
import { LAYER, useSmallExperiment } from "./small-experiment.ts";

const small = useSmallExperiment();
const { models } = small;

test("each unit's own effect is that of ablating it alone", async () => {
  const effects = [];
  for await (const effect of unitEffects(small.experiment, LAYER)) effects.push(effect);
  expect(effects.map(({ unit }) => unit)).toEqual([...Array(models.generator.layer(LAYER).channels).keys()]);
  expect(effects[4]!.pixels).toEqual(tally(models, await labelMaps(models, [{ layer: LAYER, units: [4] }])));
  const two = [];
  for await (const effect of unitEffects(small.experiment, LAYER, [7, 4])) two.push(effect);
  expect(two).toEqual([effects[7], effects[4]]);
});
