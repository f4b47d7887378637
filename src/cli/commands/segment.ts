import { access } from "node:fs/promises";
import { basename } from "node:path";
import { UsageError } from "../../errors.ts";
import { loadSegmenter, type Segmenter, type Storage, Tensor } from "../../index.ts";
import { decodePhoto } from "../../node/photo/decode.ts";
import { encodeLabels, encodeSegmentation } from "../../node/photo/label-maps.ts";
import type { Photo } from "../../node/photo/photo.ts";
import { labelColors } from "../../report/colors.ts";
import type { Folder } from "../../report/folder.ts";
import type { CliCommand } from "../command.ts";
import { EXIT } from "../exit.ts";
import { Interrupted } from "../interrupt.ts";
import { type Legend, legendOf, legendText } from "../legend.ts";
import { EMBEDDED_PHOTOS, openSegmenter, type UnifiedFlags, unifiedOf } from "../models.ts";
import { extent, named } from "../options.ts";
import { readPhoto, reduced, unreadable } from "../photo.ts";
import { unifiedOptions } from "../shared-options.ts";
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
  description: "name what is in photos: label maps and a coloured picture as PNG, a legend with areas as JSON",
  options: (command) =>
    unifiedOptions(command)
      .argument("<photos...>", "JPEG or PNG files")
      .option("--segmenter <dir|name>", "as for dissect (default: mosaic-ade20k32)", named)
      .option("--size <px>", "of the label maps: an edge, or WIDTHxHEIGHT (default: the network's output)", extent)
      .option("--outdir <dir>", "where they go (default: segment)", named)
      .option("--force", "write into a folder that holds other files; none of them is removed")
      .option("--half", "keep weights as float16 on the GPU")
      .option("--json", "print the legends as JSON on stdout"),
  run,
};

/**
 * Names what is in photos; writes each one's maps as they are done; resolves with the exit status.
 */
function run(options: SegmentOptions, paths: readonly string[]): Promise<number> {
  return withInterrupt(async (running) => {
    const { progress, signal, note } = running;
    const stems = stemsOf(paths);
    const { name, files } = await openSegmenter(options.segmenter ?? EMBEDDED_PHOTOS);
    // Before any work: a typing error in the last name should not be found out after an hour.
    for (const path of paths) await access(path).catch((cause) => unreadable(path, cause));
    const output = { path: options.outdir ?? "segment", force: options.force, kind: "segmentations", keep: true };
    const legends: Legend[] = [];
    const { folder } = await withFolder(running, output, async (folder) => {
      try {
        await withDevice(running, {}, async (device) => {
          const storage: Storage = options.half ? "f16" : "f32";
          const segmenter = await loadSegmenter(files, { device, name, storage, signal, ...unifiedOf(options) });
          for (const [index, path] of paths.entries()) {
            // Lets Ctrl-C be heard: decoding is synchronous.
            await new Promise((resolve) => setImmediate(resolve));
            signal.throwIfAborted();
            const photo = await decodePhoto(await readPhoto(path), basename(path));
            legends.push(
              await writeMaps(segmenter, photo, options.size, { path, stem: stems[index]!, folder, signal }),
            );
            progress.report("segment", legends.length, paths.length);
          }
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
    if (options.json) process.stdout.write(`${JSON.stringify(legends, null, 2)}\n`);
    else for (const legend of legends) process.stdout.write(`${legendText(legend)}\n`);
    const what = `${legends.length} of ${paths.length} photos in ${folder.path} (${running.took()})`;
    if (folder.written === 0) note("Interrupted before there was anything to write.");
    else note(signal.aborted ? `Interrupted. ${what}` : what);
    return legends.length === paths.length ? EXIT.ok : EXIT.aborted;
  });
}

/**
 * Segments a photo and writes its label maps, the picture of them and the legend, which it returns.
 */
async function writeMaps(
  segmenter: Segmenter,
  photo: Photo,
  size: SegmentOptions["size"],
  to: { readonly path: string; readonly stem: string; readonly folder: Folder; readonly signal: AbortSignal },
): Promise<Legend> {
  const { stem, folder } = to;
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

/** What each photo's files are called, which must not overwrite each other. */
function stemsOf(paths: readonly string[]): string[] {
  const stems = paths.map((path) => basename(path).replace(/\.[^.]+$/, ""));
  const twice = stems.find((stem, index) => stems.indexOf(stem) !== index);
  if (twice === undefined) return stems;
  throw new UsageError(
    `Two photos would both write "${twice}.json".`,
    "Rename one, or give each an --outdir of its own.",
  );
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
