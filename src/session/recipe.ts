import { UsageError } from "../errors.ts";
import { checkNames, type NamesOf } from "../names.ts";
import { type Cells, checkCells } from "./cells.ts";
import { fraction, number, shown, text, whole } from "./checks.ts";

/** What `recipe-v1.schema.json` describes. */
export const RECIPE_VERSION = 1;

/**
 * An edited image, written down: which generator, which image, and what was done to it. Whoever has
 * the generator makes the same image of it.
 */
export interface Recipe {
  /** Always 1: see `RECIPE_VERSION`. */
  readonly version: typeof RECIPE_VERSION;
  /** The generator. */
  readonly model: ModelName;
  /** By whose labels concepts are named. */
  readonly segmenter?: ModelName;
  /** Seed of z; see `generator.sample`. */
  readonly seed: number;
  /** Which of the seed's images, or of the latents'. */
  readonly image: number;
  /** The file whose latents the image is made of, in place of the seed's. */
  readonly latents?: LatentsName;
  /** How far its latent has gone toward others'; not at all unless given. */
  readonly toward?: readonly Toward[];
  /** The layer that is edited. */
  readonly layer: string;
  /** In the order in which they act, each on what those before it left. */
  readonly strokes: readonly Stroke[];
}

/**
 * A way from an image's latent z toward another's, along their great circle. Of several, all are
 * gone at once: along the circle that leads into all directions in these shares.
 */
export interface Toward {
  /** Seed of the other image's z. */
  readonly seed: number;
  /** Which of that seed's images. */
  readonly image: number;
  /** 0 is where it begins, 1 the other image; less than 0 leads away from it. At most ±2. */
  readonly share: number;
}

/**
 * A file of latents: what it is called, for people, and which it is, by its bytes. Whoever is to
 * draw it must have been given the file: `session.load({ latents })`.
 */
export interface LatentsName {
  /** The file's name. */
  readonly name: string;
  /** Its SHA-256, 64 hex digits. */
  readonly sha256: string;
}

/** A network: by what it is called, and if known by the bytes of its file. */
export interface ModelName {
  /** What it is called, as `load` was told or its file is. */
  readonly name: string;
  /** 64 hex digits. */
  readonly sha256?: string;
}

/**
 * One intervention: x becomes x (1 − a) + v a for some units, with a = alpha where the mask is on
 * (Bau et al. 2019, §3.2).
 */
export interface Stroke {
  /** Tells it from the others. */
  readonly id: string;
  /**
   * Why it was made: "draw" inserts (at the units' 0.99 quantile unless `value` says otherwise),
   * "remove" ablates (0), "copy" sets features of another place or image (`value` has them).
   */
  readonly op: Operation;
  /** Which units it replaces. */
  readonly units: Units;
  /** How much of each unit is replaced, 0…1; 1 unless given. */
  readonly alpha?: number;
  /** What replaces it: a number, one a unit, or a quantile of each unit's own activations. */
  readonly value?: number | readonly number[] | Quantile;
  /** Where; everywhere unless given. */
  readonly mask?: Cells;
  /** Kept, but without effect. */
  readonly hidden?: boolean;
}

/** What a stroke does: inserts, ablates, or copies. */
export type Operation = "draw" | "remove" | "copy";

/** Units by their numbers, or the best for a concept, which outlast another dissection. */
export type Units = readonly number[] | "all" | ConceptUnits;

/** The best units for a concept. */
export interface ConceptUnits {
  /** A label's name: "tree", or "material/glass". */
  readonly concept: string;
  /** The first so many of the ranking. */
  readonly top: number;
  /** By what units are ranked; "iou" unless given. */
  readonly ranking?: string;
}

/** A level at which units are inserted, of each unit its own. */
export interface Quantile {
  /** 0…1: the fraction of a unit's activations that lie below. */
  readonly quantile: number;
}

/** An image of the generator, and what is done to it: what of a recipe is not the generator. */
export interface EditedImage {
  /** 1 unless given. */
  readonly seed?: number;
  /** 0 unless given. */
  readonly image?: number;
  /** The file whose latents it is made of, in place of the seed's; of `loaded.latents`. */
  readonly latents?: LatentsName | undefined;
  /** How far its latent has gone toward others'; not at all unless given. */
  readonly toward?: readonly Toward[];
  /** The layer that is edited; needed where there are strokes. */
  readonly layer?: string;
  /** None unless given. */
  readonly strokes?: readonly Stroke[];
}

/** A row of z costs the time of all rows before it. */
export const MAX_IMAGE = 99_999;
const MAX_STROKES = 1000;
/** Directions in which a latent can go at once. */
const MAX_TOWARD = 8;
/** Two of nearly right angles are opposite to where it began. */
const MAX_SHARE = 2;
/** Units of one stroke: more than the widest layer has. */
const MAX_UNITS = 8192;

const RECIPE: NamesOf<Recipe> = {
  version: "needed",
  model: "needed",
  segmenter: true,
  seed: "needed",
  image: "needed",
  latents: true,
  toward: true,
  layer: "needed",
  strokes: "needed",
};
const TOWARD: NamesOf<Toward> = { seed: "needed", image: "needed", share: "needed" };
const LATENTS: NamesOf<LatentsName> = { name: "needed", sha256: "needed" };
const MODEL: NamesOf<ModelName> = { name: "needed", sha256: true };
const STROKE: NamesOf<Stroke> = {
  id: "needed",
  op: "needed",
  units: "needed",
  alpha: true,
  value: true,
  mask: true,
  hidden: true,
};
const CONCEPT: NamesOf<ConceptUnits> = { concept: "needed", top: "needed", ranking: true };
const QUANTILE: NamesOf<Quantile> = { quantile: "needed" };
const OPERATIONS: readonly Operation[] = ["draw", "remove", "copy"];

/**
 * A recipe of unknown origin, as JSON gives it: a copy that holds what a recipe has and nothing
 * else.
 * @throws UsageError that names what is wrong and how to mend it. What it does not know it refuses:
 *   left out, it would make another image.
 */
export function checkRecipe(given: unknown): Recipe {
  const { version } = (typeof given === "object" && given !== null ? given : {}) as { readonly version?: unknown };
  if (version !== undefined && version !== RECIPE_VERSION) {
    throw new UsageError(
      `This recipe is of version ${shown(version)}, and version ${RECIPE_VERSION} is known here.`,
      "Open it with the ganatomy that wrote it, or a newer one.",
    );
  }
  const recipe = given as Recipe;
  checkNames("A recipe", recipe, RECIPE);
  const { model, segmenter, seed, image, latents, toward, layer, strokes } = recipe;
  return {
    version: RECIPE_VERSION,
    model: checkModel(model, "model"),
    ...(segmenter !== undefined && { segmenter: checkModel(segmenter, "segmenter") }),
    seed: whole(seed, "The recipe's seed", 2 ** 32 - 1),
    image: whole(image, "The recipe's image", MAX_IMAGE),
    ...(latents !== undefined && { latents: checkLatents(latents) }),
    ...(toward !== undefined && { toward: checkToward(toward) }),
    layer: text(layer, "The recipe's layer"),
    strokes: checkStrokes(strokes),
  };
}

/**
 * The name of a file of latents of unknown origin, copied like recipes are.
 * @throws UsageError.
 */
export function checkLatents(given: unknown): LatentsName {
  checkNames("latents", given as LatentsName, LATENTS);
  const { name, sha256 } = given as LatentsName;
  return { name: text(name, "The name of latents"), sha256: hash(sha256, "latents") };
}

/**
 * Ways of latents of unknown origin, copied like recipes are.
 * @throws UsageError.
 */
export function checkToward(given: unknown): readonly Toward[] {
  if (!Array.isArray(given) || given.length > MAX_TOWARD) {
    throw new UsageError(
      "What an image goes toward is no list, or too long.",
      `Give a list of at most ${MAX_TOWARD}, each { seed, image, share }.`,
    );
  }
  return given.map((one) => {
    checkNames("toward", one as Toward, TOWARD);
    const { seed, image, share } = one as Toward;
    if (!(Math.abs(number(share, "A share of `toward`")) <= MAX_SHARE)) {
      throw new UsageError(`A share of \`toward\` is ${share}.`, `Use −${MAX_SHARE} to ${MAX_SHARE}.`);
    }
    return {
      seed: whole(seed, "A seed of `toward`", 2 ** 32 - 1),
      image: whole(image, "An image of `toward`", MAX_IMAGE),
      share,
    };
  });
}

/**
 * Strokes of unknown origin, copied like recipes are.
 * @throws UsageError.
 */
export function checkStrokes(given: unknown): Stroke[] {
  if (!Array.isArray(given) || given.length > MAX_STROKES) {
    throw new UsageError(
      "The strokes are no list, or too many.",
      `Give a list of at most ${MAX_STROKES}; join those that can be joined.`,
    );
  }
  const strokes = given.map(checkStroke);
  const ids = new Set<string>();
  for (const { id } of strokes) {
    if (ids.has(id)) throw new UsageError(`Two strokes are called ${shown(id)}.`, "Give each an id of its own.");
    ids.add(id);
  }
  return strokes;
}

/** Copies that were checked: they are frozen, and need not be looked at again. */
const checked = new WeakSet<object>();

/**
 * A stroke of unknown origin, copied like recipes are; one that comes from here is itself. So a
 * list of strokes costs no more than what is new in it.
 * @throws UsageError.
 */
export function checkStroke(given: unknown): Stroke {
  const stroke = given as Stroke;
  if (checked.has(stroke)) return stroke;
  checkNames("A stroke", stroke, STROKE);
  const id = text(stroke.id, "The id of a stroke");
  const of = `the stroke ${shown(id)}`;
  const { op, alpha, value, mask, hidden } = stroke;
  if (!OPERATIONS.includes(op)) {
    throw new UsageError(`${shown(op)} is no operation of ${of}.`, `Use ${OPERATIONS.join(", ")}.`);
  }
  if (hidden !== undefined && typeof hidden !== "boolean") {
    throw new UsageError(`hidden of ${of} is ${shown(hidden)}.`, "Use true or false, or leave it out.");
  }
  const units = checkUnits(stroke.units, of);
  if (op === "copy" && value === undefined) {
    throw new UsageError(`${of} copies nothing.`, "Give it the features as `value`: a number a unit.");
  }
  const copy = frozen({
    id,
    op,
    units,
    ...(alpha !== undefined && { alpha: fraction(alpha, `alpha of ${of}`) }),
    ...(value !== undefined && { value: checkValue(value, units, of) }),
    ...(mask !== undefined && { mask: checkCells(mask, of) }),
    ...(hidden !== undefined && { hidden }),
  });
  checked.add(copy);
  return copy;
}

/** As it is, for ever; its lists are of numbers. */
function frozen<T>(value: T): T {
  const parts = typeof value === "object" && value !== null && !Array.isArray(value) ? Object.values(value) : [];
  for (const part of parts) frozen(part);
  return Object.freeze(value);
}

function checkUnits(given: unknown, of: string): Units {
  if (given === "all") return given;
  if (Array.isArray(given)) {
    if (given.length === 0 || given.length > MAX_UNITS) {
      throw new UsageError(`The units of ${of} are ${given.length}.`, `Give 1 to ${MAX_UNITS} of them.`);
    }
    const units = given.map((unit) => whole(unit, `A unit of ${of}`, 2 ** 31));
    if (new Set(units).size < units.length) {
      throw new UsageError(`The units of ${of} are named twice.`, "Name each once.");
    }
    return units;
  }
  if (typeof given !== "object" || given === null) {
    throw new UsageError(`The units of ${of} are ${shown(given)}.`, 'Give numbers, "all" or { concept, top }.');
  }
  const units = given as ConceptUnits;
  checkNames(`units of ${of}`, units, CONCEPT);
  const { concept, top, ranking } = units;
  if (top < 1) throw new UsageError(`The first ${shown(top)} units of ${of} are none.`, "Give `top` from 1.");
  return {
    concept: text(concept, `The concept of ${of}`),
    top: whole(top, `top of ${of}`, MAX_UNITS),
    ...(ranking !== undefined && { ranking: text(ranking, `The ranking of ${of}`) }),
  };
}

function checkValue(given: unknown, units: Units, of: string): NonNullable<Stroke["value"]> {
  if (Array.isArray(given)) {
    const { length } = given;
    const wanted = Array.isArray(units) ? units.length : units === "all" ? length : 0;
    if (length !== wanted || length > MAX_UNITS) {
      throw new UsageError(
        `${of} has ${length} values and ${wanted} units by number.`,
        "Give one value, or one for each unit that is named by its number.",
      );
    }
    return given.map((value) => number(value, `A value of ${of}`));
  }
  if (typeof given !== "object" || given === null) return number(given, `value of ${of}`);
  const quantile = given as Quantile;
  checkNames(`value of ${of}`, quantile, QUANTILE);
  return { quantile: fraction(quantile.quantile, `The quantile of ${of}`) };
}

function checkModel(given: unknown, what: string): ModelName {
  const model = given as ModelName;
  checkNames(`The recipe's ${what}`, model, MODEL);
  const { name, sha256 } = model;
  const known = sha256 !== undefined && { sha256: hash(sha256, `the recipe's ${what}`, ", or leave it out") };
  return { name: text(name, `The name of the recipe's ${what}`), ...known };
}

function hash(given: unknown, of: string, or = ""): string {
  if (typeof given === "string" && /^[0-9a-f]{64}$/.test(given)) return given;
  throw new UsageError(`sha256 of ${of} is ${shown(given)}.`, `Give 64 hex digits${or}.`);
}
