import { UsageError } from "../errors.ts";
import type { Network, NetworkInput } from "../networks/network.ts";
import { type SampleZOptions, sampleZ } from "../weights/sample-z.ts";

const classInput = ({ inputs }: Network): NetworkInput | undefined => inputs.find(({ draw }) => draw === "class");

/** Names of the classes that a network's images can be of; their numbers where they have none. */
export function classesOf(network: Network): readonly string[] {
  const input = classInput(network);
  return Array.from({ length: input?.channels ?? 0 }, (_, i) => input?.classes?.[i] ?? `${i}`);
}

/**
 * Numbers of the classes that are asked for by number or name; all unless any is.
 * @throws UsageError for one that there is not.
 */
export function chosen(network: Network, asked: readonly (number | string)[]): readonly number[] {
  const known = classesOf(network);
  if (asked.length === 0) return [...known.keys()];
  return asked.map((one) => {
    const found = typeof one === "number" ? one : known.indexOf(one);
    if (found in known) return found;
    const are =
      known.length > 0 ? `Its classes are ${known.slice(0, 20).join(", ")}${known.length > 20 ? ", …" : ""}.` : "";
    throw new UsageError(`${network.architecture} has no class ${one}.`, are || "Leave `classes` out.");
  });
}

/**
 * What images `start`…`start + size − 1` of a seed are made of, [size, row]: every input drawn as
 * it says, one behind the other. Image i is of class i of those given, which come round again.
 * @throws UsageError.
 */
export function sampleRows(
  inputs: readonly NetworkInput[],
  classes: readonly number[],
  { size, seed, start = 0 }: Omit<SampleZOptions, "depth">,
): Float32Array<ArrayBuffer> {
  if (!Number.isSafeInteger(size) || size < 0) {
    throw new UsageError(`${size} is no number of samples.`, "Give a whole number, zero or more.");
  }
  const [only, ...others] = inputs;
  const drawn = (input: NetworkInput): Float32Array<ArrayBuffer> => drawnRows(input, classes, { size, seed, start });
  if (only && others.length === 0) return drawn(only);
  const row = inputs.reduce((sum, { channels }) => sum + channels, 0);
  const rows = new Float32Array(size * row);
  let before = 0;
  for (const input of inputs) {
    const values = drawn(input);
    const { channels } = input;
    for (let i = 0; i < size; i += 1) rows.set(values.subarray(i * channels, (i + 1) * channels), i * row + before);
    before += channels;
  }
  return rows;
}

function drawnRows(
  { draw = "normal", channels: depth }: NetworkInput,
  classes: readonly number[],
  { size, seed, start }: Required<Omit<SampleZOptions, "depth">>,
): Float32Array<ArrayBuffer> {
  if (draw === "normal") return sampleZ({ size, depth, seed, start });
  const rows = new Float32Array(size * depth);
  for (let i = 0; i < size; i += 1) {
    if (draw === "class") rows[i * depth + classes[(start + i) % classes.length]!] = 1;
    else rows.set(sampleZ({ size: 1, depth, seed: seed + start + i }), i * depth);
  }
  return rows;
}

/**
 * Numbers of any array as the library takes them; in plain JavaScript they come as lists, too.
 * @throws UsageError for anything else.
 */
export function numbersOf(given: ArrayLike<number>, what: string): Float32Array {
  if (given instanceof Float32Array) return given;
  const list: unknown = given;
  const isNumber = (value: unknown): boolean => typeof value === "number" && !Number.isNaN(value);
  const isTyped = ArrayBuffer.isView(list) && !(list instanceof DataView) && !(list instanceof BigInt64Array);
  if (Array.isArray(list) ? list.every(isNumber) : isTyped && !(list instanceof BigUint64Array)) {
    return Float32Array.from(given);
  }
  throw new UsageError(`${what} is no array of numbers.`, "Give a Float32Array, such as `generator.sample` makes.");
}
