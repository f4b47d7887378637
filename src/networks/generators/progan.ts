import { UsageError, WeightsError } from "../../errors.ts";
import { type ConvOptions, conv } from "../../kernels/conv/conv.ts";
import { constant, type Filter } from "../../kernels/conv/filter.ts";
import { clamp, pixelnorm } from "../../kernels/maps/pointwise.ts";
import { upsample } from "../../kernels/maps/separable.ts";
import { type Graph, padded, type Value } from "../../runtime/graph.ts";
import { type Build, type Lazy, type Network, networkOf } from "../network.ts";
import type { State } from "../state.ts";
import type { GeneratorFamily, GeneratorFile, GeneratorOptions } from "./family.ts";
import {
  type Convolution,
  gandissectLayout,
  type ProganLayout,
  type ProganStyle,
  tensorflowLayout,
  zooLayout,
} from "./progan-layouts.ts";
import { theanoLayout } from "./progan-theano.ts";

// Tests: test/networks/generators/progan.test.ts,
// test/networks/generators/progan-layouts.test.ts

/** Published sizes run from 4 to 1024 pixels. */
const MAX_RESOLUTION = 1024;

/**
 * Current names for the tensors of a checkpoint that may use the old ones (`features.{i−1}`,
 * `output`).
 */
function currentNames(state: State): State {
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

/** As published. */
const PUBLISHED: ProganStyle = { activation: "leaky", normed: () => true };

/** By a tensor that only files of theirs have. */
const LAYOUTS: readonly (readonly [key: string, layoutOf: (file: GeneratorFile) => ProganLayout])[] = [
  ["4x4/Dense/weight", tensorflowLayout],
  ["param_values.0", theanoLayout],
  ["formatLayer.module.weight", zooLayout],
];

/**
 * A Progressive GAN generator (Karras et al. 2018): the published PyTorch port's files, NVIDIA's
 * pickles of Theano and TensorFlow, and the GAN zoo's.
 */
export const PROGAN = {
  name: "a Progressive GAN generator",
  keys: [
    "layer1.conv.weight",
    "features.0.conv.weight",
    "4x4/Dense/weight",
    "param_values.0",
    "formatLayer.module.weight",
  ],
  options: ["clamp", "lod"],
  network: (file: Pick<GeneratorFile, "tensors"> & Partial<GeneratorFile>, options: GeneratorOptions) => {
    const named = { attributes: new Map(), ...file, tensors: currentNames(file.tensors) };
    const { tensors } = named;
    const layoutOf = LAYOUTS.find(([key]) => tensors.has(key))?.[1] ?? gandissectLayout;
    const layout = layoutOf(named);
    return proganNetwork(layout, layout.style ?? PUBLISHED, options);
  },
} as const satisfies GeneratorFamily;

/**
 * The network of a layout.
 * @throws WeightsError naming what is missing, mis-shaped or unexpected; UsageError for a level of
 *   detail that it has not.
 */
export function proganNetwork(layout: ProganLayout, style: ProganStyle, options: GeneratorOptions): Network {
  const { zSize, classes, widths, state } = layout;
  if (widths.length === 0) {
    throw new WeightsError(
      "weights-shape",
      "A Progressive GAN generator begins in this file, and none of its layers of 4×4 pixels is there.",
      "Check that the file is complete.",
    );
  }
  const resolution = 4 * 2 ** (widths.length - 1);
  if (resolution > MAX_RESOLUTION) {
    throw new WeightsError(
      "weights-shape",
      `A ${resolution}×${resolution} generator is not supported.`,
      "The largest published one is 1024×1024.",
    );
  }
  const { lod = layout.lod } = options;
  const most = layout.single ? 0 : widths.length - 1;
  if (typeof lod !== "number" || !(lod >= 0 && lod <= most)) {
    throw new UsageError(
      `There is no level of detail ${lod}.`,
      most > 0
        ? `Give one from 0, the full size, to ${most}, 4×4 pixels.`
        : "Leave `lod` out: there is one size alone.",
    );
  }
  const described = `a ${resolution}×${resolution} Progressive GAN with sizes [${[zSize, ...widths]}]`;
  const labels = classes > 0 ? ` of ${classes} classes` : "";
  const build = (build: Build): void => progan(build, { ...layout, lod, clamped: options.clamp ?? false }, style);
  // Images of smaller sizes than the full one are made while it grows.
  const ignored = (key: string): boolean =>
    /^(toRGBLayers\.|ToRGB_lod|Glod\d|toplevel_params\.|lod$)|num_batches_tracked$/.test(key);
  return networkOf({ name: "Progressive GAN", described: described + labels, build, ignored }, state);
}

function progan(
  { graph, state, input, layer, output }: Build,
  layout: ProganLayout & { readonly clamped: boolean },
  { activation, normed }: ProganStyle,
): void {
  const { zSize, classes, widths, channels, lod } = layout;
  const z = input({ name: "z", height: 1, width: 1, channels: zSize, draw: "normal" });
  const label =
    classes > 0 ? input({ name: "label", height: 1, width: 1, channels: classes, draw: "class" }) : undefined;
  const norm = (x: Value, i: number): Value => (normed(i) ? pixelnorm(graph, x) : x);
  let x: Lazy = label ? () => behind(graph, z(), label()) : z;
  // The features that each size's image is made of.
  const last: Lazy[] = [];
  widths.forEach((width, step) => {
    for (const i of [2 * step + 1, 2 * step + 2]) {
      const before = x;
      x = layer(`layer${i}`, () => {
        const value = norm(before(), i);
        const shape = [width, value.channels] as const;
        if (i === 1) return dense(graph, value, layout.first(state, shape), width, activation);
        const upsampled = i % 2 === 1;
        const filter = filterOf(`layer${i}`, layout.convolution(state, i, shape), shape, 3);
        return conv(graph, value, filter, { pad: 1, upsample: upsampled, activation });
      });
    }
    last.push(x);
  });
  /** The image at a step, as it is. */
  const rgb = (step: number, options: ConvOptions & { readonly share?: number } = {}): Value => {
    const { share = 1, ...rest } = options;
    const value = norm(last[step]!(), 0);
    const shape = [channels, value.channels] as const;
    const own = layout.rgb(state, step, shape);
    const name = share === 1 ? `rgb${step}` : `rgb${step}*${share}`;
    return conv(graph, value, filterOf(name, shared(own, share), shape, 1), rest);
  };
  // Of two sizes the smaller has the share `old`; what is smaller than both is not seen.
  const top = widths.length - 1;
  const step = top - Math.floor(lod);
  const old = step > 0 ? lod - Math.floor(lod) : 0;
  const edge = 4 * 2 ** top;
  const made = layer(`output_${edge}x${edge}`, () => {
    let image =
      old > 0 ? rgb(step, { share: 1 - old, residual: upsample(graph, rgb(step - 1, { share: old })) }) : rgb(step);
    for (let up = step; up < top; up += 1) image = upsample(graph, image);
    return layout.clamped ? clamp(graph, image) : image;
  });
  output("image", "image", made);
}

/** A share of what a convolution makes. */
const shared = ({ weight, scale, bias }: Convolution, share: number): Convolution => {
  const part = ({ sources, of }: Convolution["scale"]) => ({
    sources,
    of: (arrays: Parameters<typeof of>[0]) => Float64Array.from(of(arrays), (value) => value * share),
  });
  return share === 1 ? { weight, scale, bias } : { weight, scale: part(scale), bias: part(bias) };
};

const filterOf = (
  label: string,
  convolution: Convolution,
  [outChannels, inChannels]: readonly [out: number, into: number],
  kernel: number,
): Filter => ({ label, outChannels, inChannels, kernel, ...convolution });

/**
 * z with the class behind it, which are normalised together: 1×1 convolutions put both in place.
 */
function behind(graph: Graph, z: Value, label: Value): Value {
  const into = z.channels + label.channels;
  const placed = (name: string, { channels }: Value, first: number): Filter => ({
    label: `${name} at ${first} of ${into}`,
    inChannels: channels,
    outChannels: into,
    kernel: 1,
    scale: constant(1, into),
    bias: constant(0, into),
    weight: {
      sources: [],
      of: () => {
        const weight = new Float32Array(into * channels);
        for (let i = 0; i < channels; i += 1) weight[(first + i) * channels + i] = 1;
        return weight;
      },
    },
  });
  return conv(graph, z, placed("z", z, 0), { residual: conv(graph, label, placed("label", label, z.channels)) });
}

/** layer1, a dense layer from z to 4×4 pixels: a 1×1 convolution to 16 × channels. */
function dense(
  graph: Graph,
  z: Value,
  { weight, scale, bias }: Convolution,
  channels: number,
  activation: ProganStyle["activation"],
): Value {
  const zSize = z.channels;
  const stored = padded(channels); // one pixel's row, so that the result is a feature map in memory
  const outChannels = 16 * stored;
  const each = (numbers: ArrayLike<number>): Float64Array =>
    Float64Array.from({ length: outChannels }, (_, at) => {
      const [pixel, channel] = [Math.floor(at / stored), at % stored];
      if (channel >= channels) return 0;
      return numbers[numbers.length === channels ? channel : channel * 16 + pixel]!;
    });
  const filter: Filter = {
    label: "layer1",
    inChannels: zSize,
    outChannels,
    kernel: 1,
    weight: {
      sources: weight.sources,
      of: (arrays) => {
        const from = weight.of(arrays);
        const rows = new Float32Array(outChannels * zSize);
        for (let pixel = 0; pixel < 16; pixel += 1) {
          for (let o = 0; o < channels; o += 1) {
            for (let i = 0; i < zSize; i += 1) {
              rows[(pixel * stored + o) * zSize + i] = from[(o * zSize + i) * 16 + pixel]!;
            }
          }
        }
        return rows;
      },
    },
    scale: { sources: scale.sources, of: (arrays) => each(scale.of(arrays)) },
    bias: { sources: bias.sources, of: (arrays) => each(bias.of(arrays)) },
  };
  const y = conv(graph, z, filter, { activation });
  return graph.view(y, "layer1", [z.shape[0]!, 4, 4, stored], channels);
}
