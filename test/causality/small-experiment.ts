import { afterAll, beforeAll } from "vitest";
import { Experiment, type ExperimentOptions } from "../../src/causality/index.ts";
import { type SmallModels, useSmallModels } from "../dissect/models.ts";
import { SEED, SIZE } from "./label-maps.ts";

/** The layer of the small generator whose features an experiment has at hand. */
export const LAYER = "layer3";

export interface SmallExperiment {
  readonly models: SmallModels;
  /** One for all tests of a file, there from the first `beforeAll` after this call on. */
  readonly experiment: Experiment;
  /** Another, which the caller disposes of. */
  create(options?: Partial<ExperimentOptions>): Promise<Experiment>;
}

/** An experiment on the small models for all tests of a file. */
export function useSmallExperiment(): SmallExperiment {
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
  return {
    models,
    create,
    get experiment() {
      return experiment;
    },
  };
}
