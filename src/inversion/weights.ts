import { UsageError } from "../errors.ts";
import { gradient } from "../gradient/gradient.ts";
import type { WeightGradient } from "../gradient/weights.ts";
import type { Filter } from "../kernels/conv/filter.ts";
import { area } from "../kernels/conv/window.ts";
import type { Generator } from "../models/generator.ts";
import type { TensorNumbers } from "../models/with-weights.ts";
import { elements, Graph, type Value } from "../runtime/graph.ts";
import { Plan } from "../runtime/plan.ts";
import { checkFinite, decibels, meanSquare } from "./error.ts";
import type { InversionProgress, InvertOptions } from "./options.ts";

/** Adam's own (Kingma & Ba, ICLR 2015). */
const [BETA1, BETA2, EPSILON] = [0.9, 0.999, 1e-8];

const LEFT = "Leave them as they are: 0 steps of weights.";

/** The way from a layer to the image, its error, and the gradients by the weights on it. */
interface Way {
  readonly graph: Graph;
  readonly features: Value;
  readonly wanted: Value;
  readonly error: Value;
  readonly found: readonly (WeightGradient & { readonly key: string; readonly places: Uint32Array })[];
}

/**
 * Names of the tensors of a generator's file that `weightSteps` of `invert` would change: weights
 * of the convolutions behind a layer, from the last one on.
 *
 * @throws UsageError where there are none, or a gradient by some of them has no rule.
 */
export const weightsBehind = (generator: Generator, layer: string): readonly string[] =>
  wayFrom(generator, layer).found.map(({ key }) => key);

function wayFrom(generator: Generator, layer: string): Way {
  const { device, height, width } = generator;
  const graph = new Graph(device.target, "f32", device.tuned);
  const { inputs, image } = generator.append(graph, 1, { from: layer });
  const features = inputs.get(layer)!;
  const wanted = graph.map("the image to come near", 1, height, width, 3);
  const error = meanSquare(graph, image!, wanted);
  const all: WeightGradient[] = [];
  try {
    gradient(graph, error, [features], { weights: (one) => all.push(one) });
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause;
    const { message, fix } = cause;
    const why = message.slice(0, message.length - fix.length).trim();
    throw new UsageError(`Weights behind "${layer}" cannot be fitted: ${why}`, LEFT, { cause });
  }
  const used = all.flatMap(({ filter }) => filter.weight.sources);
  const found = all.flatMap((one) => {
    const [key, ...others] = one.filter.weight.sources;
    const places = placesOf(one.filter, generator.network.state.get(key ?? "")?.shape);
    // What two convolutions have in common, or is made of several tensors, stays as it is.
    if (key === undefined || others.length > 0 || !places || used.indexOf(key) !== used.lastIndexOf(key)) return [];
    return [{ ...one, key, places }];
  });
  if (found.length > 0) return { graph, features, wanted, error, found };
  throw new UsageError(`Behind "${layer}" there is no convolution whose weights could be fitted.`, LEFT);
}

/**
 * Where in its file's tensor each weight [out][in][taps] lies; undefined where that is no tensor of
 * these numbers in some order.
 */
function placesOf({ weight, inChannels, outChannels, kernel }: Filter, shape: readonly number[] | undefined) {
  const length = inChannels * outChannels * area(kernel);
  if (!shape || elements(shape) !== length || length > 2 ** 24) return undefined;
  const places = Uint32Array.from(weight.of([Float32Array.from({ length }, (_, at) => at)]));
  const seen = new Uint8Array(length);
  for (const place of places) seen[place] = 1;
  return places.length === length && !seen.includes(0) ? places : undefined;
}

/** One convolution's weights on Adam's way. */
interface Fitted {
  readonly key: string;
  readonly shape: readonly number[];
  /** As the file has them, which is what plans are given. */
  readonly numbers: Float32Array<ArrayBuffer>;
  /** The file's, and moments of those in use, in the gradient's order. */
  readonly exact: Float64Array;
  readonly first: Float64Array;
  readonly second: Float64Array;
  readonly scale: ArrayLike<number>;
}

/**
 * The third stage: weights of the convolutions behind a layer, whose features stay as they are
 * (Bau et al., "Semantic Photo Manipulation with a Generative Image Prior", SIGGRAPH 2019, adapts
 * them by a network of perturbations; here by Adam on each weight times its scale, as they
 * convolve: spec diagnosis.md §D, 3).
 */
export async function* lateWeights(
  generator: Generator,
  target: Float32Array<ArrayBuffer>,
  {
    layer,
    features,
    weightSteps: steps,
    weightRate: rate = 3e-4,
    signal,
  }: InvertOptions & { readonly layer: string; readonly features: Float32Array; readonly weightSteps: number },
): AsyncGenerator<InversionProgress, { readonly weights: ReadonlyMap<string, TensorNumbers>; readonly psnr: number }> {
  const way = wayFrom(generator, layer);
  const { graph, error, found } = way;
  const changed = new Set(found.map(({ key }) => key));
  const ours = graph.parameters.filter(({ sources }) => sources.some((key) => changed.has(key)));
  const theirs = graph.parameters.filter(({ sources }) => !sources.some((key) => changed.has(key)));
  const numbers = new Map<string, Float32Array<ArrayBuffer>>();
  const sources = [...ours.flatMap((one) => one.sources), ...found.flatMap(({ filter }) => filter.scale.sources)];
  for (const key of new Set(sources)) {
    numbers.set(key, Float32Array.from(await generator.network.state.get(key)!.read({ signal })));
  }
  const fitted = found.map(({ filter, key }): Fitted => {
    const own = numbers.get(key)!;
    return {
      ...{ key, shape: generator.network.state.get(key)!.shape, numbers: own, exact: Float64Array.from(own) },
      ...{ first: new Float64Array(own.length), second: new Float64Array(own.length) },
      scale: filter.scale.of(filter.scale.sources.map((source) => numbers.get(source)!)),
    };
  });
  const bind = await generator.bind({ parameters: theirs }, signal);
  const plan = await Plan.compile(generator.device, graph, {
    keep: [error, ...found.map((one) => one.gradient)],
    bind,
    signal,
  });
  try {
    for (const { value, sources, pack, owner } of theirs) {
      if (owner === undefined && sources.length === 0) plan.tensor(value).write(Float32Array.from(pack([])));
    }
    plan.tensor(way.features).write(Float32Array.from(features));
    plan.tensor(way.wanted).write(target);
    let [best, psnr] = [copyOf(fitted), -Infinity];
    for (let step = 0; ; step += 1) {
      signal?.throwIfAborted();
      for (const { value, sources: keys, pack } of ours) {
        plan.tensor(value).write(Float32Array.from(pack(keys.map((key) => numbers.get(key)!))));
      }
      plan.run();
      const [[wrong], ...gradients] = await Promise.all([
        plan.tensor(error).read(1),
        ...found.map((one) => plan.tensor(one.gradient).read()),
      ] as const);
      checkFinite(wrong!, `the weights behind ${layer}`, step);
      const reached = decibels(wrong!);
      if (reached > psnr) [best, psnr] = [copyOf(fitted), reached];
      yield { type: "progress", stage: "weights", step, steps, psnr };
      if (step === steps) return { weights: best, psnr };
      fitted.forEach((one, at) => {
        descend(one, gradients[at]!, found[at]!, { rate, step: step + 1 });
      });
    }
  } finally {
    plan.dispose();
  }
}

/** The weights as they are now, by their names. */
const copyOf = (fitted: readonly Fitted[]): Map<string, TensorNumbers> =>
  new Map(fitted.map(({ key, shape, numbers }) => [key, { shape, data: numbers.slice() }]));

/** Of a whole exponent, product by product: engines' own powers differ in the last bit. */
function power(base: number, exponent: number): number {
  let product = 1;
  for (let i = 0; i < exponent; i += 1) product *= base;
  return product;
}

/** One step of Adam down a gradient [taps, in, out] by the weights times their scale. */
function descend(
  { numbers, exact, first, second, scale }: Fitted,
  slope: Float32Array,
  { filter, gradient: { shape }, places }: Way["found"][number],
  { rate, step }: { readonly rate: number; readonly step: number },
): void {
  const { inChannels, outChannels } = filter;
  const [taps = 1, rows = 1, columns = 1] = shape;
  const [c1, c2] = [1 - power(BETA1, step), 1 - power(BETA2, step)];
  let at = 0;
  for (let o = 0; o < outChannels; o += 1) {
    const factor = scale[o]!;
    for (let i = 0; i < inChannels; i += 1) {
      for (let tap = 0; tap < taps; tap += 1, at += 1) {
        const g = slope[(tap * rows + i) * columns + o]!;
        first[at] = BETA1 * first[at]! + (1 - BETA1) * g;
        second[at] = BETA2 * second[at]! + (1 - BETA2) * g * g;
        if (factor === 0) continue; // nothing of it is seen
        const place = places[at]!;
        exact[place]! -= (rate * (first[at]! / c1)) / (Math.sqrt(second[at]! / c2) + EPSILON) / factor;
        numbers[place] = exact[place]!;
      }
    }
  }
}
