// Tests: test/cli/parts/parts.test.ts
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { InvalidArgumentError } from "commander";
import { rotatedName } from "../../compare/rotated.ts";
import { OutputError, UsageError } from "../../errors.ts";
import type { CliCommand } from "../command.ts";
import { dissectionOptions } from "../dissection-options.ts";
import { EXIT } from "../exit.ts";
import { type DissectOptions, openJob, withoutSecrets } from "../job.ts";
import { loadingOf } from "../models.ts";
import { named, whole } from "../options.ts";
import { runLocally } from "../parts/local.ts";
import { hashesOf } from "../parts/part.ts";
import { networkOf, passesOf } from "../parts/passes.ts";
import { evenParts, newPlan, type OpenPlan, openPlan, PLAN, partsOf, planKey, planText } from "../parts/plan.ts";
import { quoted, type SlurmOptions, slurmFiles } from "../parts/slurm.ts";
import { type Running, withFolder, withInterrupt } from "../with-folder.ts";

export interface PlanOptions extends DissectOptions, SlurmOptions {
  /** How many parts, or images of each. */
  readonly split: readonly number[];
  readonly jobs?: number;
  readonly slurm?: boolean;
}

/** What `dissect` does not take, with whether a value follows. */
const OWN = { split: true, jobs: true, slurm: false, partition: true, time: true, account: true, gpus: true };

export const planCommand: CliCommand<PlanOptions, [plan: string]> = {
  name: "plan",
  description: "divide a dissection into parts for many machines or processes; the report is that of one run",
  resumes: "With --jobs the same command goes on after Ctrl-C, or killed. docs/many-machines.md tells more.",
  options: (command) =>
    dissectionOptions(
      command
        .argument("<outdir>", "folder for the plan, and for what is counted: one that all machines see")
        .requiredOption("--split <n>", "how many parts; or the images of each, such as 100,60,40", split)
        .option("--jobs <n>", "do it all here, so many parts at a time", whole("The number of jobs", 1, 1024))
        .option("--slurm", "write PLAN/slurm: what `sh PLAN/slurm/submit.sh` submits to a cluster")
        .option("--partition <name>", "of Slurm's jobs", slurmWord)
        .option("--time <limit>", "of Slurm's jobs, such as 2:00:00", slurmWord)
        .option("--account <name>", "of Slurm's jobs", slurmWord)
        .option("--gpus <n>", "of Slurm's jobs, such as 1, or a100:1", slurmWord),
    ).option("--json", "with --jobs: print the summary as JSON on stdout instead of the table"),
  run: (options, path) =>
    withInterrupt(async (running) => {
      const flag = (["partition", "time", "account", "gpus"] as const).find((name) => options[name] !== undefined);
      if (!options.slurm && flag !== undefined) {
        throw new UsageError(`--${flag} is of Slurm's jobs.`, "Add --slurm, or leave it out.");
      }
      const plan = await planned(options, path, running);
      if (options.jobs !== undefined) return runLocally(plan, options.jobs, options, running);
      const { parts, size, passes } = plan.plan;
      const next = options.slurm
        ? `sh ${quoted(join(path, "slurm", "submit.sh"))}`
        : `ganatomy part ${quoted(path)} K for K from 1 to ${parts.length}, then ganatomy merge ${quoted(path)}; and again`;
      running.note(`${size} images in ${parts.length} parts, ${passes} passes. Next: ${next}`);
      return EXIT.ok;
    }),
};

/** Writes the plan, or finds it written. */
async function planned(options: PlanOptions, path: string, running: Running): Promise<OpenPlan> {
  const job = await openJob(options, loadingOf(running, options));
  const network = await networkOf(job, running);
  const { size, examples, rotate } = job.settings;
  const [count = 1] = options.split;
  if (options.split.length === 1 && count > size) {
    throw new UsageError(`${size} images are no ${count} parts.`, `Use at most ${size}.`);
  }
  const parts = options.split.length === 1 ? evenParts(size, count) : partsOf(options.split, size);
  const passes = passesOf(network, job.settings, parts);
  const own = Object.fromEntries(Object.entries(options).filter(([name]) => !(name in OWN) && name !== "json"));
  const name = rotate === undefined ? job.model.name : rotatedName(job.model.name, rotate);
  const plan = newPlan({
    command: commandOf(process.argv.slice(2), path),
    cwd: process.cwd(),
    options: { ...(own as unknown as DissectOptions), examples },
    files: await hashesOf(job, running),
    layers: network.layers.map((layer) => layer.name),
    quantiles: rotate === undefined,
    ...{ size, parts, passes },
    outdir: options.outdir ?? join("dissect", name),
  });
  const opened = { plan, folder: resolve(path), key: planKey(plan) };
  if (existsSync(join(path, PLAN)) && (await openPlan(path)).key !== opened.key) {
    throw new OutputError(
      `"${path}" holds another plan.`,
      "Choose another folder, or remove it with what was counted.",
    );
  }
  const output = {
    path,
    kind: "plan",
    keep: true,
    force: options.force,
    elsewhere: "choose another folder for the plan",
  };
  await withFolder(running, output, async (folder) => {
    await folder.write(PLAN, planText(plan));
    const { partition, time, account, gpus } = options;
    if (!options.slurm) return;
    const files = slurmFiles(opened, { partition, time, account, gpus }, [process.execPath, resolve(process.argv[1]!)]);
    for (const [file, text] of files) await folder.write(file, text);
  });
  const secret = withSecrets(plan.options);
  if (secret.length > 0) {
    running.note(
      `${join(path, PLAN)} holds the whole address of ${secret.join(" and ")}, as parts need it: with its password or token whoever may read the folder has them.`,
    );
  }
  return opened;
}

/**
 * Options with addresses that hold more than reports pass on. A plan keeps them as they are, for
 * parts that others run, too: who may read it is for the folder's owner to say.
 */
export const withSecrets = (options: DissectOptions): string[] =>
  (["model", "segmenter"] as const)
    .filter((name) => withoutSecrets(options[name] ?? "") !== (options[name] ?? ""))
    .map((name) => `--${name}`);

/** The one run that a plan stands for. */
export function commandOf(args: readonly string[], path: string): string {
  const left: string[] = [];
  let isPath = false;
  const command = args.indexOf("plan"); // options of all commands may stand before it
  for (let at = 0; at < args.length; at += 1) {
    if (at === command) continue;
    const [name = "", value] = args[at]!.split("=");
    const own = name.startsWith("--") && Object.hasOwn(OWN, name.slice(2)) ? name.slice(2) : undefined;
    if (own !== undefined) {
      if (OWN[own as keyof typeof OWN] && value === undefined) at += 1;
    } else if (args[at] === path && !isPath) isPath = true;
    else left.push(args[at]!);
  }
  return ["ganatomy", "dissect", ...left].map(withoutSecrets).join(" ");
}

/** "8", or "100,60,40". */
function split(text: string): number[] {
  const sizes = text.split(",").map((part) => (/^\s*[1-9]\d{0,6}\s*$/.test(part) ? Number(part) : Number.NaN));
  if (sizes.some(Number.isNaN)) {
    throw new InvalidArgumentError("It is a number of parts, or the images of each by commas, such as 100,60,40.");
  }
  return sizes;
}

/** What goes into a line of a script. */
function slurmWord(text: string): string {
  if (!/^[\w.:@+,/-]+$/.test(text)) throw new InvalidArgumentError("It is one word, as sbatch takes it.");
  return named(text);
}
