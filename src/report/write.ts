import type { Dissection, UnitPictures } from "../dissect/result.ts";
import type { UnitQuantiles } from "../dissect/unit-quantiles.ts";
import { OutputError, UsageError } from "../errors.ts";
import { checkNames, type NamesOf } from "../names.ts";
import type { Provenance } from "../report-json.ts";
import { bargraphSvg } from "./bargraph.ts";
import { conceptGroups } from "./concepts.ts";
import { toCsv } from "./csv.ts";
import { Desk, type DrawingPlan, type DrawingPool, type DrawnUnit, drawingPlan } from "./drawing.ts";
import { type Folder, subfolder } from "./folder.ts";
import { layerFolders, toGandissect, toGandissectLayer } from "./gandissect.ts";
import { ENCODER, given } from "./given.ts";
import { HtmlPage } from "./html.ts";
import type { ImageEncoder } from "./image.ts";
import { toReport } from "./report.ts";
import { toBlocks, toTensors } from "./tensors.ts";

/** Options of `writeReport`. */
export interface WriteOptions {
  /**
   * Makes files of pictures: `nodeEncoder()` of ganatomy/node, `canvasEncoder()` of
   * ganatomy/report.
   */
  readonly encoder: ImageEncoder;
  /**
   * Who draws the pictures, if not this thread with `encoder`: asked for when there is one to draw,
   * closed at the end.
   */
  readonly pool?: ((plan: DrawingPlan) => Promise<DrawingPool | undefined> | DrawingPool | undefined) | undefined;
  /** Where the result came from; kept in `report.json`. */
  readonly provenance: Provenance;
  /**
   * Quantiles of layers' units, by layer, as `unitQuantiles` measures them: `LAYER/quantiles.npz`,
   * so that levels to insert at need not be measured again.
   */
  readonly quantiles?: ReadonlyMap<string, UnitQuantiles> | undefined;
  /**
   * Edge of the pictures in strips; the image size unless given (the published code writes 256).
   */
  readonly stripHeight?: number;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Told after every unit whose pictures were written. */
  readonly onProgress?: (progress: WriteProgress) => void;
}

const NAMES: NamesOf<WriteOptions> = {
  encoder: true,
  pool: true,
  provenance: true,
  quantiles: true,
  stripHeight: true,
  signal: true,
  onProgress: true,
};

/** Units whose pictures are written, of all units of all layers. */
export interface WriteProgress {
  /** Units whose pictures were written so far. */
  readonly done: number;
  /** Units of all layers. */
  readonly total: number;
  /** Name of the layer whose unit was written last. */
  readonly layer: string;
  /** That unit's index within its layer. */
  readonly unit: number;
}

/**
 * Writes the whole report. Numbers come first, so that stopping while the pictures are drawn loses
 * none of them; then the pictures, unit by unit; `report.html` last, as it holds them all. An abort
 * rejects with the signal's reason.
 * @throws UsageError before anything is written when the folder, the encoder or the pictures are
 *   none.
 */
export async function writeReport(
  folder: Folder,
  dissection: Dissection,
  pictures: AsyncIterable<UnitPictures>,
  options: WriteOptions,
): Promise<void> {
  checkNames("writeReport", options, NAMES);
  const { signal } = options;
  given(folder, "folder", ["write"], "memoryFolder() of ganatomy/report, or one of your own");
  given(options.encoder, "encoder", ["png", "jpeg"], ENCODER);
  given(pictures, "pictures", [Symbol.asyncIterator], "pictures() of the dissection's result");
  signal?.throwIfAborted();
  await writeNumbers(folder, dissection, options);
  const page = new HtmlPage(dissection, options.provenance);
  const plan = drawingPlan(dissection, options.stripHeight, page.drawing);
  let pool: DrawingPool | undefined;
  try {
    const open = async (): Promise<DrawingPool> => {
      if (pool) return pool;
      const opened = (await options.pool?.(plan)) ?? new Desk(plan, options.encoder);
      pool = given(
        opened,
        "pool",
        ["draw", "close"],
        "a function of the plan that gives one, such as threadPool of ganatomy/node",
      );
      return pool;
    };
    await writePictures(folder, dissection, pictures, page, open, options);
    signal?.throwIfAborted();
    await folder.write("report.html", await page.finish());
  } catch (error) {
    await page.abort();
    throw error;
  } finally {
    await pool?.close();
  }
}

/**
 * The files without pictures: the reports, the rows, the tables, and each layer's own copy, bar
 * graph and quantiles (§3.2).
 * @throws UsageError for quantiles of a layer that was not dissected.
 */
export async function writeNumbers(
  folder: Folder,
  dissection: Dissection,
  { provenance, quantiles }: Pick<WriteOptions, "provenance" | "quantiles">,
): Promise<void> {
  const { layers, labels, categories } = dissection;
  for (const layer of quantiles?.keys() ?? []) {
    if (layers.some((one) => one.layer === layer)) continue;
    throw new UsageError(`There are quantiles of ${layer}, which was not dissected.`, "Leave them out.");
  }
  const gandissect = toGandissect(dissection);
  await folder.write("report.json", json(toReport(dissection, provenance)));
  await folder.write("units.csv", toCsv(dissection));
  await folder.write("tensors.safetensors", toTensors(dissection));
  const blocks = toBlocks(dissection);
  if (blocks) await folder.write("blocks.safetensors", blocks);
  await folder.write("dissect.json", json(gandissect));
  const folders = layerFolders(dissection);
  for (const [i, layer] of layers.entries()) {
    const own = subfolder(folder, folders[i]!);
    await own.write("dissect.json", json(toGandissectLayer(gandissect, i)));
    await own.write("bargraph.svg", bargraphSvg(conceptGroups(layer, labels, categories), labels, categories));
    const its = quantiles?.get(layer.layer);
    if (its) await own.write("quantiles.npz", its.toNpz());
  }
}

async function writePictures(
  folder: Folder,
  dissection: Dissection,
  pictures: AsyncIterable<UnitPictures>,
  page: HtmlPage,
  open: () => Promise<DrawingPool>,
  { signal, onProgress }: WriteOptions,
): Promise<void> {
  const folders = layerFolders(dissection);
  const total = dissection.layers.reduce((sum, { units }) => sum + units.length, 0);
  const layers = new Map(
    dissection.layers.map((layer, i) => [
      layer.layer,
      {
        levels: new Map(layer.units.map(({ unit, level }) => [unit, level])),
        folder: subfolder(folder, folders[i]!),
      },
    ]),
  );
  /** Begun, in the order in which they are written. */
  const begun: { readonly unit: UnitPictures; readonly drawn: Promise<DrawnUnit> | undefined }[] = [];
  let pool: DrawingPool | undefined;
  let done = 0;
  const writeFirst = async (): Promise<void> => {
    const { unit, drawn } = begun.shift()!;
    if (drawn) {
      const { files, ...rest } = await orAborted(drawn, signal);
      const own = layers.get(unit.layer)!.folder;
      await allWritten(files.map(({ path, data }) => own.write(path, data)));
      await page.add(unit, rest);
    }
    done++;
    onProgress?.({ done, total, layer: unit.layer, unit: unit.unit });
  };
  for await (const unit of pictures) {
    signal?.throwIfAborted();
    const level = layers.get(unit.layer)?.levels.get(unit.unit);
    if (level === undefined) {
      throw new OutputError(
        `There are pictures of ${unit.layer} unit ${unit.unit}, which was not dissected.`,
        "Pass pictures of the same dissection.",
      );
    }
    // Not before there is something to draw: a report without pictures starts no threads.
    if (unit.tops.length > 0) pool ??= await open();
    const drawn = unit.tops.length > 0 ? pool?.draw({ pictures: unit, level, embed: page.claim(unit) }) : undefined;
    drawn?.catch(() => {}); // it is awaited when its turn comes, or never
    begun.push({ unit, drawn });
    while (begun.length >= (pool?.width ?? 1)) await writeFirst();
  }
  while (begun.length > 0) {
    signal?.throwIfAborted();
    await writeFirst();
  }
}

/** What comes, unless the signal aborts before: whoever draws may hang. */
async function orAborted<T>(coming: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return coming;
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop);
  });
  try {
    signal.throwIfAborted();
    return await Promise.race([coming, aborted]);
  } finally {
    signal.removeEventListener("abort", stop!);
  }
}

/**
 * Waits for all before it rejects, so that nothing is written behind the back of whoever cleans up.
 */
async function allWritten(writes: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(writes)).find(({ status }) => status === "rejected");
  if (failed) throw (failed as PromiseRejectedResult).reason;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 1)}\n`;
}
