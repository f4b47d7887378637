// Tests: test/cli/parts/part.test.ts, test/cli/parts/parts.test.ts
import { join } from "node:path";
import { GanatomyError, UsageError } from "../../errors.ts";
import { hashOf } from "../../node/hash.ts";
import type { Source } from "../../weights/source.ts";
import { EXIT } from "../exit.ts";
import { openJob } from "../job.ts";
import { loadingOf } from "../models.ts";
import { type Job, withJob } from "../run.ts";
import { type Running, withDevice, withFolder } from "../with-folder.ts";
import { type Chain, runPhase } from "./chains.ts";
import { type OpenPlan, REPLAN } from "./plan.ts";
import {
  adapterOf,
  baseOf,
  chainsLeft,
  checkAdapter,
  isCounted,
  isMerged,
  partFolder,
  readState,
  StateFile,
  stateDone,
  stateFile,
} from "./states.ts";

/**
 * Opens what a plan names.
 * @throws UsageError where a file is no longer what it was.
 */
export async function openPlanned({ plan }: OpenPlan, running: Running): Promise<Job<Source>> {
  try {
    process.chdir(plan.cwd); // relative paths are from there
  } catch (cause) {
    throw new GanatomyError(
      "not-found",
      `The plan's paths are relative to "${plan.cwd}", which is not there.`,
      "Make it on a disk that all machines share, under one path.",
      { cause },
    );
  }
  const job = await openJob(plan.options, loadingOf(running, plan.options));
  for (const [index, hashed] of (await hashesOf(job, running)).entries()) {
    const planned = plan.files[index];
    if (planned?.sha256 === hashed.sha256) continue;
    throw new GanatomyError(
      "file",
      `"${hashed.name}" is not what it was when the plan was made.`,
      "Put it back, or make a new plan.",
    );
  }
  return job;
}

/** The files of a job with their hashes, the model's first. */
export async function hashesOf(
  { model, segmenter }: Job<Source>,
  { signal }: Pick<Running, "signal">,
): Promise<{ readonly name: string; readonly sha256: string }[]> {
  const files = [model.source, ...(Object.values(segmenter.files ?? {}) as Source[])];
  const hashes = [];
  for (const file of files) hashes.push({ name: file.name, sha256: await hashOf(file, { signal }) });
  return hashes;
}

/** The chains that a part has not counted yet in a pass. */
async function chainsToDo(plan: OpenPlan, pass: number, part: number): Promise<Chain[]> {
  const { end } = plan.plan.parts[part - 1]!;
  const left: Chain[] = [];
  for (const chain of await chainsLeft(plan, pass)) {
    const own = await stateDone(join(partFolder(plan, pass, part), stateFile(chain)), plan);
    if (own?.done !== end) left.push(chain);
  }
  return left;
}

/** Whether a part has counted all it has to in a pass. */
export const isWhole = async (plan: OpenPlan, pass: number, part: number): Promise<boolean> =>
  (await chainsToDo(plan, pass, part)).length === 0;

/**
 * Counts a part of a pass; resolves with the exit status. What is there is not counted again, and
 * what was begun is gone on with.
 */
export async function runPart(plan: OpenPlan, part: number, pass: number, running: Running): Promise<number> {
  const { progress, signal, note } = running;
  const { parts } = plan.plan;
  const share = parts[part - 1];
  if (!share) throw new UsageError(`There is no part ${part}.`, `The plan has parts 1 to ${parts.length}.`);
  const named = `Part ${part} of pass ${pass}`;
  if ((await isMerged(plan, pass)) || (await isCounted(plan))) {
    note(`Pass ${pass} is merged already, or nothing is left for it.`);
    return EXIT.ok;
  }
  if (await isWhole(plan, pass, part)) {
    note(`${named} is there already.`);
    return EXIT.ok;
  }
  const job = await openPlanned(plan, running);
  const path = partFolder(plan, pass, part);
  const output = { path, kind: "part", keep: true, force: false, elsewhere: REPLAN };
  const { complete } = await withFolder(running, output, (folder) =>
    withDevice(running, { flags: { tune: false } }, (device) =>
      withJob(job, { device, signal, note }, async (loaded) => {
        const adapter = adapterOf(device);
        // Looked at once the folder is ours: another process may have counted it meanwhile.
        if (await isMerged(plan, pass)) return;
        for (const chain of await chainsToDo(plan, pass, part)) {
          const base = await baseOf(chain, plan, pass);
          if (base) checkAdapter(plan.folder, base, adapter);
          const file = join(path, stateFile(chain));
          const own = await readState(file, plan, (damaged) => note(`"${damaged}" is damaged: it is counted anew.`));
          if (own) checkAdapter(file, own, adapter);
          const begun = own ?? base;
          const found = begun && {
            at: begun.state.at,
            done: own?.state.done ?? share.first,
            tables: new Map([...(base?.state.tables ?? []), ...(own?.state.tables ?? [])]),
          };
          if (own) note(`Going on from image ${own.state.done}.`);
          const state = new StateFile(folder, chain, {
            ...{ plan, adapter, found, signal },
            share: { first: found?.done ?? share.first, end: share.end },
          });
          await runPhase(chain, loaded, state, { signal, progress: (...news) => progress.report(...news) });
        }
      }),
    ),
  );
  progress.end();
  note(complete ? `${named} is done (${running.took()}).` : `Interrupted: the same command goes on.`);
  return complete ? EXIT.ok : EXIT.aborted;
}
