// Tests: test/cli/commands/ace.test.ts
import { Experiment, insertionContext } from "../../causality/index.ts";
import { UsageError } from "../../errors.ts";
import { uniqueNames } from "../../report/concepts.ts";
import { type ContextJson, contextCsv, toContext } from "../../report/context.ts";
import { contextBars, contextMap } from "../../report/context-plot.ts";
import { fileName } from "../../report/gandissect.ts";
import type { CliCommand } from "../command.ts";
import { concepts, UNION } from "../concept.ts";
import { defaultLayer } from "../default-layer.ts";
import { imagesOf, latentsOption } from "../latents.ts";
import { LayerUnits } from "../layer-units.ts";
import { noteMarks, type UnitsFlag, type Unmarked, unmarked } from "../marks.ts";
import { type InsertedValue, insertedValue, named, seed, size, whole } from "../options.ts";
import { modelOptions, RESUMES_BUT_RANKINGS, unitOptions } from "../shared-options.ts";
import { columns } from "../table.ts";
import { type ModelFlags, type Work, withModels } from "../with-models.ts";

export interface ContextCommandOptions extends ModelFlags {
  readonly units?: UnitsFlag;
  readonly top: number;
  readonly dissection?: string;
  readonly metric: string;
  readonly value?: InsertedValue;
  /** Undefined: all of the latents. */
  readonly size?: number;
  readonly seed: number;
  /** A file of what the images are made of. */
  readonly latents?: string;
  readonly batch?: number;
}

/** What the papers insert (spec §7.4). */
const VALUE = { quantile: 0.995 };

export const contextCommand: CliCommand<ContextCommandOptions> = {
  name: "context",
  description: "put a concept's units everywhere, one place at a time, and measure where they take",
  resumes: RESUMES_BUT_RANKINGS,
  options: (command) =>
    unitOptions(modelOptions(command))
      .requiredOption(
        "--concept <name>",
        `the concept that is measured, and whose units are meant unless given; ${UNION}`,
        concepts,
      )
      .option("--value <number|q>", "their activation (default: q0.995)", insertedValue)
      .option("--size <n>", "number of images", size, 50)
      .option("--seed <n>", "seed of their z", seed, 3)
      .addOption(latentsOption("put them into these images instead"))
      .option("--batch <n>", "images at a time (default: chosen for the adapter)", whole("The batch size", 1, 1024))
      .option("--outdir <dir>", "where tables and charts go (default: context/MODEL)", named)
      .option("--json", "print the table as JSON on stdout"),
  run: (given) => {
    const options = unmarked(given);
    return withModels(contextCommand, options, (work) => measure(work, options));
  },
};

async function measure(work: Work, options: Unmarked<ContextCommandOptions>): Promise<void> {
  noteMarks(options.marks, work.generator.name, work.note);
  const { generator, segmenter, folder, progress, signal, say } = work;
  const { layer = defaultLayer(generator, "--layer"), batch, value = VALUE } = options;
  const { images, said, generator: drawn, finished } = await imagesOf(options, work);
  const { height, width, channels } = generator.layer(layer);
  const concept = work.concept!; // required
  const label = segmenter.label(concept);
  const layerUnits = new LayerUnits(work, { ...options, layer });
  const units = options.units ?? (await layerUnits.order(label, options)).units.slice(0, options.top);
  const wrong = units.find((unit) => unit >= channels);
  if (wrong !== undefined) throw new UsageError(`${layer} has no unit ${wrong}.`, `Its units are 0…${channels - 1}.`);
  const levels = typeof value === "number" ? undefined : await layerUnits.levels(value.quantile);
  const values = units.map((unit) => (typeof value === "number" ? value : levels![unit]!));
  const experiment = await Experiment.create(drawn, segmenter, {
    editable: [layer],
    ...images,
    ...(batch !== undefined && { batch }),
    finished,
    signal,
  });
  try {
    const found = await insertionContext(experiment, concept, {
      layer,
      units,
      values,
      onCells: (done, total) => progress.report("cells", done, total),
      signal,
    });
    const context = toContext(found, segmenter.labels, [height, width]);
    const at = `${fileName(layer)}/context/${fileName(uniqueNames(segmenter.labels)[label]!)}`;
    const shown = folder.of(JSON.stringify([layer, "context", concept]), [said, units, values, context]);
    await shown.write(`${at}.json`, `${JSON.stringify(context, null, 1)}\n`);
    await shown.write(`${at}.csv`, contextCsv(context));
    await shown.write(`${at}.svg`, contextBars(context));
    await shown.write(`${at}-map.svg`, contextMap(context));
    say({
      json: { model: generator.name, segmenter: segmenter.name, ...said, values, ...context },
      text: table(context),
    });
  } finally {
    experiment.dispose();
  }
}

function table({ concept, layer, units, effects, before }: ContextJson): string {
  const rows = effects.map(({ concept: there, places, gain, share }) => [
    there,
    String(places),
    gain.toFixed(2),
    share === null ? "" : `${(100 * share).toFixed(1)} %`,
  ]);
  const title = `${units.length} units of ${layer} put everywhere: pixels of ${concept} they add (${before.toFixed(1)} in an image)\n`;
  return `${title}${columns([["was there", "places", "gain", "of before"], ...rows], ["", "right", "right", "right"])}\n`;
}
