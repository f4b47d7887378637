import { existsSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { OutputError, UsageError } from "../errors.ts";
import { checkNames, type NamesOf } from "../names.ts";
import type { DrawingPlan, DrawingPool } from "../report/drawing.ts";
import { type Hand, handBytes, handsFor, type Machine, type PoolOptions, startPool } from "../report/drawing-pool.ts";
import { nodeEncoder } from "./photo/encoder.ts";

/** Of a Mac's memory, what is taken to be free. */
const MAC_SHARE = 0.5;

export function thisMachine(): Machine {
  // What a container may still take. On macOS libuv long counted only pages that nothing had ever
  // used, of which there are few on any Mac that has been up for a while: a share of all memory
  // there. Not tried on a Mac.
  const memory = process.platform === "darwin" ? totalmem() * MAC_SHARE : process.availableMemory();
  return { cores: availableParallelism(), memory };
}

/** Options of `threadPool`. */
export interface ThreadPoolOptions extends PoolOptions {
  /** The threads' script, a file; it lies beside this module unless given. */
  readonly script?: URL | undefined;
  /** How many; as many as are worth while unless given. */
  readonly threads?: number | undefined;
}

const NAMES: NamesOf<ThreadPoolOptions> = { script: true, threads: true, keptBytes: true, onLost: true };

/**
 * Threads that draw a report's pictures: the `pool` of `writeReport` in Node. Undefined, so that
 * this thread draws, where that is as fast - with one core, little memory, or little to draw - and
 * where no thread can be started.
 * @throws UsageError for a number of threads that is none, and for a script that is given and not
 *   there.
 */
export function threadPool(plan: DrawingPlan, options: ThreadPoolOptions = {}): DrawingPool | undefined {
  checkNames("threadPool", options, NAMES);
  const threads = options.threads ?? handsFor(plan, thisMachine());
  if (!Number.isInteger(threads) || threads < 0) {
    throw new UsageError(`${String(threads)} threads make no sense.`, "Give a whole number; 0 draws in this thread.");
  }
  const script = threads < 1 ? undefined : threadScript(options.script);
  return script && startPool(plan, threads, () => threadHand(script, plan), nodeEncoder(), options);
}

/**
 * The script, where it is a file that exists: bundlers leave it out, and `import.meta.url` too when
 * they make CommonJS.
 */
function threadScript(given: URL | undefined): URL | undefined {
  let script = given;
  let found = false;
  try {
    script ??= new URL("./drawing-worker.js", import.meta.url);
    found = existsSync(fileURLToPath(script));
  } catch {
    // No file, or no place of our own.
  }
  if (found) return script;
  if (given)
    throw new UsageError(`There is no threads' script at ${String(given)}.`, "Leave it out, or name the file.");
  return undefined;
}

function threadHand(script: URL, plan: DrawingPlan): Hand {
  const heap = Math.ceil(handBytes(plan) / 2 ** 20);
  const worker = new Worker(script, {
    name: "ganatomy-drawing",
    execArgv: [], // a debugger's or a profiler's flags are for the program itself
    resourceLimits: { maxOldGenerationSizeMb: heap, maxYoungGenerationSizeMb: 16 },
  });
  let ended = false;
  return {
    send: (message, transfer) => worker.postMessage(message, transfer),
    listen(answered, died) {
      const lost = (cause?: unknown): void => {
        if (ended) return;
        died(
          new OutputError(
            `A thread that draws pictures ended${cause instanceof Error ? `: ${cause.message}` : ""}.`,
            "What it was to draw is drawn by the others, or by the program itself. Free some memory if it was that.",
            { cause },
          ),
        );
      };
      worker.on("message", answered);
      worker.on("messageerror", lost);
      worker.on("error", lost);
      worker.on("exit", () => lost());
    },
    busy: (isBusy) => (isBusy ? worker.ref() : worker.unref()),
    async end() {
      ended = true;
      await worker.terminate();
    },
  };
}
