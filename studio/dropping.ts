import { UsageError } from "../src/errors.ts";
import { type LoadRequest, readRecipe } from "../src/session/index.ts";
import { kept } from "./keeping.ts";
import { complain, tell } from "./notices.ts";
import { load, openGenerator } from "./opening.ts";
import { part } from "./page.ts";
import { take } from "./working.ts";

/** Files that may hold weights. */
const WEIGHTS = /\.(pth|pt|safetensors|npz|onnx|pkl|ckpt|bin|tar)$/i;
/** What segmenters' files are called. */
const SEGMENTER = /segmenter|encoder|decoder|segm/i;
/** What the files of a report's folder are called that are read. */
const REPORTS = ["report.json", "dissect.json"];
const KINDS =
  "Drop a generator's checkpoint (.pth, .safetensors, .npz, .onnx, .pkl), a segmenter with its labels.json, the folder or report.json of a dissection, or a recipe.";

/** Opens what is dropped on the page, or chosen. */
export function acceptFiles(): void {
  const files = part("files");
  part("open").addEventListener("click", () => files.click());
  files.addEventListener("change", () => {
    void openFiles([...(files.files ?? [])]);
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
    const folder = entries.find((entry) => entry?.isDirectory) as FileSystemDirectoryEntry | undefined;
    if (folder) openFolder(folder).catch(complain);
    else if (files.length > 0) void openFiles([...files]);
  });
}

/** The report of a folder that `ganatomy dissect` wrote. */
async function openFolder(folder: FileSystemDirectoryEntry): Promise<void> {
  const found: File[] = [];
  for (const name of REPORTS) {
    const file = await new Promise<File | undefined>((resolve) => {
      folder.getFile(
        name,
        {},
        (entry) => (entry as FileSystemFileEntry).file(resolve),
        () => resolve(undefined),
      );
    });
    if (file) found.push(file);
  }
  if (found.length > 0) return openFiles(found);
  throw new UsageError(
    `In the folder ${folder.name} there is no report.json.`,
    "Drop the folder that `ganatomy dissect` wrote, or a file by itself.",
  );
}

/** Opens files, whatever they are. */
async function openFiles(files: readonly File[]): Promise<void> {
  try {
    const json = files.filter(({ name }) => /\.json$/i.test(name));
    const weights = files.filter(({ name }) => WEIGHTS.test(name));
    const foreign = files.find((file) => !json.includes(file) && !weights.includes(file));
    if (foreign) throw new UsageError(`${foreign.name} is nothing that the studio opens.`, KINDS);
    const labels = json.find(({ name }) => /label/i.test(name));
    const parts = weights.filter(({ name }) => SEGMENTER.test(name));
    if (labels || parts.length > 0) await openSegmenter(parts.length > 0 ? parts : weights, labels);
    else if (weights[0]) await openGenerator({ generator: weights[0] }, kept);
    for (const file of json.filter((file) => file !== labels)) await openJson(file);
  } catch (error) {
    complain(error);
  }
}

/** A recipe, or what else is a report. */
async function openJson(file: File): Promise<void> {
  const text = await file.text();
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (cause) {
    throw new UsageError(`${file.name} is no JSON.`, KINDS, { cause });
  }
  if (typeof given === "object" && given !== null && "strokes" in given) return take(readRecipe(text));
  if (await load({ report: file })) tell(`${file.name} is open: brushes know its concepts.`);
}

async function openSegmenter(weights: readonly File[], labels: File | undefined): Promise<void> {
  if (!labels || weights.length === 0) {
    throw new UsageError(
      labels ? "These are labels without a segmenter." : "This is a segmenter without its labels.",
      "Drop its weights and its labels.json together.",
    );
  }
  const named = (word: string) => weights.find(({ name }) => name.toLowerCase().includes(word));
  const [encoder, decoder] = [named("encoder"), named("decoder")];
  const files: LoadRequest["segmenter"] =
    encoder && decoder ? { encoder, decoder, labels } : { weights: weights[0]!, labels };
  if (await load({ segmenter: files })) tell(`${(encoder ?? weights[0]!).name} is open: it says what is where.`);
}
