// Tests: test/cli/commands/unit-importance.test.ts
import { join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import type { ImportanceJson } from "../../report/importance.ts";
import { counted } from "../amount.ts";
import { type ImportanceFlags, importanceTable, openImportance, writeImportance } from "../classifier/importance.ts";
import { viewOptions } from "../classifier/options.ts";
import type { CliCommand } from "../command.ts";
import { EXIT } from "../exit.ts";
import { FORCE, named, seed, size, whole } from "../options.ts";
import { RESUMES } from "../shared-options.ts";
import { print } from "../terminal.ts";
import { withInterrupt, withMeasurements } from "../with-folder.ts";

export const unitImportanceCommand: CliCommand<ImportanceFlags> = {
  name: "unit-importance",
  description: "turn off units of a classifier, one at a time, and measure which classes need them",
  resumes: RESUMES,
  options: (command: Command) =>
    viewOptions(
      command
        .requiredOption("--classifier <file|url>", "a classifier of photographs", named)
        .requiredOption("--images <dir>", "photographs, JPEG or PNG; a folder a class, unless --truth is given", named)
        .option("--truth <csv>", "the class of each: lines of file,class", named)
        .option(
          "--class-names <file>",
          "names of the network's classes in its order: text, a line each, or JSON",
          named,
        )
        .option("--layer <name>", "layer of the units (default: the last map)", named),
    )
      .option(
        "--together <list>",
        "so many most damaging units of a class are also off together (default: 20)",
        numbers,
      )
      .option("--random <n>", "as many by chance beside them, so often", whole("The number of draws", 0, 1000), 5)
      .option("--size <n>", "photographs at most, drawn by chance (default: all)", size)
      .option("--seed <n>", "seed of what is drawn by chance", seed, 1)
      .option("--outdir <dir>", "where tables go (default: unit-importance/MODEL)", named)
      .option("--force", FORCE)
      .option(
        "--batch <n>",
        "photographs at a time (default: chosen for the adapter)",
        whole("The batch size", 1, 1024),
      )
      .option("--no-tune", "do not time the kernels on a GPU's first use")
      .option("--json", "print what is found as JSON on stdout instead of the table"),
  run,
};

/** "4,20" */
function numbers(text: string): number[] {
  const found = text.split(",").map((part) => (/^\s*\d{1,6}\s*$/.test(part) ? Number(part) : 0));
  if (found.includes(0)) throw new InvalidArgumentError("It is numbers of units by commas, such as 4,20.");
  return [...new Set(found)];
}

function run(options: ImportanceFlags): Promise<number> {
  return withInterrupt(async (running) => {
    const { note } = running;
    const opened = await openImportance(options, running);
    const path = options.outdir ?? join("unit-importance", opened.name);
    let found: ImportanceJson | undefined;
    const output = { path, force: options.force, kind: "unit importance" };
    const { folder } = await withMeasurements(running, output, async (kept) => {
      if (kept.finished.found > 0) note(`${kept.finished.found} measurements of an earlier run are in ${path}.`);
      found = await writeImportance(opened, options, { ...running, ...kept });
    });
    if (!found) {
      note(`Interrupted. What is measured is in ${folder.path}.\nThe same command goes on from there.`);
      return EXIT.aborted;
    }
    print(options.json ? `${JSON.stringify(found, null, 2)}\n` : importanceTable(found));
    note(`${counted(folder.written, "file")} in ${path} (${running.took()})`);
    return EXIT.ok;
  });
}
