// Tests: test/cli/chrome/server.test.ts
import type { WireError } from "../../report/wire-error.ts";
import type { Job } from "../run.ts";
import type { Summary } from "../summary.ts";

/** A job as the page gets it: its files are addresses. */
export type PageJob = Job<string>;

/** How a job in the page ended. */
export type PageOutcome = { readonly summary: Summary } | { readonly aborted: true } | { readonly error: WireError };

/** What the page offers to Node. */
export interface PageCalls {
  hasAdapter(): Promise<boolean>;
  run(job: PageJob): Promise<PageOutcome>;
  abort(): void;
}

/** What Node offers to the page: names of functions that puppeteer puts there. */
export interface NodeCalls {
  ganatomyProgress(phase: string, done: number, total: number): Promise<void>;
  ganatomyNote(text: string): Promise<void>;
}

/** Under this name the page keeps its calls. */
export const PAGE = "ganatomyPage";

/** The script of the page's workers, beside its own. */
export const WORKER = "chrome-drawing-worker.js";

export { packError, unpackError, type WireError } from "../../report/wire-error.ts";
