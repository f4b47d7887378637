// Tests: test/cli/commands/ace.test.ts
import { basename } from "node:path";
import { conceptScalar, type Occlusion, occlude, type Scalar } from "../../causality/index.ts";
import { UsageError } from "../../errors.ts";
import { type Device, loadSegmenter, Tensor } from "../../index.ts";
import { sha256 } from "../../node/kept/file.ts";
import { encodePng } from "../../node/photo/encode-png.ts";
import type { Photo } from "../../node/photo/photo.ts";
import { counted } from "../amount.ts";
import { type ClassFlags, openClassLook } from "../classifier/look.ts";
import { viewOptions } from "../classifier/options.ts";
import type { CliCommand } from "../command.ts";
import { choose, concepts, UNION } from "../concept.ts";
import { EXIT } from "../exit.ts";
import type { TuneFlags } from "../gpu.ts";
import { EMBEDDED_PHOTOS, openSegmenter, type UnifiedFlags, unifiedOf } from "../models.ts";
import { FORCE, named, whole } from "../options.ts";
import { photoOf, reduced } from "../photo.ts";
import { PhotoPlaces } from "../photo-files.ts";
import { RESUMES, unifiedOptions } from "../shared-options.ts";
import { print } from "../terminal.ts";
import { type Running, withDevice, withInterrupt, withMeasurements } from "../with-folder.ts";

export interface OccludeCommandOptions extends UnifiedFlags, TuneFlags, ClassFlags {
  readonly segmenter?: string;
  readonly concept?: readonly string[];
  readonly patch?: number;
  readonly stride?: number;
  readonly outdir?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

export const occludeCommand: CliCommand<OccludeCommandOptions, [photo: string]> = {
  name: "occlude",
  description:
    "cover one part of a photo after the other: which makes a segmenter see a concept, or a classifier a class?",
  resumes: RESUMES,
  options: (command) =>
    viewOptions(
      unifiedOptions(command)
        .argument("<photo>", "a JPEG or PNG file")
        .option("--concept <name>", `the concept; ${UNION}`, concepts)
        .option("--segmenter <dir|name>", "as for segment (default: mosaic-ade20k32)", named)
        .option("--classifier <file|url>", "a classifier of photographs instead of a segmenter", named)
        .option("--class <name>", "the class, by name or number (default: what it takes the photo for)", named)
        .option("--class-names <file>", "names of its classes in its order: text, a line each, or JSON", named),
    )
      .option("--patch <px>", "edge of what is covered (default: an eighth of the photo)", whole("The patch", 1, 4096))
      .option("--stride <px>", "pixels from one to the next (default: half a patch)", whole("The stride", 1, 4096))
      .option("--outdir <dir>", "where the map goes (default: occlude)", named)
      .option("--force", FORCE)
      .option("--no-tune", "do not time the kernels on a GPU's first use")
      .option("--json", "print the map as JSON on stdout"),
  run,
};

/** Finds which part of a photo counts for a concept or a class; resolves with the exit status. */
function run(options: OccludeCommandOptions, path: string): Promise<number> {
  return withInterrupt(async (running) => {
    const { progress, signal, note } = running;
    checkOptions(options);
    const photo = await photoOf(path, basename(path), signal);
    const look = await openLook(options, running);
    const output = { path: options.outdir ?? "occlude", force: options.force, kind: "occlusions" };
    let found: Occlusion | undefined;
    let what = "";
    const { folder } = await withMeasurements(running, output, async ({ folder, finished, tuning }) => {
      if (finished.found > 0) note(`${finished.found} measurements of an earlier run are in ${folder.path}.`);
      await withDevice(running, { flags: options, tuning }, async (device) => {
        const { patch, stride } = options;
        const { pixels, width, height, scalar, told, of } = await look(device, photo);
        what = of;
        const image = Tensor.from(device, "photo", [1, height, width, 4], "f32", pixels);
        found = await occlude(image, scalar, {
          ...(patch !== undefined && { patch }),
          ...(stride !== undefined && { stride }),
          finished,
          onSquares: (done, total) => progress.report("squares", done, total),
          signal,
        });
        const { stem, set } = new PhotoPlaces(folder).place(path, sha256(photo.rgb), ".json", of);
        const { drops, ...rest } = found;
        const json = { photo: basename(path), ...told, ...rest, drops: [...drops] };
        const shown = folder.of(set, json);
        await shown.write(`${stem}.png`, picture(pixels, [height, width], found));
        await shown.write(`${stem}.json`, `${JSON.stringify(json)}\n`);
        if (options.json) print(`${JSON.stringify(json, null, 2)}\n`);
      });
    });
    if (!found) {
      if (folder.written === 0) note("Interrupted before there was anything new to keep.");
      else note(`Interrupted. What is finished is in ${folder.path}.\nThe same command goes on from there.`);
      return EXIT.aborted;
    }
    if (!options.json) print(`${summary(what, found)}\n`);
    note(`${counted(folder.written, "file")} in ${folder.path} (${running.took()})`);
    return EXIT.ok;
  });
}

/** A photo as a network sees it, and what of it is measured. */
interface Look {
  readonly pixels: Float32Array<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
  readonly scalar: Scalar;
  /** What the JSON says of both. */
  readonly told: Readonly<Record<string, string>>;
  /** The concept or class. */
  readonly of: string;
}

function checkOptions({ classifier, concept, segmenter, ...options }: OccludeCommandOptions): void {
  if (classifier === undefined) {
    const lost = (["class", "classNames", "edge", "fit", "pixels"] as const).find(
      (flag) => options[flag] !== undefined,
    );
    if (lost !== undefined) throw new UsageError("A class is a classifier's.", "Give --classifier FILE, too.");
    if (concept === undefined)
      throw new UsageError("What is looked for?", "Give --concept tree, or --classifier FILE.");
  } else if (concept !== undefined || segmenter !== undefined) {
    throw new UsageError("A classifier knows classes, and no concepts.", "Give --class, or leave --classifier out.");
  }
}

/** Opens the network's files; gives what looks at a photo with it. */
async function openLook(
  options: OccludeCommandOptions,
  running: Running,
): Promise<(device: Device, photo: Photo) => Promise<Look>> {
  if (options.classifier !== undefined) return openClassLook({ ...options, classifier: options.classifier }, running);
  const { signal } = running;
  const { name, files } = await openSegmenter(options.segmenter ?? EMBEDDED_PHOTOS);
  return async (device, photo) => {
    const labeller = await loadSegmenter(files, { device, name, signal, ...unifiedOf(options) });
    const { segmenter, concept = "" } = choose(labeller, options.concept);
    const seen = reduced(photo, Math.max(...segmenter.segsizes));
    return { ...seen, scalar: conceptScalar(segmenter, concept), told: { segmenter: name, concept }, of: concept };
  };
}

/** What the squares told, in a sentence. */
export function summary(concept: string, found: Occlusion): string {
  const { whole, drops, rows, columns, tops, lefts, patch } = found;
  const most = drops.indexOf(highest(drops));
  const at = `row ${tops[Math.floor(most / columns)]}, column ${lefts[most % columns]}`;
  return `${concept}: mean probability ${whole.toFixed(4)}; it falls most, by ${drops[most]!.toFixed(4)}, when ${patch}×${patch} pixels at ${at} are covered (${rows}×${columns} tried)`;
}

/** There can be more squares than a function takes arguments. */
const highest = (drops: Float32Array): number => drops.reduce((most, drop) => Math.max(most, drop));

/** The photo, dark where covering changes nothing. */
export function picture(
  pixels: Float32Array,
  [height, width]: readonly [number, number],
  { drops, columns, tops, lefts, patch }: Occlusion,
): Uint8Array {
  const light = new Float32Array(height * width);
  const most = Math.max(1e-12, highest(drops));
  for (const [row, top] of tops.entries()) {
    for (const [column, left] of lefts.entries()) {
      const drop = drops[row * columns + column]! / most;
      for (let y = top; y < top + patch; y += 1) {
        for (let x = left; x < left + patch; x += 1) light[y * width + x] = Math.max(light[y * width + x]!, drop);
      }
    }
  }
  const data = new Uint8Array(3 * height * width);
  light.forEach((value, at) => {
    for (let c = 0; c < 3; c += 1) data[3 * at + c] = 127.5 * (pixels[4 * at + c]! + 1) * (0.25 + 0.75 * value);
  });
  return encodePng({ width, height, channels: 3, data });
}
