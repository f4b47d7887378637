import { openCheckpoint } from "../src/weights/checkpoint.ts";
import { RandomState } from "../src/weights/random.ts";
import type { CheckpointTensor } from "../src/weights/tensor.ts";
import { upernetState } from "../test/models/recipe.ts";
import { mosaic } from "./networks/mosaic.ts";
import { type Convolution, type Network, NetworkBuilder, type Shape } from "./networks/operations.ts";
import { progan } from "./networks/progan.ts";
import { upernet } from "./networks/upernet.ts";
import { type Ours, ourConvolution, ourMosaic, ourUpernet } from "./ours.ts";

/** A network and its input, as the peers and we are given them. */
export interface Case {
  readonly name: string;
  readonly input: Float32Array<ArrayBuffer>;
  readonly network: Network;
  readonly ours: Ours;
}

/** Reads what run.mjs serves. */
export type Files = (path: string) => Promise<ArrayBuffer>;

/** A case's name, and how to make it. `--case` filters by name. */
export const CASES: ReadonlyMap<string, (name: string, files: Files) => Promise<Case>> = new Map([
  ["generator", generator],
  ["conv-64x64", convolution([1, 64, 64, 64])],
  ["conv-32x32", convolution([1, 32, 32, 128])],
  ["conv-8x8", convolution([2, 8, 8, 512])],
  ["upernet-128", upernetCase],
  ["mosaic-512", mosaicCase],
]);

/** The embedded generator, 8 images. */
async function generator(name: string, files: Files): Promise<Case> {
  const checkpoint = await files("/model");
  const network = await progan(checkpoint, 8);
  const [size, , , depth] = network.input.shape;
  const random = new RandomState(1);
  const input = Float32Array.from({ length: size * depth }, () => random.nextNormal());
  return { name, input, network, ours: { checkpoint } };
}

/** One 3×3 convolution with bias and LeakyReLU on normal noise, as many channels out as in. */
function convolution(shape: Shape) {
  return async (name: string): Promise<Case> => {
    const [n, height, width, channels] = shape;
    const random = new RandomState(1);
    const normal = (count: number, deviation: number) =>
      Float32Array.from({ length: count }, () => deviation * random.nextNormal());
    const input = normal(n * height * width * channels, 1);
    const weight = normal(9 * channels ** 2, 1 / (3 * Math.sqrt(channels)));
    const options: Pick<Convolution, "weight" | "bias" | "activation"> = {
      weight,
      bias: normal(channels, 0.1),
      activation: "leaky",
    };
    const builder = new NetworkBuilder(shape);
    const network = builder.network(builder.conv(builder.input, options));
    return { name, input, network, ours: ourConvolution(network) };
  };
}

/** UPerNet-ResNet50 at its published widths, object head only; weights by the golden files' recipe. */
async function upernetCase(name: string): Promise<Case> {
  const recipe = upernetState({
    blocks: [3, 4, 6, 3],
    stem: [64, 64, 128],
    planes: 64,
    width: 512,
    heads: { object: 336 },
  });
  // Read once for all libraries: drawing 50 million normal numbers takes seconds.
  const state = new Map<string, CheckpointTensor>();
  for (const [key, tensor] of recipe) {
    const values = await tensor.read();
    state.set(key, { ...tensor, read: async () => values });
  }
  const network = await upernet(state, 128);
  // Bytes around their means.
  const input = picture(network.input.shape).map((value) => 127.5 * value + 20);
  return { name, input, network, ours: ourUpernet(state) };
}

/** MOSAIC with its published weights. */
async function mosaicCase(name: string, files: Files): Promise<Case> {
  const checkpoint = await openCheckpoint(await files("/mosaic/segmenter.safetensors"));
  const network = await mosaic(checkpoint, 512);
  return { name, input: picture(network.input.shape), network, ours: ourMosaic(checkpoint) };
}

/** Something smooth in [−1, 1]. */
function picture([n, height, width, channels]: Shape): Float32Array<ArrayBuffer> {
  const picture = new Float32Array(n * height * width * channels);
  for (const at of picture.keys()) {
    const [pixel, c] = [Math.floor(at / channels), at % channels];
    const [y, x] = [Math.floor(pixel / width) / height, (pixel % width) / width];
    picture[at] = Math.sin(9 * x + 4 * c) * Math.cos(13 * y * (1 + x) - c);
  }
  return picture;
}
