// Tests: test/cli/commands/ablate.test.ts
import type { CliCommand } from "../command.ts";
import { runEdit } from "../edit/edit.ts";
import { type EditCommandOptions, editOptions } from "../edit/options.ts";
import { insertedValue, named } from "../options.ts";
import { RESUMES_BUT_RANKINGS } from "../shared-options.ts";

export const insertCommand: CliCommand<EditCommandOptions> = {
  name: "insert",
  description: "put units in and measure what becomes of every concept",
  resumes: RESUMES_BUT_RANKINGS,
  options: (command) =>
    editOptions(command)
      .option(
        "--value <number|q>",
        "their activation: a number, or a quantile of each unit (default: q0.99)",
        insertedValue,
      )
      .option("--outdir <dir>", "where pictures and tables go (default: insert/MODEL)", named),
  run: (options) => runEdit("insert", insertCommand, options),
};
