import type { State } from "../../src/networks/state.ts";
import { openCheckpoint } from "../../src/weights/checkpoint.ts";
import { RandomState } from "../../src/weights/random.ts";
import { writeSafetensors } from "../../src/weights/safetensors.ts";
import type { Case } from "../cases.ts";
import { contest } from "../compete.ts";
import type { Contest } from "../contest.ts";
import { mosaic } from "../networks/mosaic.ts";
import type { Shape } from "../networks/operations.ts";
import { progan } from "../networks/progan.ts";
import { stylegan2 } from "../networks/stylegan2.ts";
import { upernet } from "../networks/upernet.ts";
import { generator, operations, segmenter } from "../ours.ts";
import type { Files } from "../places.ts";
import { recipe } from "./states.ts";

/** Whole networks: the generators, and the segmenters from the preprocessed image to logits. */
export const FORWARD: readonly Case[] = [
  contest("scenes64 x8 forward", true, async (files) => generate(await files("scenes64/generator.safetensors"), 8)),
  contest("scenes64 segmenter x8 forward", true, (files) => segmentScenes(files, 8)),
  contest("progan-256 forward", true, async () => generate(await published(), 1)),
  contest("progan-256 x8 forward", false, async () => generate(await published(), 8)),
  contest("stylegan2-256 forward", true, () => style("stylegan2")),
  contest("stylegan2-32 forward", false, () => style("stylegan2-32")),
  contest("upernet-128 forward", true, () => segment(128)),
  contest("upernet-256 forward", false, () => segment(256)),
  contest("mosaic-512 forward", true, describe),
];

async function generate(checkpoint: ArrayBuffer, batch: number): Promise<Contest> {
  const network = await progan((await openCheckpoint(checkpoint)).tensors, batch);
  return { input: noise(network.input.shape), network, ours: generator(checkpoint) };
}

async function style(name: "stylegan2" | "stylegan2-32"): Promise<Contest> {
  const network = await stylegan2(await recipe(name), 1);
  return { input: noise(network.input.shape), network, ours: generator(await published(name)) };
}

/** A generator's checkpoint, as a file. */
export async function published(name: "progan" | "stylegan2" | "stylegan2-32" = "progan"): Promise<ArrayBuffer> {
  const tensors: Record<string, { dtype: "float32"; shape: readonly number[]; data: Float32Array }> = {};
  for (const [key, { shape, read }] of await recipe(name)) {
    tensors[key] = { dtype: "float32", shape, data: await read() };
  }
  return writeSafetensors(tensors).buffer;
}

/** Edge at which the embedded segmenter sees images: its segsize. */
const SCENES64_SEGSIZE = 128;

const segment = async (extent: number): Promise<Contest> => segmentBy(await recipe("upernet"), extent, 1);

/** The embedded UPerNet, which has narrow channels. */
async function segmentScenes(files: Files, batch: number): Promise<Contest> {
  const checkpoint = await openCheckpoint(await files("scenes64/segmenter.safetensors"));
  return segmentBy(checkpoint.tensors, SCENES64_SEGSIZE, batch);
}

async function segmentBy(state: State, extent: number, batch: number): Promise<Contest> {
  const network = await upernet(state, extent, batch);
  // Bytes around their means.
  const input = picture(network.input.shape).map((value) => 127.5 * value + 20);
  return { input, network, ours: segmenter(state) };
}

/** MOSAIC with its published weights. */
async function describe(files: Files): Promise<Contest> {
  const checkpoint = await openCheckpoint(await files("mosaic-ade20k32/segmenter.safetensors"));
  const network = await mosaic(checkpoint, 512);
  return { input: picture(network.input.shape), network, ours: operations(checkpoint) };
}

/** Normal numbers. */
export function noise(shape: readonly number[], deviation = 1): Float32Array<ArrayBuffer> {
  const random = new RandomState(1);
  const length = shape.reduce((product, extent) => product * extent, 1);
  return Float32Array.from({ length }, () => deviation * random.nextNormal());
}

/** Something smooth in [−1, 1]. */
export function picture([n, height, width, channels]: Shape): Float32Array<ArrayBuffer> {
  const picture = new Float32Array(n * height * width * channels);
  for (const at of picture.keys()) {
    const [pixel, c] = [Math.floor(at / channels), at % channels];
    const [y, x] = [Math.floor(pixel / width) / height, (pixel % width) / width];
    picture[at] = Math.sin(9 * x + 4 * c) * Math.cos(13 * y * (1 + x) - c);
  }
  return picture;
}
