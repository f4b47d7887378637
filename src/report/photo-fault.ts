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
 * Pixels that any picture may have, however few its bytes: screenshots and masks are packed into a
 * thousandth, and phones take 12 to 50 megapixels. More are read of files of so many bytes alone.
 */
const [PLENTY, LARGE] = [50e6, 10e6];

/** @throws PhotoError for a picture that has very many pixels in few bytes. */
export function checkRoom(
  name: string,
  { width, height }: { readonly width: number; readonly height: number },
  bytes: number,
): void {
  if (width * height <= PLENTY || bytes >= LARGE) return;
  throw new PhotoError(
    `${name} has ${width} × ${height} pixels in ${bytes} bytes; more than ${PLENTY / 1e6} megapixels are read only of files of ${LARGE / 1e6} MB and more.`,
    "Scale it down first: networks see a few hundred pixels a side.",
  );
}

/** @throws PhotoFault for a picture without pixels. */
export function checkPixels({ width, height }: { readonly width: number; readonly height: number }): void {
  if (width === 0 || height === 0) throw new PhotoFault(`has no pixels (${width} × ${height})`);
}
