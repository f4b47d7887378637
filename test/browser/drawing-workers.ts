/**
 * A page, and its workers, that draw a report's pictures both ways; see drawing-workers.test.ts.
 */
import { webPool } from "../../src/cli/chrome/drawing-workers.ts";
import type { DrawingPool } from "../../src/report/drawing.ts";
import { serveDrawing } from "../../src/report/drawing-serve.ts";
import { canvasEncoder } from "../../src/report/encode-canvas.ts";
import { memoryFolder } from "../../src/report/folder.ts";
import { writeReport } from "../../src/report/write.ts";
import { fixture, PROVENANCE } from "../report/fixture.ts";

export interface Outcome {
  readonly files: number;
  readonly different: readonly string[];
  readonly width: number | undefined;
  /** Addresses made of the script that are still held. */
  readonly urls: number;
  /** Why a worker was lost. */
  readonly lost: readonly string[];
}

/** What befalls the workers: nothing, their script cannot be fetched, or it cannot be loaded. */
export type Trouble = "none" | "no script" | "broken script" | "unreadable answers";

const text = (data: Uint8Array | string | undefined): string => (typeof data === "string" ? data : String(data));

/** `Worker`, `fetch` and addresses as they are, but for the trouble. */
function prepare(trouble: Trouble): { urls: Set<string>; restore(): void } {
  const { fetch, Worker } = globalThis;
  const { createObjectURL, revokeObjectURL } = URL;
  const urls = new Set<string>();
  URL.createObjectURL = (blob) => {
    const url = createObjectURL.call(URL, blob);
    urls.add(url);
    return url;
  };
  URL.revokeObjectURL = (url) => {
    urls.delete(url);
    revokeObjectURL.call(URL, url);
  };
  if (trouble === "no script") globalThis.fetch = () => Promise.reject(new TypeError("Failed to fetch"));
  if (trouble === "broken script") {
    globalThis.fetch = async () => new Response('throw new Error("no such thing");');
  }
  if (trouble === "unreadable answers") {
    globalThis.Worker = class extends Worker {
      override postMessage(): void {
        setTimeout(() => this.dispatchEvent(new MessageEvent("messageerror")), 1);
      }
    };
  }
  return {
    urls,
    restore() {
      Object.assign(globalThis, { fetch, Worker });
      Object.assign(URL, { createObjectURL, revokeObjectURL });
    },
  };
}

async function compare(trouble: Trouble): Promise<Outcome> {
  const lost: string[] = [];
  const { urls, restore } = prepare(trouble);
  const make = webPool(import.meta.url, { onLost: ({ message }) => lost.push(message) });
  const { dissection, pictures } = fixture({ layers: [{ layer: "layer4", units: 130, size: 8 }], examples: 16 });
  const options = { encoder: canvasEncoder(), provenance: PROVENANCE };
  const [one, many] = [memoryFolder(), memoryFolder()];
  let pool: DrawingPool | undefined;
  await writeReport(one, dissection, pictures(), options);
  await writeReport(many, dissection, pictures(), {
    ...options,
    pool: async (plan) => {
      pool = await make(plan);
      return pool;
    },
  });
  restore();
  const different = [...one.files].filter(([path, data]) => text(data) !== text(many.files.get(path)));
  return {
    files: many.files.size,
    different: different.map(([path]) => path),
    width: pool?.width,
    urls: urls.size,
    lost,
  };
}

if ("document" in globalThis) (globalThis as { compare?: typeof compare }).compare = compare;
else {
  const worker = globalThis as unknown as Pick<Worker, "postMessage" | "onmessage">;
  const draw = serveDrawing(canvasEncoder(), (message, transfer) => worker.postMessage(message, transfer));
  worker.onmessage = ({ data }) => draw(data);
}
