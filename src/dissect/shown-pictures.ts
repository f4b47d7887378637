import type { Samples } from "./samples.ts";
import type { Top } from "./top.ts";

/** New pictures after which it is looked which are still shown: a look reads a table a layer. */
const SIFT_IMAGES = 64;

/** Keeps the pictures of those images alone that some unit shows, while they are being found. */
export class ShownPictures {
  readonly #samples: Samples;
  readonly #tops: readonly Top[];
  #looking: Promise<void> = Promise.resolve();
  #looked = 0;

  constructor(samples: Samples, tops: readonly Top[]) {
    this.#samples = samples;
    this.#tops = tops;
  }

  /**
   * Begins to look, if it is time: the first `seen` images are ranked, or will be when the GPU has
   * come so far.
   */
  sift(seen: number): void {
    if (seen - this.#looked < SIFT_IMAGES) return;
    this.#looked = seen;
    this.#looking = this.#look(seen);
    this.#looking.catch(() => {}); // awaited when the next batch has been submitted
  }

  /** The images that some unit shows now. */
  async images(): Promise<Set<number>> {
    const shown = await Promise.all(this.#tops.map((top) => top.images()));
    return new Set(shown.flatMap((images) => [...images]));
  }

  /** What was begun is over. */
  looked(): Promise<void> {
    return this.#looking;
  }

  async #look(seen: number): Promise<void> {
    this.#samples.forget(seen, await this.images());
  }

  /** Nothing is being looked at any more, whatever became of it. */
  async settled(): Promise<void> {
    await Promise.allSettled([this.#looking]);
  }

  /** After the last image: what is left is what is shown. */
  async end(): Promise<void> {
    await this.#looking;
    await this.#look(this.#samples.size);
  }
}
