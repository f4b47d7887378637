import { ascend } from "../causality/ascent.ts";
import { fitted, type Picture } from "../compare/fitted.ts";
import { ShapeError, UsageError } from "../errors.ts";
import type { Generator } from "../models/generator.ts";
import type { CompileGeneratorOptions, GeneratorPlan } from "../models/generator-plan.ts";
import { checkNames, type NamesOf } from "../names.ts";
import { Graph, padded } from "../runtime/graph.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { fitting, type Given, latentsOf } from "./fitting.ts";

/** What an image is made of: a generator's first input, or a StyleGAN's w, one or one a layer. */
export type LatentSpace = "z" | "w" | "w+";

/**
 * Steps and rates, unless given, are those that spec diagnosis.md §D and its golden data measured.
 */
export interface InvertOptions {
  /** Where the latent is looked for; "w+" unless given where the generator has it, else "z". */
  readonly space?: LatentSpace;
  /**
   * The layer whose features are fitted once the latent is found, so that every edit there or
   * behind works on the photograph; none unless given. Nothing else may lead around it to the
   * image.
   */
  readonly layer?: string;
  /**
   * Latents to start from, of which the best is kept: images 0… of the seed. 8 unless given: what
   * is reached depends much on where one starts.
   */
  readonly starts?: number;
  /** 1 unless given. */
  readonly seed?: number;
  /** Steps of Adam for the latent; 150 unless given. */
  readonly steps?: number;
  /** Its learning rate; 0.05 unless given. */
  readonly rate?: number;
  /** Steps of Adam for the layer's features; 80 unless given. */
  readonly layerSteps?: number;
  /** Its learning rate; 0.02 unless given. */
  readonly layerRate?: number;
  /** Starts at a time; all unless given. */
  readonly batch?: number;
  readonly signal?: AbortSignal | undefined;
}

const NAMES: NamesOf<InvertOptions> = {
  space: true,
  layer: true,
  starts: true,
  seed: true,
  steps: true,
  rate: true,
  layerSteps: true,
  layerRate: true,
  batch: true,
  signal: true,
};

/** How far an inversion is. */
export interface InversionProgress {
  readonly type: "progress";
  readonly stage: "latent" | "layer";
  /** Steps done in this stage, of all starts together. */
  readonly step: number;
  readonly steps: number;
  /** The best reached so far, in dB; see `Inversion.psnr`. */
  readonly psnr: number;
}

export interface Inversion {
  readonly space: LatentSpace;
  /** Which of the starts came closest: an image of the seed. */
  readonly start: number;
  /** [length of z], or [layers, length of w] (one layer of "w"). */
  readonly latent: Float32Array<ArrayBuffer>;
  /** The layer whose features were fitted, and these: [height, width, channels]. */
  readonly layer?: string;
  readonly features?: Float32Array<ArrayBuffer>;
  /**
   * Peak signal-to-noise ratio in dB: 10 log₁₀(4 / mean squared error), as numbers go from −1 to 1.
   */
  readonly psnr: {
    /** Of the starts, and the best on the way of each. */
    readonly starts: readonly number[];
    readonly latents: readonly number[];
    /** Of the image made of the features. */
    readonly layer?: number;
  };
  /** Images made of the latent and of the features, [height, width, 3], nominally in [−1, 1]. */
  readonly images: { readonly latent: Float32Array; readonly layer?: Float32Array };
}

export type InversionEvent = InversionProgress | { readonly type: "result"; readonly inversion: Inversion };

/**
 * Weight of the mean squared distance from the features that the latent makes (spec diagnosis.md
 * §D, 2).
 */
const STAY = 0.01;
/** Adam's own (Kingma & Ba, ICLR 2015). */
const EPSILON = 1e-8;

/**
 * Finds what a generator makes nearest to a photograph: the latent, from several starts, and then a
 * layer's features near those that it makes, both by Adam on the mean squared error. RGB bytes of
 * another size are brought to the generator's, the middle of them in its proportions; an array is
 * [height, width, 3], numbers from −1 to 1. (Bau et al., "Seeing What a GAN Cannot Generate", ICCV
 * 2019, §4, train an encoder for the start; this needs no training.) The latent of an image that
 * the generator made itself is not found again, as many latents make nearly the same image.
 *
 * @throws ShapeError for an image of other extents; UsageError for a space or a layer that there is
 * not, or that other ways lead around; UnsupportedError ("limit") where the starts do not fit the
 * adapter together; the signal's reason.
 */
export async function* invert(
  generator: Generator,
  photograph: Picture | Float32Array,
  options: InvertOptions = {},
): AsyncGenerator<InversionEvent> {
  checkNames("invert", options, NAMES);
  const { layer, starts = 8, batch = starts } = options;
  for (const [name, count] of Object.entries({ starts, batch })) {
    if (Number.isInteger(count) && count > 0) continue;
    throw new UsageError(`\`${name}\` is ${count}.`, "Use a whole number from 1.");
  }
  const space = spaceOf(generator, options.space);
  if (layer !== undefined) checkLayer(generator, layer);
  const target = targetOf(generator, photograph);
  const found: Found[] = yield* latents(generator, target, space, { ...options, starts, batch });
  const start = found.reduce((best, { after }, i) => (after > found[best]!.after ? i : best), 0);
  const { given } = found[start]!;
  const behind =
    layer === undefined ? undefined : yield* features(generator, target, { ...options, layer, space, given });
  const { height = 1, channels } = space === "z" ? { channels: generator.zSize } : generator.layer(space);
  const { signal } = options;
  const latentImage = await imageOf(generator, given, space === "z" ? undefined : space, signal);
  const layerImage = behind && (await imageOf(generator, new Map([[layer!, behind.features]]), layer, signal));
  yield {
    type: "result",
    inversion: {
      space,
      start,
      latent: dense(given.get(nameOf(generator, space))!, height, channels),
      ...(behind && { layer: layer!, features: denseMaps(generator, layer!, behind.features) }),
      psnr: {
        starts: found.map(({ before }) => before),
        latents: found.map(({ after }) => after),
        ...(behind && { layer: behind.psnr }),
      },
      images: { latent: latentImage, ...(layerImage && { layer: layerImage }) },
    },
  };
}

/** The best on one start's way, in dB, and all inputs of the image there. */
interface Found {
  readonly before: number;
  readonly after: number;
  readonly given: Given;
}

/** The first stage: every start's way, so many at a time. */
async function* latents(
  generator: Generator,
  target: Float32Array<ArrayBuffer>,
  space: LatentSpace,
  { seed = 1, steps = 150, rate = 0.05, starts, batch, signal }: InvertOptions & { starts: number; batch: number },
): AsyncGenerator<InversionProgress, Found[]> {
  const of = nameOf(generator, space);
  const found: Found[] = [];
  for (let first = 0; first < starts; first += batch) {
    const n = Math.min(batch, starts - first);
    const given = await latentsOf(generator, generator.sample({ size: n, seed, start: first }), n, of, signal);
    const objective = fitting(generator, { n, of, given, target, signal });
    const own: Found[] = [];
    const climb = ascend(generator.device, objective, given.get(of)!, { steps, rate, epsilon: EPSILON, signal });
    for await (const { step, values, input } of climb) {
      values.forEach((value, i) => {
        const [before, psnr] = [own[i], decibels(-value)];
        if (before && !(psnr > before.after)) return;
        const inputs = before?.given ?? new Map([...given].map(([name, all]) => [name, partOf(all, n, i)]));
        const reached = new Map(inputs).set(of, partOf(input, n, i));
        own[i] = { before: before?.before ?? psnr, after: psnr, given: reached };
      });
      const psnr = Math.max(...[...found, ...own].map(({ after }) => after));
      yield { type: "progress", stage: "latent", step: first * steps + n * step, steps: starts * steps, psnr };
    }
    found.push(...own);
  }
  return found;
}

/**
 * The second stage: features of a layer, as tensors hold them, from those that the latent makes on.
 */
async function* features(
  generator: Generator,
  target: Float32Array<ArrayBuffer>,
  options: InvertOptions & { readonly layer: string; readonly space: LatentSpace; readonly given: Given },
): AsyncGenerator<InversionProgress, { readonly features: Float32Array<ArrayBuffer>; readonly psnr: number }> {
  const { layer, space, given, layerSteps = 80, layerRate = 0.02, signal } = options;
  const { height, width, channels } = generator.layer(layer);
  const from = space === "z" ? {} : { from: space };
  const part = { retain: [layer], until: layer, ...from, signal };
  const start = await madeOf(generator, given, part, (plan) => plan.layers.get(layer)!);
  const objective = fitting(generator, {
    n: 1,
    of: layer,
    given: new Map([[layer, start]]),
    target,
    stay: STAY,
    signal,
  });
  let [best, psnr] = [start, -Infinity];
  const climb = ascend(generator.device, objective, start, {
    steps: layerSteps,
    rate: layerRate,
    epsilon: EPSILON,
    signal,
  });
  for await (const { step, values, input } of climb) {
    const far = start.reduce((total, value, i) => total + (input[i]! - value) ** 2, 0) / (height * width * channels);
    const reached = decibels(-values[0]! - STAY * far);
    if (reached > psnr) [best, psnr] = [Float32Array.from(input), reached];
    yield { type: "progress", stage: "layer", step, steps: layerSteps, psnr };
  }
  return { features: best, psnr };
}

/** What a plan for one image makes of its inputs, as a tensor holds it. */
async function madeOf(
  generator: Generator,
  given: Given,
  part: Omit<CompileGeneratorOptions, "batch">,
  read: (plan: GeneratorPlan) => Tensor<"f32">,
): Promise<Float32Array<ArrayBuffer>> {
  const plan = await generator.compile({ batch: 1, ...part });
  try {
    for (const [name, tensor] of plan.inputs) tensor.write(given.get(name)!);
    plan.run();
    return await read(plan).read();
  } finally {
    plan.dispose();
  }
}

/** What is made of inputs, or from a layer on, [height, width, 3]. */
async function imageOf(
  generator: Generator,
  given: Given,
  from: string | undefined,
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  const image = await madeOf(generator, given, { ...(from !== undefined && { from }), signal }, (plan) => plan.image!);
  return image.filter((_, at) => at % 4 !== 3);
}

/**
 * @throws UsageError for a layer that has no place in the image, or that other ways lead around.
 */
function checkLayer(generator: Generator, layer: string): void {
  if (generator.layer(layer).vector) {
    throw new UsageError(`"${layer}" has no place in the image.`, "Name a layer of maps, or leave `layer` out.");
  }
  const { inputs } = generator.append(new Graph(generator.device.target), 1, { from: layer });
  const others = [...inputs.keys()].filter((name) => name !== layer);
  if (others.length === 0) return;
  throw new UsageError(`Behind "${layer}" ${generator.name} needs ${others.join(", ")} too.`, "Leave `layer` out.");
}

/** @throws UsageError for one that the generator has not. */
function spaceOf(generator: Generator, asked: LatentSpace | undefined): LatentSpace {
  const has = ["z", "w", "w+"].filter(
    (space) => space === "z" || generator.layers.some(({ name, vector }) => name === space && vector),
  );
  if (asked === undefined) return has.at(-1) as LatentSpace;
  if (has.includes(asked)) return asked;
  throw new UsageError(`${generator.name} has no "${asked}".`, `It has ${has.join(", ")}.`);
}

/** The input or layer that a space is. */
const nameOf = (generator: Generator, space: LatentSpace): string =>
  space === "z" ? generator.network.inputs[0]!.name : space;

/** Infinite for no error at all, be it −0. */
const decibels = (error: number): number => 10 * Math.log10(4 / Math.max(error, 0));

/** The photograph as tensors hold it, [height, width, 4]. */
function targetOf({ name, height, width }: Generator, photograph: Picture | Float32Array): Float32Array<ArrayBuffer> {
  const four = new Float32Array(height * width * 4);
  if (!(photograph instanceof Float32Array)) {
    const { rgb, width: columns, height: rows } = photograph;
    if (rgb.length !== 3 * rows * columns || rgb.length === 0) {
      throw new ShapeError(
        `The photograph has ${rgb.length} bytes, which are not ${columns}×${rows} of RGB.`,
        "Give width, height and three bytes a pixel.",
      );
    }
    fitted(photograph, height, width, four);
    return four;
  }
  if (photograph.length !== height * width * 3) {
    throw new ShapeError(
      `The image has ${photograph.length} numbers; ${name} makes ${width}×${height} of 3.`,
      "Scale and crop it to the generator's size, or give it as bytes with its width and height.",
    );
  }
  for (let i = 0; i < photograph.length; i += 1) four[4 * Math.floor(i / 3) + (i % 3)] = photograph[i]!;
  return four;
}

/** One of n equal parts. */
const partOf = (all: Float32Array, n: number, i: number): Float32Array<ArrayBuffer> =>
  Float32Array.from(all.subarray((i * all.length) / n, ((i + 1) * all.length) / n));

/** A layer's features without the channels that fill up a vec4. */
function denseMaps(generator: Generator, layer: string, stored: Float32Array): Float32Array<ArrayBuffer> {
  const { height, width, channels } = generator.layer(layer);
  return dense(stored, height * width, channels);
}

/** Rows without the channels that fill up a vec4. */
function dense(stored: Float32Array, rows: number, channels: number): Float32Array<ArrayBuffer> {
  const numbers = new Float32Array(rows * channels);
  for (let row = 0; row < rows; row += 1) {
    const first = row * padded(channels);
    numbers.set(stored.subarray(first, first + channels), row * channels);
  }
  return numbers;
}
