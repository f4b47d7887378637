import { EXIT } from "./exit.ts";

/** Why a run ended early: somebody pressed Ctrl-C, or sent SIGTERM. */
export class Interrupted extends Error {
  override readonly name = "AbortError";
}

/** One Ctrl-C can arrive twice: from the terminal, and from npm or npx, which pass it on to what they run. */
const ONE_PRESS_MS = 400;

export interface Interruption {
  readonly signal: AbortSignal;
  /** Stops listening: from here on Ctrl-C kills, as everywhere. */
  release(): void;
}

/** Turns the first Ctrl-C into an abort, so that what is finished can be written; a second one ends the program at once. */
export function onInterrupt(note: (text: string) => void): Interruption {
  const controller = new AbortController();
  let first = 0;
  const listener = (): void => {
    if (controller.signal.aborted) {
      if (performance.now() - first > ONE_PRESS_MS) process.exit(EXIT.aborted);
      return;
    }
    first = performance.now();
    note("Stopping. What is finished will be written; press Ctrl-C again to quit at once.");
    controller.abort(new Interrupted("Interrupted."));
  };
  process.on("SIGINT", listener);
  process.on("SIGTERM", listener);
  return {
    signal: controller.signal,
    release() {
      process.off("SIGINT", listener);
      process.off("SIGTERM", listener);
    },
  };
}
