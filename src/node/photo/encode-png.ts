import { deflateSync } from "node:zlib";
import { chunk, joined, SIGNATURE } from "./png-chunks.ts";

/**
 * Samples of a picture, row-major, channels interleaved: grey (1), RGB (3) or RGBA (4), of 8 bits
 * or of 16.
 */
export interface PngSamples {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
  readonly data: Uint8Array | Uint16Array;
  /** Up to 256 colours that samples of one channel, of 8 bits, are indices of. */
  readonly palette?: readonly (readonly [red: number, green: number, blue: number])[];
}

/**
 * A PNG (ISO 15948), all rows unfiltered: labels and masks are flat. Packed at a low level:
 * pictures are many, and their flat colours pack well at any.
 */
export function encodePng({ width, height, channels, data, palette }: PngSamples): Uint8Array {
  const wide = data instanceof Uint16Array;
  const stride = width * channels * data.BYTES_PER_ELEMENT;
  const samples = wide ? bigEndian(data) : data;
  const rows = new Uint8Array((stride + 1) * height);
  for (let y = 0; y < height; y++) rows.set(samples.subarray(y * stride, (y + 1) * stride), y * (stride + 1) + 1);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([wide ? 16 : 8, palette ? 3 : { 1: 0, 3: 2, 4: 6 }[channels]], 8);
  const packed = deflateSync(rows, { level: 3 });
  const colors = palette ? [chunk("PLTE", Buffer.from(palette.flat()))] : [];
  return joined([SIGNATURE, chunk("IHDR", header), ...colors, chunk("IDAT", packed), chunk("IEND", Buffer.alloc(0))]);
}

function bigEndian(data: Uint16Array): Uint8Array {
  const bytes = new Uint8Array(data.length * 2);
  data.forEach((value, i) => {
    bytes[2 * i] = value >> 8;
    bytes[2 * i + 1] = value;
  });
  return bytes;
}
