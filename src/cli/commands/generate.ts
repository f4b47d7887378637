import { join } from "node:path";
import { loadGenerator } from "../../index.ts";
import { outputFolder } from "../../node/folder.ts";
import { nodeEncoder } from "../../node/photo/encoder.ts";
import { EXIT } from "../exit.ts";
import { requestDevice } from "../gpu.ts";
import { Interrupted, onInterrupt } from "../interrupt.ts";
import { EMBEDDED, openModel } from "../models.ts";
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

/** `ganatomy generate`: writes each picture as it is drawn; resolves with the exit status. */
export async function generateCommand({ seed, size, batch, ...options }: GenerateOptions): Promise<number> {
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
