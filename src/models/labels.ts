import { LabelsError } from "../errors.ts";
import type { UpernetConfig } from "./upernet.ts";

/** A concept a segmenter knows: its name within its category. Names may repeat across categories; the pair does not. */
export interface Label {
  readonly name: string;
  readonly category: string;
}

/** labels.json of a unified parsing network: names per head, index 0 is "-" (spec §2.1). */
export interface LabelFile {
  readonly object: readonly string[];
  readonly material?: readonly string[];
  readonly part?: readonly string[];
  readonly scene?: readonly string[];
  readonly object_part?: Readonly<Record<string, readonly string[]>>;
  readonly segsizes?: readonly number[];
}

/**
 * The object labels of a label file, checked against the object head.
 * @throws LabelsError saying what is wrong and how long the list should be.
 */
export function parseLabels(
  file: unknown,
  config: UpernetConfig,
): { readonly labels: readonly Label[]; readonly segsizes: readonly number[] | undefined } {
  const fix = 'Give the labels.json that came with the network: {"object": ["-", …]}.';
  const { object, segsizes } = (file ?? {}) as { object?: unknown; segsizes?: unknown };
  if (!isStrings(object)) throw new LabelsError('The label file has no list of names called "object".', fix);
  if (object.length !== config.heads.object) {
    throw new LabelsError(
      `The label file names ${object.length} objects, but the object head has ${config.heads.object} channels.`,
      fix,
    );
  }
  if (object.length < 2) throw new LabelsError("The label file names nothing but none.", fix);
  if (object[0] !== "-") throw new LabelsError(`The first object is "${object[0]}" and not "-" (none).`, fix);
  if (segsizes !== undefined && !isSegsizes(segsizes)) {
    throw new LabelsError(
      `"segsizes" in the label file is ${JSON.stringify(segsizes).slice(0, 60)}.`,
      "It lists up to 8 input sizes from 32 to 4096, such as [256].",
    );
  }
  const names = new Set(object);
  if (names.size < object.length) {
    const twice = object.find((name, index) => object.indexOf(name) !== index);
    throw new LabelsError(`The label file names the object "${twice}" twice.`, fix);
  }
  return {
    labels: object.map((name) => ({ name, category: "object" })),
    segsizes,
  };
}

const isStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "string");

/** Input sizes a UPerNet can have: four halvings and a quarter leave nothing of less than 32 pixels to pool. */
export const isSegsizes = (value: unknown): value is readonly number[] =>
  Array.isArray(value) &&
  value.length >= 1 &&
  value.length <= 8 &&
  value.every((size) => Number.isInteger(size) && size >= 32 && size <= 4096);
