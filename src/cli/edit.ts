import { join } from "node:path";
import { Experiment, unitQuantiles } from "../causality.ts";
import { UsageError } from "../errors.ts";
import { type Edit, type Generator, loadGenerator, loadSegmenter, type Segmenter } from "../index.ts";
import { type OutputFolder, outputFolder } from "../node/folder.ts";
import { type MeasurementsFile, measurementsFile } from "../node/measurements.ts";
import { type CurveJob, writeCurves, writeUnitEffects } from "./edit-curves.ts";
import { readMask } from "./edit-mask.ts";
import type { EditCommandOptions } from "./edit-options.ts";
import { editedPictures } from "./edit-pictures.ts";
import { type EditSummary, editSummary, editTable } from "./edit-summary.ts";
import { computeOrder, readOrder, type UnitOrder } from "./edit-units.ts";
import { EXIT } from "./exit.ts";
import { requestDevice } from "./gpu.ts";
import { Interrupted, onInterrupt } from "./interrupt.ts";
import { EMBEDDED, openModel, openSegmenter } from "./models.ts";
import { duration, Progress } from "./progress.ts";

/** Images on which units are ranked or their quantiles taken, when the command has to do that itself. */
const RANKING_SIZE = 200;

/** `ganatomy ablate` and `ganatomy insert`: what becomes of the pictures; resolves with the exit status. */
export async function editCommand(kind: "ablate" | "insert", options: EditCommandOptions): Promise<number> {
  const started = performance.now();
  const progress = new Progress();
  const note = (text: string): void => progress.note(text);
  const interruption = onInterrupt(note);
  const { signal } = interruption;
  try {
    checkOptions(kind, options);
    const model = await openModel(options.model ?? EMBEDDED, { signal, onProgress: progress.download });
    const isEmbedded = options.model === undefined || options.model === EMBEDDED;
    if (!isEmbedded && options.segmenter === undefined) {
      throw new UsageError("Which segmenter is to count what changes?", `Give --segmenter DIR, or ${EMBEDDED}.`);
    }
    const { name, files } = await openSegmenter(options.segmenter ?? EMBEDDED);
    const path = options.outdir ?? join(kind, model.name);
    const folder = await outputFolder(path, { force: options.force, kind: "edits", keep: true });
    const finished = await measurementsFile(folder);
    if (finished.found > 0) note(`${finished.found} measurements of an earlier run are in ${path}.`);
    let summary: EditSummary | undefined;
    let complete = false;
    try {
      const device = await requestDevice(note, signal, options);
      try {
        const generator = await loadGenerator(model.source, { device, name: model.name, signal });
        const { heads, segdiv, parts } = options;
        const unified = { ...(heads && { heads }), ...(segdiv && { segdiv }), ...(parts && { parts }) };
        const segmenter = await loadSegmenter(files, { device, name, signal, ...unified });
        const work = new EditWork(kind, options, { generator, segmenter, folder, finished, progress, signal });
        summary = await work.effect();
        await work.rest(summary);
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
    if (summary) {
      const seconds = Math.round((performance.now() - started) / 100) / 10;
      const said = { ...summary, complete, outdir: folder.path, files: folder.written, seconds };
      process.stdout.write(options.json ? `${JSON.stringify(said, null, 2)}\n` : editTable(summary));
    }
    const what = `${folder.written} files in ${path} (${duration(performance.now() - started)})`;
    note(complete ? what : `Interrupted. ${what}\nThe same command goes on from there.`);
    return complete ? EXIT.ok : EXIT.aborted;
  } finally {
    progress.end();
    interruption.release();
  }
}

/** Before anything is loaded. */
function checkOptions(kind: string, { units, concept, curve, locations, mask }: EditCommandOptions): void {
  if (!units && concept === undefined) {
    throw new UsageError(
      `Which units should be ${kind === "ablate" ? "ablated" : "inserted"}?`,
      "Give --units 3,17 or --concept tree.",
    );
  }
  if ((curve || locations) && concept === undefined) {
    throw new UsageError("A curve is of one concept's pixels.", "Give --concept tree.");
  }
  if ((curve || locations) && mask) {
    throw new UsageError("A curve ablates everywhere, or location by location.", "Leave --mask out.");
  }
}

interface Place {
  readonly generator: Generator;
  readonly segmenter: Segmenter;
  readonly folder: OutputFolder;
  readonly finished: MeasurementsFile;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** One command's measurements, from the quickest to the longest. */
class EditWork {
  readonly #kind: "ablate" | "insert";
  readonly #options: EditCommandOptions;
  readonly #place: Place;
  #order: UnitOrder | undefined;
  #edit: Edit | undefined;

  constructor(kind: "ablate" | "insert", options: EditCommandOptions, place: Place) {
    this.#kind = kind;
    this.#options = options;
    this.#place = place;
  }

  /** The edit's own: every concept's pixels before and after. */
  async effect(): Promise<EditSummary> {
    const { layer, concept, size, seed } = this.#options;
    const { generator, segmenter, folder } = this.#place;
    const { channels } = generator.layer(layer);
    const label = concept === undefined ? undefined : segmenter.label(concept);
    const wrong = this.#options.units?.find((unit) => unit >= channels);
    if (wrong !== undefined) {
      throw new UsageError(`${layer} has no unit ${wrong}.`, `Its units are 0…${channels - 1}.`);
    }
    const mask =
      this.#options.mask && (await readMask(this.#options.mask, generator.resolution, this.#options.pooling));
    this.#order = await this.#orderOf(label);
    const units = this.#options.units ?? this.#order.units.slice(0, this.#options.top);
    const alpha = this.#alphaOf(units.length);
    const value = await this.#valueOf(units);
    this.#edit = { layer, units, alpha, ...(value !== undefined && { value }), ...(mask && { mask }) };

    const experiment = await this.#experiment(size, seed, 2, "images");
    try {
      const after = await experiment.pixels([this.#edit]);
      if (label !== undefined && this.#kind === "ablate" && experiment.before[label] === 0) {
        throw new UsageError(
          `There is no ${concept} in these ${size} images.`,
          "Take more with --size, others with --seed, or another --concept.",
        );
      }
      const { name, resolution } = generator;
      const summary = editSummary(this.#kind, segmenter.labels, experiment.before, after, {
        model: name,
        segmenter: segmenter.name,
        layer,
        units,
        ...(concept !== undefined && { concept, metric: this.#order.metric }),
        alpha,
        value: value ?? 0,
        size,
        seed,
        resolution,
      });
      await folder.write("effect.json", `${JSON.stringify(summary, null, 1)}\n`);
      return summary;
    } finally {
      experiment.dispose();
    }
  }

  /** Pictures, and what else was asked for. */
  async rest(summary: EditSummary): Promise<void> {
    const { folder, generator, segmenter, progress, signal } = this.#place;
    const { batch, concept, curve, locations, eachUnit, layer, size, seed, random = 0, steps = 30 } = this.#options;
    const pictures = Math.min(size, this.#options.pictures);
    if (pictures > 0) {
      const drawn = { size: pictures, seed, signal, ...(batch !== undefined && { batch }) };
      for await (const { name, png } of editedPictures(generator, [this.#edit!], drawn)) await folder.write(name, png);
    }
    const label = concept === undefined ? 0 : segmenter.label(concept);
    const job: CurveJob = {
      layer,
      concept: concept ?? "",
      label,
      order: this.#order!,
      steps,
      random,
      mixed: this.#options.mixed ?? false,
      signal,
    };
    const most = Math.min(steps, this.#order!.units.length);
    if (curve) {
      const experiment = await this.#experiment(size, seed, 1 + most * (1 + random), "curve");
      try {
        await writeCurves(experiment, job, folder);
      } finally {
        experiment.dispose();
      }
    }
    if (locations) {
      const experiment = await this.#experiment(size, 2, 1, "locations");
      try {
        progress.note("Location by location; this takes long.");
        await writeCurves(experiment, { ...job, everyLocation: true }, folder);
      } finally {
        experiment.dispose();
      }
    }
    if (eachUnit) {
      const { channels } = generator.layer(layer);
      const experiment = await this.#experiment(size, seed, 1 + channels, "each unit");
      try {
        await writeUnitEffects(experiment, layer, summary, folder);
      } finally {
        experiment.dispose();
      }
    }
  }

  /** The images, with a bar for so many times all of them. */
  #experiment(size: number, seed: number, times: number, phase: string): Promise<Experiment> {
    const { generator, segmenter, finished, progress, signal } = this.#place;
    const { layer, batch } = this.#options;
    let done = 0;
    return Experiment.create(generator, segmenter, {
      edit: [layer],
      size,
      seed,
      ...(batch !== undefined && { batch }),
      finished,
      onImages: (images) => {
        done += images;
        progress.report(phase, done, size * times);
      },
      signal,
    });
  }

  /** The units that were named, or all by a ranking that is read or made. */
  async #orderOf(label: number | undefined): Promise<UnitOrder> {
    const { units, concept, dissection, layer, metric, batch } = this.#options;
    if (units) return { metric: "given", units, scores: units.map(() => 1) };
    if (dissection !== undefined) return readOrder(dissection, layer, concept!, metric);
    if (metric !== "iou") {
      throw new UsageError(`Only a dissection ranks units by ${metric}.`, "Give its folder as --dissection DIR.");
    }
    const { generator, segmenter, progress, signal } = this.#place;
    const size = RANKING_SIZE;
    progress.note(`No --dissection given, so units are ranked by IoU on ${size} images.`);
    return computeOrder(generator, segmenter, {
      layer,
      label: label!,
      size,
      ...(batch !== undefined && { batch }),
      signal,
      progress: (phase, done, total) => progress.report(phase, done, total),
    });
  }

  /** With `mixed` each unit by its score, as far as --alpha goes. */
  #alphaOf(count: number): number | number[] {
    const { alpha, mixed } = this.#options;
    return mixed ? this.#order!.scores.slice(0, count).map((score) => alpha * Math.min(1, Math.max(0, score))) : alpha;
  }

  async #valueOf(units: readonly number[]): Promise<number | number[] | undefined> {
    const { value = this.#kind === "insert" ? { quantile: 0.99 } : undefined, layer } = this.#options;
    if (value === undefined || typeof value === "number") return value;
    const { generator, signal } = this.#place;
    const [levels] = await unitQuantiles(generator, { layer, quantiles: [value.quantile], size: RANKING_SIZE, signal });
    return units.map((unit) => levels![unit]!);
  }
}
