import { readFileSync } from "node:fs";
import type { Areas } from "../../src/compare/segmentation-distance.ts";
import type { Vectors } from "../../src/compare/vectors.ts";
import { loadGenerator, loadSegmenter, openCheckpoint } from "../../src/index.ts";
import type { Device } from "../../src/runtime/device.ts";
import { file } from "../dissect/golden.ts";

/** The project's shared golden data on distances; see its README. */
const FOLDER = new URL("../golden/diagnosis/", import.meta.url);

export const goldenJson = (name: string) => JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), "utf8"));
const tensors = async (name: string) =>
  (await openCheckpoint(readFileSync(new URL(`${name}.safetensors`, FOLDER)))).tensors;

/** Pooled features of 200 images. */
export async function goldenFeatures(name: string): Promise<Vectors> {
  const tensor = (await tensors("artifacts")).get(name)!;
  return { data: await tensor.read(), n: tensor.shape[0]!, d: tensor.shape[1]! };
}

/** The first 40 images of each of 128 units, [40, 128]. */
export const goldenTop = async (): Promise<Float32Array> => (await tensors("artifacts")).get("top40")!.read();

/** Label areas of 200 images. */
export async function goldenAreas(name: string): Promise<Areas> {
  const labels = (goldenJson("fsd").labels as string[]).map((label) => ({ name: label, category: "object" }));
  const counts = Int32Array.from(await (await tensors("fsd")).get(name)!.read());
  return { counts, n: counts.length / labels.length, labels, pixels: 4096 };
}

/** The first 24 of the scenes, RGB bytes of 64 × 64 pixels each. */
export async function goldenScenes(): Promise<Uint8Array> {
  return Uint8Array.from(await (await tensors("scenes")).get("scenes")!.read());
}

/** scenes64 with the float32 weights that the golden data were made with. */
export async function scenes64Originals(device: Device) {
  const [encoder, decoder, labels] = await Promise.all(
    ["encoder_epoch_1.pth", "decoder_epoch_1.pth", "labels.json"].map((name) => file(`scenes64/segmenter/${name}`)),
  );
  return {
    generator: await loadGenerator(await file("scenes64/generator.pth"), { device }),
    segmenter: await loadSegmenter({ encoder: encoder!, decoder: decoder!, labels: labels! }, { device }),
  };
}
