import { GanatomyError } from "../errors.ts";
import { Recent } from "../runtime/recent.ts";
import { abortable } from "../weights/abort.ts";
import { readExactly } from "../weights/bytes.ts";
import { openSource } from "../weights/open.ts";
import type { HttpLink } from "./http-link.ts";
import { MAX_BYTES, MAX_FILES, notHeld, tooLong } from "./latents.ts";
import type { LatentsName } from "./recipe.ts";
import type { LoadedLatents, LoadRequest } from "./session.ts";

// Tests: test/session/latents.test.ts

/** A file of latents as it was sent. */
interface Sent {
  readonly about: LoadedLatents;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Settles when it was last sent again: one sending is for all who miss it meanwhile. */
  again: Promise<unknown> | undefined;
}

/**
 * Files of latents that a server was given. It holds a few, of everybody, and none of them after it
 * was started anew: they are kept here, to be sent again.
 */
export class SentLatents {
  readonly #link: HttpLink;
  readonly #sent = new Recent<Sent>({ entries: MAX_FILES, bytes: MAX_BYTES }, ({ about }) => {
    this.#about = this.#about.filter((each) => each !== about);
  });
  #about: readonly LoadedLatents[] = [];

  constructor(link: HttpLink) {
    this.#link = link;
  }

  /** What was sent, the newest last. */
  get about(): readonly LoadedLatents[] {
    return this.#about;
  }

  /** @throws what `OwnLatents.load` does there. */
  async send(
    latents: NonNullable<LoadRequest["latents"]>,
    { signal, onProgress }: Pick<LoadRequest, "signal" | "onProgress">,
  ): Promise<void> {
    const source = await openSource(latents, {
      signal,
      onProgress: ({ loaded, total }) => onProgress?.({ phase: "latents", done: loaded, total }),
    });
    if (source.size > MAX_BYTES) throw tooLong(source.name);
    const bytes = new Uint8Array(await readExactly(source, 0, source.size, { signal }));
    const about = await this.#link.send<LoadedLatents>("latents", bytes, { name: source.name }, signal);
    this.#sent.set(about.sha256, { about, bytes, again: undefined }, bytes.length);
    this.#about = [...this.#about, about];
  }

  /**
   * Keeps a file no longer.
   * @throws GanatomyError `not-found` for what was not sent.
   */
  forget(latents: LatentsName): void {
    if (!this.#sent.get(latents.sha256)) throw notHeld(latents);
    this.#sent.delete(latents.sha256);
  }

  /**
   * Asks; where the server has forgotten the latents that are asked about, it is given them again.
   */
  async known<T>(
    { latents, signal }: { readonly latents?: LatentsName | undefined; readonly signal?: AbortSignal | undefined },
    ask: () => Promise<T>,
  ): Promise<T> {
    const sent = latents && this.#sent.get(latents.sha256);
    if (!sent) return ask();
    await abortable(Promise.allSettled([sent.again]), signal); // what is on its way is missed once
    const { again } = sent;
    try {
      return await ask();
    } catch (error) {
      const isHere = this.#sent.get(latents.sha256) === sent; // nobody forgot it meanwhile
      if (!isHere || !(error instanceof GanatomyError && error.code === "not-found")) throw error;
      if (sent.again === again) sent.again = this.#sendAgain(sent);
      await abortable(sent.again!, signal);
      return ask();
    }
  }

  /** For whoever waits, and so by nobody's signal. */
  #sendAgain({ about, bytes }: Sent): Promise<unknown> {
    const sending = this.#link.send("latents", bytes, { name: about.name }, undefined);
    sending.catch(() => {}); // whoever gave up does not wait for it
    return sending;
  }
}
