// Tests: test/cli/commands/invert.test.ts
import { basename, join } from "node:path";
import { Option } from "commander";
import { fitted } from "../../compare/fitted.ts";
import { UnsupportedError, UsageError } from "../../errors.ts";
import { type Generator, loadGenerator, loadSegmenter, Tensor, writeSafetensors } from "../../index.ts";
import { type Inversion, invert, type LatentSpace } from "../../inversion/index.ts";
import type { OutputFolder } from "../../node/folder.ts";
import { decodePhoto } from "../../node/photo/decode.ts";
import { encodePng } from "../../node/photo/encode-png.ts";
import { encodeSegmentation } from "../../node/photo/label-maps.ts";
import type { Photo } from "../../node/photo/photo.ts";
import { labelColors } from "../../report/colors.ts";
import type { CliCommand } from "../command.ts";
import { PAPER_LAYER } from "../default-layer.ts";
import { EXIT } from "../exit.ts";
import { type GeneratorFlags, generatorOf, generatorOptions } from "../generator-flags.ts";
import { EMBEDDED, openModel, openSegmenter } from "../models.ts";
import { named, seed, whole } from "../options.ts";
import { readPhoto } from "../photo.ts";
import { columns } from "../table.ts";
import { type Running, withDevice, withFolder, withInterrupt } from "../with-folder.ts";

export interface InvertCommandOptions extends GeneratorFlags {
  readonly layer?: string;
  readonly space?: LatentSpace;
  readonly starts: number;
  readonly seed: number;
  readonly steps: number;
  readonly layerSteps: number;
  readonly segmenter?: string;
  readonly outdir?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

const NONE = "none";

export const invertCommand: CliCommand<InvertCommandOptions, [photo: string]> = {
  name: "invert",
  description: "bring a photo into a generator: the latent nearest to it, then a layer's features",
  options: (command) =>
    generatorOptions(command)
      .argument("<photo>", "a JPEG or PNG file; of another size than the generator's, the middle of it")
      .option(
        "--layer <name>",
        `whose features are fitted after the latent, or ${NONE} (default: ${PAPER_LAYER} where only it leads to the image)`,
        named,
      )
      .addOption(
        new Option("--space <name>", "where the latent is looked for (default: w+ where there is one, else z)").choices(
          ["z", "w", "w+"],
        ),
      )
      .option("--starts <n>", "latents to start from, of which the best is kept", whole("The number", 1, 1024), 8)
      .option("--seed <n>", "seed of these", seed, 1)
      .option("--steps <n>", "steps of Adam for the latent", whole("The number of steps", 1, 100_000), 150)
      .option("--layer-steps <n>", "and for the features", whole("The number of steps", 1, 100_000), 80)
      .option(
        "--segmenter <dir|name>",
        `names what is in the photo and in what is made of it, or ${NONE} (default: ${EMBEDDED} of its own generator)`,
        named,
      )
      .option("--outdir <dir>", "where everything goes (default: invert/MODEL)", named)
      .option("--force", "write into a folder that holds other files; none of them is removed")
      .option("--json", "print inversion.json on stdout"),
  run,
};

/** Inverts and writes what came of it; resolves with the exit status. */
function run(options: InvertCommandOptions, path: string): Promise<number> {
  return withInterrupt(async (running) => {
    const { progress, signal, note } = running;
    const photo = decodePhoto(await readPhoto(path), basename(path));
    const model = await openModel(options.model ?? EMBEDDED, { signal, onProgress: progress.download });
    const own = options.model === undefined || options.model === EMBEDDED;
    const segmenter = options.segmenter ?? (own ? EMBEDDED : NONE);
    const output = { path: options.outdir ?? join("invert", model.name), force: options.force, kind: "an inversion" };
    let found: ReturnType<typeof summaryOf> | undefined;
    const { folder } = await withFolder(running, output, (folder) =>
      withDevice(running, {}, async (device) => {
        const loading = { ...generatorOf(options), device, name: model.name, signal, onWarning: note };
        const generator = await loadGenerator(model.source, loading);
        const inversion = await inverted(generator, photo, options, running);
        const pictures = picturesOf(generator, photo, inversion);
        const areas =
          segmenter === NONE ? undefined : await segmented(segmenter, generator, pictures, { folder, signal });
        await folder.write("steps.png", stripOf(pictures, generator));
        await folder.write("inversion.safetensors", fileOf(generator, inversion));
        found = summaryOf(inversion, { photo: basename(path), model: model.name, areas }, options);
        await folder.write("inversion.json", `${JSON.stringify(found, null, 1)}\n`);
      }),
    );
    if (!found) {
      note("Interrupted before there was anything to keep.");
      return EXIT.aborted;
    }
    process.stdout.write(options.json ? `${JSON.stringify(found, null, 2)}\n` : textOf(found));
    note(
      `${folder.written} files in ${folder.path} (${running.took()}); pictures of it: ` +
        `ganatomy generate --latents ${join(folder.path, "inversion.safetensors")}`,
    );
    return EXIT.ok;
  });
}

async function inverted(
  generator: Generator,
  photo: Photo,
  options: InvertCommandOptions,
  { progress, signal }: Running,
): Promise<Inversion> {
  const { space, starts, seed, steps, layerSteps } = options;
  const styled = generator.layers.some(({ name, vector }) => vector && name === "w");
  const usual = !styled && generator.layers.some(({ name }) => name === PAPER_LAYER) ? PAPER_LAYER : undefined;
  const layer = options.layer === NONE ? undefined : (options.layer ?? usual);
  const how = { starts, seed, steps, layerSteps, signal, ...(space && { space }), ...(layer && { layer }) };
  try {
    for await (const event of invert(generator, photo, how)) {
      if (event.type === "result") return event.inversion;
      progress.report(event.stage === "layer" ? layer! : event.stage, event.step, event.steps);
    }
  } catch (error) {
    if (!(error instanceof UnsupportedError) || error.code !== "limit" || starts === 1) throw error;
    const what = `${starts} starts at once do not fit this adapter.`;
    throw new UnsupportedError("limit", what, "Ask for fewer --starts.", { cause: error });
  }
  throw new UsageError("The inversion came to no end.", "Run it again.");
}

/** A picture [height, width, 3], numbers from −1 to 1, and what it is. */
interface Made {
  readonly of: string;
  readonly pixels: Float32Array;
}

/** The photo at the generator's size, and what was made of it. */
function picturesOf({ height, width }: Generator, photo: Photo, { images, layer }: Inversion): Made[] {
  const target = new Float32Array(4 * height * width);
  fitted(photo, height, width, target);
  return [
    { of: "photo", pixels: target.filter((_, at) => at % 4 !== 3) },
    { of: "latent", pixels: images.latent },
    ...(images.layer ? [{ of: layer!, pixels: images.layer }] : []),
  ];
}

/** Pixels of a picture's shorter edge at the least: small pictures are shown in larger pixels. */
const SHOWN = 256;

const timesShown = ({ height, width }: Generator): number => Math.max(1, Math.ceil(SHOWN / Math.min(height, width)));

/** The pictures side by side, as a PNG. */
function stripOf(pictures: readonly Made[], generator: Generator): Uint8Array {
  const { height, width } = generator;
  const times = timesShown(generator);
  const [columns, rows] = [times * width, times * height];
  const data = new Uint8Array(3 * pictures.length * columns * rows);
  pictures.forEach(({ pixels }, at) => {
    for (let y = 0; y < rows; y += 1) {
      for (let x = 0; x < columns; x += 1) {
        const from = 3 * (Math.floor(y / times) * width + Math.floor(x / times));
        const to = 3 * (y * pictures.length * columns + at * columns + x);
        for (let c = 0; c < 3; c += 1) {
          data[to + c] = Math.round(127.5 * (Math.min(1, Math.max(-1, pixels[from + c]!)) + 1));
        }
      }
    }
  });
  return encodePng({ width: pictures.length * columns, height: rows, channels: 3, data });
}

/** Pixels of every concept in each of the pictures, which are drawn side by side. */
interface Areas {
  readonly segmenter: string;
  readonly pixels: number;
  readonly concepts: readonly { readonly name: string; readonly pixels: readonly number[] }[];
}

/**
 * Names what is in the pictures: segmentation.png, and the areas, the largest of the photo first.
 */
async function segmented(
  asked: string,
  generator: Generator,
  pictures: readonly Made[],
  { folder, signal }: { readonly folder: OutputFolder; readonly signal: AbortSignal },
): Promise<Areas> {
  const { device, height, width } = generator;
  const { name, files } = await openSegmenter(asked);
  const segmenter = await loadSegmenter(files, { device, name, signal });
  const pixels = height * width;
  const all = new Float32Array(4 * pixels * pictures.length);
  pictures.forEach(({ pixels: rgb }, at) => {
    for (let i = 0; i < 3 * pixels; i += 1) all[4 * (at * pixels + Math.floor(i / 3)) + (i % 3)] = rgb[i]!;
  });
  const image = await device.allocating("pictures", () =>
    Tensor.from(device, "pictures", [pictures.length, height, width, 4], "f32", all),
  );
  try {
    using plan = await segmenter.compile(image, [height, width], signal);
    plan.run();
    const labels = await plan.labels.read();
    const maps = segmenter.channels;
    // Side by side as in steps.png, every map of labels by itself.
    const times = timesShown(generator);
    const [across, down] = [times * pictures.length * width, times * height];
    const wide = new Uint32Array(maps * across * down);
    const counts = segmenter.labels.map(() => pictures.map(() => 0));
    labels.forEach((label, at) => {
      const [pixel, map, picture] = [at % pixels, Math.floor(at / pixels) % maps, Math.floor(at / pixels / maps)];
      const [y, x] = [Math.floor(pixel / width), pixel % width];
      for (let row = times * y; row < times * (y + 1); row += 1) {
        const first = (map * down + row) * across + times * (picture * width + x);
        wide.fill(label, first, first + times);
      }
      counts[label]![picture]! += 1;
    });
    const colors = labelColors(segmenter.labels);
    await folder.write("segmentation.png", encodeSegmentation(wide, across, down, colors));
    const concepts = segmenter.labels
      .map(({ name }, label) => ({ name, pixels: counts[label]! }))
      .filter(({ pixels }, label) => label > 0 && pixels.some((count) => count > 0))
      .sort((a, b) => b.pixels[0]! - a.pixels[0]!);
    return { segmenter: name, pixels, concepts };
  } finally {
    image.dispose();
    segmenter.dispose();
  }
}

/** Tensors that --latents reads: z or w, and the layer's features. */
function fileOf(generator: Generator, { space, latent, layer, features }: Inversion): Uint8Array {
  const { height = 1, channels } = space === "z" ? { channels: generator.zSize } : generator.layer(space);
  const { height: rows = 1, width: across = 1, channels: units = 1 } = layer ? generator.layer(layer) : {};
  return writeSafetensors({
    [space === "z" ? "z" : "w"]: {
      dtype: "float32",
      shape: space === "w+" ? [1, height, channels] : [1, channels],
      data: latent,
    },
    ...(layer && { [layer]: { dtype: "float32" as const, shape: [1, rows, across, units], data: features! } }),
  });
}

/** What inversion.json holds. */
function summaryOf(
  { space, start, layer, psnr }: Inversion,
  { photo, model, areas }: { readonly photo: string; readonly model: string; readonly areas: Areas | undefined },
  { seed, starts, steps, layerSteps }: InvertCommandOptions,
) {
  return {
    photo,
    model,
    space,
    seed,
    starts,
    steps,
    start,
    ...(layer && { layer, layerSteps }),
    /** In dB: of every start, of what each came to, and of the features. */
    psnr,
    ...(areas && { areas }),
  };
}

function textOf({ psnr, start, layer, areas }: ReturnType<typeof summaryOf>): string {
  const rows = [
    [`start ${start}`, psnr.starts[start]!],
    ["latent", psnr.latents[start]!],
    ...(psnr.layer === undefined ? [] : [[layer!, psnr.layer] as const]),
  ] as const;
  const table = columns([["after", "PSNR, dB"], ...rows.map(([of, value]) => [of, value.toFixed(1)])], ["", "right"]);
  if (!areas) return `${table}\n`;
  const share = (pixels: number): string => `${((100 * pixels) / areas.pixels).toFixed(1)} %`;
  const made = ["photo", "latent", ...(layer ? [layer] : [])];
  const concepts = areas.concepts.map(({ name, pixels }) => [name, ...pixels.map(share)]);
  return `${table}\n\n${columns([["concept", ...made], ...concepts], ["", ...made.map(() => "right" as const)])}\n`;
}
