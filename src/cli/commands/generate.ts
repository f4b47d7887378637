import { join } from "node:path";
import { loadGenerator } from "../../index.ts";
import { nodeEncoder } from "../../node/photo/encoder.ts";
import type { CliCommand } from "../command.ts";
import { EXIT } from "../exit.ts";
import { EMBEDDED, openModel } from "../models.ts";
import { named, seed, size, whole } from "../options.ts";
import { withDevice, withFolder, withInterrupt } from "../with-folder.ts";

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
function run({ seed, size, batch, force, outdir, json, ...options }: GenerateOptions): Promise<number> {
  return withInterrupt(async (running) => {
    const { progress, signal, note } = running;
    const model = await openModel(options.model ?? EMBEDDED, { signal, onProgress: progress.download });
    const path = outdir ?? join("generate", model.name);
    const files: string[] = [];
    const { folder } = await withFolder(running, { path, force, kind: "pictures" }, (folder) =>
      withDevice(running, {}, async (device) => {
        const generator = await loadGenerator(model.source, { device, name: model.name, signal });
        const { height, width } = generator;
        const encoder = nodeEncoder();
        const images = generator.images({ seed, size, signal, ...(batch && { batch }) });
        for await (const { image, rgb } of images) {
          const name = `image_${image}.png`;
          await folder.write(name, await encoder.png({ width, height, channels: 3, data: rgb }));
          files.push(name);
          progress.report("generate", files.length, size);
        }
        generator.dispose();
      }),
    );
    const complete = files.length === size;
    if (json) {
      const summary = { complete, model: model.name, seed, size, outdir: folder.path, files };
      process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
    }
    const what = `${files.length} pictures in ${path} (${running.took()})`;
    note(complete ? what : `Interrupted. ${what}`);
    return complete ? EXIT.ok : EXIT.aborted;
  });
}
