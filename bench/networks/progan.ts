import { PROGAN } from "../../src/networks/generators/progan.ts";
import type { State } from "../../src/networks/state.ts";
import { type Network, NetworkBuilder, type Value } from "./operations.ts";

/** A Progressive GAN's generator, from z to images (Karras et al. 2018). */
export async function progan(checkpoint: State, batch: number): Promise<Network> {
  const builder = new NetworkBuilder([batch, 1, 1, PROGAN.network({ tensors: checkpoint }, {}).inputs[0]!.channels]);
  return builder.network(await appendProgan(builder, checkpoint, builder.input));
}

/** Appends the generator to a network, from z or from the features of a layer on: its images. */
export async function appendProgan(
  builder: NetworkBuilder,
  checkpoint: State,
  input: Value,
  from?: string,
): Promise<Value> {
  const { state, layers } = PROGAN.network({ tensors: checkpoint }, {});
  const read = async (key: string) => Float32Array.from(await state.get(key)!.read());
  let x = input;
  for (const { name, channels: out, height } of layers.slice(1 + layers.findIndex((layer) => layer.name === from))) {
    const [, extent, , channels] = x.shape;
    const bias = await read(`${name}.wscale.b`);
    const last = name.startsWith("output");
    const kernel = name === "layer1" ? 4 : last ? 1 : 3;
    // The equalised learning rate: gain / sqrt(fan in), where the port takes fan in = input
    // channels.
    const scale = (last ? 1 : Math.SQRT2 / kernel) / Math.sqrt(channels);
    const weight = (await read(`${name}.conv.weight`)).map((value) => value * scale);
    x = builder.pixelnorm(x);
    if (name === "layer1") {
      x = builder.dense(x, unfolded(weight, channels, out), tiled(bias));
    } else {
      if (height > extent) x = builder.upsample(x);
      x = builder.conv(x, { weight, bias, activation: last ? "none" : "leaky" });
    }
  }
  return x;
}

/**
 * A 4×4 kernel over one pixel padded by 3: each output pixel sees one tap, the kernel turned round.
 */
function unfolded(kernel: Float32Array, inputs: number, out: number): Float32Array<ArrayBuffer> {
  const weight = new Float32Array(inputs * 16 * out);
  for (let i = 0; i < inputs; i += 1) {
    for (let pixel = 0; pixel < 16; pixel += 1) {
      for (let o = 0; o < out; o += 1) {
        weight[(i * 16 + pixel) * out + o] = kernel[(o * inputs + i) * 16 + (15 - pixel)]!;
      }
    }
  }
  return weight;
}

/** A bias of channels as one of 16 pixels' channels. */
const tiled = (bias: Float32Array): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: 16 * bias.length }, (_, at) => bias[at % bias.length]!);
