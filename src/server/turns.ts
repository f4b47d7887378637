import { Refused } from "./refused.ts";

/** Seconds after which somebody who was sent away may ask again. */
const RETRY_AFTER = "1";

/** One at a time, so many waiting in the order in which they came. */
export class Turns {
  readonly #most: number;
  /** Who waits, and who works. */
  #taken = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Does the work when its turn comes. Work whose signal aborts before that is not begun, and waits
   * no longer.
   * @throws Refused 429 when too many wait; the signal's reason.
   */
  async take<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    if (this.#taken > this.#most) {
      const fix = "Wait a second and ask again.";
      throw new Refused(429, "busy", `${this.#most} requests are waiting already.`, fix, {
        "retry-after": RETRY_AFTER,
      });
    }
    this.#taken += 1;
    const before = this.#last;
    return new Promise<T>((resolve, reject) => {
      let waits = true;
      const giveUp = (): void => {
        waits = false;
        this.#taken -= 1;
        reject(signal!.reason);
      };
      signal?.addEventListener("abort", giveUp, { once: true });
      this.#last = before.then(async () => {
        if (!waits) return;
        signal?.removeEventListener("abort", giveUp);
        try {
          resolve(await work());
        } catch (error) {
          reject(error);
        }
        this.#taken -= 1;
      });
    });
  }
}
