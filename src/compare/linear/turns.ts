// Tests: test/compare/linear/turns.test.ts

/** Milliseconds of work at a time: of a page's frame, which has 16, something is left. */
const SLICE = 10;

/** Called between pieces of long work: lets others have their turn once enough time has passed. */
export type Turns = () => Promise<void>;

/**
 * Divides the thread with others: a page stays alive while matrices are decomposed.
 * @throws the signal's reason, from what it returns.
 */
export function turns(signal?: AbortSignal): Turns {
  let since = performance.now();
  return async () => {
    signal?.throwIfAborted();
    if (performance.now() - since < SLICE) return;
    await next();
    since = performance.now();
    signal?.throwIfAborted();
  };
}

/** The next turn of the event loop: a message comes without the 4 ms that timers wait. */
const next = (): Promise<void> =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
