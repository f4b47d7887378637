import { PhotoError } from "../../errors.ts";
import { checkPixels, checkRoom, named, SAVE_AS } from "../../report/photo-fault.ts";
import { isPng, readPngHeader } from "../../report/png.ts";
import { noRoom } from "../host-memory.ts";
import { readJpegHeader, readJpegSize } from "./decode-jpeg.ts";
import { type Apart, decodeApart } from "./decoding-thread.ts";
import type { Photo } from "./photo.ts";
import { type Encoded, pixelsOf } from "./pixels.ts";

// Tests: test/node/photo/decode.test.ts, test/node/photo/decode-png.test.ts,
// test/node/photo/decode-jpeg.test.ts, test/node/photo/decoding-thread.test.ts

/** Pixels a photo may have. */
const MAX_PIXELS = 100e6;
/** Bytes a file may have: so many pixels are 0.9 GB as a PNG of 16 bits that does not pack. */
const MAX_BYTES = 1e9;
/**
 * Pixels from which on a photo is decoded in a thread of its own. To start it takes 35 ms of CPU
 * time, once; two megapixels of a PNG take 150 here, of a JPEG 20.
 */
const APART = 2e6;

/** What else people have, by how it begins. First match counts. */
const OTHERS: readonly { readonly looks: RegExp; readonly what: string; readonly fix?: string }[] = [
  { looks: /^RIFF....WEBP/s, what: "a WebP picture" },
  { looks: /^GIF8[79]a/, what: "a GIF" },
  { looks: /^....ftyp(hei|hev|mif|msf)/s, what: "a HEIC picture" },
  { looks: /^....ftypavi[fs]/s, what: "an AVIF picture" },
  { looks: /^....JXL /s, what: "a JPEG XL picture" },
  { looks: /^....jP {2}/s, what: "a JPEG 2000 picture" },
  { looks: /^(II[*+]\0|MM\0[*+])/, what: "a TIFF picture or a camera's raw file" },
  { looks: /^BM.{4}\0\0\0\0/s, what: "a BMP picture" },
  { looks: /^8BPS/, what: "a Photoshop document" },
  { looks: /^\s*<(\?xml.*<)?svg/s, what: "an SVG drawing" },
  { looks: /^%PDF/, what: "a PDF document" },
  { looks: /^....ftyp/s, what: "a film", fix: "Give one picture of it, saved as JPEG or PNG." },
  {
    looks: /^\s*<(!doctype html|html|head|body|!--)/i,
    what: "an HTML page",
    fix: "Use the link that downloads the picture itself, not the page that shows it.",
  },
  {
    looks: /^version https:\/\/git-lfs/,
    what: "a Git LFS pointer, not the file it points to",
    fix: "Run `git lfs pull`.",
  },
];

/**
 * The pixels of a JPEG or PNG, which is told by its contents: rows from the top, RGB bytes, turned
 * as its EXIF data say; what is transparent in a PNG lies on white; greys become RGB; 16-bit
 * samples are rounded to 8. `name` is what errors call it. Large ones are decoded in a thread of
 * their own where that can be started, so that the event loop goes on.
 * @throws PhotoError when it is empty, damaged, truncated, of another kind, or has more than 100
 *   megapixels, which is found out before memory is taken for them; GanatomyError "host-memory"
 *   where there is not enough for fewer; the signal's reason.
 */
export async function decodePhoto(bytes: Uint8Array, name: string, apart: Apart = {}): Promise<Photo> {
  apart.signal?.throwIfAborted();
  const kind = kindOf(bytes, name);
  try {
    const file: Encoded =
      kind === "JPEG" ? { kind, bytes, header: readJpegHeader(bytes) } : { kind, bytes, header: readPngHeader(bytes) };
    const { width, height } = file.header;
    checkSize(file.header, bytes.length, name);
    const decoded = width * height < APART ? undefined : await decodeApart(file, apart);
    return decoded ?? (await pixelsOf(file));
  } catch (cause) {
    throw named(noRoom(cause, `"${name}"`), `"${name}"`, kind);
  }
}

/**
 * Refuses what is no photo, or has too many pixels, by the first bytes of a file and how many it
 * has: before they are read. Of a JPEG whose size stands further behind that is found out later.
 * @throws PhotoError as `decodePhoto`.
 */
export function checkPhoto(head: Uint8Array, bytes: number, name: string): void {
  const kind = kindOf(head, name);
  try {
    const size = kind === "JPEG" ? readJpegSize(head) : readPngHeader(head);
    if (size) checkSize(size, bytes, name);
  } catch (cause) {
    throw named(cause, `"${name}"`, kind);
  }
  if (bytes <= MAX_BYTES) return;
  throw new PhotoError(`"${name}" has ${bytes} bytes; photos have ${MAX_BYTES / 1e9} GB at most.`, SAVE_AS);
}

/** What a file is, by how it begins. @throws PhotoError for what is no photo. */
function kindOf(bytes: Uint8Array, name: string): "JPEG" | "PNG" {
  if (bytes.length === 0) throw new PhotoError(`"${name}" is empty.`, "Download or copy it again.");
  const head = Buffer.from(bytes.subarray(0, 256)).toString("latin1");
  if (head.startsWith("\xff\xd8\xff")) return "JPEG";
  if (isPng(bytes)) return "PNG";
  const other = OTHERS.find(({ looks }) => looks.test(head));
  if (other) throw new PhotoError(`"${name}" is ${other.what}, which is not read.`, other.fix ?? SAVE_AS);
  throw new PhotoError(`"${name}" is no photo: it begins like neither a JPEG nor a PNG.`, "Give a JPEG or PNG file.");
}

type Extent = Pick<Photo, "width" | "height">;

/** @throws PhotoError, PhotoFault for a picture without pixels, and for one that has too many. */
function checkSize(size: Extent, bytes: number, name: string): void {
  checkPixels(size);
  const { width, height } = size;
  if (width * height > MAX_PIXELS) {
    throw new PhotoError(
      `"${name}" has ${width} × ${height} pixels; more than ${MAX_PIXELS / 1e6} megapixels are not read.`,
      "Scale it down first: networks see a few hundred pixels a side.",
    );
  }
  checkRoom(`"${name}"`, size, bytes);
}
