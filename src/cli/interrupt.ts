import { EXIT } from "./exit.ts";

/** Why a run ended early: somebody pressed Ctrl-C, or sent SIGTERM. */
export class Interrupted extends Error {
  override readonly name = "AbortError";
}

export interface Interruption {
  readonly signal: AbortSignal;
  /** Stops listening: from here on Ctrl-C kills, as everywhere. */
  release(): void;
}

/** Turns the first Ctrl-C into an abort, so that what is finished can be written; a second one ends the program at once. */
export function onInterrupt(note: (text: string) => void): Interruption {
  const controller = new AbortController();
  const listener = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.aborted);
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
