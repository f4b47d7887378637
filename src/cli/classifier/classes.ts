// Tests: test/cli/classifier/classes.test.ts

import { basename } from "node:path";
import { GanatomyError, LabelsError, UsageError } from "../../errors.ts";
import { nearest } from "../../names.ts";
import { cellsOf } from "../../networks/segmenters/label-list.ts";
import { parseJson } from "../../weights/json.ts";
import { textOf } from "../files-read.ts";

/** What a network's classes are called. */
export interface ClassNames {
  /** One of each, in the network's order. */
  readonly names: readonly string[];
  /** A class's place, by any of its names or its number; or why it is none. */
  of(word: string): number | string;
}

/** Which class each photograph is of. */
export interface Truth {
  /** Names of the network's classes, in its order. */
  readonly names: readonly string[];
  /** A file's class, its place among the network's; or why it has none. */
  of(file: string): number | string;
  /** What is to be said: how folders were numbered, rows without files. */
  readonly notes: readonly string[];
}

export interface TruthOptions {
  /** A CSV of files and their classes; unless given, a photograph's class is its folder's name. */
  readonly truth?: string | undefined;
  /** A file of the names of the network's classes. */
  readonly classNames?: string | undefined;
}

/**
 * The classes of photographs: of a CSV, or of the folders they lie in. What they are called are
 * names of the network's classes, or their numbers; or as many folders as there are classes, in the
 * order in which torchvision's ImageFolder numbers them.
 *
 * @param files photographs, relative to their folder
 *
 * @param count classes of the network
 *
 * @throws LabelsError for files that cannot be read so, UsageError where classes have no number.
 */
export async function openTruth(
  files: readonly string[],
  count: number,
  { truth, classNames }: TruthOptions,
): Promise<Truth> {
  const named = classNames === undefined ? undefined : await openClassNames(count, classNames);
  const rows = truth === undefined ? undefined : await readTruth(truth);
  const wordsOf = (file: string): readonly string[] => {
    const row = rows?.get(slashed(file));
    return rows ? (row === undefined ? [] : [row]) : foldersOf(file);
  };
  const { classes, notes } = named ? { classes: named, notes: [] } : ofFolders(files.map(wordsOf), count);
  const known = new Set(files.map(slashed));
  const gone = rows ? [...rows.keys()].filter((file) => !known.has(file)) : [];
  const lost = `${gone.length} files of ${truth} are not there: ${gone.slice(0, 3).join(", ")}`;
  return {
    names: classes.names,
    notes: [...notes, ...(gone.length > 0 ? [lost] : [])],
    of(file) {
      const found = wordsOf(file).map((word) => classes.of(word));
      const place = found.find((each) => typeof each === "number");
      return place ?? found[0] ?? (rows ? `is not in ${truth}` : "lies in no class's folder");
    },
  };
}

/**
 * A network's classes by the names in a file, or by their numbers alone.
 * @throws LabelsError for a file that cannot be read so, UsageError where it names not all of them.
 */
export async function openClassNames(count: number, path?: string): Promise<ClassNames> {
  const numbers = numbersOf(count);
  if (path === undefined) return calledBy(numbers, numbers.entries());
  const aliases = await readClassNames(path);
  if (aliases.length !== count) {
    throw new UsageError(
      `The network has ${count} classes, and ${path} names ${aliases.length}.`,
      "Name each, in the order of the network's.",
    );
  }
  const named = aliases.flatMap((all, index) => all.map((name) => [index, slashed(name)] as const));
  const taken = new Set(named.map(([, name]) => name));
  const free = [...numbers.entries()].filter(([, number]) => !taken.has(number));
  return calledBy(
    aliases.map((all) => all.at(-1)!),
    [...free, ...named],
  );
}

/** Classes by their places and words: a word may be of several, which is then none of them. */
function calledBy(names: readonly string[], words: Iterable<readonly [place: number, word: string]>): ClassNames {
  const places = new Map<string, Set<number>>();
  for (const [place, word] of words) places.set(word, (places.get(word) ?? new Set<number>()).add(place));
  const reasons = new Map<string, string>(); // of thousands of files, perhaps
  return {
    names,
    of(word) {
      const found = [...(places.get(slashed(word)) ?? [])];
      if (found.length === 1) return found[0]!;
      const several = `"${word}" is the name of ${found.length} classes, ${found.join(", ")}`;
      const reason = reasons.get(word) ?? (found.length > 0 ? several : unknown(word, [...places.keys()]));
      reasons.set(word, reason);
      return reason;
    },
  };
}

function unknown(word: string, known: readonly string[]): string {
  const names = known.filter((name) => !/^\d+$/.test(name));
  const near = nearest(word, names);
  const perhaps = near.length > 0 ? `; did you mean ${near.join(" or ")}?` : "";
  return `"${word}" is no class of the network${perhaps}`;
}

const slashed = (file: string): string => file.replaceAll("\\", "/").replace(/^(\.?\/)+/, "");

/** What a class may be called: the whole path of its folder, as in Places365, or the first part. */
function foldersOf(file: string): string[] {
  const parts = slashed(file).split("/").slice(0, -1);
  return parts.length === 0 ? [] : [...new Set([parts.join("/"), parts[0]!])];
}

const numbersOf = (count: number): string[] => Array.from({ length: count }, (_, index) => `${index}`);

/** Classes that no file names: by their numbers, or as many folders as there are classes. */
function ofFolders(
  words: readonly (readonly string[])[],
  count: number,
): { readonly classes: ClassNames; readonly notes: readonly string[] } {
  const called = [...new Set(words.flatMap((all) => all.at(-1) ?? []))].sort((a, b) => (a < b ? -1 : 1));
  if (called.length === count && called.some((name) => !/^\d+$/.test(name))) {
    return {
      classes: calledBy(called, called.entries()),
      notes: [`The ${count} classes are taken to be in the order of their names: ${some(called)}.`],
    };
  }
  const numbers = numbersOf(count);
  if (called.length === 0 || called.some((name) => numbers.includes(name))) {
    return { classes: calledBy(numbers, numbers.entries()), notes: [] };
  }
  throw new UsageError(
    `The network has ${count} classes and no names of them, and photographs are of ${called.length}: ${some(called)}.`,
    "Give --class-names FILE, the network's in its order, or call classes by their numbers from 0.",
  );
}

const some = (names: readonly string[]): string => `${names.slice(0, 4).join(", ")}${names.length > 4 ? ", …" : ""}`;

/** Rows of a CSV `file,class`, with or without a line of titles. */
async function readTruth(path: string): Promise<Map<string, string>> {
  const rows = (await text(path))
    .split(/\r?\n/)
    .map((line, index) => ({ cells: cellsOf(line), line: index + 1 }))
    .filter(({ cells }) => cells.some((cell) => cell !== ""));
  const titles = (rows[0]?.cells ?? []).map((cell) => cell.toLowerCase());
  const [file, name] = [titles.indexOf("file"), titles.indexOf("class")];
  const titled = file >= 0 && name >= 0;
  const found = new Map<string, string>();
  for (const { cells, line } of titled ? rows.slice(1) : rows) {
    const [at, of] = titled ? [cells[file], cells[name]] : cells;
    if (!at || !of || (!titled && cells.length !== 2)) {
      throw new LabelsError(
        `Line ${line} of ${path} is no file and its class.`,
        "Give lines such as beach/1.jpg,beach.",
      );
    }
    const before = found.get(slashed(at));
    if (before !== undefined && before !== slashed(of)) {
      throw new LabelsError(
        `Line ${line} of ${path} has ${at} as "${of}", and before as "${before}".`,
        "Name its one class.",
      );
    }
    found.set(slashed(at), slashed(of));
  }
  if (found.size === 0) throw new LabelsError(`${path} has no rows.`, "Give lines such as beach/1.jpg,beach.");
  return found;
}

/**
 * Names of classes, several each: a line each in a text file, with their numbers behind them as in
 * Places365's, or JSON: a list, or an object by number as ImageNet's.
 */
async function readClassNames(path: string): Promise<string[][]> {
  const written = await text(path);
  const wrong = (index: number): never => {
    throw new LabelsError(`Class ${index} has no name in ${path}.`, "Give a name a class: a line, or a place in JSON.");
  };
  if (!/^\s*[[{]/.test(written)) {
    const lines = written
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line !== "");
    const numbers = lines.map((line) => /^(.*\S)\s+(\d+)$/.exec(line));
    const counted = numbers.every((match, index) => Number(match?.[2]) === index);
    return lines.map((line, index) => [counted ? numbers[index]![1]! : line]);
  }
  let parsed: unknown;
  try {
    parsed = parseJson(written);
  } catch (cause) {
    throw new LabelsError(`${basename(path)} is no JSON.`, "Give a list of names, or a text file with a name a line.", {
      cause,
    });
  }
  const entries = Array.isArray(parsed)
    ? parsed
    : Object.keys(parsed as object).map((_, index) => (parsed as Record<string, unknown>)[index]);
  return entries.map((entry: unknown, index) => {
    const names: unknown[] = Array.isArray(entry) ? entry : [entry];
    const good = names.length > 0 && names.every((name) => typeof name === "string" && name !== "");
    return good ? (names as string[]) : wrong(index);
  });
}

async function text(path: string): Promise<string> {
  const bytes = await textOf(path, (cause) => {
    throw new GanatomyError("not-found", `"${path}" cannot be read (${cause.code}).`, "Name a file.", { cause });
  });
  return bytes.replace(/^\uFEFF/, "");
}
