import { openCheckpoint } from "../../src/weights/checkpoint.ts";
import type { Case } from "../cases.ts";
import { contest } from "../compete.ts";
import type { Contest } from "../contest.ts";
import { mosaic } from "../networks/mosaic.ts";
import { type Convolution, type Network, NetworkBuilder, type Shape, type Value } from "../networks/operations.ts";
import { progan } from "../networks/progan.ts";
import { upernet } from "../networks/upernet.ts";
import { convolution } from "../ours.ts";
import type { Files } from "../places.ts";
import { noise } from "./forward.ts";
import { hollow } from "./states.ts";

/** A convolution's shape: everything but its numbers. */
type Layer = Omit<Convolution, "weight" | "bias"> & {
  readonly input: Shape;
  readonly outChannels: number;
  /** After an upsampling ×2, which reads `input`. */
  readonly upsample: boolean;
};

/**
 * Few of many, for the default run: a starved one, a usual one, an upsampled one, a 1×1 and a
 * strided one.
 */
const HEADLINE = [
  "progan-256 conv 3x3 512-512 @8",
  "progan-256 conv 3x3 512-512 @32",
  "progan-256 conv up 3x3 512-512 @16",
  "upernet-256 conv 1x1 256-64 @64",
  "upernet-256 conv 3x3 512-512 stride 2 @8",
];

/** Every distinct convolution of the published networks at one image, on normal noise. */
export async function convolutions(files: Files): Promise<Case[]> {
  const checkpoint = await openCheckpoint(await files("mosaic-ade20k32/segmenter.safetensors"));
  const networks = new Map([
    ["progan-256", await progan(hollow("progan"), 1)],
    ["upernet-256", await upernet(hollow("upernet"), 256)],
    ["mosaic-512", await mosaic(checkpoint, 512)],
  ]);
  const cases = new Map<string, Case>();
  for (const [network, { operations }] of networks) {
    const upsampled = new Map<Value, Value>();
    for (const operation of operations) {
      const [x] = operation.inputs as readonly [Value];
      if (operation.op === "upsample") upsampled.set(operation.outputs[0]!, x);
      if (operation.op !== "conv") continue;
      const { weight, bias, ...rest } = operation;
      const upsample = upsampled.has(x);
      const layer = { ...rest, input: (upsampled.get(x) ?? x).shape, outChannels: bias.length, upsample };
      const name = `${network} ${nameOf(layer, operation.outputs[0]!.shape)}`;
      if (!cases.has(name))
        cases.set(
          name,
          contest(name, HEADLINE.includes(name), async () => build(layer)),
        );
    }
  }
  return [...cases.values()];
}

/** Such as "conv up 3x3 512-256 @64", the last being the output's extent. */
function nameOf(layer: Layer, [, extent]: Shape): string {
  const { input, outChannels, kernel, stride, dilation, groups, upsample } = layer;
  return [
    groups > 1 ? "depthwise" : "conv",
    ...(upsample ? ["up"] : []),
    `${kernel}x${kernel}`,
    `${input[3]}-${outChannels}`,
    ...(stride > 1 ? [`stride ${stride}`] : []),
    ...(dilation > 1 ? [`dilation ${dilation}`] : []),
    `@${extent}`,
  ].join(" ");
}

function build({ input, outChannels, upsample, ...shape }: Layer): Contest {
  const inChannels = input[3] / shape.groups;
  const taps = shape.kernel ** 2;
  const layer = {
    ...shape,
    weight: noise([outChannels, inChannels, taps], 1 / Math.sqrt(taps * inChannels)),
    bias: noise([outChannels], 0.1),
  };
  const builder = new NetworkBuilder(input);
  const x = upsample ? builder.upsample(builder.input) : builder.input;
  const network: Network = builder.network(builder.conv(x, layer));
  return { input: noise(input), network, ours: convolution(network, layer, upsample) };
}
