import { Command, Option } from "commander";
import { type DissectOptions, dissectCommand } from "./dissect.ts";
import { type DoctorOptions, doctorCommand } from "./doctor.ts";
import { editCommand } from "./edit.ts";
import { alpha, type EditCommandOptions, insertedValue, mask, units } from "./edit-options.ts";
import { EXIT_HELP } from "./exit.ts";
import { type GenerateOptions, generateCommand } from "./generate.ts";
import { type InfoOptions, infoCommand } from "./info.ts";
import { extent, heads, layers, named, quantileThreshold, seed, size, whole } from "./options.ts";
import { type SegmentOptions, segmentCommand } from "./segment.ts";

const EXAMPLES = `
Examples:
  ganatomy dissect                                 the embedded model, report in dissect/scenes64
  ganatomy dissect --model church.pth --segmenter upp/ --layers layer4,layer7
  ganatomy dissect --size 50 --json > summary.json
  ganatomy ablate --concept tree --top 10 --layer layer6
                                                   what becomes of everything without the units that draw trees
  ganatomy insert --units 66,94 --mask 40,24,48,32 put them where there were none
  ganatomy generate --model church.pth --size 8 --outdir pictures
  ganatomy segment photo.jpg --outdir labels       what is where in a photo
  ganatomy info upp/ --size 256                    FLOPs, bytes and GPU memory of a network
  ganatomy doctor                                  which adapter there is, and what to fix

Data goes to stdout, everything else to stderr.

${EXIT_HELP}`;

/** What `ganatomy` dissects, generates and diagnoses when it is called; tests put their own in their place. */
export interface Commands {
  dissect(options: DissectOptions): Promise<number>;
  generate(options: GenerateOptions): Promise<number>;
  ablate(options: EditCommandOptions): Promise<number>;
  insert(options: EditCommandOptions): Promise<number>;
  segment(photos: readonly string[], options: SegmentOptions): Promise<number>;
  info(network: string, options: InfoOptions): Promise<number>;
  doctor(options: DoctorOptions): Promise<number>;
}

const COMMANDS: Commands = {
  dissect: dissectCommand,
  generate: generateCommand,
  ablate: (options) => editCommand("ablate", options),
  insert: (options) => editCommand("insert", options),
  segment: segmentCommand,
  info: infoCommand,
  doctor: doctorCommand,
};

/** Which of a unified parsing network's labels are wanted. */
const unified = (command: Command): Command =>
  command
    .option(
      "--heads <names>",
      "heads of a unified parsing network to read: object,material,part (default: all it has)",
      heads,
    )
    .addOption(
      new Option("--segdiv <how>", "quad also splits every object in halves, as gandissect does for GANs").choices([
        "undivided",
        "quad",
      ]),
    )
    .addOption(
      new Option("--parts <whose>", "parts of sky, building and person, or of all objects").choices(["default", "all"]),
    );

/** What is edited and measured. */
const editing = (command: Command): Command =>
  unified(command)
    .option("--model <file|url>", "generator's checkpoint; the embedded scenes64 unless given", named)
    .option("--segmenter <dir|name>", "as for dissect", named)
    .option("--layer <name>", "layer to edit", named, "layer4")
    .option("--units <numbers>", "units, such as 3,17 or 0-9", units)
    .option("--concept <name>", "a concept whose units are meant, the best first", named)
    .option("--top <n>", "how many of them", whole("The number of units", 1, 100_000), 20)
    .option(
      "--dissection <dir|file>",
      "take the ranking from a dissection, dissect.json (default: it is made anew)",
      named,
    )
    .option("--metric <name>", "what the dissection ranks by: iou, maxiou, iqr, cor, ace", named, "iou")
    .option("--alpha <fraction>", "how much of each unit is replaced", alpha, 1)
    .option(
      "--mask <png|bounds>",
      "where: a square picture (what is neither white nor transparent), or top,left,bottom,right",
      mask,
    )
    .addOption(
      new Option("--pooling <how>", "what a layer's cell makes of the mask's pixels in it")
        .choices(["max", "mean"])
        .default("max"),
    )
    .option("--size <n>", "number of images", size, 200)
    .option("--seed <n>", "seed of their z", seed, 3)
    .option("--batch <n>", "images at a time (default: chosen for the adapter)", whole("The batch size", 1, 1024))
    .option("--pictures <n>", "images to write before and after", whole("The number of pictures", 0, 10_000), 8)
    .option("--force", "write into a folder that holds other files; none of them is removed")
    .option("--no-tune", "do not time the kernels on a GPU's first use")
    .option("--json", "print every concept's pixels before and after as JSON on stdout")
    .addHelpText(
      "after",
      `\nWhat is measured is kept in the folder: the same command goes on after Ctrl-C.\n\n${EXIT_HELP}`,
    );

/** The commands with their options. `done` receives the exit status. */
export function commandLine(version: string, done: (status: number) => void, commands = COMMANDS): Command {
  const program = new Command("ganatomy")
    .description("GAN Dissection on WebGPU: which units of a GAN draw which objects?")
    .version(version)
    .exitOverride()
    .showHelpAfterError("(--help tells more)")
    .addHelpText("after", EXAMPLES);

  unified(program.command("dissect"))
    .description("generate pictures, segment them, find what each unit of the layers detects, and write a report")
    .option(
      "--model <file|url>",
      "generator's checkpoint (.pth, .safetensors, .npz); the embedded scenes64 unless given",
      named,
    )
    .option(
      "--segmenter <dir|name>",
      "folder with encoder_epoch_N.pth, decoder_epoch_N.pth and labels.json, or scenes64, mosaic-ade20k32",
      named,
    )
    .option(
      "--layers <names...>",
      "layers to dissect, by commas or repeated (default: layer4,layer6 of the embedded model, else layer4)",
      layers,
    )
    .option("--size <n>", "number of images (default: 200 with the embedded model, else 1000)", size)
    .option("--seed <n>", "seed of the images that are scored and shown", seed, 1)
    .option("--train-seed <n>", "seed of the images that thresholds are chosen on", seed, 2)
    .option(
      "--quantile-threshold <t>",
      "iqr, maxiou, or one fraction for all units such as 0.01",
      quantileThreshold,
      "iqr" as const,
    )
    .option("--examples <n>", "top images a unit", whole("The number of examples", 1, 1000), 20)
    .option("--outdir <dir>", "where the report goes (default: dissect/MODEL)", named)
    .option("--force", "write into a folder that holds other files; none of them is removed")
    .option(
      "--strip-height <px>",
      "edge of the pictures in strips (default: the image size; gandissect has 256)",
      whole("The height", 8, 4096),
    )
    .option(
      "--batch <n>",
      "images at a time (default: chosen for the adapter; results do not depend on it)",
      whole("The batch size", 1, 1024),
    )
    .option("--no-tune", "do not time the kernels on a GPU's first use")
    .option("--json", "print the summary as JSON on stdout instead of the table")
    .option("--chrome", "run in headless Chrome instead of in Node")
    .addHelpText("after", EXAMPLES)
    .action(async (options: DissectOptions) => done(await commands.dissect(options)));

  program
    .command("generate")
    .description("draw pictures as PNG files image_0.png, image_1.png, ...")
    .option("--model <file|url>", "generator's checkpoint; the embedded scenes64 unless given", named)
    .option("--size <n>", "number of pictures", size, 8)
    .option("--seed <n>", "seed of their z", seed, 1)
    .option("--outdir <dir>", "where they go (default: generate/MODEL)", named)
    .option("--force", "write into a folder that holds other files; none of them is removed")
    .option("--batch <n>", "pictures at a time", whole("The batch size", 1, 1024))
    .option("--json", "print the list of files as JSON on stdout")
    .addHelpText("after", `\n${EXIT_HELP}`)
    .action(async (options: GenerateOptions) => done(await commands.generate(options)));

  editing(program.command("ablate"))
    .description("take units away and measure what becomes of every concept")
    .option(
      "--value <number|q>",
      "what replaces them: a number, or a quantile of each unit such as q0.5 (default: 0)",
      insertedValue,
    )
    .option("--outdir <dir>", "where pictures and tables go (default: ablate/MODEL)", named)
    .option("--curve", "also ablate 1, 2, … units: curves of --concept as gandissect's fullablation, and their plot")
    .option("--locations", "also location by location, as its pixablation (seed 2); takes long")
    .option("--steps <n>", "units at most in a curve", whole("The number of units", 1, 100_000), 30)
    .option("--random <n>", "random orders to compare a curve with", whole("The number of orders", 0, 1000), 3)
    .option("--mixed", "ablate each unit only as far as its score says")
    .option("--each-unit", "also ablate every unit of the layer by itself: unit-effects.csv")
    .action(async (options: EditCommandOptions) => done(await commands.ablate(options)));

  editing(program.command("insert"))
    .description("put units in and measure what becomes of every concept")
    .option(
      "--value <number|q>",
      "their activation: a number, or a quantile of each unit (default: q0.99)",
      insertedValue,
    )
    .option("--outdir <dir>", "where pictures and tables go (default: insert/MODEL)", named)
    .action(async (options: EditCommandOptions) => done(await commands.insert(options)));

  unified(program.command("segment"))
    .description("name what is in photos: label maps and a coloured picture as PNG, a legend with areas as JSON")
    .argument("<photos...>", "JPEG or PNG files")
    .option("--segmenter <dir|name>", "as for dissect (default: mosaic-ade20k32)", named)
    .option("--size <px>", "of the label maps: an edge, or WIDTHxHEIGHT (default: the network's output)", extent)
    .option("--outdir <dir>", "where they go (default: segment)", named)
    .option("--force", "write into a folder that holds other files; none of them is removed")
    .option("--half", "keep weights as float16 on the GPU")
    .option("--json", "print the legends as JSON on stdout")
    .addHelpText("after", `\n${EXIT_HELP}`)
    .action(async (photos: string[], options: SegmentOptions) => done(await commands.segment(photos, options)));

  unified(program.command("info"))
    .description("tell what a network is, and what an image costs: FLOPs, bytes, GPU memory")
    .argument("<network>", "a generator's checkpoint, a segmenter's folder, scenes64 or mosaic-ade20k32")
    .option("--size <px>", "input edge of a segmenter", whole("The size", 32, 4096))
    .option("--half", "keep a segmenter's weights as float16 on the GPU")
    .option("--json", "print it as JSON")
    .addHelpText("after", `\n${EXIT_HELP}`)
    .action(async (network: string, options: InfoOptions) => done(await commands.info(network, options)));

  program
    .command("doctor")
    .description("tell which adapter there is, what it can do, and what to fix")
    .option("--json", "print it as JSON")
    .option("--fix", "install a software adapter where that can be done (Debian or Ubuntu, as root)")
    .addHelpText("after", `\n${EXIT_HELP}`)
    .action(async (options: DoctorOptions) => done(await commands.doctor(options)));

  return program;
}
