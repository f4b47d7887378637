import { join } from "node:path";
import { Option } from "commander";
import { type Generator, loadGenerator, UsageError, writeSafetensors } from "../../index.ts";
import { withWeights } from "../../inversion/index.ts";
import type { CliCommand } from "../command.ts";
import { EXIT } from "../exit.ts";
import { type GeneratorFlags, generatorOf, generatorOptions } from "../generator-flags.ts";
import { latentsOption, openLatents } from "../latents.ts";
import { EMBEDDED, loadingOf, openModel } from "../models.ts";
import { FORCE, named, seed, size, whole } from "../options.ts";
import { openRecipeFile, recipePicture } from "../recipe.ts";
import { settingsOf } from "../settings.ts";
import { print } from "../terminal.ts";
import { picturePng, tilesLegend } from "../tile-pictures.ts";
import { withDevice, withFolder, withInterrupt } from "../with-folder.ts";

export interface GenerateOptions extends GeneratorFlags {
  /** Undefined: all of the latents. */
  readonly size?: number;
  readonly seed: number;
  readonly latents?: string;
  readonly recipe?: string;
  readonly report?: string;
  readonly raw?: boolean;
  readonly outdir?: string;
  readonly force?: boolean;
  readonly batch?: number;
  readonly json?: boolean;
}

/** Bytes of raw images that are held until they are written. */
const MOST_RAW = 2 ** 30;

export const generateCommand: CliCommand<GenerateOptions> = {
  name: "generate",
  description: "draw pictures as PNG files image_0.png, image_1.png, ...",
  options: (command) =>
    generatorOptions(command)
      .option("--size <n>", "number of pictures", size, 8)
      .option("--seed <n>", "seed of their z", seed, 1)
      .addOption(latentsOption("draw these instead"))
      .addOption(
        new Option("--recipe <file>", "draw this picture with its strokes instead, as the studio saved it")
          .argParser(named)
          .conflicts(["size", "seed", "raw", "batch"]),
      )
      .option("--report <report>", "a dissection, by which units of a recipe's concepts are found", named)
      .option("--raw", "also write images.safetensors: images [n, h, w, c] as the network made them")
      .option("--outdir <dir>", "where they go (default: generate/MODEL)", named)
      .option("--force", FORCE)
      .option("--batch <n>", "pictures at a time", whole("The batch size", 1, 1024))
      .option("--json", "print the list of files as JSON on stdout"),
  run,
};

/** Writes each picture as it is drawn; resolves with the exit status. */
function run({ seed, size, batch, force, outdir, json, latents, raw, ...options }: GenerateOptions): Promise<number> {
  return withInterrupt(async (running) => {
    const { progress, signal, note } = running;
    const { recipe, report } = options;
    const given = await openRecipeFile(recipe, { folder: report, latents });
    const model = await openModel(options.model ?? given?.report?.model ?? EMBEDDED, loadingOf(running, options));
    const path = outdir ?? join("generate", model.name);
    const files: string[] = [];
    const settings = settingsOf("generate", { ...options, seed, size, latents, raw });
    let total = given ? 1 : (size ?? 0);
    let drawn = 0;
    const { folder } = await withFolder(running, { path, force, kind: "pictures", settings }, (folder) =>
      withDevice(running, {}, async (device) => {
        const loading = { ...generatorOf(options), device, name: model.name, signal, onWarning: note };
        const loaded = await loadGenerator(model.source, loading);
        if (given) {
          const png = await recipePicture(given, loaded, { latents, signal }).finally(() => loaded.dispose());
          await folder.write("image_0.png", png);
          files.push("image_0.png");
          drawn = 1;
          return;
        }
        const { weights, ...drawing } =
          latents === undefined
            ? { size: size!, weights: undefined }
            : await openLatents(latents, loaded, { size, classes: options.classes, signal, note });
        const generator = weights ? await withWeights(loaded, weights, signal) : loaded;
        total = drawing.size;
        const own = raw ? new RawImages(generator, total) : undefined;
        const png = picturePng(generator);
        const legend = tilesLegend(generator);
        if (legend !== undefined) {
          await folder.write("legend.svg", legend);
          files.push("legend.svg");
        }
        const images = generator.images({
          seed,
          signal,
          ...drawing,
          ...(batch && { batch }),
          ...(raw && { raw }),
        });
        try {
          for await (const { image, rgb, width, height, raw: made } of images) {
            const name = `image_${image}.png`;
            await folder.write(name, png({ width, height, rgb }));
            files.push(name);
            if (made) own?.add(made);
            drawn += 1;
            progress.report("generate", drawn, total);
          }
        } finally {
          // What was drawn is kept, raw too, when the rest is interrupted.
          if (own && drawn > 0) {
            await folder.write("images.safetensors", own.file());
            files.push("images.safetensors");
          }
          generator.dispose();
        }
      }),
    );
    const complete = drawn === total;
    if (json) {
      const summary = {
        complete,
        model: model.name,
        ...(recipe !== undefined && { recipe }),
        ...(latents !== undefined ? { latents } : recipe === undefined && { seed }),
        size: total,
        outdir: folder.path,
        files,
      };
      print(`${JSON.stringify(summary, null, 2)}\n`);
    }
    const what = `${drawn} ${drawn === 1 ? "picture" : "pictures"} in ${path} (${running.took()})`;
    note(complete ? what : `Interrupted. ${what}`);
    return complete ? EXIT.ok : EXIT.aborted;
  });
}

/** Images as the network made them, until all are there. */
class RawImages {
  readonly #shape: readonly [height: number, width: number, channels: number];
  readonly #images: Float32Array[] = [];

  constructor({ network }: Generator, size: number) {
    const { height, width, channels } = network.outputs.find(({ kind }) => kind === "raw")!;
    this.#shape = [height, width, channels];
    const bytes = 4 * size * height * width * channels;
    if (bytes <= MOST_RAW) return;
    const most = Math.floor((size * MOST_RAW) / bytes);
    throw new UsageError(`${size} raw images take ${(bytes / 2 ** 30).toFixed(1)} GiB.`, `Ask for up to ${most}.`);
  }

  add(image: Float32Array): void {
    this.#images.push(image);
  }

  /** Tensor `images` [n, h, w, c]. */
  file(): Uint8Array {
    const [height, width, channels] = this.#shape;
    const data = new Float32Array(this.#images.length * height * width * channels);
    for (const [i, image] of this.#images.entries()) data.set(image, i * image.length);
    return writeSafetensors({
      images: { dtype: "float32", shape: [this.#images.length, height, width, channels], data },
    });
  }
}
