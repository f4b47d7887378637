// Tests: test/cli/program.test.ts
import { type Command, Option } from "commander";
import { RULES } from "../dissect/rules.ts";
import { PAPER_LAYER } from "./default-layer.ts";
import { generatorOptions } from "./generator-flags.ts";
import { EMBEDDED_LAYERS } from "./models.ts";
import { FORCE, layers, named, quantileThreshold, seed, size, whole } from "./options.ts";
import { unifiedOptions } from "./shared-options.ts";

/** What says which generator is dissected, how, and where the report goes. */
export const dissectionOptions = (command: Command): Command =>
  unifiedOptions(generatorOptions(command))
    .option(
      "--segmenter <dir|name>",
      "folder with encoder_epoch_N.pth, decoder_epoch_N.pth and labels.json, or an ONNX file beside labels.json; scenes64, mosaic-ade20k32; or self: a generator of tiles names its own",
      named,
    )
    .option(
      "--layers <names...>",
      `layers to dissect, by commas or repeated (default: ${EMBEDDED_LAYERS} of the embedded model, else ${PAPER_LAYER})`,
      layers,
    )
    .option("--size <n>", "number of images (default: 200 with the embedded model, else 1000)", size)
    .option("--seed <n>", "seed of the images that are scored and shown", seed, 1)
    .option("--train-seed <n>", "seed of the images that thresholds are chosen on", seed, 2)
    .option(
      "--quantile-threshold <t>",
      "iqr, maxiou, or one fraction for all units such as 0.01 (default: the rule's; iqr)",
      quantileThreshold,
    )
    .addOption(
      new Option(
        "--rule <name>",
        "whose rule decides what detects anything (default: gan-dissection; of classifiers pnas-2020)",
      ).choices(Object.keys(RULES)),
    )
    .option("--rotate <seed>", "a control: dissect a random rotation of each layer's units instead of these", seed)
    .option("--examples <n>", "top images a unit", whole("The number of examples", 1, 1000), 20)
    .option("--outdir <dir>", "where the report goes (default: dissect/MODEL)", named)
    .option("--force", FORCE)
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
    );
