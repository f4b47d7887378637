import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newPlan, type Plan } from "../../../src/cli/parts/plan.ts";
import { quoted, slurmFiles } from "../../../src/cli/parts/slurm.ts";
import { built } from "../../built.ts";
import { run } from "../ganatomy.ts";
import { contents } from "./contents.ts";
import { type PrivateSlurm, startSlurm } from "./private-slurm.ts";

let home: string;
let slurm: PrivateSlurm;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy slurm ")); // a path of two words
  await built();
  slurm = await startSlurm(Math.max(2, cpus().length));
}, 600_000);
afterAll(async () => {
  await slurm?.stop();
  await rm(home, { recursive: true, force: true });
});

test("scripts name every task, and quote what the shell would see", () => {
  const plan = newPlan({ parts: [0, 1, 2].map((i) => ({ first: i, end: i + 1 })), passes: 5 } as never);
  const opened = { plan, folder: "/disk/it's mine", key: "" };
  const files = slurmFiles(opened, { partition: "gpu", gpus: "a100:1" }, ["node", "cli.js"]);
  expect([...files.keys()]).toEqual(["slurm/part.sbatch", "slurm/merge.sbatch", "slurm/submit.sh", "slurm/log/README"]);
  const [part, , submit] = [...files.values()];
  expect(part).toMatch(/^#!\/bin\/sh\n(#SBATCH --\S+\n){7}\n/);
  expect(part).toContain("#SBATCH --array=1-3\n");
  expect(part).toContain("#SBATCH --partition=gpu\n#SBATCH --gpus=a100:1\n");
  expect(part).toContain(`node cli.js part '/disk/it'\\''s mine' "$SLURM_ARRAY_TASK_ID" --pass "$1"`);
  expect(submit).toMatch(/tasks="\$tasks:\$\{array\}_\$task"/);
  expect(submit).not.toContain("--export"); // which splits at commas
  expect([quoted("a-b/c"), quoted(""), quoted("a b")]).toEqual(["a-b/c", "''", "'a b'"]);
});

test("jobs are submitted once those of the last time have ended, or not at all", async () => {
  const plan = newPlan({ parts: [{ first: 0, end: 1 }], passes: 1 } as never);
  const files = slurmFiles({ plan, folder: home, key: "" }, {}, ["true"]);
  const [folder, commands] = [join(home, "once", "slurm"), join(home, "once", "bin")];
  for (const path of [folder, commands]) await mkdir(path, { recursive: true });
  await writeFile(join(folder, "submit.sh"), files.get("slurm/submit.sh")!);
  await writeFile(join(folder, "jobs"), " 12 13\n");
  const [calls, left] = [join(home, "once", "calls"), join(home, "once", "left")];
  // Each look at the queue ends one of those that are left; seconds pass at once.
  const squeue = `read n <"${left}"; [ $n -eq 0 ] || { echo $((n - 1)) >"${left}"; echo job; }`;
  for (const [name, does] of Object.entries({ scancel: "", squeue, sbatch: "echo 14", sleep: "" })) {
    const script = `#!/bin/sh\n[ ${name} = sleep ] || echo ${name} "$@" >>"${calls}"\n${does}\n`;
    await writeFile(join(commands, name), script, { mode: 0o755 });
  }
  const submit = (jobs: number): ReturnType<typeof spawnSync> => {
    writeFileSync(calls, "");
    writeFileSync(left, `${jobs}\n`);
    const env = { ...process.env, PATH: `${commands}:${process.env["PATH"]}` };
    return spawnSync("sh", [join(folder, "submit.sh")], { env, encoding: "utf8" });
  };
  const late = submit(1000);
  expect([late.status, late.stderr]).toEqual([1, expect.stringContaining("have not ended: see squeue --jobs=12,13")]);
  expect(await readFile(calls, "utf8")).not.toContain("sbatch");
  expect(submit(2).status).toBe(0);
  expect((await readFile(calls, "utf8")).split("\n")).toEqual([
    "scancel 12 13",
    ...Array(3).fill("squeue --noheader --jobs=12,13"),
    "sbatch --parsable part.sbatch 1",
    "sbatch --parsable --dependency=afterok:14_1 merge.sbatch 1",
    "",
  ]);
});

const dissection = (outdir: string): readonly string[] => [
  ...["--size", "11", "--layers", "layer2", "--quantile-threshold", "0.01", "--examples", "2", "--batch", "4"],
  ...["--outdir", outdir],
];

test("a cluster's report is that of one run, whatever the parts, and though a task is killed", async () => {
  const ganatomy = async (...args: string[]): Promise<void> => {
    const { status, stderr } = await run(args, { cwd: home });
    expect([status, stderr]).toEqual([0, expect.anything()]);
  };
  await ganatomy("dissect", ...dissection("whole"));
  await ganatomy("plan", "one", "--split", "1", "--slurm", ...dissection("from one"));
  await ganatomy("plan", "three", "--split", "2,6,3", "--slurm", ...dissection("from three"));
  // The same three in the reverse order.
  const file = join(home, "three", "plan.json");
  const plan = JSON.parse(await readFile(file, "utf8")) as Plan;
  await writeFile(file, JSON.stringify({ ...plan, parts: plan.parts.toReversed() }));
  for (const name of ["one", "three"]) slurm.run("sh", join(home, name, "slurm", "submit.sh"));
  const killed = await kill(join(home, "three", "pass-1", "part-2", ".ganatomy.lock"));
  for (;;) {
    const reasons = slurm.run("squeue", "--noheader", "--format=%r");
    if (reasons.trim() === "") break;
    // Jobs that wait for what failed would wait for ever.
    expect(reasons).not.toContain("NeverSatisfied");
    await setTimeout(500);
  }
  const whole = await contents(home, "whole");
  expect(whole.size).toBeGreaterThan(1000);
  for (const outdir of ["from one", "from three"]) {
    const report = await contents(home, outdir);
    expect([...report.keys()]).toEqual([...whole.keys()]);
    for (const [name, text] of whole) expect(report.get(name) === text, `${outdir}: ${name}`).toBe(true);
  }
  const log = await readFile(join(home, "three", "slurm", "log", `part-${killed}-2.log`), "utf8");
  expect(log).toMatch(/Killed|137/);
  expect(log).toContain("Part 2 of pass 1 is done");
}, 600_000);

test("a task that is cancelled, as at its time limit, keeps what it counted", async () => {
  const planned = await run(["plan", "long", "--split", "1", "--slurm", ...dissection("never"), "--size", "4000"], {
    cwd: home,
  });
  expect(planned.status).toBe(0);
  const submitted = slurm.run("sh", join(home, "long", "slurm", "submit.sh"));
  const [, array] = /pass 1: tasks (\d+)_1/.exec(submitted) ?? [];
  const log = join(home, "long", "slurm", "log", `part-${array}-1.log`);
  const said = (): Promise<string> => readFile(log, "utf8").catch(() => "");
  while (!(await said()).includes("activations: ")) await setTimeout(50);
  slurm.run("scancel", `${array}_1`);
  while (slurm.run("squeue", "--noheader", "--states=R,CG").trim() !== "") await setTimeout(100);
  expect(await said()).toContain("Interrupted: the same command goes on.");
  expect(await readdir(join(home, "long", "pass-1", "part-1"))).toContain("dissection.state");
  // Whoever submits again has no jobs of the last time in the way.
  slurm.run("sh", join(home, "long", "slurm", "submit.sh"));
  const waiting = slurm.run("squeue", "--noheader", "--format=%F").trim().split(/\s+/);
  expect(waiting.every((job) => Number(job) > Number(array) + 7)).toBe(true);
  // Nor has what they began the folder still, though it lives when it is cancelled.
  const [second] = waiting.map(Number).sort((a, b) => a - b);
  const again = (): Promise<string> =>
    readFile(join(home, "long", "slurm", "log", `part-${second}-1.log`), "utf8").catch(() => "");
  while (!/Going on from image[\s\S]*activations: /.test(await again())) await setTimeout(50);
  slurm.run("sh", join(home, "long", "slurm", "submit.sh"));
  expect(await again()).toContain("Interrupted: the same command goes on.");
}, 600_000);

/** Kills the process that holds a lock as soon as it does, and gives its array's number. */
async function kill(lock: string): Promise<string> {
  for (;;) {
    const text = await readFile(lock, "utf8").catch(() => "");
    const [, pid] = /"pid":(\d+)/.exec(text) ?? [];
    if (pid !== undefined) {
      const jobs = slurm.run("squeue", "--noheader", "--states=R", "--name=ganatomy-part", "--format=%F %K");
      process.kill(Number(pid), "SIGKILL");
      const environment = jobs.split("\n").find((line) => line.trim().endsWith(" 2"));
      return environment?.trim().split(" ")[0] ?? "";
    }
    await setTimeout(20);
  }
}
