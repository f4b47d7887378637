import { type Device, Generator, Segmenter } from "../../src/index.ts";
import type { State } from "../../src/models/state.ts";
import { type SafetensorsInput, writeSafetensors } from "../../src/weights/safetensors.ts";
import { proganState, upernetState } from "../models/recipe.ts";

/** A 16×16 generator and a five-label segmenter with random weights: small enough to run a dissection in a second. */
export async function smallModels(device: Device): Promise<{ generator: Generator; segmenter: Segmenter }> {
  const files = await smallFiles();
  const generator = await Generator.load(files.generator, { device, name: "small" });
  const { weights, labels } = files;
  const segmenter = await Segmenter.load({ weights, labels }, { device, name: "small" });
  return { generator, segmenter };
}

/** Their files. */
export async function smallFiles() {
  const state = upernetState({ blocks: [1, 1, 1, 1], stem: [4, 4, 8], planes: 4, width: 8, heads: { object: 5 } });
  return {
    generator: await packed(proganState([8, 12, 10, 6])),
    weights: await packed(state),
    labels: { object: ["-", "sky", "tree", "house", "door"], segsizes: [32] },
  };
}

async function packed(state: State): Promise<Uint8Array> {
  const tensors: Record<string, SafetensorsInput> = {};
  for (const [key, tensor] of state) {
    tensors[key] = { dtype: "float32", shape: tensor.shape, data: await tensor.read() };
  }
  return writeSafetensors(tensors);
}
