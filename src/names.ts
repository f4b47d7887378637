import { UsageError } from "./errors.ts";

/**
 * Every name of a type, each once: the compiler refuses a list that lacks one or has one too many.
 * What is a "list" is no single name, whose letters would be taken for its entries; what is
 * "needed" cannot be left out, nor can a "device", for
 * which a promise of one is easily taken.
 */
export type NamesOf<T> = { readonly [Name in keyof Required<T>]: Kind };

type Kind = true | "list" | "needed" | "device";

/**
 * Refuses what a call does not know, which would be ignored in silence: a misspelt option, or one
 * of another call. Callers without TypeScript also leave out what is needed, and give one name for
 * a list of them.
 * @throws UsageError with the nearest names.
 */
export function checkNames<T extends object>(what: string, given: T, names: NamesOf<T>): void {
  if (typeof given !== "object" || given === null) {
    throw new UsageError(`${what} needs an object of options.`, `It knows ${Object.keys(names).join(", ")}.`);
  }
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || Object.hasOwn(names, name)) continue;
    const known = Object.keys(names);
    const near = nearest(name, known);
    throw new UsageError(
      `${what} knows no "${name}".`,
      near.length > 0 ? `Did you mean ${near.join(" or ")}?` : `It knows ${known.join(", ")}.`,
    );
  }
  for (const [name, kind] of Object.entries<Kind>(names)) {
    const value: unknown = given[name as keyof T];
    if ((kind === "needed" || kind === "device") && (value === undefined || value === null)) {
      throw new UsageError(`${what} needs ${name}.`, `Give it { ${name} }.`);
    }
    if (kind === "list" && value !== undefined && value !== null && !isList(value)) {
      throw new UsageError(
        `${what} takes a list of ${name}, not ${said(value)}.`,
        typeof value === "object" ? "Give an array." : `Give [${said(value)}].`,
      );
    }
    if (kind === "device" && !(typeof value === "object" && "tuning" in value!)) {
      throw new UsageError(
        `${what} needs a ${name} that is there, not ${said(value)}.`,
        `Give { ${name}: await init() }.`,
      );
    }
  }
}

/** A value of no use, in a word. */
function said(value: unknown): string {
  if (typeof value !== "object") return typeof value === "string" ? JSON.stringify(value) : String(value);
  return "then" in value! ? "a promise" : "{ … }";
}

const isList = (value: unknown): boolean => typeof value === "object" && Symbol.iterator in value!;

/** Characters of a name in a list. */
const NAME = 100;

/**
 * Names in a message: the first of them, each cut where it is long, and how many more there are.
 */
export function andMore(names: readonly string[], most = 8): string {
  const shown = names.slice(0, most).map((name) => (name.length > NAME ? `${name.slice(0, NAME - 1)}…` : name));
  return shown.join(", ") + (names.length > most ? ` and ${names.length - most} more` : "");
}

/** At most so many names are offered. */
const OFFERED = 5;
/** Names that a misspelt one is compared with, and letters of each: files may have any number. */
const [COMPARED, LETTERS] = [5000, 60];

/**
 * Names like a misspelt one: those that contain it or are contained first, then those a third of
 * its letters away or less.
 */
export function nearest(text: string, names: readonly string[]): string[] {
  const wanted = text.slice(0, LETTERS).toLowerCase();
  const away = (name: string): number =>
    name.includes(wanted) || wanted.includes(name) ? 0 : editDistance(wanted, name) / Math.ceil(wanted.length / 3);
  return [...new Set(names)]
    .slice(0, COMPARED)
    .map((name) => ({ name, distance: away(name.slice(0, LETTERS).toLowerCase()) }))
    .filter(({ distance }) => distance <= 1)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, OFFERED)
    .map(({ name }) => name);
}

/** Letters to insert, remove or replace to make one of the other (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + Number(a[i - 1] !== b[j - 1])));
    }
    row = next;
  }
  return row[b.length]!;
}

/**
 * Controls of terminals, all but a line's end and a tab: ESC begins sequences that hide, overwrite
 * or send text, also as one character of C1; and what turns the direction of text, as it then reads
 * otherwise than it is (CVE-2021-42574).
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** A character as JSON writes those that it may not hold. */
export const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/**
 * Text that may hold names out of files as a terminal may have it: controls are written as JSON
 * writes them, so that JSON stays what it was.
 */
export const printable = (text: string): string => text.replaceAll("\r\n", "\n").replace(CONTROLS, escaped);

/** Characters of a warning, as many as of an error. */
const WARNING = 1000;

/** Tells a warning, if anybody wants to know: short, whatever names out of files it holds. */
export function warn(onWarning: ((message: string) => void) | undefined, text: string): void {
  onWarning?.(printable(text.length > WARNING ? `${text.slice(0, WARNING - 1)}…` : text));
}
