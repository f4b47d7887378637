// Tests: test/cli/generator-flags.test.ts, test/cli/commands/generate.test.ts

import { existsSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander";
import { GanatomyError } from "../errors.ts";
import type { LoadGeneratorOptions } from "../index.ts";
import { readTextSync } from "../node/regular-file.ts";
import { parseSha256 } from "../weights/integrity.ts";
import { named, positive, seed, whole } from "./options.ts";

/** Which generator, and how it is to draw. */
export interface GeneratorFlags {
  readonly model?: string;
  /** What the model's file must have, or the first digits of it. */
  readonly sha256?: string;
  /** What the network is: a description's file or a preset's name. */
  readonly network?: string;
  /** Which part of the file it is. */
  readonly key?: string;
  readonly classes?: readonly (number | string)[];
  readonly truncation?: number;
  readonly cutoff?: number;
  readonly noise?: "const" | "none" | number;
  /** Of convolutions' activations. */
  readonly clamp?: number;
  readonly lod?: number;
  readonly pixelNorm?: "everywhere" | "ends";
}

/** Those of them that were given, as `loadGenerator` takes them. */
export const generatorOf = ({
  network,
  key,
  classes,
  truncation,
  cutoff,
  noise,
  clamp: convClamp,
  lod,
  pixelNorm,
}: GeneratorFlags): Omit<LoadGeneratorOptions, "device"> =>
  Object.fromEntries(
    Object.entries({
      network: network && descriptionOf(network),
      key,
      classes,
      truncation,
      cutoff,
      noise,
      convClamp,
      lod,
      pixelNorm,
    }).filter(([, value]) => value !== undefined),
  );

/** A description's JSON, or the name as it is where it is no file's. */
function descriptionOf(network: string): string {
  if (!/\.json$/i.test(network) && !existsSync(network)) return network;
  const text = readTextSync(network, (cause) => {
    const { code } = cause;
    const why = code === "ENOENT" ? "is not there" : code === "EISDIR" ? "is a folder" : `cannot be read (${code})`;
    throw new GanatomyError("not-found", `The description "${network}" ${why}.`, "Check the path.", { cause });
  });
  if (/^\uFEFF?\s*\{/.test(text)) return text;
  throw new GanatomyError(
    "file",
    `"${network}" is no JSON object, as a description is.`,
    "See docs/generators.md for its form.",
  );
}

/** Classes by number or name, by commas or repetition. */
export function classes(text: string, before: readonly (number | string)[] = []): (number | string)[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.some((name) => name === "")) throw new InvalidArgumentError("A class is missing beside a comma.");
  return [...before, ...names.map((name) => (/^\d+$/.test(name) ? Number(name) : name))];
}

/** "const", "none" or a seed. */
export function noise(text: string): "const" | "none" | number {
  if (text === "const" || text === "none") return text;
  try {
    return seed(text);
  } catch {
    throw new InvalidArgumentError('It is "const", "none", or a seed from 0 to 4294967295.');
  }
}

/** A number of either sign. */
function number(text: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) throw new InvalidArgumentError("It is a number, such as 0.7.");
  return value;
}

/** How a generator that is already named is to draw. */
export const drawingOptions = (command: Command): Command =>
  command
    .option("--network <file|preset>", "what the network is: a description (JSON), or dcgan", named)
    .option("--key <name>", "which part of a checkpoint it is (default: averaged weights before others)", named)
    .option("--classes <list>", "classes, by number or name, one an image, in turn (default: all)", classes)
    .option("--truncation <psi>", "move w towards its mean, as StyleGANs do; 1 leaves it", number)
    .option("--cutoff <n>", "only for the first n layers", whole("The cutoff", 0, 100))
    .option("--noise <how>", "StyleGAN's noise: const (as stored), none, or a seed", noise)
    .option("--clamp <c>", "clamp activations to ±c, where the file has lost it", positive("The clamp"))
    .option("--lod <l>", "level of detail of a growing Progressive GAN (default: as stored)", positive("The level"))
    .addOption(
      new Option("--pixel-norm <where>", "where one of the ablation study's generators is normalised").choices([
        "everywhere",
        "ends",
      ]),
    );

/** Parses a SHA-256 or its first digits. */
function digest(text: string): string {
  try {
    return parseSha256(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

export const integrityOption = (command: Command): Command =>
  command.option("--sha256 <hex>", "what the checkpoint must have: 64 digits, or the first 8 or more", digest);

/** Which generator, and how it is to draw. */
export const generatorOptions = (command: Command): Command =>
  drawingOptions(
    integrityOption(
      command.option("--model <file|url>", "generator's checkpoint; the embedded scenes64 unless given", named),
    ),
  );
