import { GanatomyError, UsageError } from "../errors.ts";
import { padded } from "../runtime/graph.ts";
import type { Checkpoint, CheckpointTensor } from "../weights/tensor.ts";
import type { Generator } from "./generator.ts";
import type { TensorNumbers } from "./with-weights.ts";

// Tests: test/cli/latents.test.ts, test/session/latents.test.ts

/** What images are made of, as `generator.images` takes it. */
export interface Latents {
  /** Images. */
  readonly size: number;
  readonly rows: Float32Array;
  /** The layer that they are features of; undefined for z. */
  readonly from?: string;
  /** Weights behind it that were fitted with them, for `withWeights`. */
  readonly weights?: ReadonlyMap<string, TensorNumbers>;
}

/** What stands before the names of a generator's tensors in an inversion. */
export const WEIGHTS = "weights.";

/** How latents are read. */
export interface LatentsOptions {
  readonly signal?: AbortSignal | undefined;
  /** Given: images of z are of these classes, whatever the file says. */
  readonly classes?: readonly (number | string)[] | undefined;
  /**
   * Features of layers behind this one, or "z", are left aside, and what they were made of taken.
   */
  readonly until?: string | undefined;
  /** Told where the file says that it is of another model. */
  readonly note?: (text: string) => void;
}

/**
 * Reads latents out of a file: an array of NumPy, or the tensor "z" or "w" of a safetensors file. z
 * is [n, zSize]; w is [n, W], or [n, L, W] for each of L layers. A tensor with the name of a layer
 * of maps is its features [n, h, w, c], which go before what they were made of, with weights behind
 * them under "weights." and their names. One with the name of another input, such as "label" [n,
 * classes], is what images of z are given there.
 *
 * @param path what the file is called.
 *
 * @throws GanatomyError "file" saying what the generator takes; UsageError where an option does
 *   nothing behind them.
 */
export async function readLatents(
  { tensors, metadata }: Pick<Checkpoint, "tensors" | "metadata">,
  generator: Generator,
  { path, signal, classes, until, note }: LatentsOptions & { readonly path: string },
): Promise<Latents> {
  const { model } = metadata;
  if (model !== undefined && model !== generator.name) {
    note?.(
      `"${path}" is of "${model}", and this model is "${generator.name}": what one makes of it is not what the other does.`,
    );
  }
  const early = generator.layers.slice(0, placeOf(generator, until ?? generator.layers.at(-1)?.name ?? "z") + 1);
  const maps = early.find(({ name, vector }) => !vector && tensors.has(name));
  if (maps) {
    const weights = new Map<string, TensorNumbers>();
    for (const [key, tensor] of tensors) {
      if (!key.startsWith(WEIGHTS)) continue;
      const data = Float32Array.from(await finite(path, tensor, signal));
      weights.set(key.slice(WEIGHTS.length), { shape: tensor.shape, data });
    }
    const features = await featuresOf(path, tensors.get(maps.name)!, maps, signal);
    return { ...features, ...(weights.size > 0 && { weights }) };
  }
  const found = tensors.get("z") ?? tensors.get("w") ?? (tensors.size === 1 ? [...tensors.values()][0] : undefined);
  if (!found) {
    throw new GanatomyError(
      "file",
      `"${path}" holds ${[...tensors.keys()].slice(0, 8).join(", ")}, and neither "z" nor "w".`,
      'Call the tensor "z" or "w".',
    );
  }
  // PyTorch's generators take z [n, z, 1, 1]
  const shape = found.shape.slice(0, Math.max(2, found.shape.findLastIndex((size) => size !== 1) + 1));
  const takes = takenBy(generator);
  const fits = ([, sizes]: (typeof takes)[number]): boolean =>
    sizes.length === shape.length - 1 && sizes.every((size, i) => size === shape[i + 1]);
  // A z and a w of one length are told apart by their name; without one it is z.
  const named = takes.filter(([name]) => (tensors.has("w") ? name !== "z" : !tensors.has("z") || name === "z"));
  const [layer] = named.find(fits) ?? [];
  if (layer === undefined || shape[0] === 0) {
    const ways = takes.map(([name, sizes]) => `${name} [n,${sizes}]`).join(", ");
    throw new GanatomyError(
      "file",
      `The latents in "${path}" are [${found.shape}].`,
      `${generator.name} takes ${ways}.`,
    );
  }
  const numbers = await finite(path, found, signal);
  const [n = 0, length = 0] = [shape[0], shape.at(-1)];
  if (layer === "z") {
    const rows = withClasses(generator, numbers, n);
    if (classes === undefined) await putInputs(rows, { path, generator, tensors, size: n, signal });
    return { size: n, rows };
  }
  const idle = generator.idle(layer).map((option) => `\`${option}\``);
  if (idle.length > 0) {
    throw new UsageError(
      `The latents in "${path}" are ${layer}, behind which ${idle.join(" and ")} decide${idle.length === 1 ? "s" : ""} nothing.`,
      `Leave ${idle.length === 1 ? "it" : "them"} out, or give ${layer === "w+" && !generator.idle("w").length ? "w or z" : "z"}.`,
    );
  }
  return { size: n, rows: spaced(numbers, length, padded(length)), from: layer };
}

/** Where something is among a generator's layers; −1 for z, which they are made of. */
export const placeOf = ({ layers }: Pick<Generator, "layers">, space: string): number =>
  layers.findIndex(({ name }) => name === space);

/** Features of a layer. */
async function featuresOf(
  path: string,
  tensor: CheckpointTensor,
  { name, height, width, channels }: Generator["layers"][number],
  signal?: AbortSignal,
): Promise<Latents> {
  const [size = 0, ...own] = tensor.shape;
  if (size === 0 || `${own}` !== `${[height, width, channels]}`) {
    throw new GanatomyError(
      "file",
      `"${name}" in "${path}" is [${tensor.shape}].`,
      `Features of it are [n,${height},${width},${channels}].`,
    );
  }
  const numbers = await finite(path, tensor, signal);
  return { size, rows: spaced(numbers, channels, padded(channels)), from: name };
}

/** @throws GanatomyError "file" for what is no number. */
async function finite(path: string, tensor: CheckpointTensor, signal?: AbortSignal): Promise<Float32Array> {
  const numbers = await tensor.read({ signal });
  if (numbers.every(Number.isFinite)) return numbers;
  throw new GanatomyError("file", `The latents in "${path}" hold what is no number.`, "Give finite numbers.");
}

/** What a generator can be given, with the sizes of one image's. */
function takenBy({ zSize, layers }: Generator) {
  const sizes = (name: string): readonly (readonly [number, number])[] =>
    layers.flatMap((layer) => (layer.name === name && layer.vector ? [[layer.height, layer.channels] as const] : []));
  return [
    ["z", [zSize]] as const,
    ...sizes("w").map(([, channels]) => ["w", [channels]] as const),
    ...sizes("w+").map(([height, channels]) => ["w+", [height, channels]] as const),
  ];
}

/** Rows of z with the classes that images are drawn of behind them. */
function withClasses(generator: Generator, z: Float32Array, size: number): Float32Array {
  const { zSize, rowSize } = generator;
  if (rowSize === zSize) return z;
  const rows = generator.sample({ size, seed: 0 });
  for (let i = 0; i < size; i += 1) rows.set(z.subarray(i * zSize, (i + 1) * zSize), i * rowSize);
  return rows;
}

/**
 * Puts what a file holds of other inputs than z into rows.
 * @throws GanatomyError "file" where that has another shape.
 */
async function putInputs(
  rows: Float32Array,
  {
    path,
    generator: { network, rowSize },
    tensors,
    size,
    signal,
  }: {
    readonly path: string;
    readonly generator: Generator;
    readonly tensors: ReadonlyMap<string, CheckpointTensor>;
    readonly size: number;
    readonly signal: AbortSignal | undefined;
  },
): Promise<void> {
  let before = 0;
  for (const [at, { name, channels }] of network.inputs.entries()) {
    const tensor = at === 0 ? undefined : tensors.get(name);
    if (tensor && `${tensor.shape}` !== `${[size, channels]}`) {
      throw new GanatomyError(
        "file",
        `"${name}" in "${path}" is [${tensor.shape}].`,
        `Of these z it is [${size},${channels}].`,
      );
    }
    const numbers = tensor && (await finite(path, tensor, signal));
    for (let i = 0; numbers && i < size; i += 1) {
      rows.set(numbers.subarray(i * channels, (i + 1) * channels), i * rowSize + before);
    }
    before += channels;
  }
}

/** Rows of `length` numbers, each in `stored` places. */
function spaced(numbers: Float32Array, length: number, stored: number): Float32Array {
  if (length === stored) return numbers;
  const rows = new Float32Array((numbers.length / length) * stored);
  for (let i = 0; i * length < numbers.length; i += 1) {
    rows.set(numbers.subarray(i * length, (i + 1) * length), i * stored);
  }
  return rows;
}
