// Tests: test/cli/parts/parts.test.ts
import type { CliCommand } from "../command.ts";
import { EXIT } from "../exit.ts";
import { FORCE, whole } from "../options.ts";
import { mergePass, writeMerged } from "../parts/merge.ts";
import { openPlan } from "../parts/plan.ts";
import { isCounted, nextPass } from "../parts/states.ts";
import { withInterrupt } from "../with-folder.ts";

export interface MergeOptions {
  readonly pass?: number;
  readonly force?: boolean;
  readonly json?: boolean;
}

export const mergeCommand: CliCommand<MergeOptions, [plan: string]> = {
  name: "merge",
  description: "merge the parts of a plan's next pass; behind the last it writes the report, as one run would",
  resumes: "What is merged is not merged again; after Ctrl-C, or killed, the same command goes on from there.",
  options: (command) =>
    command
      .argument("<plan>", "the plan's folder")
      .option("--pass <n>", "which pass (default: the first that is not merged)", whole("A pass", 1, 10_000))
      .option("--force", FORCE)
      .option("--json", "print the summary as JSON on stdout instead of the table"),
  run: (options, path) =>
    withInterrupt(async (running) => {
      const plan = await openPlan(path);
      const isOver = await isCounted(plan);
      if (!isOver && !(await mergePass(plan, options.pass ?? (await nextPass(plan)), running))) return EXIT.aborted;
      return (await isCounted(plan)) ? writeMerged(plan, options, running) : EXIT.ok;
    }),
};
