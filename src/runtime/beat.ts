/** Milliseconds until the first beats: short work, as of an edit, ends without delay. */
const QUICK = 1;
/** So many of them; a page that asked as often for longer would keep Firefox busy with asking. */
const QUICK_BEATS = 5;
/** Milliseconds between those that follow, … */
const STEADY = 4;

/**
 * Keeps Firefox looking. Its process that talks to the GPU looks every 100 ms for what is done, and
 * whenever something is submitted (https://bugzilla.mozilla.org/show_bug.cgi?id=1870699): ten maps
 * of a buffer take 1,000 ms there. So nothing is submitted, every few milliseconds, while at least
 * one promise is awaited that depends on it. Timers alone, `writeBuffer` and error scopes do not
 * make it look. Where a page is hidden, its timers come once a second, and Firefox's own 100 ms are
 * back.
 */
export class Beat {
  readonly #gpu: GPUDevice;
  #pending = 0;
  #beats = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  constructor(gpu: GPUDevice) {
    this.#gpu = gpu;
  }

  /** Beats until the promise settles, and gives it back. */
  during<T>(promise: Promise<T>): Promise<T> {
    if (this.#stopped) return promise;
    this.#pending += 1;
    this.#beats = 0;
    this.#timer ??= setTimeout(this.#beat, QUICK);
    promise.then(this.#ended, this.#ended);
    return promise;
  }

  /** For ever: a device that is lost need not settle what it promised. */
  stop(): void {
    this.#stopped = true;
    this.#rest();
  }

  readonly #beat = (): void => {
    this.#beats += 1;
    this.#timer = setTimeout(this.#beat, this.#beats < QUICK_BEATS ? QUICK : STEADY);
    this.#gpu.queue.submit([]);
  };

  readonly #ended = (): void => {
    this.#pending -= 1;
    if (this.#pending === 0) this.#rest();
  };

  #rest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
