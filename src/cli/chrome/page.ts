// Tests: test/cli/commands/dissect.test.ts
/**
 * The script of the page that headless Chrome opens for `--chrome`: the same job as in Node, on the
 * browser's own WebGPU.
 */
import { Device } from "../../index.ts";
import { canvasEncoder } from "../../report/encode-canvas.ts";
import type { Folder } from "../../report/folder.ts";
import { runJob } from "../run.ts";
import { webPool } from "./drawing-workers.ts";
import {
  type NodeCalls,
  PAGE,
  type PageCalls,
  type PageJob,
  type PageOutcome,
  packError,
  unpackError,
  type WireError,
  WORKER,
} from "./wire.ts";

const page = globalThis as typeof globalThis & NodeCalls & { [PAGE]: PageCalls };

const abort = new AbortController();

const note = (text: string): void => void page.ganatomyNote(text);

/** News more often than this only load the connection to Node. */
const NEWS_MS = 50;

const calls: PageCalls = {
  async hasAdapter() {
    return Boolean(await navigator.gpu?.requestAdapter());
  },
  async run(job: PageJob): Promise<PageOutcome> {
    try {
      const { signal } = abort;
      const device = await Device.request({ signal, onWarning: note, ...(job.tune === false && { tune: false }) });
      try {
        const { description, vendor, architecture, software } = device.adapter;
        const name = description || [vendor, architecture].filter(Boolean).join(" ") || "an unnamed adapter";
        note(`Running in Chrome on ${name}${software ? " (software: right, but far slower than a GPU)" : ""}.`);
        const summary = await runJob(job, {
          device,
          folder: postingFolder,
          encoder: canvasEncoder(),
          pool: webPool(WORKER, { onLost: ({ message }) => note(message) }),
          signal,
          progress: progress(),
          note,
        });
        return { summary };
      } finally {
        device.dispose();
      }
    } catch (error) {
      return error === abort.signal.reason ? { aborted: true } : { error: packError(error) };
    }
  },
  abort: () => abort.abort(new DOMException("Interrupted.", "AbortError")),
};

page[PAGE] = calls;

/** Files go to the server that this page came from; it puts them on the disk. */
const postingFolder: Folder = {
  async write(path, data) {
    const body = typeof data === "string" ? data : new Blob([data as Uint8Array<ArrayBuffer>]);
    const response = await fetch(`files/${path.split("/").map(encodeURIComponent).join("/")}`, { method: "PUT", body });
    if (!response.ok) throw unpackError((await response.json()) as WireError);
  },
};

function progress(): (phase: string, done: number, total: number) => void {
  let last = { phase: "", time: 0 };
  return (phase, done, total) => {
    const time = performance.now();
    if (phase === last.phase && done < total && time - last.time < NEWS_MS) return;
    last = { phase, time };
    void page.ganatomyProgress(phase, done, total);
  };
}
