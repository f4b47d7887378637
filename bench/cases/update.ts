import { Generator } from "../../src/models/generator.ts";
import { openCheckpoint } from "../../src/weights/checkpoint.ts";
import type { Case } from "../cases.ts";
import { contest } from "../compete.ts";
import type { Contest } from "../contest.ts";
import { NetworkBuilder, type Shape } from "../networks/operations.ts";
import { appendProgan } from "../networks/progan.ts";
import { appendUpernet } from "../networks/upernet.ts";
import { requestDevice, update } from "../ours.ts";
import type { Files } from "../places.ts";

const LAYER = "layer4";
/** And its channel in the object head. */
const CONCEPT = { name: "tree", channel: 4 } as const;
const BATCH = 8;
/** The unified parsing networks' means, in their order: blue, green, red. */
const MEANS = [102.9801, 115.9465, 122.7717] as const;

/**
 * What ACE learns from: how the concept's probability changes with α, through the generator and the
 * segmenter and back.
 */
export const UPDATE: readonly Case[] = [contest(`scenes64 x${BATCH} ace update`, false, learn)];

async function learn(files: Files): Promise<Contest> {
  const generator = await files("scenes64/generator.safetensors");
  const segmenter = await files("scenes64/segmenter.safetensors");
  const { shape, features } = await featuresOf(generator);
  const [, , , units] = shape;
  // Where float32 does: elsewhere a single pre-activation that rounding moves across zero shifts
  // the gradient by a hundredth.
  const input = Float32Array.from({ length: units }, (_, unit) => 0.15 * Math.abs(Math.sin(unit)));

  const builder = new NetworkBuilder([1, 1, 1, units]);
  const edited = builder.edit(builder.input, features, shape);
  const image = await appendProgan(builder, (await openCheckpoint(generator)).tensors, edited, LAYER);
  const x = builder.upsample(builder.conv(image, preprocessing()));
  const logits = await appendUpernet(builder, (await openCheckpoint(segmenter)).tensors, x);
  // Which are at half the image's extent already.
  const network = builder.gradient(builder.probability(logits, CONCEPT.channel));
  const labels = await files("scenes64/labels.json");
  const options = { generator, segmenter: { weights: segmenter, labels }, layer: LAYER, concept: CONCEPT.name };
  return { input, network, ours: update({ ...options, shape, features }) };
}

/** Features of images of the generator, before any edit. */
async function featuresOf(checkpoint: ArrayBuffer) {
  const device = await requestDevice();
  const generator = await Generator.load(checkpoint, { device });
  const plan = await generator.compile({ batch: BATCH, retain: [LAYER], until: LAYER });
  plan.run(generator.sample({ size: BATCH, seed: 1 }));
  const layer = plan.layers.get(LAYER)!;
  const features = (await layer.read()) as Float32Array<ArrayBuffer>;
  device.dispose();
  return { shape: layer.shape as unknown as Shape, features };
}

/** RGB in [−1, 1] to the segmenter's BGR in 0…255 less its means, as a convolution. */
function preprocessing() {
  const weight = new Float32Array(9);
  for (const out of [0, 1, 2]) weight[3 * out + (2 - out)] = 127.5;
  return { weight, bias: Float32Array.from(MEANS, (mean) => 127.5 - mean) };
}
