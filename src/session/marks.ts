import { UsageError } from "../errors.ts";
import { checkNames, type NamesOf } from "../names.ts";
import { text, whole } from "./checks.ts";
import { RECIPE_VERSION, type Recipe } from "./recipe.ts";

/** Units that somebody marked by eye, as `artifacts.html` of `ganatomy artifacts` saves them. */
export interface Marks {
  /** The generator's name. */
  readonly model: string;
  /** The layer's name, as in `generator.layers`. */
  readonly layer: string;
  /** Channels of the layer, from 0. */
  readonly units: readonly number[];
  /** What they have in common. */
  readonly note?: string;
}

/** Units that can be marked: more than the widest layer has. */
const MAX_UNITS = 8192;
const MAX_UNIT = 2 ** 31;

const NAMES: NamesOf<Marks> = { model: "needed", layer: "needed", units: "list", note: true };

/** Whether JSON means to be marks, whole or not. */
export const isMarks = (given: unknown): boolean =>
  typeof given === "object" && given !== null && "units" in given && "layer" in given;

/**
 * Marks of unknown origin, as JSON gives them.
 * @throws UsageError that names what is wrong.
 */
export function checkMarks(given: unknown): Marks {
  checkNames("A file of marks", given as Marks, NAMES);
  const { model, layer, units, note } = given as Marks;
  if (!Array.isArray(units) || units.length === 0 || units.length > MAX_UNITS) {
    throw new UsageError("No units are marked.", `Mark some, at most ${MAX_UNITS}, and save them again.`);
  }
  return {
    model: text(model, "The model of the marks"),
    layer: text(layer, "The layer of the marks"),
    units: [...new Set(units.map((unit) => whole(unit, "A marked unit", MAX_UNIT)))],
    ...(note !== undefined && { note: text(note, "The note of the marks") }),
  };
}

/** The generator's first image without the units that are marked. */
export const recipeOfMarks = ({ model, layer, units }: Marks): Recipe => ({
  version: RECIPE_VERSION,
  model: { name: model },
  seed: 1,
  image: 0,
  layer,
  strokes: [{ id: "marks", op: "remove", units }],
});
