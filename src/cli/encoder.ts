import { crc32, deflateSync } from "node:zlib";
import type { Image, ImageEncoder } from "../report/image.ts";
import { encodeJpeg } from "../report/jpeg.ts";

/** Pictures in Node. PNGs are packed at a low level: strips are many, and their flat colours pack well at any. */
export function nodeEncoder(): ImageEncoder {
  return { png: encodePng, jpeg: encodeJpeg };
}

/** A PNG (ISO 15948) of 8-bit samples, all rows unfiltered: labels and masks are flat. */
function encodePng({ width, height, channels, data }: Image): Uint8Array {
  const stride = width * channels;
  const rows = new Uint8Array((stride + 1) * height);
  for (let y = 0; y < height; y++) rows.set(data.subarray(y * stride, (y + 1) * stride), y * (stride + 1) + 1);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, { 1: 0, 3: 2, 4: 6 }[channels]], 8);
  const packed = deflateSync(rows, { level: 3 });
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", header),
    chunk("IDAT", packed),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), content]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
