import { fitted, type Picture } from "../compare/fitted.ts";
import { ShapeError, UsageError } from "../errors.ts";
import type { Generator } from "../models/generator.ts";
import { withWeights } from "../models/with-weights.ts";
import { checkNames } from "../names.ts";
import { Graph, padded } from "../runtime/graph.ts";
import type { Given } from "./fitting.ts";
import { type Inversion, type InversionEvent, type InvertOptions, type LatentSpace, NAMES } from "./options.ts";
import { type Found, features, imageOf, latents } from "./stages.ts";
import { lateWeights, weightsBehind } from "./weights.ts";

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
  const { found: earlier } = options;
  const { given, latent } = earlier
    ? foundBefore(generator, space, earlier)
    : yield* latentStage(generator, target, space, { ...options, starts, batch });
  const { signal, weightSteps = 0 } = options;
  if (layer === undefined) {
    yield { type: "result", inversion: latent };
    return;
  }
  const known = earlier?.layer === layer && earlier.features ? earlier : undefined;
  if (!known) yield { type: "partial", inversion: latent };
  const behind = known
    ? { features: storedMaps(generator, layer, known.features!), psnr: known.psnr.layer! }
    : yield* features(generator, target, { ...options, layer, space, given });
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
  if (!known) yield { type: "partial", inversion: found };
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

/**
 * The first stage, from all starts: what is found, and all inputs of its image as tensors hold
 * them.
 */
async function* latentStage(
  generator: Generator,
  target: Float32Array<ArrayBuffer>,
  space: LatentSpace,
  options: InvertOptions & { readonly starts: number; readonly batch: number },
): AsyncGenerator<InversionEvent, { readonly given: Given; readonly latent: Inversion }> {
  const starting: Found[] = yield* latents(generator, target, space, options);
  const start = starting.reduce((best, { after }, i) => (after > starting[best]!.after ? i : best), 0);
  const { given } = starting[start]!;
  const latent: Inversion = {
    space,
    start,
    ...latentNumbers(generator, space, given),
    psnr: { starts: starting.map(({ before }) => before), latents: starting.map(({ after }) => after) },
    images: { latent: await imageOf(generator, given, space === "z" ? undefined : space, options.signal) },
  };
  return { given, latent };
}

/**
 * The same of an earlier call.
 * @throws UsageError for one in another space, or of another generator.
 */
function foundBefore(generator: Generator, space: LatentSpace, found: Inversion) {
  const { start, latent, inputs, psnr, images } = found;
  const sizes =
    space === "z"
      ? generator.network.inputs.map(
          ({ name, channels }, i) => [name, i ? inputs.get(name) : latent, 1, channels] as const,
        )
      : [[space, latent, generator.layer(space).height, generator.layer(space).channels] as const];
  const fits = sizes.every(([, numbers, rows, channels]) => numbers?.length === rows * channels);
  if (found.space !== space || !fits) {
    throw new UsageError(
      `\`found\` is ${found.space} [${latent.length}], which is no ${space} of ${generator.name}.`,
      "Give what this generator's own inversion told, with the same options, or leave it out.",
    );
  }
  const given: Given = new Map(
    sizes.map(([name, numbers, rows, channels]) => [name, stored(numbers!, rows, channels)]),
  );
  const { starts, latents } = psnr;
  return {
    given,
    latent: { space, start, latent, inputs, psnr: { starts, latents }, images: { latent: images.latent } },
  };
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

/** A layer's features with the channels that fill up a vec4. */
function storedMaps(generator: Generator, layer: string, features: Float32Array): Float32Array<ArrayBuffer> {
  const { height, width, channels } = generator.layer(layer);
  if (features.length !== height * width * channels) {
    throw new UsageError(
      `\`found\` has ${features.length} numbers of ${layer}, which are not ${[height, width, channels]}.`,
      "Give what this generator's own inversion told, or leave it out.",
    );
  }
  return stored(features, height * width, channels);
}

/** Rows with the channels that fill up a vec4. */
function stored(numbers: Float32Array, rows: number, channels: number): Float32Array<ArrayBuffer> {
  const all = new Float32Array(rows * padded(channels));
  for (let row = 0; row < rows; row += 1) {
    all.set(numbers.subarray(row * channels, (row + 1) * channels), row * padded(channels));
  }
  return all;
}
