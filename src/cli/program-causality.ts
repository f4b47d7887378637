import { type Command, Option } from "commander";
import { type AceCommandOptions, aceCommand } from "./commands/ace.ts";
import { type ActmaxCommandOptions, actmaxCommand } from "./commands/actmax.ts";
import { type ContextCommandOptions, contextCommand } from "./commands/context.ts";
import { type OccludeCommandOptions, occludeCommand } from "./commands/occlude.ts";
import { editCommand } from "./edit/edit.ts";
import { alpha, type EditCommandOptions, insertedValue, mask, units } from "./edit/options.ts";
import { EXIT_HELP } from "./exit.ts";
import { named, positive, seed, size, whole } from "./options.ts";
import { unified } from "./unified-options.ts";

/** Commands about what units cause, and what they want to see. */
export interface CausalityCommands {
  ablate(options: EditCommandOptions): Promise<number>;
  insert(options: EditCommandOptions): Promise<number>;
  ace(options: AceCommandOptions): Promise<number>;
  context(options: ContextCommandOptions): Promise<number>;
  actmax(options: ActmaxCommandOptions): Promise<number>;
  occlude(photo: string, options: OccludeCommandOptions): Promise<number>;
}

export const CAUSALITY: CausalityCommands = {
  ablate: (options) => editCommand("ablate", options),
  insert: (options) => editCommand("insert", options),
  ace: aceCommand,
  context: contextCommand,
  actmax: actmaxCommand,
  occlude: occludeCommand,
};

const KEPT = `
What is measured is kept in the folder: the same command goes on after Ctrl-C.
Only a ranking of units that was not finished is made anew; --dissection spares
it.

${EXIT_HELP}`;

/** The models, and where results go. */
const models = (command: Command, help = KEPT): Command =>
  unified(command)
    .option("--model <file|url>", "generator's checkpoint; the embedded scenes64 unless given", named)
    .option("--segmenter <dir|name>", "as for dissect", named)
    .option("--layer <name>", "layer of the units", named, "layer4")
    .option("--force", "write into a folder that holds other files; none of them is removed")
    .option("--no-tune", "do not time the kernels on a GPU's first use")
    .addHelpText("after", help);

/** Units by their numbers, or those of a concept. */
const chosen = (command: Command): Command =>
  command
    .addOption(
      new Option("--units <numbers>", "units, such as 3,17 or 0-9")
        .argParser(units)
        .conflicts(["top", "dissection", "metric"]),
    )
    .option("--top <n>", "how many units of --concept, the best first", whole("The number of units", 1, 100_000), 20)
    .option(
      "--dissection <dir|file>",
      "take the ranking from a dissection, dissect.json (default: it is made anew)",
      named,
    )
    .option("--metric <name>", "what the dissection ranks by: iou, maxiou, iqr, cor, ace", named, "iou");

/** What is edited and measured. */
const editing = (command: Command): Command =>
  chosen(models(command))
    .option("--concept <name>", "a concept whose units are meant, the best first", named)
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
    .option(
      "--pictures <n>",
      "images to write before and after; the first 16 also in a strip",
      whole("The number of pictures", 0, 10_000),
      8,
    )
    .option("--json", "print every concept's pixels before and after as JSON on stdout");

/** Adds the commands. `done` receives the exit status. */
export function causality(program: Command, done: (status: number) => void, commands: CausalityCommands): void {
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

  models(program.command("ace"))
    .description("find the smallest set of units that causes a concept (ACE), by gradients through both networks")
    .requiredOption("--concept <name>", "the concept", named)
    .option("--dissection <dir|file>", "start from its ranking, and put the new one into its dissect.json", named)
    .addOption(
      new Option("--effort <how>", "paper: gandissect's settings; quick: about a fortieth of the work")
        .choices(["quick", "paper"])
        .default("quick"),
    )
    .option("--search-size <n>", "images to look through, twice", size)
    .option("--train-size <n>", "pairs of images to learn from, a multiple of 20", size)
    .option("--eval-size <n>", "pairs to evaluate each epoch on", size)
    .option("--epochs <n>", "times that all pairs are learned from", whole("The number of epochs", 1, 1000))
    .option("--lambda <number>", "weight of the sum of squared alphas (default: 0.005)", positive("The weight"))
    .option("--size <n>", "images of the curve that compares the ranking with the one by IoU", size, 50)
    .option("--steps <n>", "units at most in that curve", whole("The number of units", 1, 100_000), 20)
    .option("--batch <n>", "images at a time: 2, 4, 8, 10, 20 or 40", whole("The batch size", 2, 40))
    .option("--outdir <dir>", "where everything goes (default: ace/MODEL)", named)
    .option("--json", "print the units and their alphas as JSON on stdout")
    .action(async (options: AceCommandOptions) => done(await commands.ace(options)));

  chosen(models(program.command("context")))
    .description("put a concept's units everywhere, one place at a time, and measure where they take")
    .requiredOption("--concept <name>", "the concept that is measured, and whose units are meant unless given", named)
    .option("--value <number|q>", "their activation (default: q0.995)", insertedValue)
    .option("--size <n>", "number of images", size, 50)
    .option("--seed <n>", "seed of their z", seed, 3)
    .option("--batch <n>", "images at a time (default: chosen for the adapter)", whole("The batch size", 1, 1024))
    .option("--outdir <dir>", "where tables and charts go (default: context/MODEL)", named)
    .option("--json", "print the table as JSON on stdout")
    .action(async (options: ContextCommandOptions) => done(await commands.context(options)));

  models(program.command("actmax"), `\n${EXIT_HELP}`)
    .description("find the pictures that units of the generator, or a concept of the segmenter, want to see most")
    .option("--units <numbers>", "units, such as 3,17 or 0-9: z that maximise each are found and drawn", units)
    .option("--concept <name>", "a concept of the segmenter: an image that maximises it is made from noise", named)
    .option("--images <n>", "pictures of each", whole("The number of pictures", 1, 64), 4)
    .option("--seed <n>", "seed of what they start from", seed, 1)
    .option("--steps <n>", "steps of gradient ascent", whole("The number of steps", 1, 100_000), 100)
    .option("--rate <number>", "learning rate (default: 0.05)", positive("The rate"))
    .option("--outdir <dir>", "where the pictures go (default: actmax/MODEL)", named)
    .option("--json", "print the values before and after as JSON on stdout")
    .action(async (options: ActmaxCommandOptions) => done(await commands.actmax(options)));

  unified(program.command("occlude"))
    .description("cover one part of a photo after the other: which makes the segmenter see a concept?")
    .argument("<photo>", "a JPEG or PNG file")
    .requiredOption("--concept <name>", "the concept", named)
    .option("--segmenter <dir|name>", "as for segment (default: mosaic-ade20k32)", named)
    .option("--patch <px>", "edge of what is covered (default: an eighth of the photo)", whole("The patch", 1, 4096))
    .option("--stride <px>", "pixels from one to the next (default: half a patch)", whole("The stride", 1, 4096))
    .option("--outdir <dir>", "where the map goes (default: occlude)", named)
    .option("--force", "write into a folder that holds other files; none of them is removed")
    .option("--no-tune", "do not time the kernels on a GPU's first use")
    .option("--json", "print the map as JSON on stdout")
    .addHelpText(
      "after",
      `\nWhat is measured is kept in the folder: the same command goes on after Ctrl-C.\n\n${EXIT_HELP}`,
    )
    .action(async (photo: string, options: OccludeCommandOptions) => done(await commands.occlude(photo, options)));
}
