import { type ErrorCode, GanatomyError } from "../../errors.ts";
import type { Job } from "../run.ts";
import type { Summary } from "../summary.ts";

/** A job as the page gets it: its files are addresses. */
export type PageJob = Job<string>;

/** An error as it travels between Node and the page. */
export interface WireError {
  readonly name: string;
  readonly message: string;
  /** Both are there for errors thrown on purpose. */
  readonly code?: ErrorCode;
  readonly fix?: string;
  readonly stack?: string;
}

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

export function packError(error: unknown): WireError {
  if (error instanceof GanatomyError) {
    const { name, code, fix } = error;
    return { name, code, fix, message: error.fix ? error.message.slice(0, -fix.length).trimEnd() : error.message };
  }
  if (error instanceof Error)
    return { name: error.name, message: error.message, ...(error.stack && { stack: error.stack }) };
  return { name: "Error", message: String(error) };
}

export function unpackError(wire: WireError): Error {
  const error = wire.code ? new GanatomyError(wire.code, wire.message, wire.fix ?? "") : new Error(wire.message);
  error.name = wire.name;
  if (wire.stack) error.stack = wire.stack;
  return error;
}
