import { Refused } from "./refused.ts";

/** Seconds after which somebody who was sent away may ask again. */
const RETRY_AFTER = "1";

/** One at a time, so many waiting in the order in which they came. */
export class Turns {
  readonly #most: number;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Does the work when its turn comes. Work whose signal aborts before that is not begun.
   * @throws Refused 429 when too many wait; the signal's reason.
   */
  async take<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    if (this.#waiting > this.#most) {
      const fix = "Wait a second and ask again.";
      throw new Refused(429, "busy", `${this.#most} requests are waiting already.`, fix, {
        "retry-after": RETRY_AFTER,
      });
    }
    this.#waiting += 1;
    const before = this.#last;
    const turn = (async () => {
      await before;
      signal?.throwIfAborted();
      return work();
    })();
    this.#last = turn.catch(() => {}).finally(() => (this.#waiting -= 1));
    return turn;
  }
}
