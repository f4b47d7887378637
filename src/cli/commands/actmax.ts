import { type AscentStep, maximiseImage, maximiseUnit } from "../../causality/index.ts";
import { UnsupportedError, UsageError } from "../../errors.ts";
import { encodePng } from "../../node/photo/encode-png.ts";
import { fileName } from "../../report/gandissect.ts";
import { columns } from "../table.ts";
import { type ModelFlags, type Work, withModels } from "../with-models.ts";

export interface ActmaxCommandOptions extends ModelFlags {
  readonly layer: string;
  readonly units?: readonly number[];
  readonly concept?: string;
  readonly images: number;
  readonly seed: number;
  readonly steps: number;
  readonly rate?: number;
}

/** `ganatomy actmax`: what units, or the segmenter's concept, want to see; resolves with the exit status. */
export const actmaxCommand = (options: ActmaxCommandOptions): Promise<number> =>
  withModels("actmax", options, (work) => maximise(work, options), { resumes: false });

async function maximise(
  work: Work,
  { layer, units, concept, images, seed, steps, rate }: ActmaxCommandOptions,
): Promise<void> {
  const { generator, segmenter, progress, signal, say } = work;
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
    const name = `${fileName(layer)}/unit_${unit}`;
    const { input } = await climb(`${layer} unit ${unit}`, maximiseUnit(generator, { layer, unit }, how));
    await drawZ(work, input, images, name);
    say(summary(found));
  }
  if (concept !== undefined) {
    const edge = segmenter.segsizes[0] ?? generator.resolution;
    const { input } = await climb(concept, maximiseImage(segmenter, concept, { ...how, size: edge }));
    await drawImages(work, input, images, edge, `concept_${fileName(concept)}`);
    say(summary(found));
  }
}

/** Draws the z that were found. */
async function drawZ(
  { generator, folder, signal }: Work,
  z: Float32Array,
  images: number,
  name: string,
): Promise<void> {
  const { zSize, resolution } = generator;
  const plan = await generator.compile({ batch: images, bytes: true, signal });
  try {
    const stored = z.length / images;
    const rows = new Float32Array(images * zSize);
    for (let i = 0; i < images; i += 1) rows.set(z.subarray(i * stored, i * stored + zSize), i * zSize);
    plan.run(rows);
    const rgba = new Uint8Array((await plan.rgba!.read()).buffer);
    for (let i = 0; i < images; i += 1) {
      const data = rgba.slice(4 * i * resolution ** 2, 4 * (i + 1) * resolution ** 2);
      await folder.write(`${name}_${i}.png`, encodePng({ width: resolution, height: resolution, channels: 4, data }));
    }
  } finally {
    plan.dispose();
  }
}

async function drawImages(
  { folder }: Work,
  x: Float32Array,
  images: number,
  edge: number,
  name: string,
): Promise<void> {
  for (let i = 0; i < images; i += 1) {
    const pixels = x.subarray(4 * i * edge * edge, 4 * (i + 1) * edge * edge);
    const data = Uint8Array.from(pixels, (value, at) => (at % 4 === 3 ? 255 : Math.round(127.5 * (value + 1))));
    await folder.write(`${name}_${i}.png`, encodePng({ width: edge, height: edge, channels: 4, data }));
  }
}

function summary(found: readonly { readonly of: string; readonly before: number[]; readonly after: number[] }[]) {
  const mean = (values: number[]): string =>
    (values.reduce((sum, value) => sum + value, 0) / values.length).toPrecision(4);
  const rows = found.map(({ of, before, after }) => [of, mean(before), mean(after)]);
  const text = `${columns([["maximised", "before", "after"], ...rows], ["", "right", "right"])}\n`;
  return { json: { maximised: found }, text };
}
