import { InvalidArgumentError } from "commander";
import type { QuantileThreshold } from "../dissect/result.ts";
import { HEADS, type Head } from "../networks/segmenters/upernet.ts";

/** What the help of a command says of `--force`. */
export const FORCE = "write into a folder that holds other files; those of the same names are replaced";

/** Parses a whole number between two bounds. */
export function whole(what: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`${what} is a whole number from ${least} to ${most}.`);
    }
    return value;
  };
}

/** Parses a number from 0 on. */
export function positive(what: string): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (!(value >= 0 && Number.isFinite(value))) throw new InvalidArgumentError(`${what} is a number from 0.`);
    return value;
  };
}

/** NumPy's seeds are 32 bits wide. */
export const seed = whole("A seed", 0, 2 ** 32 - 1);
/** Beyond this many images scores no longer change; a typo would run for weeks. */
export const size = whole("The number of images", 1, 1_000_000);

/** Layers by commas, spaces or repetition; an option may be given more than once. */
export function layers(text: string, before: readonly string[] = []): string[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.some((name) => name === "")) throw new InvalidArgumentError("A layer's name is missing beside a comma.");
  return [...new Set([...before, ...names])];
}

/** "iqr", "maxiou", or an upper quantile such as 0.01. */
export function quantileThreshold(text: string): QuantileThreshold {
  if (text === "iqr" || text === "maxiou") return text;
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (!(value > 0 && value < 1)) {
    throw new InvalidArgumentError('It is "iqr", "maxiou", or a fraction between 0 and 1 such as 0.01.');
  }
  return value;
}

/** A path or name that says something. */
export function named(text: string): string {
  if (text.trim() === "") throw new InvalidArgumentError("It must not be empty.");
  return text;
}

/** Heads of a unified parsing network. */
export function heads(text: string): Head[] {
  const names = text.split(",").map((name) => name.trim());
  const wrong = names.find((name) => !(HEADS as readonly string[]).includes(name));
  if (wrong !== undefined) throw new InvalidArgumentError(`Heads are ${HEADS.join(", ")}.`);
  return [...new Set(names)] as Head[];
}

/** "512", or width × height as in "640x480". */
export function extent(text: string): readonly [height: number, width: number] {
  const [, width, height = width] = /^(\d{1,4})(?:[x×](\d{1,4}))?$/.exec(text) ?? [];
  if (!(Number(width) >= 8 && Number(height) >= 8)) {
    throw new InvalidArgumentError(
      "It is an edge such as 512, or a width and a height such as 640x480, from 8 to 9999.",
    );
  }
  return [Number(height), Number(width)];
}

/** A number, or a quantile of every unit's own activations. */
export type InsertedValue = number | { readonly quantile: number };

/** A picture's file, or [top, left, bottom, right] in pixels of the images. */
export type MaskFlag = string | readonly [top: number, left: number, bottom: number, right: number];

/** "3,17" or "3-5,17". */
export function units(text: string, before: readonly number[] = []): number[] {
  const found = text.split(",").flatMap((part) => {
    const [, first, last = first] = /^\s*(\d{1,6})(?:-(\d{1,6}))?\s*$/.exec(part) ?? [];
    if (first === undefined || Number(last) < Number(first)) {
      throw new InvalidArgumentError("Units are numbers and rising ranges by commas, such as 3,17 or 0-9.");
    }
    return Array.from({ length: Number(last) - Number(first) + 1 }, (_, i) => Number(first) + i);
  });
  return [...new Set([...before, ...found])];
}

/** A fraction. */
export function alpha(text: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (!(value >= 0 && value <= 1)) throw new InvalidArgumentError("It is a fraction from 0 to 1.");
  return value;
}

/** "4.5" or "q0.99". */
export function insertedValue(text: string): InsertedValue {
  const value = Number(text.replace(/^q/, "").trim() || Number.NaN);
  if (!Number.isFinite(value) || (text.startsWith("q") && !(value >= 0 && value <= 1))) {
    throw new InvalidArgumentError("It is a number, or a quantile of each unit's activations such as q0.99.");
  }
  return text.startsWith("q") ? { quantile: value } : value;
}

/** "16,0,32,64", or a file's name. */
export function mask(text: string): MaskFlag {
  if (text.trim() === "") throw new InvalidArgumentError("It is a picture, or top,left,bottom,right.");
  const bounds = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  if (bounds.some(Number.isNaN)) return text;
  const [top, left, bottom, right] = bounds;
  const pixels = bounds.length === 4 && bounds.every((bound) => Number.isInteger(bound) && bound >= 0);
  if (!pixels || !(top! < bottom! && left! < right!)) {
    throw new InvalidArgumentError("Bounds are top,left,bottom,right in whole pixels of the images.");
  }
  return bounds as [number, number, number, number];
}
