// Tests: test/cli/parts/states.test.ts

import { join } from "node:path";
import type { Checkpoints, DissectionState, Share } from "../../dissect/checkpoint.ts";
import { isLastPhase } from "../../dissect/merge.ts";
import { OutputError, UsageError } from "../../errors.ts";
import { unreadable } from "../../node/file-errors.ts";
import type { OutputFolder } from "../../node/folder.ts";
import { openRegular, readBytes } from "../../node/regular-file.ts";
import type { Device } from "../../runtime/device.ts";
import { KeepingPace } from "../keeping-pace.ts";
import { type About, packState, stateHead, unpackState } from "../state-file.ts";
import { type Chain, chainsOf } from "./chains.ts";
import { type OpenPlan, REPLAN } from "./plan.ts";
import { quoted } from "./slurm.ts";

const FORMAT = "ganatomy part 2";
/** Bytes in which the first line of a state ends. */
const HEAD_BYTES = 2 ** 20;

/** Folders of a plan's passes and parts, both from 1 on. */
export const passFolder = ({ folder }: OpenPlan, pass: number): string => join(folder, `pass-${pass}`);
export const partFolder = (plan: OpenPlan, pass: number, part: number): string =>
  join(passFolder(plan, pass), `part-${part}`);
export const mergedFolder = (plan: OpenPlan, pass: number): string => join(passFolder(plan, pass), "merged");
export const stateFile = ({ name }: Chain): string => `${name}.state`;

/** An adapter, as bits may depend on it. */
export const adapterOf = ({ adapter: { vendor, architecture, description, software } }: Device): string =>
  JSON.stringify([vendor, architecture, description, software ? "software" : ""]);

/** What a state says of itself. */
export interface Found {
  readonly state: DissectionState;
  /** The adapter it was counted on. */
  readonly adapter: string;
}

/**
 * What a file holds of a plan; undefined where there is none, or it is damaged, which is told.
 * @throws UsageError for another plan's.
 */
export async function readState(
  path: string,
  plan: OpenPlan,
  onDamaged: (path: string) => void = () => {},
): Promise<Found | undefined> {
  const bytes = await readBytes(path, (cause) => {
    if (cause.code === "ENOENT") return undefined;
    return unreadable(path, cause, REPLAN);
  });
  if (!bytes) return undefined;
  const found = unpackState(bytes, FORMAT);
  if (!found) {
    onDamaged(path);
    return undefined;
  }
  checkPlan(path, found.about, plan);
  return { state: found.state, adapter: String(found.about.adapter) };
}

/**
 * How far a file says it is, without what it counted: a look at each of a thousand takes no
 * minutes.
 */
export async function stateDone(path: string, plan: OpenPlan): Promise<{ at: string; done: number } | undefined> {
  const file = await openRegular(path).catch((cause) => {
    if (cause instanceof UsageError) throw cause;
    if (cause.code === "ENOENT") return undefined;
    return unreadable(path, cause, REPLAN);
  });
  if (!file) return undefined;
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const head = stateHead(buffer.subarray(0, bytesRead), FORMAT);
    if (head) checkPlan(path, head.about, plan);
    return head;
  } finally {
    await file.close();
  }
}

function checkPlan(path: string, about: About, { key, folder }: OpenPlan): void {
  if (about.plan === key) return;
  throw new UsageError(
    `"${path}" is of another plan than "${folder}" is now.`,
    "Remove the folders pass-… of the old plan, or take another folder for the new one.",
  );
}

/**
 * @throws UsageError where what was counted on one adapter would be mixed with what is on another.
 */
export function checkAdapter(path: string, { adapter }: Found, own: string): void {
  if (adapter === own) return;
  throw new UsageError(
    `"${path}" was counted on ${shown(adapter)}, and this is ${shown(own)}: their results differ in the last bits.`,
    "Run all parts and merges of a plan on one kind of adapter.",
  );
}

function shown(adapter: string): string {
  try {
    const [vendor, architecture, description] = JSON.parse(adapter) as string[];
    return description || [vendor, architecture].filter(Boolean).join(" ") || "an unnamed adapter";
  } catch {
    return "an unknown adapter";
  }
}

/**
 * Where a chain begins in a pass: what was merged in the one before, or long before where it has
 * ended; undefined in the first.
 * @throws OutputError where the pass before is not merged.
 */
export async function baseOf(chain: Chain, plan: OpenPlan, pass: number): Promise<Found | undefined> {
  for (let before = pass - 1; before > 0; before -= 1) {
    const path = join(mergedFolder(plan, before), stateFile(chain));
    const found = await readState(path, plan, damagedMerge);
    if (found) return found;
    // A chain that has ended has no state behind that.
    if (before === pass - 1 && !(await isMerged(plan, before))) throw notMerged(plan, before);
  }
  if (pass === 1) return undefined;
  throw notMerged(plan, pass - 1);
}

function damagedMerge(path: string): never {
  throw new OutputError(
    `"${path}" is damaged.`,
    "Remove it, and the folders of its pass and of those behind it, and run them again.",
  );
}

const notMerged = (plan: OpenPlan, pass: number): OutputError =>
  new OutputError(
    `Pass ${pass} of "${plan.folder}" is not merged.`,
    `Run ganatomy merge ${quoted(plan.folder)} when its parts are done.`,
  );

/** The chains that still count in a pass. */
export async function chainsLeft(plan: OpenPlan, pass: number): Promise<Chain[]> {
  const chains = chainsOf(plan.plan);
  if (pass === 1) return chains;
  if (!(await isMerged(plan, pass - 1))) throw notMerged(plan, pass - 1);
  const left: Chain[] = [];
  for (const chain of chains) {
    const head = await stateDone(join(mergedFolder(plan, pass - 1), stateFile(chain)), plan);
    if (head && !(isLastPhase(head.at) && head.done === plan.plan.size)) left.push(chain);
  }
  return left;
}

/** The file whose presence says that a pass is merged. */
export const MERGED = "merged.json";

export async function isMerged(plan: OpenPlan, pass: number): Promise<boolean> {
  return (await readBytes(join(mergedFolder(plan, pass), MERGED), () => undefined)) !== undefined;
}

/** The first pass that is not merged. */
export async function nextPass(plan: OpenPlan): Promise<number> {
  let pass = 1;
  while (await isMerged(plan, pass)) pass += 1;
  return pass;
}

/** What a chain ended with; undefined where it has not. */
export async function endOf(chain: Chain, plan: OpenPlan): Promise<Found | undefined> {
  for (let pass = 1; await isMerged(plan, pass); pass += 1) {
    const left = await chainsLeft(plan, pass + 1);
    if (!left.some(({ name }) => name === chain.name)) return baseOf(chain, plan, pass + 1);
  }
  return undefined;
}

/** Whether all has been counted: the report can be written. */
export async function isCounted(plan: OpenPlan): Promise<boolean> {
  for (const chain of chainsOf(plan.plan)) if (!(await endOf(chain, plan))) return false;
  return true;
}

/** Keeps a chain's state in a folder of a plan. */
export class StateFile implements Checkpoints {
  readonly found: DissectionState | undefined;
  readonly share: Share;
  /** Whether anything was kept. */
  wasKept = false;
  readonly #folder: OutputFolder;
  readonly #file: string;
  readonly #about: About;
  readonly #pace: KeepingPace;

  constructor(
    folder: OutputFolder,
    chain: Chain,
    {
      plan,
      adapter,
      found,
      share,
      signal,
    }: {
      readonly plan: OpenPlan;
      readonly adapter: string;
      readonly found: DissectionState | undefined;
      readonly share: Share;
      readonly signal: AbortSignal;
    },
  ) {
    this.found = found;
    this.share = share;
    this.#folder = folder;
    this.#file = stateFile(chain);
    this.#about = { plan: plan.key, adapter };
    this.#pace = new KeepingPace(signal);
  }

  due(): boolean {
    return this.#pace.due();
  }

  async keep(state: DissectionState): Promise<void> {
    await this.#pace.timed(() => this.#folder.write(this.#file, packState(FORMAT, this.#about, state)));
    this.wasKept = true;
  }
}
