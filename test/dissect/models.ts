import { type Device, Generator, Segmenter } from "../../src/index.ts";
import type { State } from "../../src/models/state.ts";
import { type SafetensorsInput, writeSafetensors } from "../../src/weights/safetensors.ts";
import { proganState, upernetState } from "../models/recipe.ts";

/** A 16×16 generator and a five-label segmenter with random weights: small enough to run a dissection in a second. */
export async function smallModels(device: Device): Promise<{ generator: Generator; segmenter: Segmenter }> {
  const generator = await Generator.load(await packed(proganState([8, 12, 10, 6])), { device, name: "small" });
  const state = upernetState({ blocks: [1, 1, 1, 1], stem: [4, 4, 8], planes: 4, width: 8, heads: { object: 5 } });
  const labels = { object: ["-", "sky", "tree", "house", "door"], segsizes: [32] };
  const segmenter = await Segmenter.load({ weights: await packed(state), labels }, { device, name: "small" });
  return { generator, segmenter };
}

async function packed(state: State): Promise<Uint8Array> {
  const tensors: Record<string, SafetensorsInput> = {};
  for (const [key, tensor] of state) {
    tensors[key] = { dtype: "float32", shape: tensor.shape, data: await tensor.read() };
  }
  return writeSafetensors(tensors);
}
