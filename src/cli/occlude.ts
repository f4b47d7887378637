import { basename } from "node:path";
import { conceptScalar, type Occlusion, occlude } from "../causality/index.ts";
import { loadSegmenter, Tensor } from "../index.ts";
import { outputFolder } from "../node/folder.ts";
import { fileName } from "../report/gandissect.ts";
import { EXIT } from "./exit.ts";
import { requestDevice, type TuneFlags } from "./gpu.ts";
import { Interrupted, onInterrupt } from "./interrupt.ts";
import { EMBEDDED_PHOTOS, openSegmenter, type UnifiedFlags } from "./models.ts";
import { decodePhoto } from "./photo/photo.ts";
import { encodePng } from "./png.ts";
import { duration, Progress } from "./progress.ts";
import { readPhoto, reduced } from "./segment.ts";

export interface OccludeCommandOptions extends UnifiedFlags, TuneFlags {
  readonly segmenter?: string;
  readonly concept: string;
  readonly patch?: number;
  readonly stride?: number;
  readonly outdir?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** `ganatomy occlude`: which part of a photo makes the segmenter see a concept; resolves with the exit status. */
export async function occludeCommand(path: string, options: OccludeCommandOptions): Promise<number> {
  const started = performance.now();
  const progress = new Progress();
  const note = (text: string): void => progress.note(text);
  const interruption = onInterrupt(note);
  const { signal } = interruption;
  try {
    const { name, files } = await openSegmenter(options.segmenter ?? EMBEDDED_PHOTOS);
    const photo = decodePhoto(await readPhoto(path), basename(path));
    const folder = await outputFolder(options.outdir ?? "occlude", {
      force: options.force,
      kind: "occlusions",
      keep: true,
    });
    let found: Occlusion | undefined;
    try {
      const device = await requestDevice(note, signal, options);
      try {
        const { heads, segdiv, parts, concept, patch, stride } = options;
        const unified = { ...(heads && { heads }), ...(segdiv && { segdiv }), ...(parts && { parts }) };
        const segmenter = await loadSegmenter(files, { device, name, signal, ...unified });
        const { pixels, width, height } = reduced(photo, Math.max(...segmenter.segsizes));
        const image = Tensor.from(device, "photo", [1, height, width, 4], "f32", pixels);
        found = await occlude(image, conceptScalar(segmenter, concept), {
          ...(patch !== undefined && { patch }),
          ...(stride !== undefined && { stride }),
          onSquares: (done, total) => progress.report("squares", done, total),
          signal,
        });
        const stem = fileName(`${basename(path).replace(/\.[^.]+$/, "")}.${concept}`);
        await folder.write(`${stem}.png`, picture(pixels, [height, width], found));
        const { drops, ...rest } = found;
        const json = { photo: basename(path), segmenter: name, concept, ...rest, drops: [...drops] };
        await folder.write(`${stem}.json`, `${JSON.stringify(json)}\n`);
        if (options.json) process.stdout.write(`${JSON.stringify(json, null, 2)}\n`);
      } finally {
        device.dispose();
      }
    } catch (error) {
      if (!signal.aborted || !(error instanceof Interrupted)) throw error;
    } finally {
      progress.end();
      if (folder.written > 0) await folder.finish();
      else await folder.discard();
    }
    if (!found) {
      note("Interrupted before there was anything to write.");
      return EXIT.aborted;
    }
    if (!options.json) process.stdout.write(`${describe(options.concept, found)}\n`);
    note(`${folder.written} files in ${folder.path} (${duration(performance.now() - started)})`);
    return EXIT.ok;
  } finally {
    progress.end();
    interruption.release();
  }
}

function describe(concept: string, { whole, drops, rows, columns, patch, stride }: Occlusion): string {
  const most = drops.indexOf(Math.max(...drops));
  const [row, column] = [Math.floor(most / columns), most % columns];
  const at = `row ${row * stride}, column ${column * stride}`;
  return `${concept}: mean probability ${whole.toFixed(4)}; it falls most, by ${drops[most]!.toFixed(4)}, when ${patch}×${patch} pixels at ${at} are covered (${rows}×${columns} tried)`;
}

/** The photo, dark where covering changes nothing. */
function picture(pixels: Float32Array, [height, width]: readonly [number, number], found: Occlusion): Uint8Array {
  const { drops, rows, columns, patch, stride } = found;
  const light = new Float32Array(height * width);
  const most = Math.max(1e-12, ...drops);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const drop = drops[row * columns + column]! / most;
      const [top, left] = [Math.min(row * stride, height - patch), Math.min(column * stride, width - patch)];
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
