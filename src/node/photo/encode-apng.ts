import { UsageError } from "../../errors.ts";
import { chunk, chunksOf, joined, SIGNATURE } from "./png-chunks.ts";

export interface ApngOptions {
  /** Frames a second, a whole number up to 65,535. */
  readonly fps: number;
  /** How often it is shown; 0 is for ever. */
  readonly plays: number;
}

/**
 * An animated PNG (the W3C's Portable Network Graphics, third edition, §11.3.6) of whole PNGs that
 * differ in their pixels alone, as `encodePng` makes them: one frame each, all of one duration, the
 * first also for who knows no animations. Pixels are not packed anew.
 * @throws UsageError for no frames, or such as have other sizes or colours than the first.
 */
export function encodeApng(frames: readonly Uint8Array[], { fps, plays }: ApngOptions): Uint8Array {
  const [first] = frames;
  if (!first) throw new UsageError("An animation has a frame at least.", "Give some.");
  const head = headOf(first);
  const size = first.subarray(SIGNATURE.length + 8, SIGNATURE.length + 16); // width and height
  const parts: Uint8Array[] = [head, chunk("acTL", words(frames.length, plays))];
  let sequence = 0;
  for (const [at, frame] of frames.entries()) {
    if (Buffer.compare(headOf(frame), head) !== 0) {
      throw new UsageError(`Frame ${at} has another size or other colours than the first.`, "Give frames of one kind.");
    }
    // where it is, its duration as a fraction of 16 bits each, and that it replaces the one before
    const duration = Uint8Array.of(0, 1, fps >> 8, fps & 255, 0, 0);
    parts.push(chunk("fcTL", joined([words(sequence++), size, words(0, 0), duration])));
    for (const { type, content } of chunksOf(frame)) {
      if (type !== "IDAT") continue;
      parts.push(at === 0 ? chunk("IDAT", content) : chunk("fdAT", joined([words(sequence++), content])));
    }
  }
  return joined([...parts, chunk("IEND", new Uint8Array())]);
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
