import { type Stats, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Command } from "commander";
import { GanatomyError } from "../errors.ts";
import { EMBEDDED, EMBEDDED_PHOTOS } from "./models.ts";
import { lacking, REPORTS, RESULTS } from "./report-folder.ts";

/** What is wanted where a path leads. */
export interface Wanted {
  readonly file?: boolean;
  readonly folder?: boolean;
  /** What a folder has to hold. */
  readonly holds?: string;
  /** Files that stand for the folder they lie in. */
  readonly inside?: readonly string[];
  /** Whether files may be empty: one of many photos is told with the others that are none. */
  readonly empty?: boolean;
  /** What to do where it is not there. */
  readonly fix?: string;
}

const FILE: Wanted = { file: true };
/** A checkpoint in several files is a folder. */
const MODEL: Wanted = { file: true, folder: true };
const REPORT: Wanted = { folder: true, inside: REPORTS };

/**
 * The words by which options and arguments say in the help that they take a path, and what is
 * wanted there. Where several stand beside each other, any of it.
 */
export const PATHS: Readonly<Record<string, Wanted>> = {
  ...{ file: FILE, "@file": FILE, csv: FILE, png: FILE, recipe: FILE, photo: FILE, stops: FILE, "net:layer": FILE },
  photos: { file: true, folder: true, empty: true },
  ...{ dir: { folder: true }, report: REPORT, reports: REPORT, results: { folder: true, inside: RESULTS } },
  run: { file: true, folder: true, holds: "dissect.json" },
  dissection: { file: true, folder: true, holds: "dissect.json" },
  plan: { file: true, folder: true, holds: "plan.json", fix: "Make one: ganatomy plan PLAN --split N." },
  ...{ url: MODEL, checkpoint: MODEL, network: MODEL, a: MODEL, b: MODEL },
};

/** Of these words a value may also be an address, or what comes with ganatomy. */
const MODELS: readonly string[] = ["url", "checkpoint", "network", "a", "b"];
/** What a path to a file looks like, where a value may also be a name. */
const FILES = /\.(json|pth|pt|pkl|safetensors|npz|onnx)$/i;

/**
 * Looks at every path that a command line names, before anything is loaded or a GPU is looked for.
 * @throws GanatomyError "not-found" for one that leads to nothing, or to what is not wanted there.
 */
export function checkPaths(command: Command): void {
  for (const { words, values } of given(command)) {
    const known = words.filter((word) => Object.hasOwn(PATHS, word));
    if (known.length === 0) continue;
    const wanted: Wanted = Object.assign({}, ...known.map((word) => PATHS[word]));
    for (const value of values) {
      const path = words.includes("net:layer") ? value.replace(/(?<=.):[^:/\\]+$/, "") : value;
      if (!isOther(path, words)) checkPath(path, wanted);
    }
  }
}

/** Every value on the command line that is text, and the words that stand for it in the help. */
function* given(command: Command): Generator<{ readonly words: readonly string[]; readonly values: string[] }> {
  const texts = (value: unknown): string[] => [value].flat().filter((each) => typeof each === "string");
  for (const option of command.options) {
    const name = option.attributeName();
    // a folder that is written may be made first
    if (name === "outdir" || command.getOptionValueSource(name) !== "cli") continue;
    yield { words: wordsOf(option.flags), values: texts(command.getOptionValue(name)) };
  }
  for (const [at, argument] of command.registeredArguments.entries()) {
    yield { words: wordsOf(`<${argument.name()}>`), values: texts(command.processedArgs[at]) };
  }
}

/** "file" and "url" of "--model <file|url>". */
export const wordsOf = (flags: string): string[] => /<([^>]+)>/.exec(flags)?.[1]?.replace(/\.+$/, "").split("|") ?? [];

/** Whether a value is no path: an address, a name, a number. What is wrong with it, others say. */
function isOther(value: string, words: readonly string[]): boolean {
  const has = (...some: readonly string[]): boolean => words.some((word) => some.includes(word));
  if (has("stops")) return /^\d+$/.test(value);
  if (has(...MODELS)) return /^(https?|file):/i.test(value) || value === EMBEDDED || value === EMBEDDED_PHOTOS;
  // a segmenter, which is opened before a GPU is looked for: it says which names there are
  if (has("name")) return true;
  const there = FILES.test(value) ? undefined : found(value);
  if (has("preset")) return !FILES.test(value) && !there;
  return has("net:layer") && !FILES.test(value) && !there?.isFile();
}

/**
 * Looks at one path.
 * @throws GanatomyError "not-found"
 */
export function checkPath(path: string, wanted: Wanted): void {
  const there = found(path);
  if (!there) throw wrong(`"${path}" is not there.`, wanted.fix ?? "Check the path.");
  if (there.isDirectory()) {
    if (!wanted.folder) throw wrong(`"${path}" is a folder.`, "Name the file in it.");
    if (wanted.holds !== undefined && !found(join(path, wanted.holds))) {
      if (wanted.fix === undefined) throw lacking(path, wanted.holds);
      throw wrong(`"${path}" holds no ${wanted.holds}.`, wanted.fix);
    }
  } else {
    if (!wanted.file && !wanted.inside?.includes(basename(path))) {
      const isNear = !wanted.inside || wanted.inside.some((name) => found(join(dirname(path), name)));
      const fix = isNear ? `Give its folder, "${dirname(path)}".` : "Give the folder of a report.";
      throw wrong(`"${path}" is no folder.`, fix);
    }
    if (!there.isFile()) throw wrong(`"${path}" is no regular file.`, "Copy its contents to a file first.");
    if (there.size === 0 && !wanted.empty) throw wrong(`"${path}" is empty.`, "Download or save it again.");
  }
}

/** What lies there; undefined for nothing. */
function found(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw wrong(`"${path}" cannot be read (${code}).`, "Check the path and its permissions.", cause);
  }
}

const wrong = (message: string, fix: string, cause?: unknown): GanatomyError =>
  new GanatomyError("not-found", message, fix, { cause });
