// Tests: test/studio/turns.test.ts

/**
 * Things that are opened, in the order in which somebody asked for them: by a drop, a choice, a
 * link, or the page itself. Each may take its time, and the next may come meanwhile. What is shown
 * in the end is what was asked for last, and nothing of what was asked for before.
 */
export class Turns {
  /** Those under way, the oldest first. */
  readonly #openings: Opening[] = [];
  readonly #isShown: () => boolean;

  /** @param isShown whether there is a picture to stay with. */
  constructor(isShown: () => boolean) {
    this.#isShown = isShown;
  }

  /**
   * Opens something. What fails after something else took its place is nobody's concern any more.
   * @param failed what else goes wrong.
   */
  async open(work: (opening: Opening) => Promise<void>, failed: (error: unknown) => void): Promise<void> {
    const opening: Opening = new Opening({
      before: () => this.#openings.slice(0, this.#openings.indexOf(opening)),
      after: () => this.#openings.slice(this.#openings.indexOf(opening) + 1),
      isShown: this.#isShown,
    });
    this.#openings.push(opening);
    try {
      const working = work(opening);
      opening.done = working.catch(() => {});
      await working;
    } catch (error) {
      if (!opening.signal.aborted) failed(error);
    } finally {
      this.#openings.splice(this.#openings.indexOf(opening), 1);
    }
  }
}

interface Others {
  before(): readonly Opening[];
  after(): readonly Opening[];
  isShown(): boolean;
}

/** One of them. */
export class Opening {
  readonly #others: Others;
  readonly #stop = new AbortController();
  /** Whether it has a generator that nobody sees yet. */
  #replacing = false;
  /** Settles when it has ended, one way or the other. */
  done: Promise<void> = Promise.resolve();

  constructor(others: Others) {
    this.#others = others;
  }

  /** Aborted when something later takes its place. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /**
   * It adds to a generator: to that which is opened before, if there is one.
   * @throws the signal's reason.
   */
  async turn(): Promise<void> {
    await Promise.all(this.#others.before().map(({ done }) => done));
    this.signal.throwIfAborted();
  }

  /**
   * It has a generator of its own: one that was asked for before, and what goes with that, is not
   * waited for; unless there would be no picture at all if this one cannot be opened.
   * @throws the signal's reason.
   */
  replaces(): void {
    this.signal.throwIfAborted();
    this.#replacing = true;
    if (!this.#others.isShown()) return;
    const unseen = this.#others.before().findIndex((other) => other.#replacing);
    if (unseen >= 0) for (const other of this.#others.before().slice(unseen)) other.#stop.abort();
    if (this.#others.after().some((other) => other.#replacing)) this.#stop.abort();
    this.signal.throwIfAborted();
  }

  /**
   * Its generator is seen from now on: all that was asked for before ends.
   * @throws the signal's reason.
   */
  shows(): void {
    this.signal.throwIfAborted();
    this.#replacing = false;
    for (const other of this.#others.before()) other.#stop.abort();
  }
}
