// Tests: test/cli/parts/parts.test.ts
import type { CliCommand } from "../command.ts";
import { whole } from "../options.ts";
import { runPart } from "../parts/part.ts";
import { openPlan } from "../parts/plan.ts";
import { nextPass } from "../parts/states.ts";
import { withInterrupt } from "../with-folder.ts";

export interface PartOptions {
  readonly pass?: number;
}

export const partCommand: CliCommand<PartOptions, [plan: string, part: number]> = {
  name: "part",
  description: "count a part of a plan's next pass: on any machine that sees the plan's folder",
  resumes: "What is there is not counted again; after Ctrl-C, or killed, the same command goes on from there.",
  options: (command) =>
    command
      .argument("<plan>", "the plan's folder")
      .argument("<k>", "which part, from 1 on", whole("A part", 1, 1_000_000))
      .option("--pass <n>", "which pass (default: the first that is not merged)", whole("A pass", 1, 10_000)),
  run: (options, path, part) =>
    withInterrupt(async (running) => {
      const plan = await openPlan(path);
      return runPart(plan, part, options.pass ?? (await nextPass(plan)), running);
    }),
};
