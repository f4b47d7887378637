import { crc32 } from "../../src/weights/crc32.ts";
import { bytes } from "../weights/fixtures.ts";

/** A chunk with its length and its check sum. */
export function chunk(type: string, content: Uint8Array): Uint8Array {
  const typed = bytes(type, content);
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, content.length);
  view.setUint32(4, crc32(typed));
  return bytes(new Uint8Array(view.buffer, 0, 4), typed, new Uint8Array(view.buffer, 4, 4));
}

/** A PNG of these chunks between its header and its end. */
export function pngOf(
  {
    width,
    height,
    depth = 8,
    color = 0,
    interlace = 0,
  }: { width: number; height: number; depth?: number; color?: number; interlace?: number },
  chunks: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(13));
  view.setUint32(0, width);
  view.setUint32(4, height);
  view.setUint8(8, depth);
  view.setUint8(9, color);
  view.setUint8(12, interlace);
  return bytes(
    0x89,
    "PNG\r\n",
    0x1a,
    "\n",
    chunk("IHDR", new Uint8Array(view.buffer)),
    ...chunks,
    chunk("IEND", bytes()),
  );
}
