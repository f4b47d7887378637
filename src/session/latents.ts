import { GanatomyError, UsageError } from "../errors.ts";
import type { Generator } from "../models/generator.ts";
import { type Latents, placeOf, readLatents } from "../models/latents.ts";
import { replacing } from "../models/with-weights.ts";
import { andMore } from "../names.ts";
import { Recent } from "../runtime/recent.ts";
import { memorySource, readExactly } from "../weights/bytes.ts";
import { openCheckpoint } from "../weights/checkpoint.ts";
import { sha256Of } from "../weights/integrity.ts";
import { elementCount } from "../weights/layout.ts";
import { openSource } from "../weights/open.ts";
import type { SourceLike } from "../weights/source.ts";
import type { LatentsName } from "./recipe.ts";
import type { Listener, LoadedLatents, Progress } from "./session.ts";

// Tests: test/session/latents.test.ts

/** Files of latents that are held: more than a strip of pictures shows. */
export const MAX_FILES = 16;
/**
 * Bytes of a file, of what it holds unpacked and as float32, and of all that is held: features of
 * the largest published layers are 8 MiB.
 */
export const MAX_BYTES = 2 ** 28;

export const tooLong = (name: string): UsageError =>
  new UsageError(`"${name}" is too long for latents.`, "Give what `ganatomy invert` wrote, or rows of z or w.");

export const notHeld = ({ name, sha256 }: LatentsName): GanatomyError =>
  new GanatomyError(
    "not-found",
    `The latents ${name} (SHA-256 ${sha256.slice(0, 12)}…) are not here: of a file a recipe holds the hash alone.`,
    "Load that file: session.load({ latents }).",
  );

/** Characters of a name that recipes take. */
const MAX_NAME = 200;

/** Latents that somebody gave, and what they are called. */
export interface HeldLatents extends Latents {
  readonly about: LoadedLatents;
}

/** Images of one's own: files of latents that were given to a session, those of one generator. */
export class OwnLatents {
  readonly #held = new Recent<HeldLatents>({ entries: MAX_FILES, bytes: MAX_BYTES }, ({ about }) => {
    this.#about = this.#about.filter((each) => each !== about);
  });
  /** The oldest first. */
  #about: readonly LoadedLatents[] = [];
  /** How often another generator came, of which a file that is being read would not be. */
  #cleared = 0;

  /** What is held, the newest last. */
  get about(): readonly LoadedLatents[] {
    return this.#about;
  }

  /**
   * Takes up what a file holds: z, w, or a layer's features, with weights that were fitted to them.
   * @throws UsageError for latents of another model, or that do not fit this one; what
   *   `openCheckpoint` throws.
   */
  async load(
    given: SourceLike,
    generator: Generator,
    { signal, onProgress }: { readonly signal?: AbortSignal | undefined; readonly onProgress: Listener<Progress> },
  ): Promise<void> {
    const cleared = this.#cleared;
    const source = await openSource(given, {
      signal,
      onProgress: ({ loaded, total }) => onProgress({ phase: "latents", done: loaded, total }),
    });
    const { name, size: length } = source;
    if (length > MAX_BYTES) throw tooLong(name);
    const bytes = await readExactly(source, 0, length, { signal });
    const checkpoint = await openCheckpoint(memorySource(bytes, name), { signal });
    const { tensors } = checkpoint;
    const numbers = [...tensors].reduce((sum, [key, { shape }]) => sum + elementCount(shape, key), 0);
    if (4 * numbers > MAX_BYTES) throw tooLong(name); // before any is unpacked
    const { model } = checkpoint.metadata;
    if (model !== undefined && model !== generator.name) {
      throw new UsageError(
        `"${name}" is of ${model}, and the generator here is ${generator.name}: what one makes of it the other does not.`,
        `Load ${model}, or bring the photograph into this one: ganatomy invert PHOTO --model ${generator.name}.`,
      );
    }
    const latents = await readLatents(checkpoint, generator, { path: name, signal });
    if (latents.weights) replacing(generator, latents.weights);
    const { size, from, weights } = latents;
    const sha256 = await sha256Of(bytes);
    const about = {
      name: name.slice(0, MAX_NAME) || "latents",
      sha256,
      size,
      ...(from !== undefined && { layer: from }),
      weights: weights !== undefined,
    };
    const held = bytesOf(latents);
    if (held > MAX_BYTES) throw tooLong(name);
    if (cleared !== this.#cleared) throw new UsageError("Another generator was loaded.", "Load the latents again.");
    this.#held.set(sha256, { ...latents, about }, held);
    this.#about = [...this.#about, about];
  }

  /**
   * The latents of a name.
   * @throws GanatomyError `not-found` for those that are not held.
   */
  named({ name, sha256 }: LatentsName): HeldLatents {
    const held = this.#held.get(sha256);
    if (held) return held;
    throw notHeld({ name, sha256 });
  }

  /** Holds a file no longer. @throws GanatomyError `not-found` for what is not held. */
  forget(latents: LatentsName): void {
    this.named(latents);
    this.#held.delete(latents.sha256);
  }

  /** The maps that images of these latents have, but the images: none before what is given. */
  reached({ layers, hiddenLayers }: Generator, latents: LatentsName | undefined): readonly string[] {
    const { from = "z" } = latents ? this.named(latents) : {};
    const first = placeOf({ layers }, from);
    return hiddenLayers.map(({ name }) => name).filter((name) => placeOf({ layers }, name) >= first);
  }

  /** They are of another generator. */
  clear(): void {
    this.#cleared += 1;
    this.#held.clear();
  }
}

/** Bytes of memory that latents take. */
const bytesOf = ({ rows, weights }: Latents): number =>
  [...(weights?.values() ?? [])].reduce((sum, { data }) => sum + data.byteLength, rows.byteLength);

/**
 * Checks that an image of somebody's latents can be drawn with edits of a layer, and these layers
 * be looked at.
 * @throws UsageError
 */
export function checkReach(
  { about: { name, size, layer: from } }: HeldLatents,
  generator: Pick<Generator, "layers">,
  { image, isMoved, layers }: { readonly image: number; readonly isMoved: boolean; readonly layers: readonly string[] },
): void {
  if (image >= size) {
    const [last, of] = size === 1 ? ["0", "one image"] : [`0…${size - 1}`, `${size} images`];
    throw new UsageError(`There is no image ${image} of ${name}, which has ${of}.`, `Use image ${last}.`);
  }
  if (from === undefined) return;
  if (isMoved) {
    throw new UsageError(
      `${name} is features of ${from}, which are moved toward no other image's z.`,
      "Leave `toward` out, or give latents of z.",
    );
  }
  const place = placeOf(generator, from);
  const before = layers.find((layer) => placeOf(generator, layer) < place);
  if (before === undefined) return;
  const rest = generator.layers.slice(place).map(({ name }) => name);
  throw new UsageError(
    `"${before}" is before ${from}, of which ${name} is the features: it is not computed.`,
    `Use ${andMore(rest, 12)}, or latents of z.`,
  );
}
