import { join } from "node:path";
import type { QuantileThreshold } from "../../dissect/result.ts";
import { UsageError } from "../../errors.ts";
import { outputFolder } from "../../node/folder.ts";
import { nodeEncoder } from "../../node/photo/encoder.ts";
import { threadStudio } from "../../node/studio.ts";
import type { Provenance, WeightsSource } from "../../report/report.ts";
import { VERSION } from "../../version.ts";
import type { Source } from "../../weights/source.ts";
import type { CliCommand } from "../command.ts";
import { EXAMPLES } from "../examples.ts";
import { EXIT } from "../exit.ts";
import { requestDevice, type TuneFlags } from "../gpu.ts";
import { Interrupted, onInterrupt } from "../interrupt.ts";
import { EMBEDDED, openModel, openSegmenter, type UnifiedFlags } from "../models.ts";
import { layers, named, quantileThreshold, seed, size, whole } from "../options.ts";
import { duration, Progress } from "../progress.ts";
import { type Job, type JobSettings, runJob, type SegmenterFiles } from "../run.ts";
import { unifiedOptions } from "../shared-options.ts";
import type { Summary } from "../summary.ts";
import { summaryTable } from "../table.ts";

export interface DissectOptions extends UnifiedFlags, TuneFlags {
  readonly model?: string;
  readonly segmenter?: string;
  readonly layers?: readonly string[];
  readonly size?: number;
  readonly seed: number;
  readonly trainSeed: number;
  readonly quantileThreshold: QuantileThreshold;
  readonly examples: number;
  readonly outdir?: string;
  readonly force?: boolean;
  readonly stripHeight?: number;
  readonly batch?: number;
  /** In MiB. */
  readonly memory?: number;
  readonly json?: boolean;
  readonly chrome?: boolean;
}

export const dissectCommand: CliCommand<DissectOptions> = {
  name: "dissect",
  description: "generate pictures, segment them, find what each unit of the layers detects, and write a report",
  help: EXAMPLES,
  options: (command) =>
    unifiedOptions(command)
      .option(
        "--model <file|url>",
        "generator's checkpoint (.pth, .safetensors, .npz); the embedded scenes64 unless given",
        named,
      )
      .option(
        "--segmenter <dir|name>",
        "folder with encoder_epoch_N.pth, decoder_epoch_N.pth and labels.json, or scenes64, mosaic-ade20k32",
        named,
      )
      .option(
        "--layers <names...>",
        "layers to dissect, by commas or repeated (default: layer4,layer6 of the embedded model, else layer4)",
        layers,
      )
      .option("--size <n>", "number of images (default: 200 with the embedded model, else 1000)", size)
      .option("--seed <n>", "seed of the images that are scored and shown", seed, 1)
      .option("--train-seed <n>", "seed of the images that thresholds are chosen on", seed, 2)
      .option(
        "--quantile-threshold <t>",
        "iqr, maxiou, or one fraction for all units such as 0.01",
        quantileThreshold,
        "iqr" as const,
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

/** Resolves with the exit status. */
async function run(options: DissectOptions): Promise<number> {
  const started = performance.now();
  const progress = new Progress();
  const note = (text: string): void => progress.note(text);
  const interruption = onInterrupt(note);
  const { signal } = interruption;
  try {
    const job = await openJob(options, { signal, onProgress: progress.download });
    const path = options.outdir ?? join("dissect", job.model.name);
    const folder = await outputFolder(path, { force: options.force });
    let summary: Summary;
    try {
      summary = await (options.chrome ? inChrome : inNode)(job, { folder, progress, signal });
      if (signal.aborted) note("Writing what is finished.");
      await folder.finish();
    } catch (error) {
      progress.end();
      if (folder.written > 0) {
        note(`What was written until then is in ${path}.`);
        await folder.finish().catch(() => {});
      } else await folder.discard().catch(() => {});
      if (!signal.aborted || !(error instanceof Interrupted)) throw error;
      note("Interrupted before there was anything to write.");
      return EXIT.aborted;
    }
    progress.end();
    if (options.json) {
      const seconds = Math.round((performance.now() - started) / 100) / 10;
      process.stdout.write(
        `${JSON.stringify({ ...summary, outdir: folder.path, files: folder.written, seconds }, null, 2)}\n`,
      );
    } else {
      process.stdout.write(`${summaryTable(summary)}\n`);
    }
    const what = `${folder.written} files in ${path} (${duration(performance.now() - started)})`;
    if (!summary.complete) {
      note(`Interrupted: the report holds what was finished until then. ${what}\nOpen ${join(path, "report.html")}`);
      return EXIT.aborted;
    }
    note(`${what}\nOpen ${join(path, "report.html")}`);
    return EXIT.ok;
  } finally {
    progress.end();
    interruption.release();
  }
}

type Context = { folder: Awaited<ReturnType<typeof outputFolder>>; progress: Progress; signal: AbortSignal };

async function inNode(job: Job<Source>, { folder, progress, signal }: Context): Promise<Summary> {
  const device = await requestDevice((text) => progress.note(text), signal, job);
  try {
    return await runJob(job, {
      device,
      folder,
      signal,
      encoder: nodeEncoder(),
      studio: (plan) =>
        threadStudio(plan, {
          script: new URL("./node/studio-worker.js", import.meta.url),
          onLost: ({ message }) => progress.note(message),
        }),
      progress: (phase, done, total) => progress.report(phase, done, total),
      note: (text) => progress.note(text),
    });
  } finally {
    device.dispose();
  }
}

async function inChrome(job: Job<Source>, context: Context): Promise<Summary> {
  const { runInChrome } = await import("../chrome/chrome.ts");
  return runInChrome(job, context);
}

/** Opens all files before the long work, so that a wrong path is found out at once. */
async function openJob(options: DissectOptions, loading: Parameters<typeof openModel>[1]): Promise<Job<Source>> {
  const isEmbedded = options.model === undefined || options.model === EMBEDDED;
  if (!isEmbedded && options.segmenter === undefined) {
    throw new UsageError(
      "Which segmenter? A model of your own needs one that knows what its pictures show.",
      `Give --segmenter DIR, or --segmenter ${EMBEDDED} if it draws such scenes.`,
    );
  }
  const model = await openModel(options.model ?? EMBEDDED, loading);
  const segmenter = await openSegmenter(options.segmenter ?? EMBEDDED);
  const { heads, segdiv, parts } = options;
  return {
    model,
    segmenter: {
      ...segmenter,
      unified: { ...(heads && { heads }), ...(segdiv && { segdiv }), ...(parts && { parts }) },
    },
    settings: jobSettings(options, isEmbedded),
    ...(options.tune === false && { tune: false }),
    provenance: provenance(options, model.source, segmenter.files),
  };
}

/** What the options say of the dissection itself. */
export function jobSettings(options: DissectOptions, isEmbedded: boolean): JobSettings {
  const { stripHeight, batch, memory } = options;
  return {
    layers: options.layers ?? (isEmbedded ? ["layer4", "layer6"] : []),
    size: options.size ?? (isEmbedded ? 200 : 1000),
    seed: options.seed,
    trainSeed: options.trainSeed,
    quantileThreshold: options.quantileThreshold,
    examples: options.examples,
    ...(batch !== undefined && { batch }),
    ...(memory !== undefined && { memory: memory * 2 ** 20 }),
    ...(stripHeight !== undefined && { stripHeight }),
  };
}

function provenance(options: DissectOptions, model: Source, segmenter: SegmenterFiles<Source>): Provenance {
  const weights: WeightsSource[] = [
    { role: "generator", source: withoutSecrets(options.model ?? EMBEDDED), bytes: model.size },
  ];
  for (const [part, source] of Object.entries(segmenter) as [string, Source][]) {
    if (part !== "labels")
      weights.push({ role: "segmenter", source: join(options.segmenter ?? EMBEDDED, source.name), bytes: source.size });
  }
  return {
    generator: { name: "ganatomy", version: VERSION },
    created: new Date().toISOString(),
    weights,
    command: ["ganatomy", ...process.argv.slice(2)].map(withoutSecrets).join(" "),
  };
}

/** Reports are passed on: addresses in them lose their passwords and their queries, which often hold a token. */
export function withoutSecrets(text: string): string {
  return text.replace(/(https?:\/\/)(?:[^/?#\s@]*@)?([^?#\s]*)[?#]?\S*/gi, "$1$2");
}
