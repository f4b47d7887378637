import { InvalidArgumentError } from "commander";
import type { TuneFlags } from "../gpu.ts";
import type { UnifiedFlags } from "../models.ts";

/** What `ganatomy ablate` and `ganatomy insert` are told. */
export interface EditCommandOptions extends UnifiedFlags, TuneFlags {
  readonly model?: string;
  readonly segmenter?: string;
  readonly layer: string;
  readonly units?: readonly number[];
  readonly concept?: string;
  readonly top: number;
  /** Folder or dissect.json to take the ranking from. */
  readonly dissection?: string;
  readonly metric: string;
  readonly alpha: number;
  readonly value?: InsertedValue;
  readonly mask?: MaskFlag;
  readonly pooling: "max" | "mean";
  readonly size: number;
  readonly seed: number;
  readonly batch?: number;
  readonly pictures: number;
  readonly outdir?: string;
  readonly force?: boolean;
  readonly json?: boolean;
  readonly curve?: boolean;
  readonly locations?: boolean;
  readonly mixed?: boolean;
  readonly steps?: number;
  readonly random?: number;
  readonly eachUnit?: boolean;
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
