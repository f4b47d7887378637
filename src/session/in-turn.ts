// Tests: test/session/views.test.ts, test/session/http.test.ts

/** How something is drawn. */
interface Drawing<Job> {
  /** Whether anything can be drawn now; what waits is drawn when it is asked for after that. */
  ready(): boolean;
  /** Does not reject: who draws knows whom to tell what failed. */
  draw(job: Job): Promise<void>;
}

/**
 * Draws pictures one at a time, that which waits longest first. What changed several times
 * meanwhile is drawn once, as it is then.
 */
export class InTurn<Job> {
  readonly #drawing: Drawing<Job>;
  readonly #jobs = new Set<Job>();
  readonly #waiting = new Set<Job>();
  #running = false;

  constructor(drawing: Drawing<Job>) {
    this.#drawing = drawing;
  }

  /** Draws it, now and whenever it is asked for from now on. */
  add(job: Job): void {
    this.#jobs.add(job);
    this.ask(job);
  }

  /** Draws it once more, as soon as it is its turn; nothing once it was taken away. */
  ask(job: Job): void {
    if (!this.#jobs.has(job)) return;
    this.#waiting.add(job);
    void this.#run();
  }

  /** Draws all once more. */
  askAll(): void {
    for (const job of this.#jobs) this.#waiting.add(job);
    void this.#run();
  }

  has(job: Job): boolean {
    return this.#jobs.has(job);
  }

  remove(job: Job): void {
    this.#jobs.delete(job);
    this.#waiting.delete(job);
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      while (this.#drawing.ready()) {
        const [job] = this.#waiting;
        if (job === undefined) break;
        this.#waiting.delete(job);
        await this.#drawing.draw(job);
      }
    } finally {
      this.#running = false;
    }
  }
}
