import { currentNames, inferProgan } from "../src/models/progan.ts";
import { openCheckpoint } from "../src/weights/checkpoint.ts";
import { RandomState, sampleZ } from "../src/weights/random.ts";

/** A layer in nobody's format: what each library is given to build its own from. Maps are [n, height, width, channels]. */
export type Layer =
  /** x / sqrt(mean over channels of x² + 1e-8) */
  | { readonly op: "pixelnorm" }
  /** ×2 by nearest neighbour */
  | { readonly op: "upsample" }
  /** [n, 1, 1, in] → LeakyReLU(x · weight + bias) as [n, 4, 4, out]; weight is [in][16 · out]. */
  | (Weighted & { readonly op: "dense" })
  /** Padded to keep the size; weight is [out][in][kernel][kernel]. */
  | (Weighted & { readonly op: "conv"; readonly kernel: number; readonly leaky: boolean });

interface Weighted {
  readonly in: number;
  readonly out: number;
  readonly weight: Float32Array<ArrayBuffer>;
  readonly bias: Float32Array<ArrayBuffer>;
}

/** A network, its input, and what it costs. */
export interface Case {
  readonly name: string;
  readonly input: Float32Array<ArrayBuffer>;
  readonly inputShape: readonly number[];
  readonly outputShape: readonly number[];
  readonly layers: readonly Layer[];
  /** Operations of the layers as written, however a library computes them. */
  readonly flops: number;
  /** The file the layers are from: our side loads it as its users do. */
  readonly checkpoint?: ArrayBuffer;
}

/** LeakyReLU's slope for negative numbers. */
export const SLOPE = 0.2;

/** A case's name, and how to make it. `--case` filters by name. */
export const CASES: ReadonlyMap<string, (checkpoint: () => Promise<ArrayBuffer>) => Promise<Case>> = new Map([
  ["generator", async (checkpoint) => generator("generator", await checkpoint(), 8)],
  ["conv-64x64", async () => convolution("conv-64x64", 1, 64, 64)],
  ["conv-32x32", async () => convolution("conv-32x32", 1, 32, 128)],
  ["conv-8x8", async () => convolution("conv-8x8", 2, 8, 512)],
]);

/** One 3×3 convolution with bias and LeakyReLU on normal noise, `channels` to `channels`. */
function convolution(name: string, batch: number, extent: number, channels: number): Case {
  const random = new RandomState(1);
  const normal = (count: number, deviation: number) =>
    Float32Array.from({ length: count }, () => deviation * random.nextNormal());
  const shape = [batch, extent, extent, channels];
  return {
    name,
    input: normal(batch * extent ** 2 * channels, 1),
    inputShape: shape,
    outputShape: shape,
    layers: [
      {
        op: "conv",
        kernel: 3,
        in: channels,
        out: channels,
        weight: normal(9 * channels ** 2, 1 / (3 * Math.sqrt(channels))),
        bias: normal(channels, 0.1),
        leaky: true,
      },
    ],
    flops: 2 * 9 * batch * (extent * channels) ** 2,
  };
}

/** A Progressive GAN's generator, from z to images (Karras et al. 2018). */
async function generator(name: string, checkpoint: ArrayBuffer, batch: number): Promise<Case> {
  const state = currentNames((await openCheckpoint(checkpoint)).tensors);
  const { zSize, layers: blocks } = inferProgan(state);
  const read = async (key: string) => Float32Array.from(await state.get(key)!.read());
  const layers: Layer[] = [];
  let flops = 0;
  let channels = zSize;
  let extent = 1;
  for (const { name: block, channels: out, height } of blocks) {
    const weight = await read(`${block}.conv.weight`);
    const bias = await read(`${block}.wscale.b`);
    const last = block.startsWith("output");
    const kernel = block === "layer1" ? 4 : last ? 1 : 3;
    // The equalised learning rate: gain / sqrt(fan in), where the port takes fan in = input channels.
    const scale = (last ? 1 : Math.SQRT2 / kernel) / Math.sqrt(channels);
    const scaled = weight.map((value) => value * scale);
    layers.push({ op: "pixelnorm" });
    if (block === "layer1") layers.push(dense(channels, out, scaled, bias));
    else {
      if (height > extent) layers.push({ op: "upsample" });
      layers.push({ op: "conv", kernel, in: channels, out, weight: scaled, bias, leaky: !last });
    }
    flops += 2 * batch * channels * out * (block === "layer1" ? 16 : (kernel * height) ** 2);
    channels = out;
    extent = height;
  }
  return {
    name,
    input: sampleZ({ size: batch, depth: zSize, seed: 1 }),
    inputShape: [batch, 1, 1, zSize],
    outputShape: [batch, extent, extent, channels],
    layers,
    flops,
    checkpoint,
  };
}

/** A 4×4 kernel over one pixel padded by 3: each output pixel sees one tap, the kernel turned round. */
function dense(inputs: number, out: number, kernel: Float32Array, channelBias: Float32Array): Layer {
  const weight = new Float32Array(inputs * 16 * out);
  for (let i = 0; i < inputs; i += 1) {
    for (let pixel = 0; pixel < 16; pixel += 1) {
      for (let o = 0; o < out; o += 1) {
        weight[(i * 16 + pixel) * out + o] = kernel[(o * inputs + i) * 16 + (15 - pixel)]!;
      }
    }
  }
  const bias = Float32Array.from({ length: 16 * out }, (_, at) => channelBias[at % out]!);
  return { op: "dense", in: inputs, out, weight, bias };
}
