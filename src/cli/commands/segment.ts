import { access } from "node:fs/promises";
import { basename, join } from "node:path";
import type { GanatomyError } from "../../errors.ts";
import { loadSegmenter, type Segmenter, type Storage, Tensor } from "../../index.ts";
import type { OutputFolder } from "../../node/folder.ts";
import { hashOf } from "../../node/hash.ts";
import { sha256 } from "../../node/kept/file.ts";
import { decodePhoto } from "../../node/photo/decode.ts";
import { encodeLabels, encodeSegmentation } from "../../node/photo/label-maps.ts";
import type { Photo } from "../../node/photo/photo.ts";
import { readText } from "../../node/regular-file.ts";
import { labelColors } from "../../report/colors.ts";
import { fileName } from "../../report/gandissect.ts";
import { VERSION } from "../../version.ts";
import { parseJson } from "../../weights/json.ts";
import type { Source } from "../../weights/source.ts";
import type { CliCommand } from "../command.ts";
import { EXIT } from "../exit.ts";
import { Interrupted } from "../interrupt.ts";
import { type Legend, legendOf, legendText } from "../legend.ts";
import { EMBEDDED_PHOTOS, openSegmenter, type UnifiedFlags, unifiedOf } from "../models.ts";
import { extent, FORCE, named } from "../options.ts";
import { isOfPhoto, readPhoto, reduced, unreadablePhotos } from "../photo.ts";
import { type PhotoPlace, PhotoPlaces, photoFiles } from "../photo-files.ts";
import { warn } from "../progress.ts";
import type { SegmenterFiles } from "../run.ts";
import { unifiedOptions } from "../shared-options.ts";
import { print } from "../terminal.ts";
import { withDevice, withFolder, withInterrupt } from "../with-folder.ts";

export interface SegmentOptions extends UnifiedFlags {
  readonly segmenter?: string;
  /** Height and width of the label maps; the network's own unless given. */
  readonly size?: readonly [height: number, width: number];
  readonly outdir?: string;
  readonly force?: boolean;
  readonly half?: boolean;
  readonly json?: boolean;
}

export const segmentCommand: CliCommand<SegmentOptions, [photos: readonly string[]]> = {
  name: "segment",
  resumes: "After Ctrl-C, or killed, the same command goes on with the photos that are left.",
  description: "name what is in photos: label maps and a coloured picture as PNG, a legend with areas as JSON",
  help: "Photos that cannot be read are told, and the others segmented; then it exits with 4.",
  options: (command) =>
    unifiedOptions(command)
      .argument("<photos...>", "JPEG or PNG files, or folders of them")
      .option("--segmenter <dir|name>", "as for dissect (default: mosaic-ade20k32)", named)
      .option("--size <px>", "of the label maps: an edge, or WIDTHxHEIGHT (default: the network's output)", extent)
      .option("--outdir <dir>", "where they go (default: segment)", named)
      .option("--force", FORCE)
      .option("--half", "keep weights as float16 on the GPU")
      .option("--json", "print the legends as JSON on stdout"),
  run,
};

/**
 * Names what is in photos; writes each one's maps as they are done; resolves with the exit status.
 */
function run(options: SegmentOptions, given: readonly string[]): Promise<number> {
  return withInterrupt(async (running) => {
    const { progress, signal, note } = running;
    // Before any work: a typing error in the last name should not be found out after an hour.
    const paths = await photoFiles(given, note);
    const { name, files } = await openSegmenter(options.segmenter ?? EMBEDDED_PHOTOS);
    const settings = await settingsOfMaps(name, files, options, signal);
    const output = { path: options.outdir ?? "segment", force: options.force, kind: "segmentations", keep: true };
    const legends: Legend[] = [];
    const failed: GanatomyError[] = [];
    const { folder } = await withFolder(running, output, async (folder) => {
      try {
        await withDevice(running, {}, async (device) => {
          const storage: Storage = options.half ? "f16" : "f32";
          const segmenter = await loadSegmenter(files, { device, name, storage, signal, ...unifiedOf(options) });
          const places = new PhotoPlaces(folder);
          let earlier = 0;
          const named = async (path: string): Promise<Legend> => {
            const bytes = await readPhoto(path, { signal });
            const place = places.place(path, sha256(bytes), ".json");
            if (place.stem !== fileName(withoutEnding(path))) note(`"${path}" is ${place.stem}.json there.`);
            const known = await legendIn(folder, place, settings);
            if (known) earlier += 1;
            const photo = known ? undefined : await decodePhoto(bytes, path, { signal });
            const to = { path, ...place, settings, folder, signal };
            return known ?? writeMaps(segmenter, photo!, options.size, to);
          };
          for (const path of paths) {
            // Lets Ctrl-C be heard: small photos are decoded in this thread.
            await new Promise((resolve) => setImmediate(resolve));
            signal.throwIfAborted();
            try {
              legends.push(await named(path));
            } catch (error) {
              if (!isOfPhoto(error) || paths.length === 1) throw error;
              failed.push(error);
            }
            progress.report("segment", legends.length + failed.length, paths.length);
          }
          if (legends.length === 0) throw unreadablePhotos(failed, paths.length);
          if (earlier > 0) note(`${earlier} of them an earlier run had segmented.`);
          segmenter.dispose();
        });
      } catch (error) {
        if (signal.aborted && error instanceof Interrupted) throw error;
        progress.end();
        if (legends.length > 0)
          note(`${legends.length} of ${paths.length} photos are in ${folder.path}; then it failed.`);
        throw error;
      }
    });
    if (options.json) print(`${JSON.stringify(legends, null, 2)}\n`);
    else for (const legend of legends) print(`${legendText(legend)}\n`);
    const what = `${legends.length} of ${paths.length} photos in ${folder.path} (${running.took()})`;
    if (failed.length > 0) warn(unreadablePhotos(failed, paths.length).message, note);
    if (legends.length === 0) note("Interrupted before there was anything to write.");
    else note(signal.aborted ? `Interrupted. ${what}` : what);
    if (legends.length + failed.length < paths.length) return EXIT.aborted;
    return failed.length > 0 ? EXIT.files : EXIT.ok;
  });
}

const withoutEnding = (path: string): string => basename(path).replace(/\.[^.]+$/, "");

/** What a photo's maps depend on beside it. */
async function settingsOfMaps(
  name: string,
  files: SegmenterFiles<Source>,
  options: SegmentOptions,
  signal: AbortSignal,
): Promise<unknown> {
  const hashes: string[] = [];
  for (const file of Object.values(files) as Source[]) hashes.push(await hashOf(file, { signal }));
  return [VERSION, name, hashes, options.size, options.half, unifiedOf(options)];
}

/** The legend that an earlier run wrote of the same photo, if all its files are there. */
async function legendIn(
  folder: OutputFolder,
  { stem, set }: PhotoPlace,
  settings: unknown,
): Promise<Legend | undefined> {
  if (!folder.has(set, settings) || folder.setOf(`${stem}.json`) !== set) return undefined;
  try {
    for (const file of ["labels.png", "segmentation.png"]) await access(join(folder.path, `${stem}.${file}`));
    const text = await readText(join(folder.path, `${stem}.json`), () => "null");
    const legend = parseJson(text) as Partial<Legend> | null;
    return legend?.width && legend.height && Array.isArray(legend.labels) ? (legend as Legend) : undefined;
  } catch {
    return undefined; // they are written anew
  }
}

/**
 * Segments a photo and writes its label maps, the picture of them and the legend, which it returns.
 */
async function writeMaps(
  segmenter: Segmenter,
  photo: Photo,
  size: SegmentOptions["size"],
  to: PhotoPlace & {
    readonly path: string;
    readonly settings: unknown;
    readonly folder: OutputFolder;
    readonly signal: AbortSignal;
  },
): Promise<Legend> {
  const { stem } = to;
  const folder = to.folder.of(to.set, to.settings);
  const { labels, width, height } = await segment(segmenter, photo, size, to.signal);
  const legend = legendOf(segmenter, { name: basename(to.path), photo }, { labels, width, height });
  const pixels = width * height;
  for (let map = 0; map < segmenter.channels; map += 1) {
    const suffix = map === 0 ? "labels" : `labels.${map}`;
    const one = labels.subarray(map * pixels, (map + 1) * pixels);
    await folder.write(`${stem}.${suffix}.png`, encodeLabels(one, width, height));
  }
  const picture = encodeSegmentation(labels, width, height, labelColors(segmenter.labels));
  await folder.write(`${stem}.segmentation.png`, picture);
  await folder.write(`${stem}.json`, new TextEncoder().encode(`${JSON.stringify(legend, null, 1)}\n`));
  return legend;
}

/** Label maps [maps, height, width] of a photo. */
async function segment(
  segmenter: Segmenter,
  photo: Photo,
  size: readonly [number, number] | undefined,
  signal: AbortSignal,
): Promise<{ labels: Uint32Array; width: number; height: number }> {
  const edge = Math.max(...segmenter.segsizes);
  const { pixels, width, height } = reduced(photo, edge);
  const extent = size ?? ([edge, edge] as const);
  const { device } = segmenter;
  const image = await device.allocating("a photo", () =>
    Tensor.from(device, "photo", [1, height, width, 4], "f32", pixels),
  );
  try {
    const plan = await segmenter.compile(image, extent, signal);
    try {
      plan.run();
      return { labels: await plan.labels.read(), height: extent[0], width: extent[1] };
    } finally {
      plan.dispose();
    }
  } finally {
    image.dispose();
  }
}
