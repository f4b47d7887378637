// CPU time, of whoever computes: on a software adapter and in WebAssembly it is what a run costs,
// however many cores are free.

/** What a page is given by the runner (hosts/chrome.mjs); Node has `process`. */
declare global {
  var cpuMilliseconds: (() => Promise<number>) | undefined;
}

/**
 * CPU milliseconds so far, of all threads: of this process in Node, of all of Chrome's in a page;
 * null where nobody tells.
 */
export async function cpuTime(): Promise<number | null> {
  if (globalThis.cpuMilliseconds) return globalThis.cpuMilliseconds();
  // A page has no process, and what bundlers put there has no such function.
  const usage = (
    globalThis as { process?: { cpuUsage?: () => { user: number; system: number } } }
  ).process?.cpuUsage?.();
  return usage ? (usage.user + usage.system) / 1000 : null;
}

/** The difference, where both are known. */
export const between = (before: number | null, after: number | null): number | null =>
  before === null || after === null ? null : after - before;
