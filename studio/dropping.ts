import { UsageError } from "../src/errors.ts";
import { checkMarks, checkRecipe, isMarks, type LoadRequest, recipeOfMarks } from "../src/session/index.ts";
import { recipeOfAddress } from "./address.ts";
import { kept } from "./keeping.ts";
import { tell } from "./notices.ts";
import { inTurn, load, type Opened, openGenerator } from "./opening.ts";
import { isLatents, openLatents } from "./own.ts";
import { part } from "./page.ts";
import type { Opening } from "./turns.ts";
import { take } from "./working.ts";

/** Files that may hold weights. */
const WEIGHTS = /\.(pth|pt|safetensors|npz|onnx|pkl|ckpt|bin|tar)$/i;
/** What segmenters' files are called. */
const SEGMENTER = /segmenter|encoder|decoder|segm/i;
/** What other files of a folder are called that are opened. */
const NAMED: readonly string[] = ["report.json", "dissect.json", "labels.json"];
/** Bytes; reports are a few megabytes. */
const MAX_JSON = 256 * 2 ** 20;
const KINDS =
  "Drop a generator's checkpoint (.pth, .safetensors, .npz, .onnx, .pkl), a segmenter with its labels.json, a folder with these, the folder or report.json of a dissection, a photo's inversion.safetensors, a recipe, or marked units.";
const PHOTO =
  "Bring the photo into the generator first, with `ganatomy invert photo.jpg`, and drop the inversion.safetensors that it writes.";

/** Opens what is dropped on the page, or chosen. */
export function acceptFiles(): void {
  const files = part("files");
  part("open").addEventListener("click", () => files.click());
  files.addEventListener("change", () => {
    const chosen = [...(files.files ?? [])];
    inTurn((opening) => openFiles(opening, chosen));
    files.value = "";
  });
  const over = (event: DragEvent, on: boolean): void => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    document.body.classList.toggle("dropping", on);
  };
  addEventListener("dragover", (event) => over(event, true));
  addEventListener("dragleave", (event) => event.relatedTarget === null && over(event, false));
  addEventListener("drop", (event) => {
    over(event, false);
    const { files = [], items = [] } = event.dataTransfer ?? {};
    const entries = [...items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry !== null);
    const folders = entries.filter((entry) => entry?.isDirectory) as FileSystemDirectoryEntry[];
    // Folders are among the files, too, as if they were some.
    const names = folders.map(({ name }) => name);
    const loose = [...files].filter(({ name }) => !names.includes(name));
    if (folders.length > 0) inTurn((opening) => openFolders(opening, folders, loose));
    else if (loose.length > 0) inTurn((opening) => openFiles(opening, loose));
  });
  addEventListener("hashchange", () =>
    inTurn(async (opening) => {
      const recipe = await recipeOfAddress();
      await opening.turn();
      if (recipe) take(recipe);
    }),
  );
}

/**
 * Opens what folders have that is opened, a report that `ganatomy dissect` wrote, a model, or both,
 * with files that came along.
 */
async function openFolders(
  opening: Opening,
  folders: readonly FileSystemDirectoryEntry[],
  loose: readonly File[],
): Promise<void> {
  const read = await Promise.all(folders.map(readFolder));
  const files = [...loose, ...read.flatMap((folder) => folder.files)];
  const [only] = read.length === 1 ? read : [];
  const quantiles = Object.assign({}, ...read.map((folder) => folder.quantiles));
  await openFiles(opening, files, { quantiles, ...(only && { name: only.name }) });
}

async function readFolder(folder: FileSystemDirectoryEntry) {
  const entries = await entriesOf(folder);
  const isKnown = ({ isFile, name }: FileSystemEntry): boolean =>
    isFile && (WEIGHTS.test(name) || NAMED.includes(name));
  const files = await Promise.all((entries.filter(isKnown) as FileSystemFileEntry[]).map(fileOf));
  if (files.length > 0) return { name: folder.name, files, quantiles: await quantilesOf(entries) };
  throw new UsageError(
    `In the folder ${folder.name} there is neither a report.json nor a checkpoint.`,
    "Drop the folder that `ganatomy dissect` wrote, or a file by itself.",
  );
}

const fileOf = (entry: FileSystemFileEntry): Promise<File> =>
  new Promise((resolve, reject) => entry.file(resolve, reject));

/** What a report's folders have of each layer. */
async function quantilesOf(entries: readonly FileSystemEntry[]): Promise<Readonly<Record<string, File>>> {
  const folders = entries.filter(({ isDirectory }) => isDirectory) as FileSystemDirectoryEntry[];
  const found = await Promise.all(
    folders.map(async (folder) => {
      const own = (await entriesOf(folder)).find(({ name }) => name === "quantiles.npz");
      return own?.isFile ? [[folder.name, await fileOf(own as FileSystemFileEntry)] as const] : [];
    }),
  );
  return Object.fromEntries(found.flat());
}

async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const entries: FileSystemEntry[] = [];
  for (;;) {
    const more = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (more.length === 0) return entries;
    entries.push(...more);
  }
}

/**
 * Folders that files are of: one by itself may have a name for them; they have quantiles by layers'
 * folders.
 */
interface Folder {
  readonly name?: string;
  readonly quantiles: Readonly<Record<string, File>>;
}

/** Opens files, whatever they are. */
async function openFiles(opening: Opening, files: readonly File[], folder?: Folder): Promise<void> {
  const json = files.filter(({ name }) => /\.json$/i.test(name));
  const whatIs = await Promise.all(files.map(isLatents));
  const latents = files.filter((_, at) => whatIs[at]);
  const weights = files.filter((file) => WEIGHTS.test(file.name) && !latents.includes(file));
  const foreign = files.find((file) => ![json, weights, latents].some((known) => known.includes(file)));
  if (foreign) {
    const help = foreign.type.startsWith("image/") ? PHOTO : KINDS;
    throw new UsageError(`${foreign.name} is nothing that the studio opens.`, help);
  }
  const labels = json.find(({ name }) => /label/i.test(name));
  const named = weights.filter(({ name }) => SEGMENTER.test(name));
  const parts = labels && named.length === 0 ? weights : named;
  const [generator, other] = weights.filter((file) => !parts.includes(file));
  if (other) throw new UsageError(`${generator!.name} and ${other.name} are two generators.`, "Drop one at a time.");
  const segmenter = segmenterOf(parts, labels);
  const said = await Promise.all(json.filter((file) => file !== labels).map(readJson));
  // What knows the rankings comes after what it adds them to.
  const isRankings = (given: object): number => Number("netname" in given);
  const [report, rankings] = said.filter((given) => !isRecipe(given)).sort((a, b) => isRankings(a) - isRankings(b));
  const known = { ...(report && { report }), ...(rankings && { rankings }), ...(segmenter && { segmenter }) };
  if (generator) {
    const name = said.map(modelOf).find(Boolean) ?? (isNameless(generator) ? folder?.name : undefined);
    await openGenerator(opening, { generator, ...(name !== undefined && { name }), ...known }, kept);
  } else {
    await opening.turn();
    if (!(await openKnown(opening, known))) return;
  }
  const quantiles = ofLayers(folder?.quantiles ?? {});
  if (report && Object.keys(quantiles).length > 0) await load(opening, { quantiles });
  const recipes = said.filter(isRecipe);
  for (const file of latents) await openLatents(opening, file, recipes.length === 0);
  for (const recipe of recipes) take(checkRecipe(recipe));
}

/** Opens what is known of the generator that is here; says whether its report was taken, if any. */
async function openKnown(opening: Opening, { report, rankings, segmenter }: Partial<Opened>): Promise<boolean> {
  const taken = !report || (await load(opening, { report }));
  if (report && taken && (!rankings || (await load(opening, { report: rankings })))) {
    tell("The report is open: brushes know its concepts.");
  }
  if (segmenter && (await load(opening, { segmenter }))) tell("The segmenter is open: it says what is where.");
  return taken;
}

/** What folders have, by the layers that they are called after and that there are. */
function ofLayers(folders: Readonly<Record<string, File>>): Record<string, File> {
  const layers = part("session").session?.loaded?.model?.layers ?? [];
  return Object.fromEntries(layers.flatMap(({ name }) => (folders[name] ? [[name, folders[name]]] : [])));
}

/** Whether a file's name says no more than what is in it. */
const isNameless = ({ name }: File): boolean => /^generator\./i.test(name);

/** A report, or a recipe, which marks are too. @throws UsageError for what is neither. */
async function readJson(file: File): Promise<object> {
  if (file.size > MAX_JSON) throw new UsageError(`${file.name} is too long for a report or a recipe.`, KINDS);
  const given: unknown = await file
    .text()
    .then(JSON.parse)
    .catch((cause: unknown) => {
      throw new UsageError(`${file.name} is no JSON.`, KINDS, { cause });
    });
  if (isMarks(given)) return recipeOfMarks(checkMarks(given));
  if (typeof given === "object" && given !== null) return given;
  throw new UsageError(`${file.name} is no report and no recipe.`, KINDS);
}

const isRecipe = (given: object): boolean => "strokes" in given;

/** What a recipe or a report calls its generator, which is loaded by that name then. */
function modelOf(given: {
  readonly model?: { readonly name?: unknown };
  readonly netname?: unknown;
}): string | undefined {
  const name = given.model?.name ?? given.netname;
  return typeof name === "string" ? name : undefined;
}

/** @throws UsageError for weights without labels, or labels without weights. */
function segmenterOf(weights: readonly File[], labels: File | undefined): LoadRequest["segmenter"] {
  if (!labels && weights.length === 0) return undefined;
  if (!labels || weights.length === 0) {
    throw new UsageError(
      labels ? "These are labels without a segmenter." : "This is a segmenter without its labels.",
      "Drop its weights and its labels.json together.",
    );
  }
  const named = (word: string) => weights.find(({ name }) => name.toLowerCase().includes(word));
  const [encoder, decoder] = [named("encoder"), named("decoder")];
  return encoder && decoder ? { encoder, decoder, labels } : { weights: weights[0]!, labels };
}
