import { PhotoError } from "../errors.ts";

// Tests: test/report/decode-png.test.ts, test/node/photo/decode-png.test.ts,
// test/node/photo/decode-jpeg.test.ts

/**
 * What is wrong with the bytes of a picture, in words that follow its kind: "ends within its
 * header".
 */
export class PhotoFault extends Error {
  /** Whether bytes are missing, as after a download that stopped. */
  readonly truncated: boolean;

  constructor(message: string, truncated = false, options?: ErrorOptions) {
    super(message, options);
    this.truncated = truncated;
  }
}

export const SAVE_AS = "Open it in a picture viewer and save it as JPEG or PNG.";

/** A fault as an error that names the picture; anything else as it is. */
export function named(cause: unknown, name: string, kind: "JPEG" | "PNG"): unknown {
  if (!(cause instanceof PhotoFault)) return cause;
  if (cause.truncated) {
    const fix = "Download or copy it again; if it is the same, open it in a picture viewer and save what is there.";
    return new PhotoError(`${name} is truncated: the ${kind} ${cause.message}.`, fix, { cause });
  }
  return new PhotoError(`${name} is a ${kind} that ${cause.message}.`, SAVE_AS, { cause });
}

/**
 * Bytes of memory that any picture may take, and those for each of its own: one colour is packed
 * into a thousandth. What has many bytes may have any number of pixels.
 */
const [GRANTED, A_BYTE, LARGE] = [44e6, 40, 10e6];

/** @throws PhotoError for a picture that needs far more memory than it has bytes. */
export function checkRoom(
  name: string,
  { width, height }: { readonly width: number; readonly height: number },
  needed: number,
  bytes: number,
): void {
  if (bytes >= LARGE || needed <= GRANTED + A_BYTE * bytes) return;
  throw new PhotoError(
    `${name} has ${width} × ${height} pixels in ${bytes} bytes, which would take far more memory than a file of its size may.`,
    "Scale it down first: networks see a few hundred pixels a side.",
  );
}

/** @throws PhotoFault for a picture without pixels. */
export function checkPixels({ width, height }: { readonly width: number; readonly height: number }): void {
  if (width === 0 || height === 0) throw new PhotoFault(`has no pixels (${width} × ${height})`);
}
