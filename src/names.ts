import { UsageError } from "./errors.ts";

/**
 * Every name of a type, each once: the compiler refuses a list that lacks one or has one too many.
 * What is a "list" is no single name, whose letters would be taken for its entries; what is
 * "needed" cannot be left out.
 */
export type NamesOf<T> = { readonly [Name in keyof Required<T>]: true | "list" | "needed" };

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
  for (const [name, kind] of Object.entries<true | "list" | "needed">(names)) {
    const value: unknown = given[name as keyof T];
    if (kind === "needed" && (value === undefined || value === null)) {
      throw new UsageError(`${what} needs ${name}.`, `Give it { ${name} }.`);
    }
    if (kind === "list" && typeof value === "string") {
      throw new UsageError(`${what} takes a list of ${name}, not "${value}".`, `Give ["${value}"].`);
    }
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
}

/** At most so many names are offered. */
const OFFERED = 5;

/**
 * Names like a misspelt one: those that contain it or are contained first, then those a third of
 * its letters away or less.
 */
export function nearest(text: string, names: readonly string[]): string[] {
  const wanted = text.toLowerCase();
  const away = (name: string): number =>
    name.includes(wanted) || wanted.includes(name) ? 0 : editDistance(wanted, name) / Math.ceil(wanted.length / 3);
  return [...new Set(names)]
    .map((name) => ({ name, distance: away(name.toLowerCase()) }))
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
