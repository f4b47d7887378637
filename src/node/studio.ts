import { existsSync } from "node:fs";
import { availableParallelism, freemem } from "node:os";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { OutputError } from "../errors.ts";
import type { DrawingPlan, Studio } from "../report/studio.ts";
import { type Hand, handBytes, handsFor, type Machine, PoolStudio } from "../report/studio-pool.ts";

function thisMachine(): Machine {
  // What a container may still take, where Node knows it (20.13).
  const { availableMemory } = process as { availableMemory?: () => number };
  return { cores: availableParallelism(), memory: availableMemory?.call(process) ?? freemem() };
}

/**
 * Threads that draw a report's pictures: the `studio` of `writeReport` in Node. Undefined, so that this thread draws, where that
 * is as fast: with one core, little memory, or little to draw.
 */
export function threadStudio(
  plan: DrawingPlan,
  { script = new URL("./studio-worker.js", import.meta.url), threads = handsFor(plan, thisMachine()) } = {},
): Studio | undefined {
  if (threads < 1 || !existsSync(fileURLToPath(script))) return undefined;
  return new PoolStudio(
    plan,
    Array.from({ length: threads }, () => threadHand(script, plan)),
  );
}

function threadHand(script: URL, plan: DrawingPlan): Hand {
  const heap = Math.ceil(handBytes(plan) / 2 ** 20);
  const worker = new Worker(script, {
    name: "ganatomy-studio",
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
            "The numbers have been written. Free some memory, or show fewer --examples.",
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
