// Tests: test/cli/commands/ace.test.ts, test/cli/commands/actmax-class.test.ts
import type { AscentStep } from "../causality/index.ts";
import { UnsupportedError } from "../errors.ts";
import type { OutputFolder } from "../node/folder.ts";
import { encodePng } from "../node/photo/encode-png.ts";
import type { Extent } from "../runtime/graph.ts";
import { columns } from "./table.ts";
import type { Running } from "./with-folder.ts";

/** What was maximised: its value of each picture, at the start and at the end. */
export interface Climbed {
  readonly of: string;
  readonly before: number[];
  readonly after: number[];
}

/** Goes all steps of an ascent of so many pictures, and notes in `found` what came of it. */
export async function climb(
  of: string,
  steps: AsyncGenerator<AscentStep>,
  { images, progress, found }: { readonly images: number; readonly found: Climbed[] } & Pick<Running, "progress">,
): Promise<AscentStep> {
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
}

/** Writes images [n, height, width, 4] in [−1, 1] as NAME_0.png, … */
export async function drawImages(
  folder: Pick<OutputFolder, "write">,
  x: Float32Array,
  [height, width]: Extent,
  name: string,
): Promise<void> {
  const size = 4 * height * width;
  for (let i = 0; i * size < x.length; i += 1) {
    const pixels = x.subarray(i * size, (i + 1) * size);
    const data = Uint8Array.from(pixels, (value, at) => (at % 4 === 3 ? 255 : Math.round(127.5 * (value + 1))));
    await folder.write(`${name}_${i}.png`, encodePng({ width, height, channels: 4, data }));
  }
}

/** What was maximised, as JSON and as a table. */
export function climbedText(found: readonly Climbed[]): { readonly json: object; readonly text: string } {
  const mean = (values: number[]): string =>
    (values.reduce((sum, value) => sum + value, 0) / values.length).toPrecision(4);
  const rows = found.map(({ of, before, after }) => [of, mean(before), mean(after)]);
  const text = `${columns([["maximised", "before", "after"], ...rows], ["", "right", "right"])}\n`;
  return { json: { maximised: found }, text };
}
