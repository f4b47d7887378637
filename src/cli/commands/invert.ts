// Tests: test/cli/commands/invert.test.ts
import { basename, join } from "node:path";
import { Option } from "commander";
import { UsageError } from "../../errors.ts";
import { type Generator, loadGenerator, writeSafetensors } from "../../index.ts";
import { type Inversion, type InversionEvent, invert, type LatentSpace, weightsBehind } from "../../inversion/index.ts";
import { WEIGHTS } from "../../models/latents.ts";
import { hashOf } from "../../node/hash.ts";
import { sha256 } from "../../node/kept/file.ts";
import type { Photo } from "../../node/photo/photo.ts";
import { VERSION } from "../../version.ts";
import { counted } from "../amount.ts";
import type { CliCommand } from "../command.ts";
import { PAPER_LAYER } from "../default-layer.ts";
import { EXIT } from "../exit.ts";
import { type GeneratorFlags, generatorOf, generatorOptions } from "../generator-flags.ts";
import { KeptInversion } from "../invert/kept.ts";
import { type Areas, picturesOf, segmented, stripOf } from "../invert/pictures.ts";
import { EMBEDDED, loadingOf, openModel, openSegmenter } from "../models.ts";
import { FORCE, named, seed, whole } from "../options.ts";
import { photoOf } from "../photo.ts";
import { settingsOf } from "../settings.ts";
import { columns } from "../table.ts";
import { print } from "../terminal.ts";
import { type Running, withDevice, withFolder, withInterrupt } from "../with-folder.ts";

export interface InvertCommandOptions extends GeneratorFlags {
  readonly layer?: string;
  readonly space?: LatentSpace;
  readonly starts: number;
  readonly batch?: number;
  readonly seed: number;
  readonly steps: number;
  readonly layerSteps: number;
  readonly weightSteps?: number;
  readonly segmenter?: string;
  readonly outdir?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

const NONE = "none";
const WEIGHT_STEPS = 60;

export const invertCommand: CliCommand<InvertCommandOptions, [photo: string]> = {
  name: "invert",
  description: "bring a photo into a generator: the latent nearest to it, a layer's features, the weights behind it",
  resumes: "After Ctrl-C, or killed, the same command goes on behind the stages that were finished.",
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
      .option("--batch <n>", "starts at a time (default: all)", whole("The batch size", 1, 1024))
      .option("--seed <n>", "seed of these", seed, 1)
      .option("--steps <n>", "steps of Adam for the latent", whole("The number of steps", 1, 100_000), 150)
      .option("--layer-steps <n>", "and for the features", whole("The number of steps", 1, 100_000), 80)
      .option(
        "--weight-steps <n>",
        `and for the weights behind it; 0 leaves them (default: ${WEIGHT_STEPS} where they have gradients)`,
        whole("The number of steps", 0, 100_000),
      )
      .option(
        "--segmenter <dir|name>",
        `names what is in the photo and in what is made of it, or ${NONE} (default: ${EMBEDDED} of its own generator)`,
        named,
      )
      .option("--outdir <dir>", "where everything goes (default: invert/MODEL)", named)
      .option("--force", FORCE)
      .option("--json", "print inversion.json on stdout"),
  run,
};

/** Inverts and writes what came of it; resolves with the exit status. */
function run(options: InvertCommandOptions, path: string): Promise<number> {
  return withInterrupt(async (running) => {
    const { signal, note } = running;
    const photo = await photoOf(path, basename(path), signal);
    const model = await openModel(options.model ?? EMBEDDED, loadingOf(running, options));
    const own = options.model === undefined || options.model === EMBEDDED;
    const asked = options.segmenter ?? (own ? EMBEDDED : NONE);
    const segmenter = asked === NONE ? undefined : await openSegmenter(asked);
    const output = {
      path: options.outdir ?? join("invert", model.name),
      force: options.force,
      kind: "an inversion",
      settings: settingsOf("invert", options, photo.rgb),
    };
    let found: ReturnType<typeof summaryOf> | undefined;
    const { folder } = await withFolder(running, output, (folder) =>
      withDevice(running, {}, async (device) => {
        const loading = { ...generatorOf(options), device, name: model.name, signal, onWarning: note };
        const generator = await loadGenerator(model.source, loading);
        const { width, height, rgb } = photo;
        const weights = await hashOf(model.source, { signal });
        const of = [VERSION, settingsOf("invert", options), [width, height, sha256(rgb)], weights, device.adapter];
        const kept = await KeptInversion.open(folder, of);
        if (kept.found) note(`Going on from the ${kept.found.layer ?? "latent"} that an earlier run found.`);
        for await (const { type, inversion } of inversions(
          generator,
          photo,
          { ...options, found: kept.found },
          running,
        )) {
          await folder.write("inversion.safetensors", fileOf(generator, inversion));
          if (type === "partial") {
            await kept.keep(inversion);
            continue;
          }
          const pictures = picturesOf(generator, photo, inversion);
          await folder.write("steps.png", stripOf(pictures, generator));
          const areas = segmenter && (await segmented(segmenter, generator, pictures, { folder, signal }));
          found = summaryOf(inversion, { photo: basename(path), model: model.name, areas }, options);
          await folder.write("inversion.json", `${JSON.stringify(found, null, 1)}\n`);
          await kept.remove();
        }
      }),
    );
    const file = join(folder.path, "inversion.safetensors");
    const { model: whose, network, key } = options;
    const flags = Object.entries({ model: own ? undefined : whose, network, key });
    const given = flags.map(([flag, value]) => (value === undefined ? "" : ` --${flag} ${value}`)).join("");
    const drawn = `pictures of it: ganatomy generate${given} --latents ${file} (ablate and insert edit it)`;
    if (!found) {
      note(
        folder.written === 0
          ? "Interrupted before there was anything to keep."
          : `Interrupted. What was found until then is kept, and the same command goes on from there; ${drawn}`,
      );
      return EXIT.aborted;
    }
    print(options.json ? `${JSON.stringify(found, null, 2)}\n` : textOf(found));
    note(`${counted(folder.written, "file")} in ${folder.path} (${running.took()}); ${drawn}`);
    return EXIT.ok;
  });
}

/** What is found, of the latent alone first where a layer's features are fitted after it. */
async function* inversions(
  generator: Generator,
  photo: Photo,
  options: InvertCommandOptions & Pick<KeptInversion, "found">,
  { progress, signal, note }: Running,
): AsyncGenerator<Exclude<InversionEvent, { type: "progress" }>> {
  const { space, starts, batch = starts, seed, steps, layerSteps } = options;
  const styled = generator.layers.some(({ name, vector }) => vector && name === "w");
  const usual = !styled && generator.layers.some(({ name }) => name === PAPER_LAYER) ? PAPER_LAYER : undefined;
  const layer = options.layer === NONE ? undefined : (options.layer ?? usual);
  if (layer !== undefined) generator.layer(layer);
  const weightSteps = options.weightSteps ?? (layer && canFit(generator, layer, note) ? WEIGHT_STEPS : 0);
  const counts = { starts, batch, seed, steps, layerSteps, weightSteps };
  const { found } = options;
  const how = { ...counts, signal, ...(space && { space }), ...(layer && { layer }), ...(found && { found }) };
  for await (const event of invert(generator, photo, how)) {
    if (event.type !== "progress") yield event;
    else progress.report(event.stage === "layer" ? layer! : event.stage, event.step, event.steps);
  }
}

/** Whether weights can be fitted behind a layer; what is in the way is said. */
function canFit(generator: Generator, layer: string, note: (text: string) => void): boolean {
  try {
    return weightsBehind(generator, layer).length > 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    note(error.message);
    return false;
  }
}

/**
 * Tensors that --latents reads: z or w, the class of z, the layer's features and the weights behind
 * it; and of which model they are.
 */
function fileOf(
  generator: Generator,
  { space, latent, inputs, layer, features, weights = new Map() }: Inversion,
): Uint8Array {
  const { height = 1, channels } = space === "z" ? { channels: generator.zSize } : generator.layer(space);
  const { height: rows = 1, width: across = 1, channels: units = 1 } = layer ? generator.layer(layer) : {};
  const float32 = (shape: readonly number[], data: Float32Array) => ({ dtype: "float32" as const, shape, data });
  const others = [...inputs].map(([name, numbers]) => [name, float32([1, numbers.length], numbers)] as const);
  return writeSafetensors(
    {
      [space === "z" ? "z" : "w"]: float32(space === "w+" ? [1, height, channels] : [1, channels], latent),
      ...Object.fromEntries(others),
      ...(layer && { [layer]: float32([1, rows, across, units], features!) }),
      ...Object.fromEntries([...weights].map(([key, { shape, data }]) => [`${WEIGHTS}${key}`, float32(shape, data)])),
    },
    { model: generator.name },
  );
}

/** What inversion.json holds. */
function summaryOf(
  { space, start, layer, psnr }: Inversion,
  { photo, model, areas }: { readonly photo: string; readonly model: string; readonly areas: Areas | undefined },
  { seed, starts, steps, layerSteps, weightSteps = WEIGHT_STEPS }: InvertCommandOptions,
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
    ...(psnr.weights !== undefined && { weightSteps }),
    /** In dB: of every start, of what each came to, of the features and of the weights. */
    psnr,
    ...(areas && { areas }),
  };
}

function textOf({ psnr, start, layer, areas }: ReturnType<typeof summaryOf>): string {
  const rows = [
    [`start ${start}`, psnr.starts[start]!],
    ["latent", psnr.latents[start]!],
    ...(psnr.layer === undefined ? [] : [[layer!, psnr.layer] as const]),
    ...(psnr.weights === undefined ? [] : [["weights", psnr.weights] as const]),
  ] as const;
  const table = columns([["after", "PSNR, dB"], ...rows.map(([of, value]) => [of, value.toFixed(1)])], ["", "right"]);
  if (!areas) return `${table}\n`;
  const share = (pixels: number): string => `${((100 * pixels) / areas.pixels).toFixed(1)} %`;
  const made = ["photo", "latent", ...(layer ? [layer] : []), ...(psnr.weights === undefined ? [] : ["weights"])];
  const concepts = areas.concepts.map(({ name, pixels }) => [name, ...pixels.map(share)]);
  return `${table}\n\n${columns([["concept", ...made], ...concepts], ["", ...made.map(() => "right" as const)])}\n`;
}
