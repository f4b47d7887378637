// Tests: test/cli/commands/ablate.test.ts
import { join } from "node:path";
import { UsageError } from "../errors.ts";
import { type Generator, loadGenerator, loadSegmenter, Segmenter } from "../index.ts";
import type { OutputFolder } from "../node/folder.ts";
import type { MeasurementsFile } from "../node/kept/measurements.ts";
import { counted } from "./amount.ts";
import type { CliCommand } from "./command.ts";
import { choose } from "./concept.ts";
import { EXIT } from "./exit.ts";
import { type GeneratorFlags, generatorOf } from "./generator-flags.ts";
import type { TuneFlags } from "./gpu.ts";
import { EMBEDDED, loadingOf, openLabeller, openModel, SELF, type UnifiedFlags, unifiedOf } from "./models.ts";
import { print } from "./terminal.ts";
import { type Running, withDevice, withInterrupt, withMeasurements } from "./with-folder.ts";

/** What commands about a generator and its segmenter have in common. */
export interface ModelFlags extends GeneratorFlags, UnifiedFlags, TuneFlags {
  readonly segmenter?: string;
  /** Of the units. */
  readonly layer?: string;
  /** As they were typed; several are a union. */
  readonly concept?: readonly string[];
  readonly outdir?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** What a command works with. */
export interface Work extends Pick<Running, "progress" | "signal" | "note"> {
  readonly generator: Generator;
  readonly segmenter: Segmenter;
  /** The one that --concept means, which may be a union. */
  readonly concept?: string;
  readonly folder: OutputFolder;
  /** Measurements of this folder, of earlier runs too. */
  readonly finished: MeasurementsFile;
  /** What will go to stdout, also when the rest is interrupted. */
  say(result: { readonly json: object; readonly text: string }): void;
}

/**
 * Opens the models and a folder (COMMAND/MODEL unless --outdir says another) that keeps what an
 * earlier run left, lets `run` work, and says what came of it; resolves with the exit status. After
 * Ctrl-C what is finished stays, and the same command resumes, if it is one that does.
 */
export function withModels(
  command: Pick<CliCommand, "name" | "resumes">,
  options: ModelFlags,
  run: (work: Work) => Promise<void>,
): Promise<number> {
  return withInterrupt(async (running) => {
    const { progress, signal, note } = running;
    const model = await openModel(options.model ?? EMBEDDED, loadingOf(running, options));
    const isEmbedded = options.model === undefined || options.model === EMBEDDED;
    if (!isEmbedded && options.segmenter === undefined) {
      throw new UsageError(
        "Which segmenter is to name what is there?",
        `Give --segmenter DIR, ${EMBEDDED}, or ${SELF} for a generator of tiles.`,
      );
    }
    const { name, files } = await openLabeller(options.segmenter ?? EMBEDDED, options);
    const path = options.outdir ?? join(command.name, model.name);
    let said: { readonly json: object; readonly text: string } | undefined;
    const output = { path, force: options.force, kind: "edits" };
    const { folder, complete } = await withMeasurements(running, output, async ({ folder, finished, tuning }) => {
      if (finished.found > 0) note(`${finished.found} measurements of an earlier run are in ${path}.`);
      await withDevice(running, { flags: options, tuning }, async (device) => {
        const generator = await loadGenerator(model.source, {
          ...generatorOf(options),
          device,
          name: model.name,
          signal,
          onWarning: note,
        });
        const labeller = files
          ? await loadSegmenter(files, { device, name, signal, ...unifiedOf(options) })
          : await Segmenter.self(generator, { name, signal });
        const say: Work["say"] = (result) => {
          said = result;
        };
        await run({ generator, ...choose(labeller, options.concept), folder, finished, progress, signal, note, say });
      });
    });
    if (said) {
      const { json, text } = said;
      const all = { ...json, complete, outdir: folder.path, files: folder.written, seconds: running.seconds() };
      print(options.json ? `${JSON.stringify(all, null, 2)}\n` : text);
    }
    const what = `${counted(folder.written, "file")} in ${path} (${running.took()})`;
    if (complete) note(what);
    else if (folder.written === 0) note("Interrupted before there was anything new to keep.");
    else note(`Interrupted. ${what}${command.resumes ? "\nThe same command goes on from there." : ""}`);
    return complete ? EXIT.ok : EXIT.aborted;
  });
}
