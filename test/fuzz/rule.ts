import { readJpegHeader } from "../../src/node/photo/decode-jpeg.ts";
import { isPng, readPngHeader } from "../../src/report/png.ts";

/** Bytes that a file of more than 10 MB may take beyond those of the tensors that are needed. */
export const LARGE_MEMORY = 150e6;

/**
 * What a file may cost before it is refused, or what it holds is there.
 *
 * The rule of memory is of resident bytes above those of Node itself with nothing loaded; the rule
 * of time is of the process's CPU time, all threads together. What a picture that is read holds are
 * its pixels: PNGs have up to 8 bytes for each, which are unpacked in pieces and joined, and JPEGs
 * of four channels are decoded by way of 28.
 */
export function mayTake(bytes: Uint8Array, isRead: boolean): { readonly memory: number; readonly cpuMs: number } {
  const [size, pixels] = [bytes.length, isRead ? pixelsOf(bytes) : 0];
  return {
    memory: (size <= 10e6 ? 64e6 + 40 * size : LARGE_MEMORY + 3 * size) + 28 * pixels,
    cpuMs: 1000 + size / 1000 + pixels / 5000,
  };
}

/** Pixels that a picture has, no more than any may; none of what is no picture. */
function pixelsOf(bytes: Uint8Array): number {
  try {
    const { width, height } = (isPng(bytes) ? readPngHeader : readJpegHeader)(bytes);
    return width * height <= 50e6 ? width * height : 0;
  } catch {
    return 0;
  }
}
