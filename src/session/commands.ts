import { unpackCells } from "./cells.ts";
import type { Recipe, Stroke } from "./recipe.ts";
import type { Loaded } from "./session.ts";

/** What `ganatomy` is told to do what strokes do. */
export interface RecipeCommands {
  /**
   * A command for each stroke that is not hidden. Each edits the image by itself, without others.
   */
  readonly text: string;
  /**
   * The pictures that `--mask` names: grey, row by row, 0 where the stroke acts and 255 elsewhere.
   */
  readonly masks: readonly MaskFile[];
}

/** A picture that a command's `--mask` names. */
export interface MaskFile {
  /** The file's name, as the command has it. */
  readonly name: string;
  /** Pixels down. */
  readonly height: number;
  /** Pixels across. */
  readonly width: number;
  /** `[height, width]`: 0 where the stroke acts, 255 elsewhere. */
  readonly data: Uint8Array<ArrayBuffer>;
}

/**
 * A recipe as command lines of `ganatomy insert` and `ganatomy ablate`, for a POSIX shell, stroke
 * by stroke; all of it at once is `wholeCommand`.
 */
export function recipeCommands(recipe: Recipe, model: NonNullable<Loaded["model"]>): RecipeCommands {
  const masks: MaskFile[] = [];
  if (recipe.toward?.some(({ share }) => share !== 0)) {
    return { text: "# the image lies between others, which only a recipe can say", masks };
  }
  const lines = recipe.strokes
    .filter(({ hidden }) => !hidden)
    .map((stroke, index) => lineOf(recipe, model, stroke, index + 1, masks));
  return { text: lines.join("\n"), masks };
}

/**
 * The command line that draws a recipe's picture, all of its strokes on each other, for a POSIX
 * shell.
 * @param file what the recipe is saved as.
 */
export function wholeCommand({ model: { name }, latents }: Recipe, file: string): string {
  const words = ["ganatomy", "generate", "--model", quoted(name), "--recipe", quoted(file)];
  return [...words, ...(latents ? ["--latents", quoted(latents.name)] : [])].join(" ");
}

function lineOf(
  { model: { name }, seed, image, latents, layer }: Recipe,
  model: NonNullable<Loaded["model"]>,
  { op, units, alpha, value, mask }: Stroke,
  index: number,
  masks: MaskFile[],
): string {
  if (Array.isArray(value)) return `# stroke ${index} copies a value a unit, which only a recipe can say`;
  const channels = model.layers.find((known) => known.name === layer)?.channels ?? 1;
  const ablates = op === "remove" && (value === undefined || value === 0);
  const words = ["ganatomy", ablates ? "ablate" : "insert", "--model", quoted(name), "--layer", quoted(layer)];
  if (units === "all") words.push("--units", `0-${channels - 1}`);
  else if ("concept" in units) {
    words.push("--concept", quoted(units.concept), "--top", `${units.top}`);
    if (units.ranking !== undefined) words.push("--metric", quoted(units.ranking));
  } else words.push("--units", units.join(","));
  if (typeof value === "object" && "quantile" in value) words.push("--value", `q${value.quantile}`);
  else if (value !== undefined && !ablates) words.push("--value", `${value}`);
  if (alpha !== undefined) words.push("--alpha", `${alpha}`);
  if (mask) words.push("--mask", where(mask, model, index, masks));
  const of = latents ? ["--latents", quoted(latents.name)] : ["--seed", `${seed}`, "--size", `${image + 1}`];
  words.push(...of, "--pictures", `${image + 1}`);
  return words.join(" ");
}

/** The bounds of a rectangle in pixels of the image, or the name of a picture. */
function where(
  mask: NonNullable<Stroke["mask"]>,
  model: NonNullable<Loaded["model"]>,
  index: number,
  masks: MaskFile[],
): string {
  const [height, width] = mask.size;
  const on = unpackCells(mask);
  const cells = [...on.keys()].filter((cell) => on[cell] === 1);
  const [rows, columns] = [cells.map((cell) => Math.floor(cell / width)), cells.map((cell) => cell % width)];
  const [top, bottom] = [Math.min(...rows), Math.max(...rows) + 1];
  const [left, right] = [Math.min(...columns), Math.max(...columns) + 1];
  const bounds = [top, left, bottom, right].map((edge, i) =>
    i % 2 === 0 ? (edge * model.height) / height : (edge * model.width) / width,
  );
  if (cells.length === (bottom - top) * (right - left) && bounds.every(Number.isInteger)) return bounds.join(",");
  const name = `stroke-${index}.png`;
  masks.push({ name, height, width, data: on.map((cell) => (cell ? 0 : 255)) });
  return name;
}

/** A word that a shell takes as it is. */
const quoted = (word: string): string => (/^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
