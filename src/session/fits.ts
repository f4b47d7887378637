import { UsageError } from "../errors.ts";
import { andMore } from "../names.ts";
import type { Recipe } from "./recipe.ts";
import type { Loaded } from "./session.ts";

/**
 * Refuses a recipe that cannot be shown on a generator: one of another, by the bytes where both are
 * known, else by the name; of a layer or units that this one does not have; or of latents whose
 * file is not among those that are held.
 * @param held `loaded.latents` of the session.
 * @throws UsageError
 */
export function checkFits(
  { model, latents, layer, strokes }: Recipe,
  own: NonNullable<Loaded["model"]>,
  held: Loaded["latents"] = [],
): void {
  const same =
    model.sha256 !== undefined && own.sha256 !== undefined ? model.sha256 === own.sha256 : model.name === own.name;
  if (!same) {
    const other = model.name === own.name ? `another ${model.name}` : model.name;
    throw new UsageError(
      `This recipe is of ${other}, and the generator here is ${own.name}: its units are others.`,
      `Load ${model.name}; if it is the same file by another name, load it with that \`name\`.`,
    );
  }
  const known = own.layers.find(({ name }) => name === layer);
  if (!known) {
    const names = andMore(
      own.layers.map(({ name }) => name),
      24,
    );
    throw new UsageError(`This recipe is of "${layer}", which ${own.name} does not have.`, `Its layers are ${names}.`);
  }
  if (latents && !held.some(({ sha256 }) => sha256 === latents.sha256)) {
    const which = `${latents.name} (SHA-256 ${latents.sha256.slice(0, 12)}…)`;
    throw new UsageError(
      `This recipe is of an image made of ${which}, which is not here: of a file a recipe holds the hash alone.`,
      "Load that file first: session.load({ latents }).",
    );
  }
  for (const { id, units } of strokes) {
    if (units === "all" || "concept" in units) continue;
    const none = units.find((unit) => unit >= known.channels);
    if (none === undefined) continue;
    const what = `The stroke "${id}" is of unit ${none}, which ${layer} does not have.`;
    throw new UsageError(what, `Its units are 0…${known.channels - 1}.`);
  }
}
