// Tests: test/cli/kept-dissection.test.ts

/** Milliseconds of work that a killed run may lose; … */
const INTERVAL = 5000;
/** … more where keeping takes long: at most a tenth of the time. */
const SHARE = 10;

/** When to keep where a long computation stands. */
export class KeepingPace {
  readonly #signal: AbortSignal;
  #kept = performance.now();
  #interval = INTERVAL;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  due(): boolean {
    return this.#signal.aborted || performance.now() - this.#kept > this.#interval;
  }

  /** Keeps, and looks how long that takes. */
  async timed(keep: () => Promise<void>): Promise<void> {
    const began = performance.now();
    await keep();
    this.#kept = performance.now();
    this.#interval = Math.max(INTERVAL, SHARE * (this.#kept - began));
  }
}
