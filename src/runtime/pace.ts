/**
 * Milliseconds a submit should last: half a frame at 60 Hz, so that a page that shares the GPU has
 * its turn in every frame.
 */
const SUBMIT_MS = 8;
/**
 * Floating-point operations of a submit before any was timed: 20 ms on an integrated GPU doing 0.5
 * TFLOP/s.
 */
const UNTIMED = 1e10;
/** Less than this is mostly overhead; … */
const LEAST = 1e8;
/** … and more gains nothing, while Windows resets a GPU that is busy for about 2 s. */
const MOST = 1e11;

/** How much work goes into one submit, by the pace at which a device has worked so far. */
export class Pace {
  /** Operations submitted in all, those known to be done, and since when there are others. */
  #submitted = 0;
  #done = 0;
  #since = 0;
  #perMs = UNTIMED / SUBMIT_MS;

  /** Floating-point operations to put into one submit, of at least one dispatch. */
  get submitFlops(): number {
    return Math.min(MOST, Math.max(LEAST, SUBMIT_MS * this.#perMs));
  }

  submitted(flops: number): void {
    if (this.#submitted === this.#done) this.#since = performance.now();
    this.#submitted += flops;
  }

  /**
   * Call it whenever waiting begins, for a read too; what it returns, when everything submitted
   * until then has run.
   */
  waiting(): () => void {
    const mark = this.#submitted;
    return () => {
      const now = performance.now();
      const flops = mark - this.#done;
      // Small work says more of latency than of pace.
      if (flops >= LEAST && now > this.#since) this.#perMs = flops / (now - this.#since);
      this.#done = Math.max(this.#done, mark);
      this.#since = now;
    };
  }
}
