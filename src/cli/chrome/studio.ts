import { OutputError } from "../../errors.ts";
import type { DrawingPlan, Studio } from "../../report/studio.ts";
import { type Hand, handsFor, PoolStudio } from "../../report/studio-pool.ts";

/** What a page says of its machine's memory: gibibytes, at most 8. Unknown where it is not said. */
const UNSAID_GIB = 4;

/**
 * Workers that draw a report's pictures, of this page's own script: they are started from its text, as Chrome that puppeteer
 * drives never answers what a worker asks the network for.
 */
export async function webStudio(script: string): Promise<(plan: DrawingPlan) => Studio | undefined> {
  const text = await (await fetch(script)).text();
  return (plan) => {
    const { deviceMemory = UNSAID_GIB } = navigator as { deviceMemory?: number };
    const hands = handsFor(plan, { cores: navigator.hardwareConcurrency, memory: deviceMemory * 2 ** 30 });
    if (hands === 0) return undefined;
    const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    return new PoolStudio(
      plan,
      Array.from({ length: hands }, () => webHand(url)),
    );
  };
}

function webHand(url: string): Hand {
  const worker = new Worker(url, { type: "module" });
  return {
    send: (message, transfer) => worker.postMessage(message, transfer),
    listen(answered, died) {
      worker.onmessage = ({ data }) => answered(data);
      worker.onerror = ({ message }) => {
        died(new OutputError(`A worker that draws pictures ended: ${message}.`, "The numbers have been written."));
      };
    },
    busy() {},
    end: async () => worker.terminate(),
  };
}
