import { WeightsError } from "../../errors.ts";
import { conv } from "../../kernels/conv/conv.ts";
import { constant, type Filter } from "../../kernels/conv/filter.ts";
import { clamp, pixelnorm } from "../../kernels/maps/pointwise.ts";
import { type Graph, padded, type Value } from "../../runtime/graph.ts";
import { learned } from "../filters.ts";
import { type Build, networkOf } from "../network.ts";
import type { State } from "../state.ts";
import type { GeneratorFamily, GeneratorFile, GeneratorOptions } from "./family.ts";

/** Published sizes run from 4 to 1024 pixels. */
const MAX_RESOLUTION = 1024;

/**
 * Current names for the tensors of a checkpoint that may use the old ones (`features.{i−1}`,
 * `output`).
 */
export function currentNames(state: State): State {
  if (!state.has("features.0.conv.weight")) return state;
  let blocks = 0;
  while (state.has(`features.${blocks}.conv.weight`)) blocks += 1;
  const resolution = 4 * 2 ** Math.floor((blocks - 1) / 2);
  const renamed = new Map<string, NonNullable<ReturnType<State["get"]>>>();
  for (const [key, tensor] of state) {
    const name = key
      .replace(/^features\.(\d+)\./, (_, index: string) => `layer${Number(index) + 1}.`)
      .replace(/^output\./, `output_${resolution}x${resolution}.`);
    renamed.set(name, tensor);
  }
  return renamed;
}

/**
 * A Progressive GAN generator (Karras et al. 2018; layout of the published PyTorch port, spec
 * §1.1).
 */
export const PROGAN = {
  name: "a Progressive GAN generator",
  keys: ["layer1.conv.weight", "features.0.conv.weight"],
  expects: "layer1.conv.weight, layer1.wscale.b, … output_RxR.conv.weight (or the older features.0.…)",
  options: ["clamp"],
  network: ({ tensors }: Pick<GeneratorFile, "tensors">, { clamp: clamped = false }: GeneratorOptions) => {
    const named = currentNames(tensors);
    const widths = widthsOf(named);
    const resolution = 4 * 2 ** (widths.length - 1);
    if (resolution > MAX_RESOLUTION) {
      throw new WeightsError(
        "weights-shape",
        `A ${resolution}×${resolution} generator is not supported.`,
        "The largest published one is 1024×1024.",
      );
    }
    const zSize = named.get("layer1.conv.weight")?.shape?.[1] ?? 1;
    const described = `a ${resolution}×${resolution} Progressive GAN with sizes [${[zSize, ...widths]}]`;
    const build = (build: Build): void => progan(build, { zSize, widths, resolution, clamped });
    return networkOf({ name: "Progressive GAN", described, build }, named);
  },
} as const satisfies GeneratorFamily;

/**
 * Channels at 4×4, 8×8, …: layers come in pairs of one resolution and width; an odd count means
 * that the file lacks one.
 */
function widthsOf(state: State): number[] {
  const widths: number[] = [];
  for (let i = 1; ; i += 2) {
    const width = (state.get(`layer${i}.conv.weight`)?.shape ?? state.get(`layer${i + 1}.conv.weight`)?.shape)?.[0];
    if (width === undefined) return widths;
    widths.push(width);
  }
}

interface Sizes {
  readonly zSize: number;
  readonly widths: readonly number[];
  readonly resolution: number;
  readonly clamped: boolean;
}

function progan({ graph, state, input, layer, output }: Build, { zSize, widths, resolution, clamped }: Sizes): void {
  let x = input({ name: "z", height: 1, width: 1, channels: zSize, draw: "normal" });
  widths.forEach((channels, step) => {
    for (const i of [2 * step + 1, 2 * step + 2]) {
      const [name, before] = [`layer${i}`, x];
      x = layer(name, () => {
        const normed = pixelnorm(graph, before());
        if (i === 1) return dense(graph, state, normed, channels);
        return block(graph, state, normed, { name, channels, kernel: 3, upsample: i % 2 === 1 });
      });
    }
  });
  const [name, before] = [`output_${resolution}x${resolution}`, x];
  const rgb = layer(name, () => {
    const y = block(graph, state, pixelnorm(graph, before()), { name, channels: 3, kernel: 1, upsample: false });
    return clamped ? clamp(graph, y) : y;
  });
  output("image", "image", rgb);
}

interface Block {
  readonly name: string;
  readonly channels: number;
  readonly kernel: 1 | 3;
  readonly upsample: boolean;
}

/**
 * One layer's output, after LeakyReLU, from the normed one before it; a 1×1 kernel makes the image.
 */
function block(graph: Graph, state: State, x: Value, { name, channels, kernel, upsample }: Block): Value {
  const inChannels = x.channels;
  // wscale multiplies by gain / sqrt(fan in), fan in = input channels; gain = √2 / 3 for 3×3
  // blocks, 1 for the output.
  const factor = (kernel === 1 ? 1 : Math.SQRT2 / 3) / Math.sqrt(inChannels);
  const filter: Filter = {
    label: name,
    inChannels,
    outChannels: channels,
    kernel,
    weight: learned(state, `${name}.conv.weight`, [channels, inChannels, kernel, kernel]),
    bias: learned(state, `${name}.wscale.b`, [channels]),
    scale: constant(factor, channels),
  };
  return conv(graph, x, filter, { pad: (kernel - 1) / 2, upsample, activation: kernel === 1 ? "none" : "leaky" });
}

/**
 * layer1: a 4×4 kernel over a 1×1 input padded by 3 is a dense layer with spatially flipped
 * weights, out[o,y,x] = s Σ_i W[o,i,3−y,3−x] z_i + b_o (spec §1.1): a 1×1 convolution to 16 ×
 * channels.
 */
function dense(graph: Graph, state: State, z: Value, channels: number): Value {
  const zSize = z.channels;
  const weight = learned(state, "layer1.conv.weight", [channels, zSize, 4, 4]);
  const bias = learned(state, "layer1.wscale.b", [channels]);
  const stored = padded(channels); // one pixel's row, so that the result is a feature map in memory
  const y = conv(
    graph,
    z,
    {
      label: "layer1",
      inChannels: zSize,
      outChannels: 16 * stored,
      kernel: 1,
      weight: {
        sources: weight.sources,
        of: ([w]) => {
          const rows = new Float32Array(16 * stored * zSize);
          for (let pixel = 0; pixel < 16; pixel += 1) {
            for (let o = 0; o < channels; o += 1) {
              for (let i = 0; i < zSize; i += 1) {
                rows[(pixel * stored + o) * zSize + i] = w![(o * zSize + i) * 16 + (15 - pixel)]!;
              }
            }
          }
          return rows;
        },
      },
      scale: constant(Math.SQRT2 / 4 / Math.sqrt(zSize), 16 * stored),
      bias: {
        sources: bias.sources,
        of: ([b]) => Float32Array.from({ length: 16 * stored }, (_, at) => b![at % stored] ?? 0),
      },
    },
    { activation: "leaky" },
  );
  return graph.view(y, "layer1", [z.shape[0]!, 4, 4, stored], channels);
}
