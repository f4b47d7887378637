import { UsageError } from "../errors.ts";

// Tests: test/session/recipe.test.ts, test/session/view.test.ts

/** Longer names are no names. */
const MAX_TEXT = 200;

/** @throws UsageError unless it is text of a length that names have. */
export function text(given: unknown, what: string): string {
  if (typeof given === "string" && given.length >= 1 && given.length <= MAX_TEXT) return given;
  throw new UsageError(`${what} is ${shown(given)}.`, `Use text of 1 to ${MAX_TEXT} characters.`);
}

/** @throws UsageError unless it is a whole number between these two. */
export function whole(given: unknown, what: string, most: number, least = 0): number {
  if (Number.isInteger(given) && (given as number) >= least && (given as number) <= most) return given as number;
  throw new UsageError(`${what} is ${shown(given)}.`, `Use a whole number from ${least} to ${most}.`);
}

/** @throws UsageError unless it is a number between 0 and 1. */
export function fraction(given: unknown, what: string): number {
  if (typeof given === "number" && given >= 0 && given <= 1) return given;
  throw new UsageError(`${what} is ${shown(given)}.`, "Use a number from 0 to 1.");
}

/** @throws UsageError unless it is a number on the GPU too. */
export function number(given: unknown, what: string): number {
  if (typeof given === "number" && Number.isFinite(Math.fround(given))) return given;
  throw new UsageError(`${what} is ${shown(given)}.`, "Use a number within ±3.4e38.");
}

/** What was given, as far as it fits a sentence. */
export function shown(given: unknown): string {
  if (typeof given === "number" || given === undefined || given === null) return `${given}`;
  if (typeof given === "string") return given.length <= 40 ? `"${given}"` : `"${given.slice(0, 40)}…"`;
  return Array.isArray(given) ? "a list" : `a ${typeof given}`;
}
