import { afterAll, beforeAll } from "vitest";
import { type Device, Generator, Segmenter } from "../../src/index.ts";
import type { State } from "../../src/networks/state.ts";
import { type SafetensorsInput, writeSafetensors } from "../../src/weights/safetensors.ts";
import { requestDevice } from "../gpu.ts";
import { proganState, upernetState } from "../models/recipe.ts";

export interface SmallModels {
  readonly device: Device;
  readonly generator: Generator;
  readonly segmenter: Segmenter;
}

/**
 * The small models for all tests of a file, there from the first `beforeAll` after this call on.
 */
export function useSmallModels(...how: [sharpness?: number, sizes?: readonly number[]]): SmallModels {
  const models: { -readonly [Name in keyof SmallModels]?: SmallModels[Name] } = {};
  beforeAll(async () => {
    models.device = await requestDevice();
    Object.assign(models, await smallModels(models.device, ...how));
  });
  afterAll(() => {
    models.segmenter?.dispose();
    models.generator?.dispose();
    models.device?.dispose();
  });
  return models as SmallModels;
}

/**
 * A 16×16 generator and a five-label segmenter with random weights: small enough to run a
 * dissection in a second.
 */
export async function smallModels(
  device: Device,
  sharpness = 1,
  sizes?: readonly number[],
): Promise<{ generator: Generator; segmenter: Segmenter }> {
  const files = await smallFiles(sharpness, sizes);
  const generator = await Generator.load(files.generator, { device, name: "small" });
  const { weights, labels } = files;
  const segmenter = await Segmenter.load({ weights, labels }, { device, name: "small" });
  return { generator, segmenter };
}

/**
 * Their files. Random logits are far apart and their probabilities all but 0 or 1; a `sharpness`
 * below 1 brings them together.
 */
export async function smallFiles(sharpness = 1, sizes: readonly number[] = [8, 12, 10, 6]) {
  const state = upernetState({ blocks: [1, 1, 1, 1], stem: [4, 4, 8], planes: 4, width: 8, heads: { object: 5 } });
  return {
    generator: await packed(proganState(sizes)),
    weights: await packed(state, (key) => (key.startsWith("decoder.object_head.1.") ? sharpness : 1)),
    labels: { object: ["-", "sky", "tree", "house", "door"], segsizes: [32] },
  };
}

async function packed(state: State, factor: (key: string) => number = () => 1): Promise<Uint8Array> {
  const tensors: Record<string, SafetensorsInput> = {};
  for (const [key, tensor] of state) {
    tensors[key] = {
      dtype: "float32",
      shape: tensor.shape,
      data: (await tensor.read()).map((value) => value * factor(key)),
    };
  }
  return writeSafetensors(tensors);
}
