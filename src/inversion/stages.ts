import { ascend } from "../causality/ascent.ts";
import { smallerBatch } from "../models/batch-size.ts";
import type { Generator } from "../models/generator.ts";
import type { CompileGeneratorOptions, GeneratorPlan } from "../models/generator-plan.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { decibels } from "./error.ts";
import { fitting, type Given, latentsOf } from "./fitting.ts";
import type { InversionProgress, InvertOptions, LatentSpace } from "./options.ts";

// Tests: test/inversion/invert.test.ts

/**
 * Weight of the mean squared distance from the features that the latent makes (spec diagnosis.md
 * §D, 2).
 */
const STAY = 0.01;
/** Adam's own (Kingma & Ba, ICLR 2015). */
const EPSILON = 1e-8;

/** The best on one start's way, in dB, and all inputs of the image there. */
export interface Found {
  readonly before: number;
  readonly after: number;
  readonly given: Given;
}

/** The first stage: every start's way, so many at a time. */
export async function* latents(
  generator: Generator,
  target: Float32Array<ArrayBuffer>,
  space: LatentSpace,
  { seed = 1, steps = 150, rate = 0.05, starts, batch, signal }: InvertOptions & { starts: number; batch: number },
): AsyncGenerator<InversionProgress, Found[]> {
  const of = nameOf(generator, space);
  const found: Found[] = [];
  let together = batch;
  for (let first = 0; first < starts; ) {
    const n = Math.min(together, starts - first);
    try {
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
      first += n;
    } catch (error) {
      together = await smallerBatch(generator.device, n, error);
    }
  }
  return found;
}

/**
 * The second stage: features of a layer, as tensors hold them, from those that the latent makes on.
 */
export async function* features(
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
export async function imageOf(
  generator: Generator,
  given: Given,
  from: string | undefined,
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  const image = await madeOf(generator, given, { ...(from !== undefined && { from }), signal }, (plan) => plan.image!);
  return image.filter((_, at) => at % 4 !== 3);
}

/** The input or layer that a space is. */
const nameOf = (generator: Generator, space: LatentSpace): string =>
  space === "z" ? generator.network.inputs[0]!.name : space;

/** One of n equal parts. */
const partOf = (all: Float32Array, n: number, i: number): Float32Array<ArrayBuffer> =>
  Float32Array.from(all.subarray((i * all.length) / n, ((i + 1) * all.length) / n));
