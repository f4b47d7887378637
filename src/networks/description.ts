import { WeightsError } from "../errors.ts";
import { nearest } from "../names.ts";
import { parseJson } from "../weights/json.ts";
import { jsonFault } from "./json-fault.ts";
import type { Picture } from "./network.ts";
import { checkedSteps, checkLayers } from "./operation-list.ts";
import { EXTENTS, type Field, oneOf, POSITIVE } from "./operations/field.ts";
import type { Operation } from "./operations.ts";

/**
 * A generator written down as data (docs/generators.md): what goes in, a list of operations, and
 * how its numbers are to be seen. It is a JSON file; nothing in it is executed.
 */
export interface Description {
  /** What it is, for people; "described network" unless given. */
  readonly architecture?: string;
  /** Length of z. */
  readonly z: number;
  /** Classes that images are of: how many, or their names. None unless given. */
  readonly classes?: number | readonly string[] | null;
  /** How z is drawn. */
  readonly latent?: "normal(0,1)";
  /** Channels, rows and columns of what it makes. */
  readonly image: readonly [channels: number, height: number, width: number];
  /** What the numbers of its image mean; see `Picture`. */
  readonly range: Picture["range"];
  /** Rows and columns that count, from the top left corner. */
  readonly crop?: readonly [height: number, width: number] | null;
  /** Names of tiles, by channel. */
  readonly labels?: readonly string[] | null;
  /** With `x` and `to` in all of them. */
  readonly operations: readonly Operation[];
}

const isText = (value: unknown): value is string => typeof value === "string";
const isNames = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.length > 0 && value.every(isText);
const orNone = <T>(field: Field<T>): Field<T | null> => ({
  described: `${field.described}, or null`,
  optional: true,
  holds: (value): value is T | null => value === null || field.holds(value),
});
const NAMES: Field<readonly string[]> = { described: "a list of names", holds: isNames };
const TEXT: Field<string> = { described: "a text", optional: true, holds: isText };
const ANY: Field = { described: "anything", optional: true, holds: (_value): _value is unknown => true };
const CLASSES: Field<number | readonly string[]> = {
  described: `${POSITIVE.described}, or a list of names`,
  holds: (value): value is number | readonly string[] => POSITIVE.holds(value) || isNames(value),
};
const CROP: Field<readonly [number, number]> = {
  described: "[rows, columns]",
  holds: (value): value is readonly [number, number] =>
    Array.isArray(value) && value.length === 2 && value.every(POSITIVE.holds),
};

/** Where a description's network is from, which is for people. */
export const PROVENANCE = {
  source: ANY,
  commit: ANY,
  licence: ANY,
  license: ANY,
  sha256: ANY,
  bytes: ANY,
  f32_f64_max_difference: ANY,
};

/** What the keys of a description hold. */
export const DESCRIPTION_FIELDS = {
  architecture: TEXT,
  z: POSITIVE,
  classes: orNone(CLASSES),
  latent: { ...oneOf({ "normal(0,1)": true }), optional: true as const },
  image: EXTENTS,
  range: oneOf({ "-1..1": true, "0..1": true, tiles: true }),
  crop: orNone(CROP),
  labels: orNone(NAMES),
  operations: {
    described: "a list of operations",
    holds: (value: unknown): value is readonly unknown[] => Array.isArray(value) && value.length > 0,
  },
  ...PROVENANCE,
} satisfies Readonly<Record<string, Field>>;

const broken = (what: string, options?: ErrorOptions): WeightsError =>
  new WeightsError("weights-format", `This description ${what}.`, "See docs/generators.md for its form.", options);

/**
 * Reads and checks a description: JSON, or what JSON says.
 * @throws WeightsError `weights-format` naming what is wrong in it, with the near name of a key
 *   that there is not.
 */
export function parseDescription(given: unknown): Description {
  const description = typeof given === "string" ? parsed(given) : given;
  if (typeof description !== "object" || description === null || Array.isArray(description)) {
    throw broken("is no JSON object");
  }
  const keys = description as Readonly<Record<string, unknown>>;
  refuseOthers(keys);
  for (const name of Object.keys(keys)) {
    if (Object.hasOwn(DESCRIPTION_FIELDS, name)) continue;
    const near = nearest(name, Object.keys(DESCRIPTION_FIELDS));
    const known = Object.keys(DESCRIPTION_FIELDS).filter((key) => !Object.hasOwn(PROVENANCE, key));
    const knows = near.length > 0 ? `did you mean ${near.join(" or ")}` : `it has ${known.join(", ")}`;
    throw broken(`has an unknown "${name}"; ${knows}`);
  }
  for (const [name, field] of Object.entries<Field>(DESCRIPTION_FIELDS)) {
    const value = keys[name];
    if (value === undefined && field.optional) continue;
    if (!field.holds(value)) throw broken(`has no proper "${name}", which is ${field.described}`);
  }
  const whole = keys as unknown as Description;
  const inputs = inputsOf(whole);
  const operations = checkedSteps(whole.operations, inputs, typeof given === "string" ? given.length : 0);
  checkLayers(operations, [...inputs, "image", "raw"]);
  checkPicture(whole);
  return { ...whole, operations };
}

/** Said where there is nothing of a description, which is clearer than its first key. */
function refuseOthers(keys: Readonly<Record<string, unknown>>): void {
  const names = Object.keys(keys);
  if (names.length === 0 || names.some((name) => Object.hasOwn(DESCRIPTION_FIELDS, name))) return;
  const own = names.filter((name) => Array.isArray((keys[name] as Partial<Description> | null)?.operations));
  const few = (all: readonly string[]): string => `${all.slice(0, 5).join(", ")}${all.length > 5 ? ", …" : ""}`;
  throw broken(
    own.length > 0
      ? `is none, but holds some: ${few(own)}; take one of them`
      : `is none: it holds ${few(names)}, and neither z, image, range nor operations`,
  );
}

/** Names of what the network is given. */
export const inputsOf = ({ classes }: Pick<Description, "classes">): string[] =>
  classes === null || classes === undefined ? ["z"] : ["z", "label"];

function parsed(text: string): unknown {
  const json = text.replace(/^\uFEFF/, "");
  try {
    return parseJson(json);
  } catch (cause) {
    throw broken(`is not JSON ${jsonFault(json)}`, { cause });
  }
}

function checkPicture({ image: [channels, height, width], range, crop, labels }: Description): void {
  if (range !== "tiles" && ![1, 3, 4].includes(channels)) {
    throw broken(`has images of ${channels} channels; 1 is grey, 3 RGB, 4 RGB and opacity, others are tiles`);
  }
  if (crop && (crop[0] > height || crop[1] > width)) {
    throw broken(`counts ${crop.join("×")} of images of ${height}×${width}`);
  }
  if (labels && labels.length > channels) throw broken(`names ${labels.length} tiles of ${channels}`);
  if (labels && range !== "tiles") throw broken('has "labels", which are for the range "tiles"');
}
