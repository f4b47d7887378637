import { WeightsError } from "../errors.ts";
import { abortable } from "./abort.ts";
import { allocateBytes, readExactly } from "./bytes.ts";
import type { ReadOptions, Source } from "./source.ts";

// Tests: test/weights/npz.test.ts, test/weights/hostile.test.ts

/** Deflate cannot expand more than this, so a larger promise is a lie told to make us allocate. */
const MAX_RATIO = 1032;
const PIECE_BYTES = 256 * 1024;

/**
 * Inflates bytes [from, to) of raw deflate data, stopping when it has them: the header of a big
 * array costs one piece.
 * @param range `declared` is the inflated size the archive promises
 * @throws WeightsError `weights-format` when the data is not deflate or shorter than promised; the
 *   signal's reason.
 */
export async function inflate(
  compressed: Source,
  range: { readonly declared: number; readonly from: number; readonly to: number },
  options: ReadOptions = {},
): Promise<Uint8Array> {
  const { declared, from, to } = range;
  if (declared > MAX_RATIO * (compressed.size + 1)) {
    throw broken(compressed.name, `${compressed.size} compressed bytes cannot hold the ${declared} it promises`);
  }
  const bytes = allocateBytes(to - from, compressed.name);
  const input = new DeflatedInput(compressed, options);
  const reader = input.stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  let position = 0;
  try {
    while (position < to) {
      const { done, value } = await abortable(reader.read(), options.signal);
      if (done) throw broken(compressed.name, `it inflates to ${position} bytes where ${declared} were promised`);
      const start = Math.max(from, position);
      const wanted = value.subarray(start - position, Math.max(start, to) - position);
      if (wanted.length > 0) bytes.set(wanted, start - from);
      position += value.length;
    }
  } catch (cause) {
    options.signal?.throwIfAborted();
    if (input.error !== undefined) throw input.error;
    if (cause instanceof WeightsError) throw cause;
    // Bad deflate data: a TypeError in browsers, whatever zlib says in Node.
    throw broken(compressed.name, "its compressed data cannot be inflated", cause);
  } finally {
    reader.cancel().catch(() => {});
  }
  return bytes;
}

/**
 * Feeds compressed bytes piece by piece, and remembers what the source threw: behind the inflater
 * it would look like bad data.
 */
class DeflatedInput {
  error: unknown;
  readonly #source: Source;
  readonly #options: ReadOptions;
  #at = 0;

  constructor(source: Source, options: ReadOptions) {
    this.#source = source;
    this.#options = options;
  }

  stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return new ReadableStream({ pull: (controller) => this.#pull(controller) });
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): Promise<void> {
    const start = this.#at;
    if (start >= this.#source.size) return controller.close();
    this.#at = Math.min(this.#source.size, start + PIECE_BYTES);
    try {
      const piece = await readExactly(this.#source, start, this.#at, this.#options);
      controller.enqueue(piece as Uint8Array<ArrayBuffer>);
    } catch (error) {
      this.error = error;
      throw error;
    }
  }
}

function broken(name: string, what: string, cause?: unknown): WeightsError {
  const message = `Entry "${name}" is damaged: ${what}.`;
  return new WeightsError("weights-format", message, "Download or copy the file again.", { cause });
}
