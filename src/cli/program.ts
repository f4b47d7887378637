import { Command } from "commander";
import { type DissectOptions, dissectCommand } from "./commands/dissect.ts";
import { type DoctorOptions, doctorCommand } from "./commands/doctor.ts";
import { type GenerateOptions, generateCommand } from "./commands/generate.ts";
import { type InfoOptions, infoCommand } from "./commands/info.ts";
import { type SegmentOptions, segmentCommand } from "./commands/segment.ts";
import { EXIT_HELP } from "./exit.ts";
import { extent, layers, named, quantileThreshold, seed, size, whole } from "./options.ts";
import { CAUSALITY, type CausalityCommands, causality } from "./program-causality.ts";
import { unified } from "./unified-options.ts";

const EXAMPLES = `
Examples:
  ganatomy dissect                                 the embedded model, report in dissect/scenes64
  ganatomy dissect --model church.pth --segmenter upp/ --layers layer4,layer7
  ganatomy dissect --size 50 --json > summary.json
  ganatomy ablate --concept tree --top 10 --layer layer6
                                                   what becomes of everything without the units that draw trees
  ganatomy insert --units 66,94 --mask 40,24,48,32 put them where there were none
  ganatomy ace --concept tree --layer layer4       the smallest set of units that causes trees
  ganatomy context --concept door --layer layer4   where in a scene doors can be put
  ganatomy generate --model church.pth --size 8 --outdir pictures
  ganatomy segment photo.jpg --outdir labels       what is where in a photo
  ganatomy info upp/ --size 256                    FLOPs, bytes and GPU memory of a network
  ganatomy doctor                                  which adapter there is, and what to fix

Data goes to stdout, everything else to stderr.

${EXIT_HELP}`;

/** What `ganatomy` dissects, generates and diagnoses when it is called; tests put their own in their place. */
export interface Commands extends CausalityCommands {
  dissect(options: DissectOptions): Promise<number>;
  generate(options: GenerateOptions): Promise<number>;
  segment(photos: readonly string[], options: SegmentOptions): Promise<number>;
  info(network: string, options: InfoOptions): Promise<number>;
  doctor(options: DoctorOptions): Promise<number>;
}

const COMMANDS: Commands = {
  dissect: dissectCommand,
  generate: generateCommand,
  ...CAUSALITY,
  segment: segmentCommand,
  info: infoCommand,
  doctor: doctorCommand,
};

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
    .option(
      "--memory <MiB>",
      "samples that may stay on the GPU between passes (default: 512; less takes longer, results do not depend on it)",
      whole("The memory in MiB", 0, 2 ** 20),
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

  causality(program, done, commands);

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
