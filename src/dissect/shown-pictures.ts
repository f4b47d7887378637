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
   * The first `seen` images are ranked, if not yet by the GPU. It waits for the look before this one at most, which is over
   * when the batch after it has begun.
   */
  async sift(seen: number): Promise<void> {
    if (seen - this.#looked < SIFT_IMAGES) return;
    this.#looked = seen;
    await this.#looking;
    this.#looking = this.#look(seen);
    this.#looking.catch(() => {}); // awaited by the next look, or at the end
  }

  async #look(seen: number): Promise<void> {
    const shown = await Promise.all(this.#tops.map((top) => top.images()));
    this.#samples.forget(seen, new Set(shown.flatMap((images) => [...images])));
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
