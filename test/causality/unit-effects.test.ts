import { afterAll, beforeAll, expect, test } from "vitest";
import { Experiment, type ExperimentOptions, unitEffects } from "../../src/causality/index.ts";
import { useSmallModels } from "../dissect/models.ts";
import { labelMaps, SEED, SIZE, tally } from "./label-maps.ts";

const LAYER = "layer3";

const models = useSmallModels();
let experiment: Experiment;
const create = (options: Partial<ExperimentOptions> = {}) =>
  Experiment.create(models.generator, models.segmenter, {
    editable: [LAYER],
    size: SIZE,
    seed: SEED,
    batch: 2,
    ...options,
  });
beforeAll(async () => {
  experiment = await create();
});
afterAll(() => experiment?.dispose());

test("each unit's own effect is that of ablating it alone", async () => {
  const effects = [];
  for await (const effect of unitEffects(experiment, LAYER)) effects.push(effect);
  expect(effects.map(({ unit }) => unit)).toEqual([...Array(models.generator.layer(LAYER).channels).keys()]);
  expect(effects[4]!.pixels).toEqual(tally(models, await labelMaps(models, [{ layer: LAYER, units: [4] }])));
  const two = [];
  for await (const effect of unitEffects(experiment, LAYER, [7, 4])) two.push(effect);
  expect(two).toEqual([effects[7], effects[4]]);
});
