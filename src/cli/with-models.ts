import { join } from "node:path";
import { UsageError } from "../errors.ts";
import { type Generator, loadGenerator, loadSegmenter, type Segmenter } from "../index.ts";
import { type OutputFolder, outputFolder } from "../node/folder.ts";
import { type MeasurementsFile, measurementsFile } from "../node/kept/measurements.ts";
import { KeptTuning } from "../node/kept/tuning.ts";
import { EXIT } from "./exit.ts";
import { requestDevice, type TuneFlags } from "./gpu.ts";
import { Interrupted, onInterrupt } from "./interrupt.ts";
import { EMBEDDED, openModel, openSegmenter, type UnifiedFlags } from "./models.ts";
import { duration, Progress } from "./progress.ts";

/** What commands about a generator and its segmenter have in common. */
export interface ModelFlags extends UnifiedFlags, TuneFlags {
  readonly model?: string;
  readonly segmenter?: string;
  readonly outdir?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** What a command works with. */
export interface Work {
  readonly generator: Generator;
  readonly segmenter: Segmenter;
  readonly folder: OutputFolder;
  /** Measurements of this folder, of earlier runs too. */
  readonly finished: MeasurementsFile;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  note(text: string): void;
  /** What will go to stdout, also when the rest is interrupted. */
  say(result: { readonly json: object; readonly text: string }): void;
}

/**
 * Opens the models and a folder (COMMAND/MODEL unless --outdir says another) that keeps what an earlier run left, lets `run`
 * work, and says what came of it; resolves with the exit status. After Ctrl-C what is finished stays, and the same command goes
 * on, if it is one that `resumes`.
 */
export async function withModels(
  command: string,
  options: ModelFlags,
  run: (work: Work) => Promise<void>,
  { resumes = true }: { readonly resumes?: boolean } = {},
): Promise<number> {
  const started = performance.now();
  const progress = new Progress();
  const note = (text: string): void => progress.note(text);
  const interruption = onInterrupt(note);
  const { signal } = interruption;
  try {
    const model = await openModel(options.model ?? EMBEDDED, { signal, onProgress: progress.download });
    const isEmbedded = options.model === undefined || options.model === EMBEDDED;
    if (!isEmbedded && options.segmenter === undefined) {
      throw new UsageError("Which segmenter is to name what is there?", `Give --segmenter DIR, or ${EMBEDDED}.`);
    }
    const { name, files } = await openSegmenter(options.segmenter ?? EMBEDDED);
    const path = options.outdir ?? join(command, model.name);
    const disk = await outputFolder(path, { force: options.force, kind: "edits", keep: true });
    const tuning = await KeptTuning.open(disk);
    const { folder } = tuning;
    const finished = await measurementsFile(folder);
    if (finished.found > 0) note(`${finished.found} measurements of an earlier run are in ${path}.`);
    let said: { readonly json: object; readonly text: string } | undefined;
    let complete = false;
    try {
      const device = await requestDevice(note, signal, options, tuning.cache);
      tuning.keep(device);
      try {
        const generator = await loadGenerator(model.source, { device, name: model.name, signal });
        const { heads, segdiv, parts } = options;
        const unified = { ...(heads && { heads }), ...(segdiv && { segdiv }), ...(parts && { parts }) };
        const segmenter = await loadSegmenter(files, { device, name, signal, ...unified });
        const say: Work["say"] = (result) => {
          said = result;
        };
        await run({ generator, segmenter, folder, finished, progress, signal, note, say });
        complete = true;
      } finally {
        device.dispose();
      }
    } catch (error) {
      if (!signal.aborted || !(error instanceof Interrupted)) throw error;
    } finally {
      progress.end();
      await finished.flush();
      if (folder.written > 0) await folder.finish();
      else await folder.discard();
    }
    if (said) {
      const seconds = Math.round((performance.now() - started) / 100) / 10;
      const all = { ...said.json, complete, outdir: folder.path, files: folder.written, seconds };
      process.stdout.write(options.json ? `${JSON.stringify(all, null, 2)}\n` : said.text);
    }
    const what = `${folder.written} files in ${path} (${duration(performance.now() - started)})`;
    if (complete) note(what);
    else if (folder.written === 0) note("Interrupted before there was anything new to keep.");
    else note(`Interrupted. ${what}${resumes ? "\nThe same command goes on from there." : ""}`);
    return complete ? EXIT.ok : EXIT.aborted;
  } finally {
    progress.end();
    interruption.release();
  }
}
