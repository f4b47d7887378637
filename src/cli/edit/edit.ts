// Tests: test/cli/edit/units.test.ts, test/cli/commands/ablate.test.ts
import { Experiment } from "../../causality/index.ts";
import { UsageError } from "../../errors.ts";
import type { Edit } from "../../index.ts";
import { uncropped } from "../../models/mask.ts";
import { uniqueNames } from "../../report/concepts.ts";
import type { Folder } from "../../report/folder.ts";
import type { CliCommand } from "../command.ts";
import { defaultLayer } from "../default-layer.ts";
import { type ChosenImages, imagesOf } from "../latents.ts";
import { LayerUnits } from "../layer-units.ts";
import { noteMarks, type Unmarked, unmarked } from "../marks.ts";
import { tilesLegend } from "../tile-pictures.ts";
import { type Work, withModels } from "../with-models.ts";
import { type CurveJob, writeCurves, writeUnitEffects } from "./curves.ts";
import { readMask } from "./mask.ts";
import type { EditCommandOptions } from "./options.ts";
import { editedPictures } from "./pictures.ts";
import { type EditSummary, editSummary, editTable } from "./summary.ts";
import type { UnitOrder } from "./units.ts";

/**
 * Runs `ganatomy ablate` or `ganatomy insert`: what becomes of the pictures? Resolves with the exit
 * status.
 */
export async function runEdit(
  kind: "ablate" | "insert",
  command: Pick<CliCommand, "name" | "resumes">,
  given: EditCommandOptions,
): Promise<number> {
  const options = unmarked(given);
  checkOptions(kind, options);
  return withModels(command, options, async (work) => {
    noteMarks(options.marks, work.generator.name, work.note);
    const edit = new EditWork(kind, options, work);
    const summary = await edit.effect();
    work.say({ json: summary, text: editTable(summary) });
    await edit.rest(summary);
  });
}

type Options = Unmarked<EditCommandOptions>;

/** Before anything is loaded. */
function checkOptions(kind: string, options: Options): void {
  const { units, concept, curve, locations, eachUnit, mask, alpha, value, mixed } = options;
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
  if ((curve || locations) && (alpha !== 1 || value !== undefined)) {
    throw new UsageError(
      "A curve takes units away altogether, or with --mixed as far as their scores say.",
      "Leave --alpha and --value out, or --curve and --locations.",
    );
  }
  if (eachUnit && (mask || alpha !== 1 || value !== undefined || mixed)) {
    throw new UsageError(
      "--each-unit takes every unit away altogether and everywhere.",
      "Leave --mask, --alpha, --value and --mixed out, or measure each unit by a command of its own.",
    );
  }
  if (mixed && units) {
    throw new UsageError("Units that are named have no scores to mix them by.", "Leave --mixed or --units out.");
  }
}

/** One command's measurements, from the quickest to the longest. */
class EditWork {
  readonly #kind: "ablate" | "insert";
  readonly #options: Options;
  readonly #work: Work;
  readonly #layer: string;
  readonly #layerUnits: LayerUnits;
  #images: ChosenImages | undefined;
  #order: UnitOrder | undefined;
  #edit: Edit | undefined;
  /** What effect.json says, and pictures of it. */
  #shown: Folder | undefined;

  constructor(kind: "ablate" | "insert", options: Options, work: Work) {
    this.#kind = kind;
    this.#options = options;
    this.#work = work;
    this.#layer = options.layer ?? defaultLayer(work.generator, "--layer");
    this.#layerUnits = new LayerUnits(work, { ...options, layer: this.#layer });
  }

  /** The edit's own: every concept's pixels before and after. */
  async effect(): Promise<EditSummary> {
    const layer = this.#layer;
    const { generator, segmenter, concept, folder, signal } = this.#work;
    this.#images = await imagesOf(this.#options, this.#work);
    const { size } = this.#images.said;
    const { channels } = generator.layer(layer);
    const label = concept === undefined ? undefined : segmenter.label(concept);
    const wrong = this.#options.units?.find((unit) => unit >= channels);
    if (wrong !== undefined) {
      throw new UsageError(`${layer} has no unit ${wrong}.`, `Its units are 0…${channels - 1}.`);
    }
    const { mask: flag, pooling } = this.#options;
    const mask = flag && uncropped(await readMask(flag, generator, pooling, signal), generator);
    this.#order = await this.#orderOf(label);
    const units = this.#options.units ?? this.#order.units.slice(0, this.#options.top);
    const alpha = this.#alphaOf(units.length);
    const value = await this.#valueOf(units);
    this.#edit = { layer, units, alpha, ...(value !== undefined && { value }), ...(mask && { mask }) };

    const experiment = await this.#experiment(2, "images");
    try {
      const after = await experiment.pixels([this.#edit]);
      if (label !== undefined && this.#kind === "ablate" && experiment.before[label] === 0) {
        throw new UsageError(
          `There is no ${concept} in these ${size} images.`,
          this.#options.latents === undefined
            ? "Take more with --size, others with --seed, or another --concept."
            : "Take other --latents, or another --concept.",
        );
      }
      const { name, resolution, height, width } = generator;
      const summary = editSummary(this.#kind, segmenter.labels, experiment.before, after, {
        model: name,
        segmenter: segmenter.name,
        layer,
        units,
        ...(concept !== undefined && { concept, metric: this.#order.metric }),
        alpha,
        value: value ?? 0,
        ...this.#images.said,
        resolution,
        ...(height !== width && { height, width }),
      });
      const pictures = Math.min(size, this.#options.pictures);
      this.#shown = folder.of("effect", [summary, pictures, this.#edit]);
      await this.#shown.write("effect.json", `${JSON.stringify(summary, null, 1)}\n`);
      return summary;
    } finally {
      experiment.dispose();
    }
  }

  /** Pictures, and what else was asked for. */
  async rest(summary: EditSummary): Promise<void> {
    const { folder, generator, segmenter, concept, progress, signal } = this.#work;
    const { generator: drawing } = this.#images!;
    const layer = this.#layer;
    const { batch, curve, locations, eachUnit, random = 0, steps = 30 } = this.#options;
    const { size, rows, ...others } = this.#images!.images;
    const pictures = Math.min(size, this.#options.pictures);
    if (pictures > 0) {
      const few = rows?.subarray(0, (rows.length / size) * pictures);
      const drawn = {
        ...others,
        size: pictures,
        ...(few && { rows: few }),
        signal,
        ...(batch !== undefined && { batch }),
      };
      for await (const { name, png } of editedPictures(drawing, [this.#edit!], drawn)) {
        await this.#shown!.write(name, png);
      }
      const legend = tilesLegend(generator);
      if (legend !== undefined) await this.#shown!.write("legend.svg", legend);
    }
    const label = concept === undefined ? 0 : segmenter.label(concept);
    const job: CurveJob = {
      layer,
      concept: uniqueNames(segmenter.labels)[label]!, // typed, it may be by its category
      label,
      order: this.#order!,
      steps,
      random,
      mixed: this.#options.mixed ?? false,
      signal,
    };
    const most = Math.min(steps, this.#order!.units.length);
    if (curve) {
      const experiment = await this.#experiment(1 + most * (1 + random), "curve");
      try {
        await writeCurves(experiment, job, folder);
      } finally {
        experiment.dispose();
      }
    }
    if (locations) {
      const experiment = await this.#experiment(1, "locations", 2);
      try {
        progress.note("Location by location; this takes long.");
        await writeCurves(experiment, { ...job, everyLocation: true }, folder);
      } finally {
        experiment.dispose();
      }
    }
    if (eachUnit) {
      const { channels } = generator.layer(layer);
      const experiment = await this.#experiment(1 + channels, "each unit");
      try {
        await writeUnitEffects(experiment, layer, summary, folder);
      } finally {
        experiment.dispose();
      }
    }
  }

  /** The images, with a bar for so many times all of them. */
  #experiment(times: number, phase: string, seed = this.#options.seed): Promise<Experiment> {
    const { segmenter, progress, signal } = this.#work;
    const { batch } = this.#options;
    const { images, generator, finished } = this.#images!;
    let done = 0;
    return Experiment.create(generator, segmenter, {
      editable: [this.#layer],
      ...images,
      seed,
      ...(batch !== undefined && { batch }),
      finished,
      onImages: (more) => {
        done += more;
        progress.report(phase, done, images.size * times);
      },
      signal,
    });
  }

  /** The units that were named, or all by a ranking that is read or made. */
  async #orderOf(label: number | undefined): Promise<UnitOrder> {
    const { units } = this.#options;
    if (units) return { metric: "given", units, scores: units.map(() => 1) };
    return this.#layerUnits.order(label!, this.#options);
  }

  /** With `mixed` each unit by its score, as far as --alpha goes. */
  #alphaOf(count: number): number | number[] {
    const { alpha, mixed } = this.#options;
    return mixed ? this.#order!.scores.slice(0, count).map((score) => alpha * Math.min(1, Math.max(0, score))) : alpha;
  }

  async #valueOf(units: readonly number[]): Promise<number | number[] | undefined> {
    const { value = this.#kind === "insert" ? { quantile: 0.99 } : undefined } = this.#options;
    if (value === undefined || typeof value === "number") return value;
    const levels = await this.#layerUnits.levels(value.quantile);
    return units.map((unit) => levels[unit]!);
  }
}
