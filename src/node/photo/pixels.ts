import type { PngHeader } from "../../report/png.ts";
import { decodeJpeg, type JpegHeader } from "./decode-jpeg.ts";
import { decodePng } from "./decode-png.ts";
import type { Photo } from "./photo.ts";

// Tests: test/node/photo/decode-jpeg.test.ts, test/node/photo/decode-png.test.ts

/** A file of a photo whose header was found acceptable. */
export type Encoded =
  | { readonly kind: "JPEG"; readonly bytes: Uint8Array; readonly header: JpegHeader }
  | { readonly kind: "PNG"; readonly bytes: Uint8Array; readonly header: PngHeader };

/** Its pixels. @throws PhotoFault; RangeError where memory runs out. */
export async function pixelsOf(file: Encoded): Promise<Photo> {
  return file.kind === "JPEG" ? decodeJpeg(file.bytes, file.header) : decodePng(file.bytes, file.header);
}
