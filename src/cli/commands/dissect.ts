import { join } from "node:path";
import { rotatedName } from "../../compare/rotated.ts";
import type { OutputFolder } from "../../node/folder.ts";
import { hashOf } from "../../node/hash.ts";
import { VERSION } from "../../version.ts";
import type { Source } from "../../weights/source.ts";
import { type ClassifierFlags, checkFlags, dissectClassifier, openClassifier } from "../classifier/dissect.ts";
import { viewOptions } from "../classifier/options.ts";
import type { CliCommand } from "../command.ts";
import type { Place } from "../dissecting.ts";
import { dissectionOptions } from "../dissection-options.ts";
import { EXAMPLES } from "../examples.ts";
import { inNode } from "../in-node.ts";
import { intoReport } from "../into-report.ts";
import { type DissectOptions, openJob } from "../job.ts";
import { KeptDissection, standing } from "../kept-dissection.ts";
import { loadingOf } from "../models.ts";
import { named, seed } from "../options.ts";
import { type Job, runJob, type SegmenterFiles } from "../run.ts";
import { settingsOf } from "../settings.ts";
import type { Summary } from "../summary.ts";
import { type Running, withInterrupt } from "../with-folder.ts";

export const dissectCommand: CliCommand<DissectOptions & ClassifierFlags> = {
  name: "dissect",
  description: "generate pictures, segment them, find what each unit of the layers detects, and write a report",
  resumes: "After Ctrl-C, or killed, the same command goes on from there, to the same bits.",
  help: EXAMPLES,
  options: (command) =>
    viewOptions(
      dissectionOptions(command)
        .option("--classifier <file|url>", "dissect a classifier of photographs instead of a generator", named)
        .option("--images <dir>", "its photographs, JPEG or PNG", named)
        .option(
          "--masks <dir>",
          "label maps of the photographs' names, and labels.json, instead of a segmenter",
          named,
        ),
    )
      .option(
        "--untrained <seed>",
        "a control: dissect the classifier's network with weights that are drawn, not trained",
        seed,
      )
      .option("--no-tune", "do not time the kernels on a GPU's first use")
      .option("--json", "print the summary as JSON on stdout instead of the table")
      .option("--chrome", "run in headless Chrome instead of in Node"),
  run,
};

/** Runs a dissection here or in Chrome and says what it found; resolves with the exit status. */
function run(options: DissectOptions & ClassifierFlags): Promise<number> {
  return withInterrupt(async (running) => {
    checkFlags(options);
    const { name, dissected } = await opened(options, running);
    const path = options.outdir ?? join("dissect", name);
    return intoReport(running, { ...options, path, settings: settingsOf("dissect", options) }, dissected);
  });
}

/** What the options name, and how it is dissected into a folder. */
async function opened(
  options: DissectOptions & ClassifierFlags,
  running: Running,
): Promise<{ readonly name: string; dissected(folder: OutputFolder): Promise<Summary> }> {
  const { rotate } = options;
  const inRotation = (name: string): string => (rotate === undefined ? name : rotatedName(name, rotate));
  if (options.classifier !== undefined) {
    const classifier = await openClassifier(options, running);
    const dissected = (folder: OutputFolder): Promise<Summary> =>
      inNode(options, folder, running, (place) => {
        const { source, segmenter, photographs, masks } = classifier;
        const of = [photographs.digest, photographs.names, masks?.digest()];
        const files = [source, ...filesOf(segmenter?.files)];
        return resuming({ files, of }, options, { folder, place }, (place) =>
          dissectClassifier(classifier, options, place),
        );
      });
    return { name: inRotation(classifier.name), dissected };
  }
  const job = await openJob(options, loadingOf(running, options));
  const dissected = (folder: OutputFolder): Promise<Summary> =>
    options.chrome
      ? inChrome(job, folder, running)
      : inNode(job, folder, running, (place) => {
          const files = [job.model.source, ...filesOf(job.segmenter.files)];
          return resuming({ files, of: [] }, options, { folder, place }, (place) => runJob(job, place));
        });
  return { name: inRotation(job.model.name), dissected };
}

const filesOf = (files: SegmenterFiles<Source> | undefined): Source[] => Object.values(files ?? {});

/** What a dissection is of: files of weights and labels, and what else tells it from others. */
interface Dissected {
  readonly files: readonly Source[];
  readonly of: readonly unknown[];
}

/** Runs a dissection that goes on where an earlier run of the same command was stopped. */
async function resuming(
  { files, of }: Dissected,
  options: DissectOptions & ClassifierFlags,
  { folder, place }: { readonly folder: OutputFolder; readonly place: Place },
  dissected: (place: Place) => Promise<Summary>,
): Promise<Summary> {
  const { signal, note } = place;
  const hashes: string[] = [];
  for (const file of files) hashes.push(await hashOf(file, { signal }));
  const settings = [VERSION, settingsOf("dissect", options), hashes, of, place.device.adapter];
  const kept = await KeptDissection.open(folder, settings, signal, (path) =>
    note(`"${path}" is damaged: the dissection begins anew.`),
  );
  if (kept.found) note(standing(kept.found));
  const summary = await dissected({ ...place, checkpoints: kept });
  if (summary.complete) await kept.remove();
  return summary;
}

async function inChrome(job: Job<Source>, folder: OutputFolder, { progress, signal }: Running): Promise<Summary> {
  const { runInChrome } = await import("../chrome/chrome.ts");
  return runInChrome(job, { folder, progress, signal });
}
