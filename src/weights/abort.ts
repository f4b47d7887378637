// Tests: test/weights/http-failures.test.ts, test/weights/http-ranges.test.ts

/**
 * Settles like `promise`, but rejects with `signal.reason` as soon as the signal aborts.
 * Needed because a Blob, a custom source or somebody's own `fetch` may never look at the signal.
 */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
}
