// Tests: test/cli/models.test.ts, test/cli/commands/dissect.test.ts,
// test/cli/commands/segment.test.ts
import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { GanatomyError, UsageError, WeightsError } from "../errors.ts";
import { GENERIC } from "../models/model-name.ts";
import type { Head } from "../networks/segmenters/upernet.ts";
import { cacheFolder, folderCache } from "../node/cache.ts";
import { fileName } from "../report/gandissect.ts";
import { isPiece } from "../weights/kept-pieces.ts";
import { openSource } from "../weights/open.ts";
import type { CacheLike, LoadOptions, Source } from "../weights/source.ts";
import { openFile } from "./files-read.ts";
import { packageRoot } from "./package.ts";
import { detail } from "./progress.ts";
import type { SegmenterFiles } from "./run.ts";
import type { Running } from "./with-folder.ts";

/** The model and segmenter that come with the package. */
export const EMBEDDED = "scenes64";
/**
 * Its layers that are dissected where none is named: the one of the paper, and one of finer parts.
 */
export const EMBEDDED_LAYERS: readonly string[] = ["layer4", "layer6"];
/** Which of a unified parsing network's labels are wanted. */
export interface UnifiedFlags {
  readonly heads?: readonly Head[];
  readonly segdiv?: "undivided" | "quad";
  readonly parts?: "default" | "all";
}

/** Those of them that were given, as `loadSegmenter` takes them. */
export const unifiedOf = ({ heads, segdiv, parts }: UnifiedFlags): UnifiedFlags => ({
  ...(heads && { heads }),
  ...(segdiv && { segdiv }),
  ...(parts && { parts }),
});

/** How files are opened: until a signal, and what is told meanwhile. */
export type Loading = Pick<LoadOptions, "signal" | "onProgress" | "onWarning" | "sha256" | "cache">;

/**
 * How a command that runs opens its files; its model's has the SHA-256 that was given, if any. What
 * has one is kept in this user's cache, as what is there cannot be out of date; the rest is read by
 * ranges, as far as it is needed.
 */
export const loadingOf = (
  { signal, progress, note }: Pick<Running, "signal" | "progress" | "note">,
  { sha256 }: { readonly sha256?: string } = {},
): Loading => ({
  signal,
  onProgress: progress.download,
  onWarning: note,
  sha256,
  ...(sha256 !== undefined && { cache: downloads() }),
});

/** This user's cache of downloads, which tells with --verbose what was in it. */
function downloads(): CacheLike {
  const folder = join(cacheFolder(), "downloads");
  const cache = folderCache(folder);
  return {
    ...cache,
    async match(url) {
      const found = await cache.match(url);
      const { origin, pathname } = new URL(url); // what follows often holds a token
      if (!isPiece(url)) detail(`${origin}${pathname} is ${found ? "" : "not yet "}in the cache ${folder}`);
      return found;
    },
  };
}

/**
 * Opens a generator's checkpoint: a path, a URL, or the embedded one by its name. With `sha256` it
 * is read whole now.
 */
export async function openModel(model: string, options: Loading): Promise<{ name: string; source: Source }> {
  if (isUrl(model)) {
    const source = await openSource(model, options);
    return { name: withoutExtension(source.name), source };
  }
  // A folder of that name is its report's, which "ganatomy dissect" writes.
  if (model === EMBEDDED && !(await isFile(model))) {
    return { name: EMBEDDED, source: await openSource(await openFile(embedded("generator.safetensors")), options) };
  }
  const path = model.startsWith("file:") ? fileURLToPath(model) : model;
  const source = await openSource(await openFile(path), options);
  const name = withoutExtension(source.name);
  // "church/generator.pth" is known as "church".
  return { name: GENERIC.test(name) ? withoutExtension(basename(dirname(resolve(path)))) : name, source };
}

/** Files that say what a segmenter's channels are, the likeliest first. */
const LABELS = [/^labels\.json$/, /^object150_info\.csv$/i, /^(labels|names|classes)\.(csv|json)$/i];

/** The one of them for photographs. */
export const EMBEDDED_PHOTOS = "mosaic-ade20k32";
/** Segmenters that come with the package, by their folders in weights/. */
const SEGMENTERS: readonly string[] = [EMBEDDED, EMBEDDED_PHOTOS];

/**
 * Opens a segmenter: an embedded one by its name, an ONNX file with labels.json beside it, or a
 * folder with the published files or with safetensors.
 */
export async function openSegmenter(segmenter: string): Promise<{ name: string; files: SegmenterFiles<Source> }> {
  const names = await readdir(segmenter).catch((): string[] => []);
  const holds = names.includes("segmenter.safetensors") || lastEpoch(names) !== undefined;
  if (SEGMENTERS.includes(segmenter) && !holds) {
    return {
      name: segmenter,
      files: {
        weights: await openFile(embedded("segmenter.safetensors", segmenter)),
        labels: await openFile(embedded("labels.json", segmenter)),
      },
    };
  }
  if (/\.onnx$/i.test(segmenter) && existsSync(segmenter)) return besideLabels(segmenter);
  if (!(await isFolder(segmenter))) {
    throw new GanatomyError(
      "not-found",
      `The segmenter "${segmenter}" is neither a folder nor the name of one that comes with ganatomy (${SEGMENTERS.join(", ")}).`,
      "Name a folder with encoder_epoch_N.pth, decoder_epoch_N.pth and labels.json, or with segmenter.safetensors and labels.json, or an ONNX file with labels.json beside it.",
    );
  }
  const file = (name: string): Promise<Source> => openFile(join(segmenter, name));
  const name = basename(resolve(segmenter));
  const needsLabels = (): Promise<Source> => labelsIn(segmenter, names, segmenter);
  if (names.includes("segmenter.safetensors")) {
    return { name, files: { weights: await file("segmenter.safetensors"), labels: await needsLabels() } };
  }
  const epoch = lastEpoch(names);
  if (epoch === undefined) {
    throw new WeightsError(
      "not-found",
      `The folder "${segmenter}" holds no segmenter.`,
      "It needs encoder_epoch_N.pth, decoder_epoch_N.pth and labels.json, or segmenter.safetensors and labels.json.",
    );
  }
  const [encoder, decoder, named] = await Promise.all([
    file(`encoder_epoch_${epoch}.pth`),
    file(`decoder_epoch_${epoch}.pth`),
    needsLabels(),
  ]);
  return { name, files: { encoder, decoder, labels: named } };
}

/** A segmenter of one file, with labels in the same folder. */
async function besideLabels(path: string): Promise<{ name: string; files: SegmenterFiles<Source> }> {
  const folder = dirname(path);
  const weights = await openFile(path);
  const labels = await labelsIn(folder, await readdir(folder), path);
  return { name: withoutExtension(weights.name), files: { weights, labels } };
}

/** What the labels of a segmenter are called, of the files in a folder. */
async function labelsIn(folder: string, names: readonly string[], segmenter: string): Promise<Source> {
  const [labels] = LABELS.flatMap((known) => names.find((one) => known.test(one)) ?? []);
  if (labels !== undefined) return openFile(join(folder, labels));
  throw new GanatomyError(
    "not-found",
    `"${segmenter}" has weights but no labels.json, so nobody knows what they name.`,
    "Put labels.json beside them, or a list of names, a JSON array or object150_info.csv (docs/segmenters.md).",
  );
}

/** Under this name a generator of tiles labels its own images. */
export const SELF = "self";

/**
 * A segmenter for a generator's images: as `openSegmenter`, or without files the generator itself.
 */
export async function openLabeller(
  segmenter: string,
  unified: UnifiedFlags,
): Promise<{ name: string; files?: SegmenterFiles<Source> }> {
  if (segmenter !== SELF) return openSegmenter(segmenter);
  const [flag] = Object.keys(unifiedOf(unified));
  if (flag !== undefined) {
    throw new UsageError(`--${flag} is of unified parsing networks, and "${SELF}" is none.`, "Leave it out.");
  }
  return { name: SELF };
}

/** The highest epoch of which both files are there, as it is written in their names. */
function lastEpoch(names: readonly string[]): string | undefined {
  const epochs = names
    .map((name) => /^encoder_epoch_(\d+)\.pth$/.exec(name)?.[1])
    .filter((epoch) => epoch !== undefined)
    .filter((epoch) => names.includes(`decoder_epoch_${epoch}.pth`))
    .sort((a, b) => Number(a) - Number(b));
  return epochs.at(-1);
}

function isUrl(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

function embedded(file: string, name = EMBEDDED): string {
  return join(packageRoot(), "weights", name, file);
}

/** "church.pth" → "church"; a folder of that name can be made on any system. */
function withoutExtension(name: string): string {
  const stem = name
    .replace(/\.(pth(\.tar)?|pt|th|bin|pkl|safetensors|npz|onnx)(\.index\.json)?$/i, "")
    .replace(/([-_.]?weights[-_.]manifest)?\.json$/i, "")
    .replace(/[^\p{L}\p{N} ._-]/gu, "_");
  // it becomes a folder's name, and "." and ".." are others
  return /^\.*$/.test(stem) ? "model" : fileName(stem);
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
