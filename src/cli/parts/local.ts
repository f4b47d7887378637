// Tests: test/cli/parts/parts.test.ts
import { spawn } from "node:child_process";
import { once } from "node:events";
import { EXIT } from "../exit.ts";
import { say } from "../terminal.ts";
import type { Running } from "../with-folder.ts";
import { mergePass, writeMerged } from "./merge.ts";
import { isWhole } from "./part.ts";
import type { OpenPlan } from "./plan.ts";
import { isCounted, nextPass } from "./states.ts";

/** Characters of what a process said last that are shown when it failed. */
const SAID = 2000;

/**
 * Does all that is left of a plan on this machine, so many parts at a time, each in a process of
 * its own; resolves with the exit status.
 */
export async function runLocally(
  plan: OpenPlan,
  jobs: number,
  options: { readonly json?: boolean; readonly force?: boolean },
  running: Running,
): Promise<number> {
  while (!(await isCounted(plan))) {
    const pass = await nextPass(plan);
    const status = await runParts(plan, pass, jobs, running);
    if (status !== EXIT.ok) return status;
    if (!(await mergePass(plan, pass, running))) return EXIT.aborted;
  }
  return writeMerged(plan, options, running);
}

/**
 * Counts all parts of a pass. After one that fails none is begun, and those that run come to their
 * end.
 */
async function runParts(plan: OpenPlan, pass: number, jobs: number, running: Running): Promise<number> {
  const { progress, signal, note } = running;
  const count = plan.plan.parts.length;
  const left: number[] = [];
  for (let part = 1; part <= count; part += 1) if (!(await isWhole(plan, pass, part))) left.push(part);
  let done = count - left.length;
  let failed: number = EXIT.ok;
  const report = (): void => progress.report(`parts of pass ${pass}`, done, count);
  report();
  const worker = async (): Promise<void> => {
    while (failed === EXIT.ok && !signal.aborted) {
      const part = left.shift();
      if (part === undefined) return;
      const { status, said } = await runProcess(plan, part, pass, signal);
      if (status === EXIT.ok) done += 1;
      else if (!signal.aborted) {
        failed = status;
        progress.end();
        // An error, which `--quiet` does not hide.
        say(`Part ${part} of pass ${pass} failed; the same command goes on from what is there. It said:\n${said}\n`);
      }
      report();
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  progress.end();
  if (!signal.aborted) return failed;
  note("Interrupted: the same command goes on.");
  return EXIT.aborted;
}

/** A part in a process of its own, which is told to end when this one is. */
async function runProcess(
  { folder }: OpenPlan,
  part: number,
  pass: number,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly said: string }> {
  const args = [process.argv[1]!, "part", folder, `${part}`, "--pass", `${pass}`];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    said = (said + text).slice(-SAID);
  });
  const stop = (): void => void child.kill("SIGTERM");
  signal.addEventListener("abort", stop);
  try {
    const [status, killedBy] = await once(child, "close");
    return { status: status ?? EXIT.unexpected, said: killedBy ? `${said}It was ended by ${killedBy}.` : said };
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
