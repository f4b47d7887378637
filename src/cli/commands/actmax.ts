// Tests: test/cli/commands/ace.test.ts
import { maximiseImage, maximiseUnit } from "../../causality/index.ts";
import { UsageError } from "../../errors.ts";
import { withoutAlpha } from "../../models/images.ts";
import { encodePng } from "../../node/photo/encode-png.ts";
import type { Folder } from "../../report/folder.ts";
import { fileName } from "../../report/gandissect.ts";
import type { Extent } from "../../runtime/graph.ts";
import { maximiseClassifier, type SeenFlags } from "../classifier/actmax.ts";
import { viewOptions } from "../classifier/options.ts";
import { type Climbed, climb, climbedText, drawImages } from "../climbs.ts";
import type { CliCommand } from "../command.ts";
import { concepts, UNION } from "../concept.ts";
import { defaultLayer } from "../default-layer.ts";
import { named, positive, seed, units, whole } from "../options.ts";
import { settingsOf } from "../settings.ts";
import { modelOptions } from "../shared-options.ts";
import { picturePng, tilesLegend } from "../tile-pictures.ts";
import { type ModelFlags, type Work, withModels } from "../with-models.ts";

export interface ActmaxCommandOptions extends ModelFlags, Omit<SeenFlags, keyof ModelFlags> {}

export const actmaxCommand: CliCommand<ActmaxCommandOptions> = {
  name: "actmax",
  description:
    "find the pictures that units of the generator, a concept of the segmenter, or a classifier's classes and units want to see most",
  options: (command) =>
    viewOptions(modelOptions(command))
      .option("--units <numbers>", "units, such as 3,17 or 0-9: z that maximise each are found and drawn", units)
      .option(
        "--concept <name>",
        `a concept of the segmenter: an image that maximises it is made from noise; ${UNION}`,
        concepts,
      )
      .option("--classifier <file|url>", "a classifier of photographs instead: images of its units or --class", named)
      .option("--class <name>", "a class of the classifier, by name or number", named)
      .option("--class-names <file>", "names of its classes in its order: text, a line each, or JSON", named)
      .option("--images <n>", "pictures of each", whole("The number of pictures", 1, 64), 4)
      .option("--seed <n>", "seed of what they start from", seed, 1)
      .option("--steps <n>", "steps of gradient ascent", whole("The number of steps", 1, 100_000), 100)
      .option("--rate <number>", "learning rate (default: 0.05)", positive("The rate"))
      .option("--outdir <dir>", "where the pictures go (default: actmax/MODEL)", named)
      .option("--json", "print the values before and after as JSON on stdout"),
  run: async (options) => {
    const { classifier } = options;
    checkOptions(options);
    if (classifier !== undefined) return maximiseClassifier({ ...options, classifier });
    return withModels(actmaxCommand, options, (work) => maximise(work, options));
  },
};

/** @throws UsageError for options of a classifier without one, and of others with one. */
function checkOptions({ classifier, ...options }: ActmaxCommandOptions): void {
  if (classifier === undefined) {
    const flags = ["class", "classNames", "edge", "fit", "pixels"] as const;
    const lost = flags.find((flag) => options[flag] !== undefined);
    if (lost !== undefined) throw new UsageError("A class is a classifier's.", "Give --classifier FILE, too.");
    return;
  }
  if (options.concept !== undefined || options.segmenter !== undefined) {
    throw new UsageError("A classifier knows classes, and no concepts.", "Give --class, or leave --classifier out.");
  }
  if (options.model !== undefined) throw new UsageError("A classifier is no generator's.", "Leave --model out.");
}

async function maximise(
  work: Work,
  { units, images, seed, steps, rate, ...options }: ActmaxCommandOptions,
): Promise<void> {
  const { generator, segmenter, concept, progress, signal, say } = work;
  if (!units && concept === undefined) {
    throw new UsageError("What is to be maximised?", "Give --units 3,17 or --concept tree.");
  }
  /** Pictures of one thing, of these options. */
  const to = (name: string): Folder =>
    work.folder.of(`actmax ${name}`, settingsOf("actmax", { images, seed, steps, rate, ...options, concept }));
  const how = { images, seed, steps, signal, ...(rate !== undefined && { rate }) };
  const found: Climbed[] = [];
  const climbing = { images, progress, found };
  for (const unit of units ?? []) {
    const { layer = defaultLayer(generator, "--layer") } = options;
    const name = `${fileName(layer)}/unit_${unit}`;
    const { input } = await climb(`${layer} unit ${unit}`, maximiseUnit(generator, { layer, unit }, how), climbing);
    await drawZ({ ...work, folder: to(name) }, input, { images, seed }, name);
    say(climbedText(found));
  }
  if (concept !== undefined) {
    const [edge] = segmenter.segsizes;
    const size: Extent = edge === undefined ? [generator.height, generator.width] : [edge, edge];
    const { input } = await climb(concept, maximiseImage(segmenter, concept, { ...how, size }), climbing);
    const name = `concept_${fileName(concept)}`;
    await drawImages(to(name), input, size, name);
    say(climbedText(found));
  }
}

/** Draws the z that were found. */
async function drawZ(
  { generator, folder, signal }: Pick<Work, "generator" | "signal"> & { readonly folder: Folder },
  z: Float32Array,
  { images, seed }: { readonly images: number; readonly seed: number },
  name: string,
): Promise<void> {
  const { zSize, rowSize, height, width } = generator;
  const legend = tilesLegend(generator);
  const plan = await generator.compile({ batch: images, bytes: true, signal });
  try {
    const stored = z.length / images;
    const rows = generator.sample({ size: images, seed });
    for (let i = 0; i < images; i += 1) rows.set(z.subarray(i * stored, i * stored + zSize), i * rowSize);
    plan.run(rows);
    const rgba = new Uint8Array((await plan.rgba!.read()).buffer);
    for (let i = 0; i < images; i += 1) {
      const first = i * height * width;
      const png =
        legend === undefined
          ? encodePng({ width, height, channels: 4, data: rgba.slice(4 * first, 4 * (first + height * width)) })
          : picturePng(generator)({ width, height, rgb: withoutAlpha(rgba, first, height * width) });
      await folder.write(`${name}_${i}.png`, png);
    }
    if (legend !== undefined) await folder.write("legend.svg", legend);
  } finally {
    plan.dispose();
  }
}
