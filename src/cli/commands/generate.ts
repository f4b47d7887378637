import { join } from "node:path";
import { loadGenerator } from "../../index.ts";
import { outputFolder } from "../../node/folder.ts";
import { nodeEncoder } from "../../node/photo/encoder.ts";
import type { CliCommand } from "../command.ts";
import { EXIT } from "../exit.ts";
import { requestDevice } from "../gpu.ts";
import { Interrupted, onInterrupt } from "../interrupt.ts";
import { EMBEDDED, openModel } from "../models.ts";
import { named, seed, size, whole } from "../options.ts";
import { duration, Progress } from "../progress.ts";

export interface GenerateOptions {
  readonly model?: string;
  readonly size: number;
  readonly seed: number;
  readonly outdir?: string;
  readonly force?: boolean;
  readonly batch?: number;
  readonly json?: boolean;
}

export const generateCommand: CliCommand<GenerateOptions> = {
  name: "generate",
  description: "draw pictures as PNG files image_0.png, image_1.png, ...",
  options: (command) =>
    command
      .option("--model <file|url>", "generator's checkpoint; the embedded scenes64 unless given", named)
      .option("--size <n>", "number of pictures", size, 8)
      .option("--seed <n>", "seed of their z", seed, 1)
      .option("--outdir <dir>", "where they go (default: generate/MODEL)", named)
      .option("--force", "write into a folder that holds other files; none of them is removed")
      .option("--batch <n>", "pictures at a time", whole("The batch size", 1, 1024))
      .option("--json", "print the list of files as JSON on stdout"),
  run,
};

/** Writes each picture as it is drawn; resolves with the exit status. */
async function run({ seed, size, batch, ...options }: GenerateOptions): Promise<number> {
  const started = performance.now();
  const progress = new Progress();
  const note = (text: string): void => progress.note(text);
  const interruption = onInterrupt(note);
  const { signal } = interruption;
  try {
    const model = await openModel(options.model ?? EMBEDDED, { signal, onProgress: progress.download });
    const path = options.outdir ?? join("generate", model.name);
    const folder = await outputFolder(path, { force: options.force, kind: "pictures" });
    const files: string[] = [];
    try {
      const device = await requestDevice(note, signal);
      try {
        const generator = await loadGenerator(model.source, { device, name: model.name, signal });
        const encoder = nodeEncoder();
        for await (const { image, size: edge, rgb } of generator.images({
          seed,
          size,
          signal,
          ...(batch && { batch }),
        })) {
          const name = `image_${image}.png`;
          await folder.write(name, await encoder.png({ width: edge, height: edge, channels: 3, data: rgb }));
          files.push(name);
          progress.report("generate", files.length, size);
        }
        generator.dispose();
      } finally {
        device.dispose();
      }
    } catch (error) {
      if (!signal.aborted || !(error instanceof Interrupted)) throw error;
    } finally {
      if (files.length > 0) await folder.finish();
      else await folder.discard();
    }
    progress.end();
    if (options.json) {
      const summary = { complete: files.length === size, model: model.name, seed, size, outdir: folder.path, files };
      process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
    }
    const what = `${files.length} pictures in ${path} (${duration(performance.now() - started)})`;
    note(files.length === size ? what : `Interrupted. ${what}`);
    return files.length === size ? EXIT.ok : EXIT.aborted;
  } finally {
    progress.end();
    interruption.release();
  }
}
