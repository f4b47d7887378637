// Tests: test/report/write.test.ts, test/report/strips.test.ts
import type { ImageEncoder } from "../../report/image.ts";
import { encodeJpeg } from "../../report/jpeg.ts";
import { encodePng } from "./encode-png.ts";

/**
 * Pictures in Node. PNGs are packed at a low level: strips are many, and their flat colours pack
 * well at any.
 */
export function nodeEncoder(): ImageEncoder {
  return { png: encodePng, jpeg: encodeJpeg };
}
