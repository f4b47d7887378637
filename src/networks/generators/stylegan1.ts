import { UsageError, WeightsError } from "../../errors.ts";
import { type ConvOptions, conv } from "../../kernels/conv/conv.ts";
import { demodulate } from "../../kernels/conv/demodulate.ts";
import { constant, type Filter } from "../../kernels/conv/filter.ts";
import { type Fir, fir } from "../../kernels/maps/fir.ts";
import { instancenorm } from "../../kernels/maps/instancenorm.ts";
import { modulate } from "../../kernels/maps/modulate.ts";
import { clamp } from "../../kernels/maps/pointwise.ts";
import { slice } from "../../kernels/maps/resample.ts";
import { upsample } from "../../kernels/maps/separable.ts";
import { padded, type Value } from "../../runtime/graph.ts";
import { learned, vectorOf } from "../filters.ts";
import { type Build, type Lazy, networkOf, once } from "../network.ts";
import { need } from "../recording.ts";
import type { State } from "../state.ts";
import type { GeneratorFamily } from "./family.ts";
import { averageOf, layersOf, type Mapping, mapping, rowOf, truncated, W, W_PLUS } from "./stylegan-mapping.ts";
import { noiseOf } from "./stylegan-noise.ts";
import { checkActivations, mappingRate, optionsOf, type StyleGanOptions, warnOfAverage } from "./stylegan-options.ts";
import { constantMap, dense, scaled } from "./stylegan-parts.ts";
import { fusedOf, styleGanNames } from "./stylegan1-names.ts";

/** Published sizes run to 1024 pixels. */
const MAX_RESOLUTION = 1024;

/** Added to an instance norm's variance. */
const EPSILON = 1e-8;

interface StyleGan extends StyleGanOptions {
  readonly resolution: number;
  readonly mapping: Mapping;
  readonly state: State;
  readonly lod: number;
}

/** A StyleGAN generator (Karras et al. 2019), as TensorFlow wrote it. */
export const STYLEGAN1: GeneratorFamily = {
  name: "a StyleGAN generator",
  keys: ["synthesis/4x4/Conv/StyleMod/weight"],
  options: ["clamp", "truncation", "cutoff", "noise", "lod"],
  network: (file, options) => {
    const { attributes } = file;
    const state = styleGanNames(file.tensors, fusedOf(attributes));
    const resolution = resolutionOf(state);
    const top = Math.log2(resolution) - 2;
    const { lod = Number(attributes.get("lod") ?? 0) } = options;
    if (typeof lod !== "number" || !(lod >= 0 && lod <= top)) {
      throw new UsageError(
        `There is no level of detail ${lod}.`,
        `Give one from 0, the full size, to ${top}, 4×4 pixels.`,
      );
    }
    checkActivations(attributes);
    const asked = optionsOf(options);
    warnOfAverage({ ...file, tensors: state }, asked);
    // √2 is in the weights' gain, not behind leaky ReLU.
    const mapping = { layers: layersOf(state), rate: mappingRate(attributes), gain: Math.SQRT2, biasGain: 1 };
    const what = { ...asked, resolution, mapping, state, lod };
    const described = `a ${resolution}×${resolution} StyleGAN generator`;
    // Images of smaller sizes than the full one are made while it grows.
    const ignored = (key: string): boolean =>
      /^mapping\.w_avg$|(^|\.)lod$|\.ToRGB_lod|\.noise\d+$|\.Noise\.weight$/.test(key);
    return networkOf({ name: "StyleGAN", described, ignored, build: (build) => stylegan(build, what) }, state);
  },
};

function resolutionOf(state: State): number {
  let resolution = 4;
  for (const key of state.keys()) {
    resolution = Math.max(resolution, Number(/^synthesis\.(\d+)x\1\.Conv1\.weight$/.exec(key)?.[1] ?? 4));
  }
  if (Number.isInteger(Math.log2(resolution)) && resolution <= MAX_RESOLUTION) return resolution;
  throw new WeightsError(
    "weights-shape",
    `A ${resolution}×${resolution} generator is not supported.`,
    "Sizes are powers of two; the largest published one is 1024×1024.",
  );
}

/** Edge of noise map K: two at every size. */
const noiseEdge = (index: number): number => 4 * 2 ** Math.floor(index / 2);

/** [1, 2, 1] along both axes. */
const BLUR: Fir = {
  label: "blur",
  taps: 3,
  kernel: { sources: [], of: () => [1, 2, 1].flatMap((a) => [1, 2, 1].map((b) => (a * b) / 16)) },
};

function stylegan(build: Build, what: StyleGan): void {
  const { graph, state, layer, output } = build;
  const { resolution } = what;
  const top = Math.log2(resolution) - 2;
  const rows = 2 * top + 2;
  const w = layer("w", mapping(build, what.mapping), W);
  const average = averageOf(state, what.mapping);
  const ws = layer("w+", () => truncated(build, w(), rows, what, average), W_PLUS);
  const noise = what.noise === "none" ? undefined : noiseOf(what.noise, noiseEdge);
  /** What follows a convolution, which is the layer, and its style. */
  const styled = (part: string, index: number, sums: Lazy): Lazy => {
    const key = `synthesis.${part}`;
    const activated = layer(`layer${index + 1}`, () => {
      const x = sums();
      const { channels } = x;
      const map = noise?.(state, `synthesis.noise${index}`, index);
      return demodulate(graph, key, x, {
        bias: vectorOf(graph, `${key}.bias.added`, learned(state, `${key}.bias`, [channels]), channels),
        noise: map && {
          map: vectorOf(graph, `${key}.noise`, map, noiseEdge(index) ** 2),
          strength: vectorOf(graph, `${key}.strength`, learned(state, `${key}.Noise.weight`, [channels]), channels),
        },
        leaky: true,
      });
    });
    const channels = () => need(state, `${key}.bias`, [undefined])[0]!;
    const style = layer(`style.${nameOf(part)}`, () => styleOf(build, ws(), index, key, channels()), { vector: true });
    return once(() => {
      const x = instancenorm(graph, activated(), EPSILON);
      return modulate(graph, x, slice(graph, style(), 0, x.channels), slice(graph, style(), x.channels, x.channels));
    });
  };
  const start = (): Value => {
    const [channels = 1] = need(state, "synthesis.4x4.Const.const", [undefined, 4, 4]);
    // As many as there are images.
    const n = ws().shape[0]!;
    const ones = graph.parameter(`ones.${n}`, [n, 1, 1, padded(channels)], [], () => onesOf(n, channels));
    return modulate(graph, constantMap(graph, "synthesis.4x4.Const.const", channels), { ...ones, channels });
  };
  let x = styled("4x4.Const", 0, start);
  const blocks: Lazy[] = [];
  for (let step = 0; step <= top; step += 1) {
    const edge = `${4 * 2 ** step}x${4 * 2 ** step}`;
    const before = x;
    if (step > 0) x = styled(`${edge}.Conv0_up`, 2 * step, () => upsampled(build, `${edge}.Conv0_up`, before()));
    const [inner, name] = [x, step > 0 ? `${edge}.Conv1` : `${edge}.Conv`];
    x = styled(name, 2 * step + 1, () => convolved(build, name, inner(), { gain: Math.SQRT2 }, { pad: 1 }));
    blocks.push(x);
  }
  const image = imageOf(build, blocks, what.lod);
  output("image", "image", () => (what.clamped ? clamp(graph, image()) : image()), { range: "-1..1" });
}

/** `b8.conv0` for `8x8.Conv0_up`. */
const nameOf = (part: string): string => {
  const [edge = "", name = ""] = part.split(".");
  return `b${Number.parseInt(edge, 10)}.${name.toLowerCase().replace("_up", "")}`;
};

/** A layer's style [n, 1, 1, 2 c]: factors, then summands. */
function styleOf({ graph, state }: Build, ws: Value, row: number, key: string, channels: number): Value {
  return dense(graph, state, rowOf(graph, ws, row), { key: `${key}.StyleMod`, channels: 2 * channels });
}

/** Ones in the first channels of n vectors. */
function onesOf(n: number, channels: number): Float32Array {
  const stored = padded(channels);
  return Float32Array.from({ length: n * stored }, (_, at) => (at % stored < channels ? 1 : 0));
}

interface Sums {
  /** What weights are multiplied by besides 1 / √fan in. */
  readonly gain: number;
  /** What the result is multiplied by. */
  readonly share?: number;
  readonly biased?: boolean;
}

/** A convolution of 3×3 where it is padded, and of 1×1 where it is not. */
function convolved({ graph, state }: Build, part: string, x: Value, sums: Sums, options: ConvOptions): Value {
  const { gain, share = 1, biased = false } = sums;
  const key = `synthesis.${part}`;
  const kernel = options.pad === 1 ? 3 : 1;
  const [outChannels = 1] = need(state, `${key}.weight`, [undefined, x.channels, kernel, kernel]);
  const filter: Filter = {
    label: share === 1 ? key : `${key}*${share}`,
    inChannels: x.channels,
    outChannels,
    kernel,
    weight: learned(state, `${key}.weight`, [outChannels, x.channels, kernel, kernel]),
    scale: constant((gain * share) / Math.sqrt(kernel * kernel * x.channels), outChannels),
    bias: biased ? scaled(learned(state, `${key}.bias`, [outChannels]), share) : constant(0, outChannels),
  };
  return conv(graph, x, filter, options);
}

/** Twice the size by nearest neighbours, convolved, and blurred. */
function upsampled(build: Build, part: string, x: Value): Value {
  const [, height = 1, width = 1] = x.shape;
  const y = convolved(build, part, x, { gain: Math.SQRT2 }, { pad: 1, upsample: true });
  return fir(build.graph, y, BLUR, [2 * height, 2 * width], { up: 1, down: 1, before: 1 });
}

/**
 * The image of the last block or, of a level of detail, of an earlier one and partly of the one
 * before it, by nearest neighbours at the full size.
 */
function imageOf(build: Build, blocks: readonly Lazy[], lod: number): Lazy {
  const { graph } = build;
  const top = blocks.length - 1;
  const step = top - Math.floor(lod);
  const old = step > 0 ? lod - Math.floor(lod) : 0;
  const rgb = (at: number, share = 1, options: ConvOptions = {}): Value =>
    convolved(build, `ToRGB_lod${top - at}`, blocks[at]!(), { gain: 1, share, biased: true }, options);
  return once(() => {
    let image = old > 0 ? rgb(step, 1 - old, { residual: upsample(graph, rgb(step - 1, old)) }) : rgb(step);
    for (let up = step; up < top; up += 1) image = upsample(graph, image);
    return image;
  });
}
