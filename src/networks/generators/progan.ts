import { WeightsError } from "../../errors.ts";
import { conv } from "../../kernels/conv.ts";
import { type EditOptions, type EditValues, edit } from "../../kernels/edit.ts";
import { constant, type Learned } from "../../kernels/filter.ts";
import { clamp, pixelnorm } from "../../kernels/pointwise.ts";
import { type Graph, padded, type Value } from "../../runtime/graph.ts";
import { checkShapes, type State } from "../state.ts";

/** One block of the generator: its output is what is retained, thresholded and edited. */
export interface LayerInfo {
  readonly name: string;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** A Progressive GAN generator's architecture (Karras et al. 2018; layout of the published PyTorch port, spec §1.1). */
export interface ProganConfig {
  /** Length of z. */
  readonly zSize: number;
  /** [z, channels at 4×4, at 8×8, …]. */
  readonly sizes: readonly number[];
  readonly resolution: number;
  /** layer1 … layerK and the RGB output. */
  readonly layers: readonly LayerInfo[];
}

/** Published sizes run from 4 to 1024 pixels. */
const MAX_RESOLUTION = 1024;

/** Current names for the tensors of a checkpoint that may use the old ones (`features.{i−1}`, `output`). */
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
 * Reads the architecture off the tensors.
 * @throws WeightsError `weights-shape` when they are not a Progressive GAN's, naming what is missing or wrong.
 */
export function inferProgan(state: State): ProganConfig {
  const first = state.get("layer1.conv.weight")?.shape;
  if (first?.length !== 4) {
    const found = [...state.keys()].slice(0, 4).join(", ");
    throw new WeightsError(
      "weights-shape",
      `This is not a Progressive GAN generator: it has no layer1.conv.weight (it holds ${found || "no tensors"}).`,
      "Expected names are layer1.conv.weight, layer1.wscale.b, … output_RxR.conv.weight (or the older features.0.…).",
    );
  }
  const channels: number[] = [];
  for (let i = 1; ; i += 1) {
    const shape = state.get(`layer${i}.conv.weight`)?.shape;
    if (!shape) break;
    channels.push(shape[0] ?? 0);
  }
  const zSize = first[1]!;
  const sizes = [zSize, ...channels.filter((_, index) => index % 2 === 0)];
  const resolution = 4 * 2 ** (Math.ceil(channels.length / 2) - 1);
  const output = `output_${resolution}x${resolution}`;
  const expected = new Map<string, readonly number[]>();
  const layers: LayerInfo[] = [];
  // Blocks come in pairs of one resolution and width; an odd count means that the file lacks one.
  const blocks = 2 * Math.ceil(channels.length / 2);
  for (let i = 1; i <= blocks; i += 1) {
    const out = sizes[Math.ceil(i / 2)]!;
    const into = i === 1 ? zSize : sizes[i % 2 === 0 ? i / 2 : (i - 1) / 2]!;
    const kernel = i === 1 ? 4 : 3;
    const extent = 4 * 2 ** (Math.ceil(i / 2) - 1);
    expected.set(`layer${i}.conv.weight`, [out, into, kernel, kernel]);
    expected.set(`layer${i}.wscale.b`, [out]);
    layers.push({ name: `layer${i}`, channels: out, height: extent, width: extent });
  }
  const last = sizes.at(-1)!;
  expected.set(`${output}.conv.weight`, [3, last, 1, 1]);
  expected.set(`${output}.wscale.b`, [3]);
  layers.push({ name: output, channels: 3, height: resolution, width: resolution });
  checkShapes(`a ${resolution}×${resolution} Progressive GAN with sizes [${sizes}]`, state, expected);
  if (resolution > MAX_RESOLUTION) {
    throw new WeightsError(
      "weights-shape",
      `A ${resolution}×${resolution} generator is not supported.`,
      "The largest published one is 1024×1024.",
    );
  }
  return { zSize, sizes, resolution, layers };
}

export interface ProganOptions {
  /** Clamp the image to [−1, 1] (off in gandissect, whose consumers clamp). */
  readonly clamp?: boolean;
  /** Layers to intervene in, and how. */
  readonly edit?: ReadonlyMap<string, EditOptions>;
  /** Start behind this layer: the input is its output, before any edit. */
  readonly from?: string;
  /** Stop after this layer: no image is made. */
  readonly until?: string;
}

/** The named values of a generator's graph. */
export interface ProganValues {
  /** What it starts with: z [n, 1, 1, zSize], or the features [n, h, w, c] of the layer `from`. */
  readonly input: Value;
  /** Every layer's output [n, h, w, c] before any edit, as far as it is computed or given: after LeakyReLU, before the next pixelnorm. */
  readonly layers: ReadonlyMap<string, Value>;
  readonly edits: ReadonlyMap<string, EditValues>;
  /** [n, R, R, 3], nominally in [−1, 1]; absent with `until`. */
  readonly image?: Value;
}

/**
 * Appends the generator, or its part between two layers, to a graph for `batch` images. From a layer on it computes what it
 * computes as a whole, to the bit.
 */
export function progan(graph: Graph, config: ProganConfig, batch: number, options: ProganOptions = {}): ProganValues {
  const { from, until } = options;
  const layers = new Map<string, Value>();
  const edits = new Map<string, EditValues>();
  const given = config.layers.find(({ name }) => name === from);
  const input = given
    ? graph.map(given.name, batch, given.height, given.width, given.channels)
    : graph.map("z", batch, 1, 1, config.zSize);
  let x = input;
  for (const layer of given ? config.layers.slice(config.layers.indexOf(given)) : config.layers) {
    const { name } = layer;
    let y = layer === given ? input : block(graph, config, x, layer, options.clamp ?? false);
    layers.set(name, y);
    if (name === until) return { input, layers, edits };
    const how = options.edit?.get(name);
    if (how) {
      const edited = edit(graph, y, how);
      edits.set(name, edited.values);
      y = edited.y;
    }
    x = y;
  }
  return { input, layers, edits, image: x };
}

/** One layer's output from the one's before it. */
function block(graph: Graph, config: ProganConfig, x: Value, layer: LayerInfo, clamped: boolean): Value {
  const { name, channels, height, width } = layer;
  const normed = pixelnorm(graph, x);
  if (name === "layer1") return dense(graph, normed, { zSize: config.zSize, channels, batch: x.shape[0]! });
  const output = name.startsWith("output");
  const inChannels = x.channels;
  // wscale multiplies by gain / sqrt(fan in), fan in = input channels; gain = √2 / 3 for 3×3 blocks, 1 for the output.
  const factor = (output ? 1 : Math.SQRT2 / 3) / Math.sqrt(inChannels);
  const weight: Learned = { sources: [`${name}.conv.weight`], of: ([w]) => w! };
  const bias: Learned = { sources: [`${name}.wscale.b`], of: ([b]) => b! };
  const y = conv(
    graph,
    normed,
    {
      label: name,
      inChannels,
      outChannels: channels,
      kernel: output ? 1 : 3,
      weight,
      bias,
      scale: constant(factor, channels),
    },
    { pad: output ? 0 : 1, upsample: !output && height > x.shape[1]!, activation: output ? "none" : "leaky" },
  );
  if (y.shape[1] !== height || y.shape[2] !== width) throw new Error(`${name} came out as [${y.shape}].`);
  return output && clamped ? clamp(graph, y) : y;
}

/**
 * layer1: a 4×4 kernel over a 1×1 input padded by 3 is a dense layer with spatially flipped weights,
 * out[o,y,x] = s Σ_i W[o,i,3−y,3−x] z_i + b_o (spec §1.1): a 1×1 convolution to 16 × channels.
 */
function dense(
  graph: Graph,
  z: Value,
  { zSize, channels, batch }: { readonly zSize: number; readonly channels: number; readonly batch: number },
): Value {
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
        sources: ["layer1.conv.weight"],
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
        sources: ["layer1.wscale.b"],
        of: ([b]) => Float32Array.from({ length: 16 * stored }, (_, at) => b![at % stored] ?? 0),
      },
    },
    { activation: "leaky" },
  );
  return graph.view(y, "layer1", [batch, 4, 4, stored], channels);
}
