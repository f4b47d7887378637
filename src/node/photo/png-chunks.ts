import { crc32 } from "node:zlib";

// Tests: test/node/photo/encode-png.test.ts, test/node/photo/encode-apng.test.ts

/** What every PNG begins with. */
export const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Of a chunk: its length and its type before its content, a checksum behind. */
const [HEAD, TAIL] = [8, 4];

export function chunk(type: string, content: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), content]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** The chunks of a PNG that was made here. */
export function* chunksOf(png: Uint8Array): Generator<{ readonly type: string; readonly content: Uint8Array }> {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  for (let at = SIGNATURE.length; at < png.length; ) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...png.subarray(at + 4, at + HEAD));
    yield { type, content: png.subarray(at + HEAD, at + HEAD + length) };
    at += HEAD + length + TAIL;
  }
}

/**
 * In memory of their own, which a thread can hand over: small Buffers lie in a pool, and all of
 * that would be copied.
 */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
