// Tests: test/networks/segmenters/recognise.test.ts

import { LabelsError, UsageError } from "../../errors.ts";
import type { Range } from "../../kernels/readout/classify.ts";
import { isEntries, type SemanticLabelFile } from "./labels.ts";
import type { Label, LabelMap } from "./network.ts";
import { HEADS, type Head, type UpernetConfig } from "./upernet.ts";

/** labels.json of a unified parsing network: names per head, index 0 is "-" (spec §2.1). */
export interface LabelFile {
  /** By channel of the object head. */
  readonly object: readonly string[];
  /** By channel of the material head. */
  readonly material?: readonly string[];
  /** Not read: parts are named by `object_part`. */
  readonly part?: readonly string[];
  /** Not read: scenes are no labels of pixels. */
  readonly scene?: readonly string[];
  /**
   * Part names by the object that owns them, in the order of the part head's channels; each list
   * begins with "-".
   */
  readonly object_part?: Readonly<Record<string, readonly string[]>>;
  /** Edges of the inputs whose probabilities are summed, in pixels; 256 unless given. */
  readonly segsizes?: readonly number[];
}

/** Which of a unified parsing network's labels are wanted. */
export interface UnifiedOptions {
  /**
   * Heads to read; those that the network and its label file have unless given. Others are not
   * computed.
   */
  readonly heads?: readonly Head[];
  /**
   * Split every object into top, left, bottom and right halves, labels "sky-t" and so on;
   * "undivided" unless given.
   */
  readonly segdiv?: "undivided" | "quad";
  /**
   * Whose parts are told apart: those of sky, building and person as in gandissect, or everybody's
   * (PNAS's `all_parts`).
   */
  readonly parts?: "default" | "all";
}

/** Labels, and how they are read off the heads. */
export interface UnifiedLabels {
  readonly labels: readonly Label[];
  readonly maps: readonly LabelMap[];
  readonly quad?: { readonly objects: number };
}

/** Owners of parts in gandissect's default, which are those of outdoor scenes. */
const OWNERS: readonly string[] = ["sky", "building", "person"];
/** Suffixes of the quarters, in the order of their labels: object + n · k, k = 1…4 (spec §2.3). */
const QUARTERS = ["t", "l", "b", "r"] as const;
const FIX =
  'Give the labels.json that came with the network, {"object": ["-", …]}, or a list of the objects\' names (docs/segmenters.md).';

/**
 * The labels of a unified parsing network, numbered as in gandissect (spec §2.3): objects, with
 * "quad" their quarters, materials, and parts whose name is no object's; a part with an object's
 * name is that object.
 * @throws LabelsError saying what is wrong and how long the list should be.
 */
export function unifiedLabels(file: unknown, config: UpernetConfig, options: UnifiedOptions = {}): UnifiedLabels {
  const lists = listsOf(file, config.heads.object!);
  const object = namesOf(lists, "object", config.heads.object!);
  const objects = object.length - 1;
  const heads = headsOf(lists, config, options.heads);
  const quad = options.segdiv === "quad";

  const labels: Label[] = object.map((name) => ({ name, category: "object" }));
  if (quad) {
    for (const quarter of QUARTERS) {
      for (const name of object.slice(1)) labels.push({ name: `${name}-${quarter}`, category: "part" });
    }
  }
  const maps: LabelMap[] = [
    { head: "object", ranges: [{ first: 0, count: object.length }], names: object.map((_, index) => index) },
  ];
  if (heads.includes("material")) {
    const material = namesOf(lists, "material", config.heads.material!);
    const first = labels.length - 1; // material m is label first + m
    for (const name of material.slice(1)) labels.push({ name, category: "material" });
    maps.push({
      head: "material",
      ranges: [{ first: 0, count: material.length }],
      names: material.map((_, index) => (index === 0 ? 0 : first + index)),
    });
  }
  if (heads.includes("part")) maps.push(partMap(lists, config.heads.part!, object, labels, options.parts ?? "default"));
  return { labels, maps, ...(quad ? { quad: { objects } } : {}) };
}

/**
 * The names by head. A list without heads, as other networks have one, is the objects' names; that
 * of semantic-segmentation-pytorch leaves out the first, "-".
 */
function listsOf(file: unknown, objects: number): Readonly<Record<string, unknown>> {
  const lists = (file ?? {}) as Readonly<Record<string, unknown>>;
  const { categories, labels } = lists as Partial<SemanticLabelFile>;
  if (lists["object"] !== undefined || categories?.length !== 1 || !isEntries(labels)) return lists;
  const names = labels.map(({ name }) => name);
  return { ...lists, object: names.length === objects - 1 ? ["-", ...names] : names };
}

/**
 * The label map of parts within the object that owns them; appends the labels that only parts have.
 */
function partMap(
  lists: Readonly<Record<string, unknown>>,
  channels: number,
  object: readonly string[],
  labels: Label[],
  whose: "default" | "all",
): LabelMap {
  const owners = ownersOf(lists, object, channels);
  const ranges: Range[] = object.map(() => ({ first: 0, count: 0 }));
  const names = new Array<number>(channels).fill(0);
  const known = new Map(object.map((name, index) => [name, index]));
  let first = 0;
  for (const [owner, parts] of owners) {
    if (whose === "all" || OWNERS.includes(owner)) {
      ranges[known.get(owner)!] = { first, count: parts.length };
      parts.forEach((name, index) => {
        let label = known.get(name);
        if (label === undefined) {
          label = labels.push({ name, category: "part" }) - 1;
          known.set(name, label);
        }
        names[first + index] = label;
      });
    }
    first += parts.length;
  }
  return { head: "part", ranges, names, gate: 0 };
}

/** Owners in the order of objects, with their parts; checked against the part head. */
function ownersOf(
  lists: Readonly<Record<string, unknown>>,
  object: readonly string[],
  channels: number,
): (readonly [string, readonly string[]])[] {
  const table = (lists["object_part"] ?? {}) as Readonly<Record<string, unknown>>;
  const owners = Object.keys(table).map((owner) => {
    const parts = table[owner];
    if (!isStrings(parts) || parts[0] !== "-") {
      throw new LabelsError(`The parts of "${owner}" in the label file are no list that begins with "-".`, FIX);
    }
    const index = object.indexOf(owner);
    if (index < 1) throw new LabelsError(`The label file lists parts of "${owner}", which is no object.`, FIX);
    return { owner, parts, index };
  });
  owners.sort((a, b) => a.index - b.index);
  const total = owners.reduce((sum, { parts }) => sum + parts.length, 0);
  if (total !== channels) {
    throw new LabelsError(`The label file lists ${total} parts, but the part head has ${channels} channels.`, FIX);
  }
  return owners.map(({ owner, parts }) => [owner, parts] as const);
}

/**
 * The heads to read: those asked for, which must be there, or all that the network has and the file
 * names.
 */
function headsOf(
  lists: Readonly<Record<string, unknown>>,
  config: UpernetConfig,
  asked: readonly Head[] | undefined,
): readonly Head[] {
  const named = (head: Head): boolean => {
    const list = head === "part" ? lists["object_part"] : lists[head];
    return typeof list === "object" && list !== null && Object.keys(list).length > 0;
  };
  if (!asked) return HEADS.filter((head) => config.heads[head] !== undefined && (head === "object" || named(head)));
  for (const head of asked) {
    if (!HEADS.includes(head)) {
      throw new UsageError(`There is no head "${head}".`, `Heads of unified parsing are ${HEADS.join(", ")}.`);
    }
    if (config.heads[head] === undefined) {
      throw new UsageError(
        `This network has no ${head} head.`,
        `It has ${Object.keys(config.heads).join(", ")}; ask for these.`,
      );
    }
    if (!named(head)) throw new LabelsError(`The label file names no ${head}s.`, FIX);
  }
  if (!asked.includes("object")) {
    throw new UsageError("The object head is always read: parts are told apart by their objects.", 'Add "object".');
  }
  return asked;
}

/** A head's names, as many as it has channels, "-" first and no name twice. */
function namesOf(
  lists: Readonly<Record<string, unknown>>,
  head: "object" | "material",
  channels: number,
): readonly string[] {
  const names = lists[head];
  if (!isStrings(names)) throw new LabelsError(`The label file has no list of names called "${head}".`, FIX);
  if (names.length !== channels) {
    throw new LabelsError(
      `The label file names ${names.length} ${head}s, but the ${head} head has ${channels} channels.`,
      FIX,
    );
  }
  if (names.length < 2) throw new LabelsError("The label file names nothing but none.", FIX);
  if (names[0] !== "-") throw new LabelsError(`The first ${head} is "${names[0]}" and not "-" (none).`, FIX);
  if (new Set(names).size < names.length) {
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    throw new LabelsError(`The label file names the ${head} "${twice}" twice.`, FIX);
  }
  return names;
}

const isStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "string");
