// The process in which files are opened: told which by its parent, it answers what they cost.
// Nothing of the readers is loaded before the memory of an idle process was looked at.
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Files to be opened: one by its path, or mutants by their numbers. */
export type Task =
  | { readonly kind: string; readonly path: string; readonly folder: string }
  // a large file, whose tensor "small" of so many bytes is needed
  | { readonly large: string; readonly needed: number }
  | {
      readonly format: string;
      readonly seed: number;
      readonly first: number;
      readonly end: number;
      readonly folder: string;
    };

/** What went wrong with a file. */
export interface Fault {
  readonly index: number;
  readonly what: string;
}

/** What the files of a task cost: their process's highest resident memory above that of Node. */
export interface Cost {
  readonly peak: number;
  /** The most that any of the files may take. */
  readonly granted: number;
  readonly fault?: Fault;
  /** Files that were refused, and were not. */
  readonly refused: number;
  readonly opened: number;
  readonly said: string;
}

/**
 * The process's highest resident memory. What the system counts for a process may be its parent's,
 * from before it was itself; Linux tells its own.
 */
function peak(): number {
  try {
    return 1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
  } catch {
    return 1024 * process.resourceUsage().maxRSS;
  }
}

const idle = peak();

process.on("message", async (task: Task) => {
  if ("large" in task) {
    process.send!({ cost: await costOfLarge(task) });
    return;
  }
  const { OPENERS, isOurs } = await import("./openers.ts");
  const { FORMATS, mutant } = await import("./mutants.ts");
  const { mayTake } = await import("./rule.ts");
  const kind = ("kind" in task ? task.kind : FORMATS[task.format]!.kind) as keyof typeof OPENERS;
  const [first, end] = "kind" in task ? [0, 1] : [task.first, task.end];
  let [granted, refused, opened, said] = [0, 0, 0, ""];
  let fault: Fault | undefined;
  for (let index = first; index < end && !fault; index += 1) {
    process.send!({ at: index });
    const bytes = "kind" in task ? Uint8Array.from(readFileSync(task.path)) : mutant(task.format, task.seed, index);
    let isRead = false;
    const started = process.cpuUsage();
    try {
      await OPENERS[kind](bytes, join(task.folder, String(process.pid)));
      isRead = true;
      opened += 1;
    } catch (error) {
      refused += 1;
      said = String(error);
      if (!isOurs(error)) fault = { index, what: `is answered by no error of ours: ${stackOf(error)}` };
      else if (/\[object |\bundefined\b|\bNaN\b/.test(said) || said.length > 1700)
        fault = { index, what: `gets a message that nobody understands: ${said.slice(0, 300)}` };
    }
    const { user, system } = process.cpuUsage(started);
    const { memory, cpuMs } = mayTake(bytes, isRead);
    granted = Math.max(granted, memory);
    if ((user + system) / 1000 > cpuMs)
      fault ??= {
        index,
        what: `took ${Math.round((user + system) / 1000)} ms of CPU where ${Math.round(cpuMs)} are granted`,
      };
  }
  const cost: Cost = { peak: peak() - idle, granted, refused, opened, said, ...(fault && { fault }) };
  process.send!({ cost });
});

/** What it costs to read the tensor that is needed of a file, as weights are read in Node. */
async function costOfLarge({ large, needed }: Extract<Task, { readonly large: string }>): Promise<Cost> {
  const { readSmall } = await import("./openers.ts");
  const { LARGE_MEMORY } = await import("./rule.ts");
  const count = await readSmall(large);
  const fault = 4 * count === needed ? {} : { fault: { index: 0, what: `read ${count} numbers` } };
  return { peak: peak() - idle, granted: LARGE_MEMORY + needed, refused: 0, opened: 1, said: "", ...fault };
}

const stackOf = (error: unknown): string =>
  (error instanceof Error ? (error.stack ?? error.message) : String(error)).slice(0, 600);
