// Tests: test/cli/commands/ace.test.ts
import { type AscentStep, maximiseImage, maximiseUnit } from "../../causality/index.ts";
import { UnsupportedError, UsageError } from "../../errors.ts";
import { withoutAlpha } from "../../models/images.ts";
import { encodePng } from "../../node/photo/encode-png.ts";
import { fileName } from "../../report/gandissect.ts";
import type { Extent } from "../../runtime/graph.ts";
import type { CliCommand } from "../command.ts";
import { concepts, UNION } from "../concept.ts";
import { defaultLayer } from "../default-layer.ts";
import { named, positive, seed, units, whole } from "../options.ts";
import { modelOptions } from "../shared-options.ts";
import { columns } from "../table.ts";
import { picturePng, tilesLegend } from "../tile-pictures.ts";
import { type ModelFlags, type Work, withModels } from "../with-models.ts";

export interface ActmaxCommandOptions extends ModelFlags {
  readonly units?: readonly number[];
  readonly images: number;
  readonly seed: number;
  readonly steps: number;
  readonly rate?: number;
}

export const actmaxCommand: CliCommand<ActmaxCommandOptions> = {
  name: "actmax",
  description: "find the pictures that units of the generator, or a concept of the segmenter, want to see most",
  options: (command) =>
    modelOptions(command)
      .option("--units <numbers>", "units, such as 3,17 or 0-9: z that maximise each are found and drawn", units)
      .option(
        "--concept <name>",
        `a concept of the segmenter: an image that maximises it is made from noise; ${UNION}`,
        concepts,
      )
      .option("--images <n>", "pictures of each", whole("The number of pictures", 1, 64), 4)
      .option("--seed <n>", "seed of what they start from", seed, 1)
      .option("--steps <n>", "steps of gradient ascent", whole("The number of steps", 1, 100_000), 100)
      .option("--rate <number>", "learning rate (default: 0.05)", positive("The rate"))
      .option("--outdir <dir>", "where the pictures go (default: actmax/MODEL)", named)
      .option("--json", "print the values before and after as JSON on stdout"),
  run: (options) => withModels(actmaxCommand, options, (work) => maximise(work, options)),
};

async function maximise(
  work: Work,
  { units, images, seed, steps, rate, ...options }: ActmaxCommandOptions,
): Promise<void> {
  const { generator, segmenter, concept, progress, signal, say } = work;
  if (!units && concept === undefined) {
    throw new UsageError("What is to be maximised?", "Give --units 3,17 or --concept tree.");
  }
  const how = { images, seed, steps, signal, ...(rate !== undefined && { rate }) };
  const found: { readonly of: string; readonly before: number[]; readonly after: number[] }[] = [];
  const climb = async (of: string, steps: AsyncGenerator<AscentStep>): Promise<AscentStep> => {
    let last: AscentStep | undefined;
    let before: number[] = [];
    try {
      for await (const step of steps) {
        if (step.step === 0) before = [...step.values];
        progress.report(of, step.step, step.steps);
        last = step;
      }
    } catch (error) {
      if (!(error instanceof UnsupportedError) || error.code !== "limit" || images === 1) throw error;
      const what = `${images} images at once do not fit this adapter.`;
      throw new UnsupportedError("limit", what, "Ask for fewer --images.", { cause: error });
    }
    found.push({ of, before, after: [...last!.values] });
    return last!;
  };
  for (const unit of units ?? []) {
    const { layer = defaultLayer(generator, "--layer") } = options;
    const name = `${fileName(layer)}/unit_${unit}`;
    const { input } = await climb(`${layer} unit ${unit}`, maximiseUnit(generator, { layer, unit }, how));
    await drawZ(work, input, { images, seed }, name);
    say(summary(found));
  }
  if (concept !== undefined) {
    const [edge] = segmenter.segsizes;
    const size: Extent = edge === undefined ? [generator.height, generator.width] : [edge, edge];
    const { input } = await climb(concept, maximiseImage(segmenter, concept, { ...how, size }));
    await drawImages(work, input, images, size, `concept_${fileName(concept)}`);
    say(summary(found));
  }
}

/** Draws the z that were found. */
async function drawZ(
  { generator, folder, signal }: Work,
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

async function drawImages(
  { folder }: Work,
  x: Float32Array,
  images: number,
  [height, width]: Extent,
  name: string,
): Promise<void> {
  for (let i = 0; i < images; i += 1) {
    const pixels = x.subarray(4 * i * height * width, 4 * (i + 1) * height * width);
    const data = Uint8Array.from(pixels, (value, at) => (at % 4 === 3 ? 255 : Math.round(127.5 * (value + 1))));
    await folder.write(`${name}_${i}.png`, encodePng({ width, height, channels: 4, data }));
  }
}

function summary(found: readonly { readonly of: string; readonly before: number[]; readonly after: number[] }[]) {
  const mean = (values: number[]): string =>
    (values.reduce((sum, value) => sum + value, 0) / values.length).toPrecision(4);
  const rows = found.map(({ of, before, after }) => [of, mean(before), mean(after)]);
  const text = `${columns([["maximised", "before", "after"], ...rows], ["", "right", "right"])}\n`;
  return { json: { maximised: found }, text };
}
