// Tests: test/weights/abort.test.ts, test/weights/http-failures.test.ts,
// test/weights/http-ranges.test.ts

/**
 * Those who wait for a signal. One listener serves all: Node warns of a leak from the eleventh on.
 */
interface Waiting {
  readonly callbacks: Set<() => void>;
  readonly listener: () => void;
}

const waiting = new WeakMap<AbortSignal, Waiting>();

/**
 * Settles like `promise`, but rejects with `signal.reason` as soon as the signal aborts.
 * Needed because a Blob, a custom source or somebody's own `fetch` may never look at the signal.
 */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    const stop = onAbort(signal, () => reject(signal.reason));
    promise.then(resolve, reject).finally(stop);
  });
}

/** Milliseconds of reading after which everybody else has a turn. */
const TURN_MS = 12;
let since = 0;

/**
 * Lets the event loop go round, every now and then: signals, clicks and Ctrl-C arrive there, and
 * bytes in memory are read without ever waiting for it. By a message, as timers of hidden pages
 * come once a second.
 */
export async function turn(signal: AbortSignal | undefined): Promise<void> {
  const now = performance.now();
  if (Math.abs(now - since) < TURN_MS) return; // somebody's test may have set the clock back
  await new Promise<void>((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
  since = performance.now();
  signal?.throwIfAborted();
}

/** Resolves after so many milliseconds; rejects with the signal's reason as soon as it aborts. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  let timer: ReturnType<typeof setTimeout>;
  const passed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  return abortable(passed, signal).finally(() => clearTimeout(timer));
}

/** Calls back when the signal aborts, at once if it has; returns what forgets about it. */
function onAbort(signal: AbortSignal, callback: () => void): () => void {
  if (signal.aborted) {
    callback();
    return () => {};
  }
  const { callbacks, listener } = waiting.get(signal) ?? listening(signal);
  callbacks.add(callback);
  return () => {
    callbacks.delete(callback);
    if (callbacks.size > 0) return;
    signal.removeEventListener("abort", listener);
    waiting.delete(signal);
  };
}

function listening(signal: AbortSignal): Waiting {
  const callbacks = new Set<() => void>();
  const listener = (): void => {
    for (const each of callbacks) each();
  };
  signal.addEventListener("abort", listener, { once: true });
  const started = { callbacks, listener };
  waiting.set(signal, started);
  return started;
}
