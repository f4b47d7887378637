// Tests: test/cli/program.test.ts
import { type Command, Option } from "commander";
import { PAPER_LAYER } from "./default-layer.ts";
import { generatorOptions } from "./generator-flags.ts";
import { unitsOrMarks } from "./marks.ts";
import { FORCE, heads, named, whole } from "./options.ts";

/** What the help of a command says that resumes. */
export const RESUMES = "What is measured is kept in the folder: the same command goes on after Ctrl-C.";
/** Where units are ranked before anything is measured. */
export const RESUMES_BUT_RANKINGS = `${RESUMES}
Only a ranking of units that was not finished is made anew; --dissection spares
it.`;

/** Which of a unified parsing network's labels are wanted. */
export const unifiedOptions = (command: Command): Command =>
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

/** The models, and where results go. */
export const modelOptions = (command: Command): Command =>
  unifiedOptions(generatorOptions(command))
    .option("--segmenter <dir|name>", "as for dissect", named)
    .option("--layer <name>", `layer of the units (default: ${PAPER_LAYER})`, named)
    .option("--force", FORCE)
    .option("--no-tune", "do not time the kernels on a GPU's first use");

/** Units by their numbers, or those of a concept. */
export const unitOptions = (command: Command): Command =>
  command
    .addOption(
      new Option("--units <numbers|@file>", "units, such as 3,17 or 0-9, or a file of marks: @marks.json")
        .argParser(unitsOrMarks)
        .conflicts(["top", "dissection", "metric"]),
    )
    .option("--top <n>", "how many units of --concept, the best first", whole("The number of units", 1, 100_000), 20)
    .option(
      "--dissection <dissection>",
      "take the ranking from a dissection: its folder, or its dissect.json (default: it is made anew)",
      named,
    )
    .option("--metric <name>", "what the dissection ranks by: iou, maxiou, iqr, cor, ace", named, "iou");
