import { UsageError } from "../errors.ts";
import { average } from "../kernels/maps/resample.ts";
import type { Generator } from "../models/generator.ts";
import { staged } from "../models/generator-plan.ts";
import type { Segmenter } from "../models/segmenter.ts";
import { checkNames, type NamesOf } from "../names.ts";
import type { Device } from "../runtime/device.ts";
import { type Extent, elements, padded } from "../runtime/graph.ts";
import { RandomState } from "../weights/random.ts";
import { type AscentStep, ascend, type Objective } from "./ascent.ts";

/** Where climbs start, and how far and how fast they go. */
export interface MaximiseOptions {
  /** How many to start from; 4 of a generator's z, 1 of images, unless given. */
  readonly images?: number;
  /** Seed of the start: z, or noise; 1 unless given. */
  readonly seed?: number;
  /** Steps of Adam; 100 unless given. */
  readonly steps?: number;
  /** Adam's learning rate; 0.05 unless given, of inputs about as large as 1. */
  readonly rate?: number;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const NAMES: NamesOf<MaximiseOptions> = { images: true, seed: true, steps: true, rate: true, signal: true };

/**
 * The z that a unit of a generator wants: they maximise its mean activation. z stay on the sphere
 * of radius √zSize, where normal samples of so many dimensions lie and which the generator
 * normalises to anyway (Karras et al. 2018, §4.2). Steps hold z [images, zSize rounded up to 4].
 * @throws UsageError for a unit that the layer has not.
 */
export function maximiseUnit(
  generator: Generator,
  {
    layer,
    unit,
  }: {
    /** Its name, as in `generator.layers`. */
    readonly layer: string;
    /** Channel of the layer, from 0. */
    readonly unit: number;
  },
  options: MaximiseOptions = {},
): AsyncGenerator<AscentStep> {
  checkNames("maximiseUnit", options, NAMES);
  const { images = 4, seed = 1, steps = 100, rate = 0.05, signal } = options;
  const { channels } = generator.layer(layer);
  if (!Number.isInteger(unit) || unit < 0 || unit >= channels) {
    throw new UsageError(`${layer} has no unit ${unit}.`, `Its units are 0…${channels - 1}.`);
  }
  const { zSize } = generator;
  const stored = padded(zSize);
  const sampled = staged(generator.network.inputs, generator.sample({ size: images, seed }), images);
  const [[z, start] = ["z", new Float32Array()], ...others] = sampled;
  const objective: Objective = {
    append(graph) {
      const { inputs, layers } = generator.append(graph, images, { until: layer });
      const weights = Array.from({ length: channels }, (_, channel) => (channel === unit ? 1 : 0));
      const fixed = new Map(
        others.flatMap(([name, numbers]) => {
          const value = inputs.get(name);
          return value ? [[value, numbers]] : [];
        }),
      );
      return { input: inputs.get(z)!, of: average(graph, layers.get(layer)!, 1, 1), weights, fixed };
    },
    bind: (graph) => generator.bind(graph, signal),
  };
  const onSphere = (x: Float32Array): void => {
    for (let i = 0; i < images; i += 1) {
      const row = x.subarray(i * stored, i * stored + zSize);
      const norm = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0) / zSize);
      if (norm > 0) for (let k = 0; k < zSize; k += 1) row[k]! /= norm;
    }
  };
  onSphere(start);
  return ascend(generator.device, objective, start, { steps, rate, signal }, onSphere);
}

/** As `MaximiseOptions`, and what keeps images smooth. */
export interface MaximiseImageOptions extends MaximiseOptions {
  /** Edge of the image in pixels, or its height and width; the network's own edge unless given. */
  readonly size?: number | Extent;
  /** Shrinks every pixel by so much of itself a step (L2 decay); 0.01 unless given. */
  readonly decay?: number;
  /**
   * Blurs by a Gaussian of this deviation in pixels every fourth step, so that no single pixel
   * matters; 0.5 unless given.
   */
  readonly blur?: number;
}

const IMAGE_NAMES: NamesOf<MaximiseImageOptions> = { ...NAMES, size: true, decay: true, blur: true };

/** Steps between two blurs. */
const BLUR_EVERY = 4;

/**
 * Images in [−1, 1] that a network wants to see: from noise, they maximise an objective of the
 * image, such as a class's mean score, with the priors of Yosinski et al. (ICML workshop 2015, §3):
 * decay and blur. Steps hold images [images, height, width, 4].
 * @throws UsageError for a concept that is unknown, or a segmenter that sees no images.
 */
export function maximiseImage(
  segmenter: Segmenter,
  objective: Objective | string,
  options: MaximiseImageOptions = {},
): AsyncGenerator<AscentStep> {
  checkNames("maximiseImage", options, IMAGE_NAMES);
  if (segmenter.reads === "raw") {
    throw new UsageError(
      `${segmenter.name} labels what its generator made, and no images.`,
      "Maximise a unit, or a concept of a segmenter of images.",
    );
  }
  const { size = segmenter.segsizes[0] ?? 256, images = 1, signal } = options;
  const extent = typeof size === "number" ? ([size, size] as const) : size;
  const wanted =
    typeof objective === "string" ? meanScore(segmenter, objective, [images, ...extent], signal) : objective;
  return maximiseFrom(segmenter.device, wanted, extent, options);
}

/** Climbs from noise of this extent to images that maximise an objective, with priors. */
export function maximiseFrom(
  device: Device,
  wanted: Objective,
  extent: Extent,
  options: MaximiseImageOptions,
): AsyncGenerator<AscentStep> {
  checkNames("maximiseImage", options, IMAGE_NAMES);
  const { images = 1, seed = 1, steps = 100, rate = 0.05, decay = 0.01, blur = 0.5, signal } = options;
  const noise = new RandomState(seed).standardNormal(images * elements(extent) * 3);
  const start = new Float32Array(images * elements(extent) * 4);
  for (let i = 0; i < noise.length; i += 1) start[4 * Math.floor(i / 3) + (i % 3)] = 0.1 * noise[i]!;
  const shape = (x: Float32Array, step: number): void => {
    for (let i = 0; i < x.length; i += 1) x[i] = Math.min(1, Math.max(-1, x[i]! * (1 - decay)));
    if (blur > 0 && step % BLUR_EVERY === BLUR_EVERY - 1) gaussian(x, [images, ...extent], blur);
  };
  return ascend(device, wanted, start, { steps, rate, signal }, shape);
}

/** A concept's mean probability over the image. */
function meanScore(
  segmenter: Segmenter,
  concept: string,
  [n, height, width]: readonly [images: number, height: number, width: number],
  signal?: AbortSignal,
): Objective {
  return {
    append(graph) {
      const input = graph.map("image", n, height, width, 3);
      const [rows, columns] = [padded(height), padded(width)];
      const score = segmenter.score(graph, input, concept, [rows, columns]);
      // Four columns as the channels of one pixel.
      const of = average(graph, graph.view(score, "score", [n, rows, columns / 4, 4], 4), 1, 1);
      return { input, of, weights: [0.25, 0.25, 0.25, 0.25] };
    },
    bind: (graph) => segmenter.bind(graph, signal),
    storage: segmenter.storage,
  };
}

/** Blurs images [n, height, width, 4] in place, rows and then columns; borders repeat. */
function gaussian(
  x: Float32Array,
  [n, height, width]: readonly [images: number, height: number, width: number],
  deviation: number,
): void {
  const radius = Math.ceil(3 * deviation);
  const taps = Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-((i - radius) ** 2) / (2 * deviation ** 2)));
  const total = taps.reduce((sum, tap) => sum + tap, 0);
  const line = new Float32Array(Math.max(height, width));
  const pass = (first: number, length: number, stride: number): void => {
    for (let i = 0; i < length; i += 1) line[i] = x[first + i * stride]!;
    for (let i = 0; i < length; i += 1) {
      let sum = 0;
      for (const [t, tap] of taps.entries()) sum += tap * line[Math.min(length - 1, Math.max(0, i + t - radius))]!;
      x[first + i * stride] = sum / total;
    }
  };
  for (let image = 0; image < n; image += 1) {
    const first = image * height * width * 4;
    for (let row = 0; row < height; row += 1)
      for (let c = 0; c < 3; c += 1) pass(first + row * width * 4 + c, width, 4);
    for (let column = 0; column < width; column += 1)
      for (let c = 0; c < 3; c += 1) pass(first + column * 4 + c, height, width * 4);
  }
}
