// Tests: test/elements/attributes.test.ts

/**
 * Attributes as properties: what a page writes in them may be anything, and what makes no sense is
 * as if it were not there, as with HTML's own.
 */

/** Sets an attribute, or takes it away: `false`, null and undefined are no attribute. */
export function reflect(element: Element, name: string, value: string | number | boolean | null | undefined): void {
  if (value === undefined || value === null || value === false) element.removeAttribute(name);
  else element.setAttribute(name, value === true ? "" : String(value));
}

/** What it says; empty where it is not there. */
export const textOf = (element: Element, name: string): string => element.getAttribute(name) ?? "";

/** Whether it is there, whatever it says. */
export const isSet = (element: Element, name: string): boolean => element.hasAttribute(name);

/** A number within bounds. */
export function numberOf(
  element: Element,
  name: string,
  without: number,
  { least = 0, most = Number.MAX_VALUE }: { readonly least?: number; readonly most?: number } = {},
): number {
  const text = element.getAttribute(name)?.trim();
  const value = text ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? Math.min(most, Math.max(least, value)) : without;
}

/** A whole number of at least 0. */
export function wholeOf(element: Element, name: string, without: number, most = 2 ** 32 - 1): number {
  const value = numberOf(element, name, without, { most });
  return Number.isInteger(value) ? value : without;
}

/** One of some words; the first unless given. */
export function wordOf<Word extends string>(element: Element, name: string, words: readonly [Word, ...Word[]]): Word {
  const text = element.getAttribute(name);
  return words.find((word) => word === text) ?? words[0];
}

/** Names, with blanks between or commas. */
export function namesOf(element: Element, name: string): string[] {
  return (element.getAttribute(name) ?? "").split(/[\s,]+/).filter(Boolean);
}

/** Whole numbers, with blanks between or commas; each once. */
export function wholesOf(element: Element, name: string): number[] {
  const numbers = namesOf(element, name).map(Number);
  return [...new Set(numbers.filter((number) => Number.isInteger(number) && number >= 0))];
}

/** A list as it is written in an attribute; nothing for an empty one. */
export const listed = (list: Iterable<string | number> | null | undefined): string | undefined =>
  typeof list === "string" ? list : [...(list ?? [])].join(" ") || undefined;
