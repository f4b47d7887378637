/** How something is drawn. */
interface Drawing<Job> {
  /** Whether anything can be drawn now; what waits is drawn when it is asked for after that. */
  ready(): boolean;
  /** Whether it goes before others, every other time. */
  first(job: Job): boolean;
  /** Does not reject: who draws knows whom to tell what failed. */
  draw(job: Job): Promise<void>;
}

/**
 * Draws pictures one at a time, that which waits longest first, and every other time one that goes
 * before others. What changed several times meanwhile is drawn once, as it is then.
 */
export class InTurn<Job> {
  readonly #drawing: Drawing<Job>;
  readonly #jobs = new Set<Job>();
  readonly #waiting = new Set<Job>();
  #running = false;
  /** Whether somebody waits longer than what was drawn last did. */
  #passed = false;

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
        const job = this.#next();
        if (job === undefined) break;
        this.#waiting.delete(job);
        await this.#drawing.draw(job);
      }
    } finally {
      this.#running = false;
    }
  }

  #next(): Job | undefined {
    const [longest] = this.#waiting;
    const first = this.#passed ? undefined : [...this.#waiting].find((job) => this.#drawing.first(job));
    this.#passed = first !== undefined && first !== longest;
    return first ?? longest;
  }
}
