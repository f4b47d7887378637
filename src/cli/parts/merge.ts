// Tests: test/cli/parts/merge.test.ts, test/cli/parts/parts.test.ts
import { readdir, rm, rmdir } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Checkpoints, DissectionState } from "../../dissect/checkpoint.ts";
import { isLastPhase, Merging } from "../../dissect/merge.ts";
import { OutputError } from "../../errors.ts";
import { sentence } from "../../node/file-errors.ts";
import { MARKER } from "../../node/marker.ts";
import { inNode } from "../in-node.ts";
import { intoReport } from "../into-report.ts";
import { runJob, withJob } from "../run.ts";
import { settingsOf } from "../settings.ts";
import { type Running, withDevice, withFolder } from "../with-folder.ts";
import { type Chain, chainsOf, runPhase } from "./chains.ts";
import { isWhole, openPlanned } from "./part.ts";
import { inOrder, type OpenPlan, REPLAN } from "./plan.ts";
import { quoted } from "./slurm.ts";
import {
  adapterOf,
  baseOf,
  chainsLeft,
  checkAdapter,
  endOf,
  type Found,
  isCounted,
  isMerged,
  MERGED,
  mergedFolder,
  partFolder,
  passFolder,
  readState,
  StateFile,
  stateFile,
} from "./states.ts";

/**
 * Merges what the parts of a pass counted into what those of the next begin with; resolves with
 * whether it came to its end.
 * @throws OutputError naming what is missing.
 */
export async function mergePass(plan: OpenPlan, pass: number, running: Running): Promise<boolean> {
  const { signal, note, progress } = running;
  await removeMergedParts(plan);
  if ((await isMerged(plan, pass)) || (await isCounted(plan))) return true;
  const chains = await chainsLeft(plan, pass);
  await checkParts(plan, pass);
  const job = await openPlanned(plan, running);
  const output = { path: mergedFolder(plan, pass), kind: "merged", keep: true, force: false, elsewhere: REPLAN };
  const { complete } = await withFolder(running, output, (folder) =>
    withDevice(running, { flags: { tune: false } }, (device) =>
      withJob(job, { device, signal, note }, async (loaded) => {
        if (await isMerged(plan, pass)) return; // by another process, before the folder was ours
        const adapter = adapterOf(device);
        for (const [index, chain] of chains.entries()) {
          progress.report("merge", index, chains.length);
          const found = await mergedChain(plan, pass, chain, adapter, running);
          const { size } = plan.plan;
          const state = new StateFile(folder, chain, {
            plan,
            adapter,
            found,
            signal,
            share: { first: size, end: size },
          });
          if (isLastPhase(found.at)) await state.keep(found);
          else await runPhase(chain, loaded, state, { signal, progress: () => {} });
          if (!state.wasKept) throw new Error(`Nothing follows "${found.at}".`);
        }
        await folder.write(MERGED, `${JSON.stringify({ pass, chains: chains.map(({ name }) => name) })}\n`);
      }),
    ),
  );
  progress.end();
  if (!complete) return false;
  note(`Pass ${pass} is merged (${running.took()}).`);
  await removeMergedParts(plan);
  return true;
}

/**
 * What all parts counted of a chain in a pass, with what they began with.
 * @throws OutputError for a part's state that is missing or damaged.
 */
export async function mergedChain(
  plan: OpenPlan,
  pass: number,
  chain: Chain,
  adapter: string,
  { signal }: Running,
): Promise<DissectionState> {
  const { parts, size, options } = plan.plan;
  const base = await baseOf(chain, plan, pass);
  if (base) checkAdapter(plan.folder, base, adapter);
  const merging = new Merging(Math.min(options.examples, size));
  for (const share of inOrder(parts)) {
    signal.throwIfAborted();
    const part = parts.indexOf(parts.find(({ first }) => first === share.first)!) + 1;
    const path = join(partFolder(plan, pass, part), stateFile(chain));
    const again = `run ganatomy part ${quoted(plan.folder)} ${part} --pass ${pass} again`;
    const found = await readState(path, plan, () => {
      throw new OutputError(`"${path}" is damaged.`, `Remove it, and ${again}.`);
    });
    // It was there when parts were looked at.
    if (!found) throw new OutputError(`"${path}" is missing.`, sentence(again));
    checkAdapter(path, found, adapter);
    merging.add(found.state, share);
  }
  const { at, done, tables } = merging.state;
  return { at, done, tables: new Map([...(base?.state.tables ?? []), ...tables]) };
}

/** @throws OutputError naming the parts that are missing, or have not come to their end. */
async function checkParts(plan: OpenPlan, pass: number): Promise<void> {
  const missing: number[] = [];
  for (let part = 1; part <= plan.plan.parts.length; part += 1) {
    if (!(await isWhole(plan, pass, part))) missing.push(part);
  }
  if (missing.length === 0) return;
  const [first] = missing;
  throw new OutputError(
    `Pass ${pass} of "${plan.folder}" lacks ${missing.length === 1 ? "part" : "parts"} ${ranges(missing)} of ${plan.plan.parts.length}.`,
    `Run ganatomy part ${quoted(plan.folder)} ${missing.length === 1 ? first : `K, K being ${ranges(missing)}`}, then this again.`,
  );
}

/** "1-3, 7" */
export function ranges(numbers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last && last[1] === number - 1) last[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(", ");
}

/**
 * What was counted into merged passes is not needed any more: of large layers it is gigabytes. A
 * merge that was killed meanwhile leaves some for the next.
 */
async function removeMergedParts(plan: OpenPlan): Promise<void> {
  for (let pass = 1; await isMerged(plan, pass); pass += 1) {
    const there = new Set(await readdir(passFolder(plan, pass)));
    for (let part = 1; part <= plan.plan.parts.length; part += 1) {
      const folder = partFolder(plan, pass, part);
      if (!there.has(basename(folder))) continue;
      for (const name of [...chainsOf(plan.plan).map(stateFile), MARKER]) await rm(join(folder, name), { force: true });
      await rmdir(folder).catch(() => {}); // something of somebody else's is in it
    }
  }
}

/** Writes the report of what was counted; resolves with the exit status. */
export async function writeMerged(
  plan: OpenPlan,
  { json, force }: { readonly json?: boolean; readonly force?: boolean },
  running: Running,
): Promise<number> {
  const { options, outdir, size, command } = plan.plan;
  await removeMergedParts(plan);
  const opened = await openPlanned(plan, running);
  const job = { ...opened, provenance: { ...opened.provenance, command } };
  const ends = new Map<string, Found>();
  for (const chain of chainsOf(plan.plan)) ends.set(chain.layer ?? "", (await endOf(chain, plan))!);
  const going = (layer: string): Checkpoints => ({
    found: ends.get(layer)!.state,
    share: { first: size, end: size },
    due: () => false,
    keep: async () => {},
  });
  const settings = settingsOf("dissect", options);
  return intoReport(
    running,
    {
      ...{ path: outdir, settings, elsewhere: "make the plan again with another --outdir" },
      ...((force ?? options.force) && { force: true }),
      ...(json && { json }),
    },
    (folder) =>
      inNode({ tune: false }, folder, running, (place) => {
        for (const end of ends.values()) checkAdapter(plan.folder, end, adapterOf(place.device));
        return runJob(job, { ...place, checkpoints: going(""), unitCheckpoints: going });
      }),
  );
}
