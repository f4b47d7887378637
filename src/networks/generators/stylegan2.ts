import { WeightsError } from "../../errors.ts";
import { conv } from "../../kernels/conv/conv.ts";
import { type Demodulation, demodulate } from "../../kernels/conv/demodulate.ts";
import { constant, type Filter, type Learned } from "../../kernels/conv/filter.ts";
import { upconv } from "../../kernels/conv/upconv.ts";
import { area } from "../../kernels/conv/window.ts";
import { type Fir, fir } from "../../kernels/maps/fir.ts";
import { inverseRoot, modulate } from "../../kernels/maps/modulate.ts";
import { clamp } from "../../kernels/maps/pointwise.ts";
import type { Value } from "../../runtime/graph.ts";
import { learned, vectorOf } from "../filters.ts";
import { type Build, type Lazy, networkOf, once } from "../network.ts";
import { need } from "../recording.ts";
import type { State } from "../state.ts";
import type { GeneratorFamily } from "./family.ts";
import { averageOf, layersOf, type Mapping, mapping, rowOf, truncated, W, W_PLUS } from "./stylegan-mapping.ts";
import { noiseOf } from "./stylegan-noise.ts";
import {
  checkActivations,
  convClampOf,
  mappingRate,
  optionsOf,
  type StyleGanOptions,
  warnOfAverage,
} from "./stylegan-options.ts";
import { constantMap, dense, scaled } from "./stylegan-parts.ts";
import { adaNames } from "./stylegan2-names.ts";

/** Published sizes run from 32 to 1024 pixels. */
const MAX_RESOLUTION = 1024;

/** Added to a demodulation's sum of squares. */
const EPSILON = 1e-8;

interface StyleGan2 extends StyleGanOptions {
  readonly resolution: number;
  readonly mapping: Mapping;
  readonly average: Learned;
  /** Maps are clamped to ± this. */
  readonly bound: number | undefined;
}

/**
 * A StyleGAN2 generator (Karras et al. 2020), as TensorFlow, ADA or rosinality's port wrote it:
 * with the skips of images, residual blocks, or neither.
 */
export const STYLEGAN2: GeneratorFamily = {
  name: "a StyleGAN2 generator",
  keys: ["synthesis.b4.const", "synthesis/4x4/Conv/mod_weight", "convs.0.conv.modulation.weight"],
  options: ["clamp", "truncation", "cutoff", "noise", "convClamp"],
  network: (file, options) => {
    const state = adaNames(file.tensors);
    const resolution = resolutionOf(state);
    // Leaky ReLU is followed by √2, which is in what is before it.
    const gains = { gain: Math.SQRT2, biasGain: Math.SQRT2 };
    const mapping = { layers: layersOf(state), rate: mappingRate(file.attributes), ...gains };
    checkActivations(file.attributes);
    const asked = optionsOf(options);
    warnOfAverage({ ...file, tensors: state }, asked);
    const bound = convClampOf(file, options);
    const noise = file.attributes.get("synthesis.b4.conv1.use_noise") === false ? "none" : asked.noise;
    const what = { ...asked, resolution, mapping, average: averageOf(state, mapping), noise, bound };
    const described = `a ${resolution}×${resolution} StyleGAN2 generator (by the names of NVIDIA's PyTorch files)`;
    const build = (build: Build): void => stylegan2(build, what);
    return networkOf({ name: "StyleGAN2", described, ignored, build }, state);
  },
};

/** What not every way to run a file needs; `lod` is TensorFlow's, of growing. */
const ignored = (key: string): boolean =>
  /^mapping\.w_avg$|^lod$|\.(resample_filter|noise_const|noise_strength)$/.test(key);

/** The largest of the blocks. */
function resolutionOf(state: State): number {
  let resolution = 4;
  const blocks = [...state.keys()].flatMap((key) => /^synthesis\.b(\d+)\.conv1\.weight$/.exec(key)?.[1] ?? []);
  for (const block of blocks.map(Number)) resolution = Math.max(resolution, block);
  if (Number.isInteger(Math.log2(resolution)) && resolution <= MAX_RESOLUTION) return resolution;
  throw new WeightsError(
    "weights-shape",
    `A ${resolution}×${resolution} generator is not supported.`,
    "Sizes are powers of two; the largest published one is 1024×1024.",
  );
}

function stylegan2(build: Build, what: StyleGan2): void {
  const { state, layer, output } = build;
  const { resolution } = what;
  const rows = 2 * Math.log2(resolution) - 2;
  const w = layer("w", mapping(build, what.mapping), W);
  const ws = layer("w+", () => truncated(build, w(), rows, what, what.average), W_PLUS);
  const synthesis = new Synthesis(build, what, ws);
  let x: Lazy = () => {
    const [channels = 1] = need(state, "synthesis.b4.const", [undefined, 4, 4]);
    return constantMap(build.graph, "synthesis.b4.const", channels);
  };
  let image: Lazy | undefined;
  for (let edge = 4; edge <= resolution; edge *= 2) {
    const block = `b${edge}`;
    const index = edge === 4 ? 0 : 2 * Math.log2(edge) - 5;
    const [before, residual] = [x, state.has(`synthesis.${block}.skip.weight`)];
    if (edge > 4) x = synthesis.conv({ block, name: "conv0", index, x });
    const last = edge === 4 ? index : index + 1;
    x = synthesis.conv({ block, name: "conv1", index: last, x, gain: residual ? Math.SQRT1_2 : 1 });
    if (residual) x = synthesis.residual(block, before, x);
    if (image || edge === resolution || state.has(`synthesis.${block}.torgb.weight`)) {
      image = synthesis.torgb(block, last + 1, x, image);
    }
  }
  const made = image!;
  output("image", "image", () => (what.clamped ? clamp(build.graph, made()) : made()), { range: "-1..1" });
}

/** Edge of noise map K: one at 4×4, two at every further size. */
const noiseEdge = (index: number): number => 2 ** Math.floor((index + 5) / 2);

interface StyledConv {
  /** `b8` */
  readonly block: string;
  readonly name: "conv0" | "conv1";
  /** Of its noise map and its w. */
  readonly index: number;
  readonly x: Lazy;
  /** What its results are multiplied by; √½ before they are added to a residual. */
  readonly gain?: number;
}

/** The parts of a synthesis network. */
class Synthesis {
  readonly #build: Build;
  readonly #what: StyleGan2;
  readonly #ws: Lazy;
  readonly #noise: ReturnType<typeof noiseOf> | undefined;

  constructor(build: Build, what: StyleGan2, ws: Lazy) {
    this.#build = build;
    this.#what = what;
    this.#ws = ws;
    this.#noise = what.noise === "none" ? undefined : noiseOf(what.noise, noiseEdge);
  }

  /** A layer's style [n, 1, 1, c] from row `row` of w. */
  #style(block: string, name: string, row: number, channels: () => number, gain = () => 1): Lazy {
    const { graph, state, layer } = this.#build;
    const make = (): Value => {
      const key = `synthesis.${block}.${name}.affine`;
      return dense(graph, state, rowOf(graph, this.#ws(), row), { key, gain: gain(), channels: channels() });
    };
    return layer(`style.${block}.${name}`, make, { vector: true });
  }

  /** A modulated 3×3 convolution with all that follows it; `conv0` doubles the map's edges. */
  conv({ block, name, index, x, gain = 1 }: StyledConv): Lazy {
    const { graph, state, layer } = this.#build;
    const key = `synthesis.${block}.${name}`;
    const inputs = () => need(state, `${key}.weight`, [undefined, undefined, 3, 3])[1]!;
    const style = this.#style(block, name, index, inputs);
    return layer(`layer${index + 2}`, () => {
      const map = x();
      const [outChannels = 1] = need(state, `${key}.weight`, [undefined, map.channels, 3, 3]);
      const filter: Filter = {
        label: key,
        inChannels: map.channels,
        outChannels,
        kernel: 3,
        weight: learned(state, `${key}.weight`, [outChannels, map.channels, 3, 3]),
        scale: constant(1, outChannels),
        bias: constant(0, outChannels),
      };
      const s = style();
      const after = this.#demodulation(filter, s, index, gain);
      const modulated = modulate(graph, map, s);
      if (name === "conv0") return upconv(graph, modulated, filter, this.#filter(key), after);
      return demodulate(graph, key, conv(graph, modulated, filter, { pad: 1 }), after);
    });
  }

  /**
   * What follows a convolution by weights that all images share. Leaky ReLU's √2 and the gain are
   * in all that it adds up.
   */
  #demodulation(filter: Filter, style: Value, index: number, gain: number): Demodulation {
    const { graph, state } = this.#build;
    const { label: key, outChannels } = filter;
    const factor = Math.SQRT2 * gain;
    const sums = conv(graph, modulate(graph, style, style), squares(filter));
    const bias = scaled(learned(state, `${key}.bias`, [outChannels]), factor);
    const map = this.#noise?.(state, `${key}.noise_const`, index);
    const strength = map && broadcast(learned(state, `${key}.noise_strength`, []), outChannels, factor);
    const { bound } = this.#what;
    return {
      d: inverseRoot(graph, sums, factor),
      bias: vectorOf(graph, `${key}.bias.gained`, bias, outChannels),
      noise: map && {
        map: vectorOf(graph, `${key}.noise`, map, noiseEdge(index) ** 2),
        strength: vectorOf(graph, `${key}.noise_strength`, strength!, outChannels),
      },
      leaky: true,
      bound: bound === undefined ? undefined : bound * gain,
    };
  }

  /** A residual block's sum: its input, mixed and upsampled, and what its convolutions made. */
  residual(block: string, before: Lazy, after: Lazy): Lazy {
    const { graph, state } = this.#build;
    const key = `synthesis.${block}.skip`;
    return once(() => {
      const [x, y] = [before(), after()];
      const filter: Filter = {
        label: key,
        inChannels: x.channels,
        outChannels: y.channels,
        kernel: 1,
        weight: learned(state, `${key}.weight`, [y.channels, x.channels, 1, 1]),
        scale: constant(Math.SQRT1_2 / Math.sqrt(x.channels), y.channels),
        bias: constant(0, y.channels),
      };
      return this.#up(conv(graph, x, filter), key, y);
    });
  }

  /** The image so far, upsampled, and what a block adds to it. */
  torgb(block: string, row: number, x: Lazy, image: Lazy | undefined): Lazy {
    const { graph, state } = this.#build;
    const key = `synthesis.${block}.torgb`;
    const inputs = () => need(state, `${key}.weight`, [undefined, undefined, 1, 1])[1]!;
    const scale = () => 1 / Math.sqrt(inputs());
    const style = this.#style(block, "torgb", row, inputs, scale);
    return once(() => {
      // First, so that the smaller map need not be kept while the larger one is made.
      const before = image?.();
      const map = x();
      const [outChannels = 1] = need(state, `${key}.weight`, [undefined, map.channels, 1, 1]);
      const filter: Filter = {
        label: key,
        inChannels: map.channels,
        outChannels,
        kernel: 1,
        weight: learned(state, `${key}.weight`, [outChannels, map.channels, 1, 1]),
        scale: constant(1, outChannels),
        bias: learned(state, `${key}.bias`, [outChannels]),
      };
      const rgb = conv(graph, modulate(graph, map, style()), filter);
      const { bound } = this.#what;
      const clamped = bound === undefined ? rgb : clamp(graph, rgb, bound);
      return before ? this.#up(before, `synthesis.${block}`, clamped) : clamped;
    });
  }

  /** Upsampled ×2 by a block's filter. */
  #up(x: Value, key: string, addend: Value): Value {
    const [, height = 1, width = 1] = x.shape;
    const move = { up: 2, down: 1, before: 2, addend };
    return fir(this.#build.graph, x, this.#filter(key), [2 * height, 2 * width], move);
  }

  /**
   * A block's filter of 4×4 taps, that of its file or the usual one, as a correlation; times four,
   * since an upsampled map is a quarter full.
   */
  #filter(key: string): Fir {
    const { state } = this.#build;
    const name = `${key}.resample_filter`;
    const kernel: Learned = state.has(name)
      ? { ...learned(state, name, [4, 4]), of: ([taps]) => Array.from(taps!, (tap) => 4 * tap).reverse() }
      : { sources: [], of: () => USUAL.flatMap((a) => USUAL.map((b) => (4 * a * b) / 64)) };
    return { label: key, taps: 4, kernel };
  }
}

/** [1, 3, 3, 1], the filter of all published files. */
const USUAL = [1, 3, 3, 1];

/** One number for all channels, times a factor. */
const broadcast = ({ sources, of }: Learned, channels: number, factor: number): Learned => ({
  sources,
  of: (found) => new Float64Array(channels).fill(of(found)[0]! * factor),
});

/** A filter's sums of squares over its taps, as a filter of 1×1 taps of a style's squares. */
function squares({ label, inChannels, outChannels, kernel, weight }: Filter): Filter {
  const taps = area(kernel);
  return {
    label: `${label}.squares`,
    inChannels,
    outChannels,
    kernel: 1,
    weight: {
      sources: weight.sources,
      of: (sources) => {
        const w = weight.of(sources);
        return Float64Array.from({ length: inChannels * outChannels }, (_, at) => {
          let sum = 0;
          for (let tap = at * taps; tap < (at + 1) * taps; tap += 1) sum += w[tap]! * w[tap]!;
          return sum;
        });
      },
    },
    scale: constant(1, outChannels),
    bias: constant(EPSILON, outChannels),
  };
}
