import { fitted, type Picture } from "../compare/fitted.ts";
import { ShapeError, UsageError } from "../errors.ts";
import type { Generator } from "../models/generator.ts";
import { checkNames } from "../names.ts";
import { Graph, padded } from "../runtime/graph.ts";
import type { Given } from "./fitting.ts";
import { type Inversion, type InversionEvent, type InvertOptions, type LatentSpace, NAMES } from "./options.ts";
import { type Found, features, imageOf, latents } from "./stages.ts";
import { lateWeights, weightsBehind } from "./weights.ts";
import { withWeights } from "./with-weights.ts";

/**
 * Finds what a generator makes nearest to a photograph: the latent, from several starts, then a
 * layer's features near those that it makes, and with `weightSteps` the weights behind it, all by
 * Adam on the mean squared error. RGB bytes of
 * another size are brought to the generator's, the middle of them in its proportions; an array is
 * [height, width, 3], numbers from −1 to 1. (Bau et al., "Seeing What a GAN Cannot Generate", ICCV
 * 2019, §4, train an encoder for the start; this needs no training.) The latent of an image that
 * the generator made itself is not found again, as many latents make nearly the same image.
 *
 *
 * @throws ShapeError for an image of other extents; UsageError for a space or a layer that there is
 *   not, or that other ways lead around, and for weights without a gradient (transposed
 *   convolutions); UnsupportedError ("limit") where the starts do not fit the adapter together; the
 *   signal's reason.
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
  checkPicture(generator);
  checkWeights(generator, options);
  const target = targetOf(generator, photograph);
  const starting: Found[] = yield* latents(generator, target, space, { ...options, starts, batch });
  const start = starting.reduce((best, { after }, i) => (after > starting[best]!.after ? i : best), 0);
  const { given } = starting[start]!;
  const { signal, weightSteps = 0 } = options;
  const latent: Inversion = {
    space,
    start,
    ...latentNumbers(generator, space, given),
    psnr: { starts: starting.map(({ before }) => before), latents: starting.map(({ after }) => after) },
    images: { latent: await imageOf(generator, given, space === "z" ? undefined : space, signal) },
  };
  if (layer === undefined) {
    yield { type: "result", inversion: latent };
    return;
  }
  yield { type: "partial", inversion: latent };
  const behind = yield* features(generator, target, { ...options, layer, space, given });
  const made = new Map([[layer, behind.features]]);
  const image = await imageOf(generator, made, layer, signal);
  const found: Inversion = {
    ...latent,
    layer,
    features: denseMaps(generator, layer, behind.features),
    psnr: { ...latent.psnr, layer: behind.psnr },
    images: { ...latent.images, layer: image },
  };
  if (weightSteps === 0) {
    yield { type: "result", inversion: found };
    return;
  }
  yield { type: "partial", inversion: found };
  const { features: kept } = behind;
  const { weights, psnr } = yield* lateWeights(generator, target, { ...options, layer, features: kept, weightSteps });
  const changed = await withWeights(generator, weights, signal);
  try {
    const last = await imageOf(changed, made, layer, signal);
    const inversion = { ...found, weights, psnr: { ...found.psnr, weights: psnr } };
    yield { type: "result", inversion: { ...inversion, images: { ...found.images, weights: last } } };
  } finally {
    changed.dispose();
  }
}

/** @throws UsageError for steps that make no sense, or of weights that cannot be fitted. */
function checkWeights(generator: Generator, { layer, weightSteps = 0, weightRate = 1 }: InvertOptions): void {
  if (!Number.isInteger(weightSteps) || weightSteps < 0) {
    throw new UsageError(`\`weightSteps\` is ${weightSteps}.`, "Use a whole number from 0.");
  }
  if (!(weightRate > 0 && Number.isFinite(weightRate))) {
    throw new UsageError(`\`weightRate\` is ${weightRate}.`, "Use a number above 0, such as 3e-4.");
  }
  if (weightSteps === 0) return;
  if (layer === undefined) throw new UsageError("Weights are fitted behind a layer.", "Name it in `layer`, too.");
  weightsBehind(generator, layer);
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

/** @throws UsageError for levels of tiles: which of them is the largest has no gradient. */
function checkPicture({ name, network }: Generator): void {
  if (!network.outputs.some(({ range }) => range === "tiles")) return;
  throw new UsageError(`${name} makes levels of tiles, no pictures.`, "Invert into a generator of pictures.");
}

/** What an inversion says of the inputs that were found. */
function latentNumbers(generator: Generator, space: LatentSpace, given: Given): Pick<Inversion, "latent" | "inputs"> {
  if (space !== "z") {
    const { height, channels } = generator.layer(space);
    return { latent: dense(given.get(space)!, height, channels), inputs: new Map() };
  }
  const [z, ...others] = generator.network.inputs.map(
    ({ name, channels }) => [name, dense(given.get(name)!, 1, channels)] as const,
  );
  return { latent: z![1], inputs: new Map(others) };
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
