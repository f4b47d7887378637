// Tests: test/cli/commands/distance.test.ts
import { join } from "node:path";
import { PhotoError } from "../../errors.ts";
import type { Photo } from "../../node/photo/photo.ts";
import { causeOf } from "../files-read.ts";
import { isOfPhoto, photoOf } from "../photo.ts";
import type { Running } from "../with-folder.ts";
import type { PhotographsInput } from "./input.ts";

/** A file that is no photograph, and why. */
export interface Skipped {
  readonly file: string;
  readonly reason: string;
}

/** So many that are skipped are told at once, even if the command then fails. */
const TOLD = 8;

/** Photographs of a folder that can be read, in order; others are skipped, and noted. */
export class Photographs {
  readonly skipped: Skipped[] = [];
  readonly #input: PhotographsInput;
  readonly #signal: AbortSignal;
  readonly #note: (text: string) => void;
  /** So many were told as they were found. */
  #told = 0;
  /** Names of those that were read, as far as it has come. */
  readonly #good: string[] = [];
  #next = 0;
  #last: { readonly image: number; readonly photo: Photo } | undefined;

  constructor(input: PhotographsInput, { signal, note }: Pick<Running, "signal" | "note">) {
    this.#input = input;
    this.#signal = signal;
    this.#note = note;
  }

  /** Leaves out what an earlier run found to be none. */
  skip(known: readonly Skipped[]): void {
    this.skipped.push(...known.filter(({ file }) => !this.skipped.some((other) => other.file === file)));
  }

  /** Photograph i of those that can be read; undefined behind the last. */
  async read(image: number): Promise<Photo | undefined> {
    if (this.#last?.image === image) return this.#last.photo;
    const known = this.#good[image];
    if (known !== undefined) return this.#decode(known);
    const out = new Set(this.skipped.map(({ file }) => file));
    while (this.#good.length <= image) {
      const file = this.#input.files[this.#next];
      if (file === undefined) return undefined;
      this.#next += 1;
      if (out.has(file)) continue;
      // Those that an earlier run measured need not be read again to be counted.
      if (this.#good.length < image) {
        this.#good.push(file);
        continue;
      }
      const photo = await this.#tried(file);
      if (!photo) continue;
      this.#good.push(file);
      this.#last = { image, photo };
      return photo;
    }
    return undefined;
  }

  /** @throws PhotoError when there is none. */
  async first(): Promise<Photo> {
    const photo = await this.read(0);
    if (photo) return photo;
    const [{ reason } = { reason: "" }] = this.skipped;
    throw new PhotoError(`No file in "${this.#input.path}" is a photograph. ${reason}`, "Name another folder.");
  }

  async #tried(file: string): Promise<Photo | undefined> {
    try {
      return await this.#decode(file);
    } catch (error) {
      if (!isOfPhoto(error)) throw error;
      const reason = causeOf(error);
      this.skipped.push({ file, reason });
      if (this.#told++ < TOLD) this.#note(`Skipped: ${reason}`);
      if (this.#told === TOLD) this.#note("Others that are skipped are listed at the end.");
      return undefined;
    }
  }

  async #decode(file: string): Promise<Photo> {
    // Lets Ctrl-C be heard: small ones are decoded in this thread.
    await new Promise((resolve) => setImmediate(resolve));
    return photoOf(join(this.#input.path, file), file, this.#signal);
  }
}
