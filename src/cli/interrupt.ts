import { EXIT } from "./exit.ts";

/** Why a run ended early: somebody pressed Ctrl-C, sent SIGTERM, or closed the terminal. */
export class Interrupted extends Error {
  override readonly name = "AbortError";
}

/**
 * One Ctrl-C can arrive twice: from the terminal, and from npm or npx, which pass it on to what
 * they run.
 */
const ONE_PRESS_MS = 400;

/**
 * Milliseconds after which a program that was told to end does so, wherever it is: a batch on a
 * software adapter may take longer than whoever sent SIGTERM waits. At a terminal Ctrl-C is pressed
 * again.
 */
const GRACE_MS = 1700;

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export interface Interruption {
  readonly signal: AbortSignal;
  /** Registers what is to be done, at once, before a second Ctrl-C ends the program. */
  beforeQuit(work: () => void): void;
  /** Stops listening: from here on Ctrl-C kills, as everywhere. */
  release(): void;
}

/** What is said then; by what only answers others something else. */
const STOPPING = "Stopping. What is finished will be written";

/**
 * Turns the first Ctrl-C into an abort, so that what is finished can be written; a second one ends
 * the program at once.
 */
export function onInterrupt(note: (text: string) => void, stopping = STOPPING): Interruption {
  const controller = new AbortController();
  const last: (() => void)[] = [];
  let first = 0;
  const quit = (): void => {
    try {
      for (const work of last) work();
    } finally {
      process.exit(EXIT.aborted);
    }
  };
  let grace: NodeJS.Timeout | undefined;
  const listener = (name: string): void => {
    if (!controller.signal.aborted) {
      first = performance.now();
      note(`${stopping}; press Ctrl-C again to quit at once.`);
      if (name !== "SIGINT") grace = setTimeout(quit, GRACE_MS);
      controller.abort(new Interrupted("Interrupted."));
    } else if (performance.now() - first > ONE_PRESS_MS) quit();
  };
  for (const name of SIGNALS) process.on(name, listener);
  return {
    signal: controller.signal,
    beforeQuit: (work) => void last.push(work),
    release() {
      clearTimeout(grace);
      for (const name of SIGNALS) process.off(name, listener);
    },
  };
}

/** Waits for Ctrl-C: for what serves until then. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
