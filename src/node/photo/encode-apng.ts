import { UsageError } from "../../errors.ts";
import { chunk, chunksOf, joined, SIGNATURE } from "./png-chunks.ts";

export interface ApngOptions {
  /** How many there are. */
  readonly frames: number;
  /** Frames a second, a whole number up to 65,535. */
  readonly fps: number;
  /** How often it is shown; 0 is for ever. */
  readonly plays: number;
}

/**
 * An animated PNG (the W3C's Portable Network Graphics, third edition, §11.3.6) of whole PNGs that
 * differ in their pixels alone, as `encodePng` makes them: one frame each, all of one duration, the
 * first also for who knows no animations. Pixels are not packed anew. Bytes come as the frames do,
 * one at a time, so that a long animation need not fit into memory.
 * @throws UsageError for no frames, for another number of them, or such as have other sizes or
 *   colours than the first.
 */
export async function* encodeApng(
  pngs: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  { frames, fps, plays }: ApngOptions,
): AsyncGenerator<Uint8Array> {
  let head: Uint8Array | undefined;
  let sequence = 0;
  let at = 0;
  for await (const frame of pngs) {
    if (!head) {
      head = headOf(frame).slice();
      yield joined([head, chunk("acTL", words(frames, plays))]);
    }
    const size = head.subarray(SIGNATURE.length + 8, SIGNATURE.length + 16); // width and height
    if (Buffer.compare(headOf(frame), head) !== 0) {
      throw new UsageError(`Frame ${at} has another size or other colours than the first.`, "Give frames of one kind.");
    }
    // where it is, its duration as a fraction of 16 bits each, and that it replaces the one before
    const duration = Uint8Array.of(0, 1, fps >> 8, fps & 255, 0, 0);
    yield chunk("fcTL", joined([words(sequence++), size, words(0, 0), duration]));
    for (const { type, content } of chunksOf(frame)) {
      if (type !== "IDAT") continue;
      yield at === 0 ? chunk("IDAT", content) : chunk("fdAT", joined([words(sequence++), content]));
    }
    at += 1;
  }
  if (at === 0) throw new UsageError("An animation has a frame at least.", "Give some.");
  if (at !== frames) throw new UsageError(`${at} frames came, and not ${frames}.`, "Say how many there are.");
  yield chunk("IEND", new Uint8Array());
}

/** What a PNG has before its pixels: its header, and a palette if there is one. */
function headOf(png: Uint8Array): Uint8Array {
  let length = SIGNATURE.length;
  for (const { type, content } of chunksOf(png)) {
    if (type === "IDAT") break;
    length += 12 + content.length;
  }
  return png.subarray(0, length);
}

/** Numbers as PNG has them: of 32 bits, the highest first. */
function words(...numbers: number[]): Uint8Array {
  const bytes = new Uint8Array(4 * numbers.length);
  const view = new DataView(bytes.buffer);
  for (const [i, number] of numbers.entries()) view.setUint32(4 * i, number);
  return bytes;
}
