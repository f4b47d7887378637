import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { PhotoFault } from "../../report/photo-fault.ts";
import { abortable } from "../../weights/abort.ts";
import type { Photo } from "./photo.ts";
import type { Encoded } from "./pixels.ts";

/** What the thread answers. */
export type Answer =
  | { readonly photo: Photo }
  | { readonly fault: string; readonly truncated: boolean; readonly cause: unknown }
  | { readonly failed: true };

/** Options of `decodeApart`. */
export interface Apart {
  /** Ends the thread. */
  readonly signal?: AbortSignal | undefined;
  /** The thread's script, a file; it lies beside this module unless given. */
  readonly script?: URL | undefined;
}

/** Milliseconds after which a thread that nothing was asked of ends, and its memory with it. */
const IDLE_MS = 5000;

/** The thread, kept for the next photo, and what will end it. */
let kept: { readonly worker: Worker; readonly script: string; readonly end: NodeJS.Timeout } | undefined;
/** The script whose thread ended by itself, or could not be started: so would the next. */
let failed: string | undefined;
/** Settles when the thread is free. */
let before: Promise<unknown> = Promise.resolve();

/**
 * Decodes a photo in a thread of its own, so that this one hears signals meanwhile; one photo at a
 * time. The file's bytes are copied, as callers go on to hash them; the pixels are transferred.
 * Undefined where no thread can be started, the thread ended by itself, or it failed otherwise than
 * by what is wrong with the file, as where memory ran out: then it is to be decoded here.
 * @throws PhotoFault as `pixelsOf`; the signal's reason, at once, and the thread is ended.
 */
export async function decodeApart(file: Encoded, { signal, script: given }: Apart = {}): Promise<Photo | undefined> {
  const script = scriptOf(given);
  if (script === undefined) return undefined;
  const answered = before.then(() => (signal?.aborted || script === failed ? undefined : ask(script, file, signal)));
  const over = (): void => {}; // keeps no pixels
  before = answered.then(over, over);
  const answer = await abortable(answered, signal);
  if (!answer || "failed" in answer) return undefined;
  if ("photo" in answer) return answer.photo;
  throw new PhotoFault(answer.fault, answer.truncated, { cause: answer.cause });
}

/** Where the script lies, if it does: bundlers leave it out, and sources have it in TypeScript. */
function scriptOf(given: URL | undefined): string | undefined {
  try {
    const path = fileURLToPath(given ?? new URL("./photo-worker.js", import.meta.url));
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined; // no file, or no place of our own
  }
}

/** What the thread says of a file; undefined when it was ended, or ended. */
async function ask(script: string, file: Encoded, signal: AbortSignal | undefined): Promise<Answer | undefined> {
  let worker: Worker;
  try {
    worker = take(script);
  } catch {
    failed = script; // threads may be forbidden
    return undefined;
  }
  let stop = (): void => {};
  let lost = (): void => {};
  const answer = await new Promise<Answer | undefined>((resolve) => {
    stop = () => resolve(undefined);
    lost = () => {
      failed = script;
      resolve(undefined);
    };
    signal?.addEventListener("abort", stop);
    worker.once("message", resolve).once("messageerror", lost).once("exit", lost);
    worker.ref();
    try {
      worker.postMessage(file);
    } catch {
      stop(); // no room for a copy
    }
  });
  signal?.removeEventListener("abort", stop);
  worker.removeAllListeners("message").off("messageerror", lost).off("exit", lost);
  if (answer && !("failed" in answer)) keep(worker, script);
  else await worker.terminate();
  return answer;
}

/** The thread that is kept, or a new one. */
function take(script: string): Worker {
  const found = kept;
  kept = undefined;
  clearTimeout(found?.end);
  if (found?.script === script) return found.worker;
  void found?.worker.terminate();
  // a debugger's or a profiler's flags are for the program itself
  const worker = new Worker(script, { name: "ganatomy-photo", execArgv: [] });
  worker.on("error", () => {}); // "exit" follows
  worker.once("exit", () => {
    if (kept?.worker === worker) kept = undefined;
  });
  return worker;
}

/** Keeps a thread that nobody waits for, for a while. */
function keep(worker: Worker, script: string): void {
  worker.unref();
  const end = setTimeout(() => {
    kept = undefined; // at once: it takes a while to end
    void worker.terminate();
  }, IDLE_MS);
  kept = { worker, script, end: end.unref() };
}
