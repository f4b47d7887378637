// Tests: test/cli/commands/distance.test.ts
import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { basename, join, relative, resolve } from "node:path";
import { ascending } from "../../causality/ranking.ts";
import {
  hasFeatures,
  hasMoments,
  type KeptFeatures,
  type Moments,
  readFeatures,
  readMoments,
} from "../../compare/index.ts";
import { GanatomyError, PhotoError } from "../../errors.ts";
import { openCheckpoint } from "../../index.ts";
import { RandomState } from "../../weights/random.ts";
import type { Source } from "../../weights/source.ts";
import { openFile } from "../files-read.ts";
import { EMBEDDED, type Loading, openModel } from "../models.ts";

/** One of the two sets that are compared. */
export type Input = GeneratorInput | PhotographsInput | FeaturesInput | MomentsInput;

export interface GeneratorInput {
  readonly kind: "generator";
  readonly name: string;
  readonly source: Source;
  readonly embedded: boolean;
}

export interface PhotographsInput {
  readonly kind: "photographs";
  readonly name: string;
  readonly path: string;
  /** Relative to the folder, in their order. */
  readonly files: readonly string[];
  /** Files that are none by their names. */
  readonly odd: readonly string[];
  /** Of their names, sizes and dates. */
  readonly digest: string;
}

export interface FeaturesInput {
  readonly kind: "features";
  readonly name: string;
  readonly kept: KeptFeatures;
}

export interface MomentsInput {
  readonly kind: "moments";
  readonly name: string;
  readonly moments: Moments;
}

/**
 * What a word on the command line means: a folder of photographs, a file of kept features, of
 * statistics (.npz of pytorch-fid), or a generator.
 */
export async function openInput(word: string, options: Loading): Promise<Input> {
  const found = await stat(word).catch(() => undefined);
  if (found?.isDirectory()) return openPhotographs(word);
  if (found && /\.(npz|safetensors)$/i.test(word)) {
    const file = await openCheckpoint(await openFile(word), options);
    if (hasFeatures(file)) return { kind: "features", name: word, kept: await readFeatures(file) };
    if (hasMoments(file)) return { kind: "moments", name: word, moments: await readMoments(file) };
  }
  return { kind: "generator", ...(await openModel(word, options)), embedded: word === EMBEDDED && !found };
}

const PICTURE = /\.(jpe?g|png)$/i;

/**
 * The pictures in a folder and in folders in it, by their names.
 * @throws GanatomyError "not-found" for what is no folder, PhotoError for one without pictures.
 */
export async function openPhotographs(path: string): Promise<PhotographsInput> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch((cause) => unlisted(path, cause));
  const names = entries
    .filter((entry) => !entry.isDirectory() && !entry.name.startsWith("."))
    .map((entry) => relative(path, join(entry.parentPath ?? entry.path, entry.name)))
    .sort((a, b) => (a < b ? -1 : 1));
  const looked = await Promise.all(
    names.map(async (name) => [name, await stat(join(path, name)).catch(() => {})] as const),
  );
  const found = new Map(looked);
  // What is neither a file nor a folder, such as a pipe that nobody writes into, would never end.
  // (A link that leads nowhere is skipped when it is read, and a link to a folder, too.)
  const isPicture = (name: string) => PICTURE.test(name) && (found.get(name)?.isFile() ?? true);
  const files = names.filter(isPicture);
  if (files.length === 0) {
    throw new PhotoError(
      `There are no photographs in "${path}"${names.length > 0 ? ` (it has ${names.slice(0, 3).join(", ")})` : ""}.`,
      "Name a folder of JPEG or PNG files.",
    );
  }
  const digest = createHash("sha256");
  for (const name of files) {
    const { size, mtimeMs } = found.get(name) ?? { size: 0, mtimeMs: 0 };
    digest.update(`${name} ${size} ${mtimeMs}\n`);
  }
  const odd = names.filter((name) => !isPicture(name));
  return {
    kind: "photographs",
    name: basename(resolve(path)),
    path,
    files,
    odd,
    digest: digest.digest("hex"),
  };
}

/**
 * Files in an order by chance, in which not all are taken: folders are often sorted, by class or by
 * date.
 */
export const inTurn = (files: readonly string[], seed: number): readonly string[] =>
  ascending([...new RandomState(seed).randomSample(files.length)]).map((place) => files[place]!);

/**
 * Before anything is measured, which takes long.
 * @throws PhotoError for a folder of fewer photographs than are needed.
 */
export function checkEnough(inputs: readonly Input[], least: number): void {
  for (const input of inputs) {
    if (input.kind !== "photographs" || input.files.length >= least) continue;
    const has = input.files.length === 1 ? "is 1 photograph" : `are ${input.files.length} photographs`;
    throw new PhotoError(`There ${has} in "${input.path}".`, `Give at least ${least}.`);
  }
}

function unlisted(path: string, cause: unknown): never {
  const { code = "unknown", path: at = path } = cause as NodeJS.ErrnoException;
  const why = { ENOENT: "is not there", ENOTDIR: "is no folder" }[code] ?? `cannot be read (${code})`;
  throw new GanatomyError("not-found", `"${at}" ${why}.`, "Name a folder of JPEG or PNG files.", { cause });
}

/** Says which files of folders are no photographs by their names. */
export function noteOdd(inputs: readonly Input[], note: (text: string) => void): void {
  for (const input of inputs) {
    if (input.kind !== "photographs" || input.odd.length === 0) continue;
    const named = input.odd.slice(0, 5).join(", ");
    note(`Left out in ${input.path}, as no JPEG or PNG by name (${input.odd.length}): ${named}`);
  }
}

/**
 * The SHA-256 of a file that lies here; undefined of one that would have to be downloaded again.
 */
export async function hashOf(source: Source): Promise<string> {
  const digest = createHash("sha256");
  const step = 2 ** 24;
  for (let at = 0; at < source.size; at += step) {
    digest.update(await source.read(at, Math.min(source.size, at + step)));
  }
  return digest.digest("hex");
}
