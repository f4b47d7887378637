import type { CliCommand } from "../command.ts";
import { runEdit } from "../edit/edit.ts";
import { type EditCommandOptions, editOptions } from "../edit/options.ts";
import { insertedValue, named, whole } from "../options.ts";
import { RESUMES_BUT_RANKINGS } from "../shared-options.ts";

export const ablateCommand: CliCommand<EditCommandOptions> = {
  name: "ablate",
  description: "take units away and measure what becomes of every concept",
  resumes: RESUMES_BUT_RANKINGS,
  options: (command) =>
    editOptions(command)
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
      .option("--each-unit", "also ablate every unit of the layer by itself: unit-effects.csv"),
  run: (options) => runEdit("ablate", ablateCommand, options),
};
