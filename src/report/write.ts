import type { Dissection, UnitPictures } from "../dissect/result.ts";
import { OutputError } from "../errors.ts";
import { bargraphSvg } from "./bargraph.ts";
import { labelColors } from "./colors.ts";
import { conceptGroups } from "./concepts.ts";
import { toCsv } from "./csv.ts";
import { type Folder, subfolder } from "./folder.ts";
import { layerFolders, toGandissect, toGandissectLayer } from "./gandissect.ts";
import { HtmlPage } from "./html.ts";
import type { ImageEncoder } from "./image.ts";
import { type Provenance, toReport } from "./report.ts";
import { StripArtist, stripFiles } from "./strips.ts";
import { toTensors } from "./tensors.ts";

export interface WriteOptions {
  readonly encoder: ImageEncoder;
  readonly provenance: Provenance;
  /** Edge of the pictures in strips; the image size unless given (the published code writes 256). */
  readonly stripHeight?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: WriteProgress) => void;
}

/** Units whose pictures are written, of all units of all layers. */
export interface WriteProgress {
  readonly done: number;
  readonly total: number;
  readonly layer: string;
  readonly unit: number;
}

/**
 * Writes the whole report. Numbers come first, so that stopping while the pictures are drawn loses none of them; then one
 * unit's pictures at a time; `report.html` last, as it holds them all. An abort rejects with the signal's reason.
 */
export async function writeReport(
  folder: Folder,
  dissection: Dissection,
  pictures: AsyncIterable<UnitPictures>,
  options: WriteOptions,
): Promise<void> {
  const { signal } = options;
  signal?.throwIfAborted();
  await writeNumbers(folder, dissection, options.provenance);
  const page = new HtmlPage(dissection, options.provenance, options.encoder);
  try {
    await writePictures(folder, dissection, pictures, page, options);
    signal?.throwIfAborted();
    await folder.write("report.html", await page.finish());
  } catch (error) {
    await page.abort();
    throw error;
  }
}

/** The files without pictures: the reports, the rows, the tables, and each layer's own copy and bar graph (§3.2). */
export async function writeNumbers(folder: Folder, dissection: Dissection, provenance: Provenance): Promise<void> {
  const { layers, labels, categories } = dissection;
  const gandissect = toGandissect(dissection);
  await folder.write("report.json", json(toReport(dissection, provenance)));
  await folder.write("units.csv", toCsv(dissection));
  await folder.write("tensors.safetensors", toTensors(dissection));
  await folder.write("dissect.json", json(gandissect));
  const folders = layerFolders(dissection);
  for (const [i, layer] of layers.entries()) {
    const own = subfolder(folder, folders[i]!);
    await own.write("dissect.json", json(toGandissectLayer(gandissect, i)));
    await own.write("bargraph.svg", bargraphSvg(conceptGroups(layer, labels, categories), labels, categories));
  }
}

async function writePictures(
  folder: Folder,
  dissection: Dissection,
  pictures: AsyncIterable<UnitPictures>,
  page: HtmlPage,
  { encoder, stripHeight, signal, onProgress }: WriteOptions,
): Promise<void> {
  const colors = labelColors(dissection.labels);
  const { segmentationSize } = dissection.settings;
  const folders = layerFolders(dissection);
  const total = dissection.layers.reduce((sum, { units }) => sum + units.length, 0);
  const artists = new Map(
    dissection.layers.map((layer, i) => [
      layer.layer,
      {
        levels: new Map(layer.units.map(({ unit, level }) => [unit, level])),
        folder: subfolder(folder, folders[i]!),
        artist: new StripArtist({ shape: layer.shape, segmentationSize, colors, height: stripHeight }),
      },
    ]),
  );
  let done = 0;
  for await (const unit of pictures) {
    signal?.throwIfAborted();
    const layer = artists.get(unit.layer);
    const level = layer?.levels.get(unit.unit);
    if (!layer || level === undefined) {
      throw new OutputError(
        `There are pictures of ${unit.layer} unit ${unit.unit}, which was not dissected.`,
        "Pass pictures of the same dissection.",
      );
    }
    if (unit.tops.length > 0) {
      for (const { path, data } of await stripFiles(layer.artist, unit, level, encoder))
        await layer.folder.write(path, data);
      await page.add(unit);
    }
    done++;
    onProgress?.({ done, total, layer: unit.layer, unit: unit.unit });
  }
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 1)}\n`;
}
