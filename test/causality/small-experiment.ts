import { afterAll, beforeAll } from "vitest";
import { Experiment, type ExperimentOptions } from "../../src/causality/index.ts";
import { type SmallModels, smallModels, useSmallModels } from "../dissect/models.ts";
import { requestDevice } from "../gpu.ts";
import { oblongGenerator } from "../models/oblong.ts";
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

/** The small segmenter with a generator whose images are not square. */
export function useOblongModels(sharpness = 1): SmallModels {
  const models: { -readonly [Name in keyof SmallModels]?: SmallModels[Name] } = {};
  beforeAll(async () => {
    const device = await requestDevice();
    const { generator: square, segmenter } = await smallModels(device, sharpness);
    square.dispose();
    Object.assign(models, { device, segmenter, generator: await oblongGenerator(device) });
  });
  afterAll(() => {
    models.segmenter?.dispose();
    models.generator?.dispose();
    models.device?.dispose();
  });
  return models as SmallModels;
}

/** An experiment on the small models for all tests of a file, or of a `describe`. */
export function useSmallExperiment(images: "square" | "oblong" = "square"): SmallExperiment {
  const models = images === "square" ? useSmallModels() : useOblongModels();
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
