import { join } from "node:path";
import { Option } from "commander";
import { rotatedName } from "../../compare/rotated.ts";
import { RULES } from "../../dissect/rules.ts";
import { threadPool } from "../../node/drawing-threads.ts";
import type { OutputFolder } from "../../node/folder.ts";
import { hashOf } from "../../node/hash.ts";
import { nodeEncoder } from "../../node/photo/encoder.ts";
import { VERSION } from "../../version.ts";
import type { Source } from "../../weights/source.ts";
import { type ClassifierFlags, checkFlags, dissectClassifier, openClassifier } from "../classifier/dissect.ts";
import { viewOptions } from "../classifier/options.ts";
import type { CliCommand } from "../command.ts";
import { PAPER_LAYER } from "../default-layer.ts";
import type { Place } from "../dissecting.ts";
import { EXAMPLES } from "../examples.ts";
import { EXIT } from "../exit.ts";
import { generatorOptions } from "../generator-flags.ts";
import type { TuneFlags } from "../gpu.ts";
import { type DissectOptions, openJob } from "../job.ts";
import { KeptDissection } from "../kept-dissection.ts";
import { EMBEDDED_LAYERS, loadingOf } from "../models.ts";
import { layers, named, quantileThreshold, seed, size, whole } from "../options.ts";
import { type Job, runJob, type SegmenterFiles } from "../run.ts";
import { settingsOf } from "../settings.ts";
import { unifiedOptions } from "../shared-options.ts";
import type { Summary } from "../summary.ts";
import { summaryTable } from "../table.ts";
import { type Running, withDevice, withFolder, withInterrupt } from "../with-folder.ts";

export const dissectCommand: CliCommand<DissectOptions & ClassifierFlags> = {
  name: "dissect",
  description: "generate pictures, segment them, find what each unit of the layers detects, and write a report",
  resumes: "After Ctrl-C, or killed, the same command goes on from there, to the same bits.",
  help: EXAMPLES,
  options: (command) =>
    viewOptions(
      unifiedOptions(generatorOptions(command))
        .option(
          "--segmenter <dir|name>",
          "folder with encoder_epoch_N.pth, decoder_epoch_N.pth and labels.json, or an ONNX file beside labels.json; scenes64, mosaic-ade20k32; or self: a generator of tiles names its own",
          named,
        )
        .option(
          "--layers <names...>",
          `layers to dissect, by commas or repeated (default: ${EMBEDDED_LAYERS} of the embedded model, else ${PAPER_LAYER})`,
          layers,
        )
        .option("--size <n>", "number of images (default: 200 with the embedded model, else 1000)", size)
        .option("--seed <n>", "seed of the images that are scored and shown", seed, 1)
        .option("--train-seed <n>", "seed of the images that thresholds are chosen on", seed, 2)
        .option(
          "--quantile-threshold <t>",
          "iqr, maxiou, or one fraction for all units such as 0.01 (default: the rule's; iqr)",
          quantileThreshold,
        )
        .addOption(
          new Option(
            "--rule <name>",
            "whose rule decides what detects anything (default: gan-dissection; of classifiers pnas-2020)",
          ).choices(Object.keys(RULES)),
        )
        .option("--classifier <file|url>", "dissect a classifier of photographs instead of a generator", named)
        .option("--images <dir>", "its photographs, JPEG or PNG", named)
        .option(
          "--masks <dir>",
          "label maps of the photographs' names, and labels.json, instead of a segmenter",
          named,
        ),
    )
      .option("--rotate <seed>", "a control: dissect a random rotation of each layer's units instead of these", seed)
      .option(
        "--untrained <seed>",
        "a control: dissect the classifier's network with weights that are drawn, not trained",
        seed,
      )
      .option("--examples <n>", "top images a unit", whole("The number of examples", 1, 1000), 20)
      .option("--outdir <dir>", "where the report goes (default: dissect/MODEL)", named)
      .option("--force", "write into a folder that holds other files; none of them is removed")
      .option(
        "--strip-height <px>",
        "edge of the pictures in strips (default: the image size; gandissect has 256)",
        whole("The height", 8, 4096),
      )
      .option(
        "--batch <n>",
        "images at a time (default: chosen for the adapter; results do not depend on it)",
        whole("The batch size", 1, 1024),
      )
      .option(
        "--memory <MiB>",
        "samples that may stay on the GPU between passes (default: 512; less takes longer, results do not depend on it)",
        whole("The memory in MiB", 0, 2 ** 20),
      )
      .option("--no-tune", "do not time the kernels on a GPU's first use")
      .option("--json", "print the summary as JSON on stdout instead of the table")
      .option("--chrome", "run in headless Chrome instead of in Node"),
  run,
};

/** Runs a dissection here or in Chrome and says what it found; resolves with the exit status. */
function run(options: DissectOptions & ClassifierFlags): Promise<number> {
  return withInterrupt(async (running) => {
    const { progress, signal, note } = running;
    checkFlags(options);
    const { name, dissected } = await opened(options, running);
    const path = options.outdir ?? join("dissect", name);
    let summary: Summary | undefined;
    const { folder } = await withFolder(
      running,
      { path, force: options.force, settings: settingsOf("dissect", options) },
      async (folder) => {
        try {
          summary = await dissected(folder);
        } catch (error) {
          progress.end();
          if (folder.written > 0) note(`What was written until then is in ${path}.`);
          throw error;
        }
        if (signal.aborted) note("Writing what is finished.");
      },
    );
    if (!summary) {
      note("Interrupted before there was anything to write.");
      return EXIT.aborted;
    }
    if (options.json) {
      const all = { ...summary, outdir: folder.path, files: folder.written, seconds: running.seconds() };
      process.stdout.write(`${JSON.stringify(all, null, 2)}\n`);
    } else {
      process.stdout.write(`${summaryTable(summary)}\n`);
    }
    const what = `${folder.written} files in ${path} (${running.took()})\nOpen ${join(path, "report.html")}`;
    note(summary.complete ? what : `Interrupted: the report holds what was finished until then. ${what}`);
    return summary.complete ? EXIT.ok : EXIT.aborted;
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
  if (kept.found) note(`Going on from ${kept.found.done} images of "${kept.found.at}" of an earlier run.`);
  const summary = await dissected({ ...place, checkpoints: kept });
  if (summary.complete) await kept.remove();
  return summary;
}

/** Lets `work` run on Node's device, with threads that draw. */
function inNode(
  flags: TuneFlags,
  folder: OutputFolder,
  running: Running,
  work: (place: Place) => Promise<Summary>,
): Promise<Summary> {
  const { progress, signal, note } = running;
  return withDevice(running, { flags }, (device) =>
    work({
      device,
      folder,
      signal,
      encoder: nodeEncoder(),
      pool: (plan) =>
        threadPool(plan, {
          script: new URL("./node/drawing-worker.js", import.meta.url),
          onLost: ({ message }) => note(message),
        }),
      progress: (phase, done, total) => progress.report(phase, done, total),
      note,
    }),
  );
}

async function inChrome(job: Job<Source>, folder: OutputFolder, { progress, signal }: Running): Promise<Summary> {
  const { runInChrome } = await import("../chrome/chrome.ts");
  return runInChrome(job, { folder, progress, signal });
}
