// Tests: test/browser/drawing-workers.test.ts
import { OutputError } from "../../errors.ts";
import type { DrawingPlan, DrawingPool } from "../../report/drawing.ts";
import { type Hand, handsFor, type PoolOptions, startPool } from "../../report/drawing-pool.ts";
import { canvasEncoder } from "../../report/encode-canvas.ts";

/** What a page says of its machine's memory: gibibytes, at most 8. Unknown where it is not said. */
const UNSAID_GIB = 4;

/**
 * Workers that draw a report's pictures, of this page's own script: they are started from its text,
 * as Chrome that puppeteer drives never answers what a worker asks the network for. None where it
 * cannot be had: then the page draws.
 */
export function webPool(
  script: string,
  options?: PoolOptions,
): (plan: DrawingPlan) => Promise<DrawingPool | undefined> {
  return async (plan) => {
    const { deviceMemory = UNSAID_GIB } = navigator as { deviceMemory?: number };
    const hands = handsFor(plan, { cores: navigator.hardwareConcurrency, memory: deviceMemory * 2 ** 30 });
    const text = hands > 0 ? await textOf(script) : undefined;
    if (text === undefined) return undefined;
    const blob = new Blob([text], { type: "text/javascript" });
    return startPool(plan, hands, () => webHand(blob), canvasEncoder(), options);
  };
}

async function textOf(script: string): Promise<string | undefined> {
  try {
    const response = await fetch(script);
    return response.ok ? await response.text() : undefined;
  } catch {
    return undefined;
  }
}

function webHand(script: Blob): Hand {
  const url = URL.createObjectURL(script);
  let worker: Worker;
  try {
    worker = new Worker(url, { type: "module" });
  } catch (error) {
    URL.revokeObjectURL(url);
    throw error;
  }
  return {
    send: (message, transfer) => worker.postMessage(message, transfer),
    listen(answered, died) {
      const lost = (why?: string): void =>
        died(
          new OutputError(
            `A worker that draws pictures ended${why ? `: ${why}` : ""}.`,
            "What it was to draw is drawn by the others, or by the page itself.",
          ),
        );
      worker.onmessage = ({ data }) => answered(data);
      // Not by `onmessageerror`, which Chrome's workers do not have.
      worker.addEventListener("messageerror", () => lost("what it drew could not be read"));
      // none where the script itself could not be loaded
      worker.onerror = ({ message }) => lost(message);
    },
    busy() {},
    async end() {
      worker.terminate();
      URL.revokeObjectURL(url); // not before: the script is read when the worker comes to it
    },
  };
}
