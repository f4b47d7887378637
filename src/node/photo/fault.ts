// Tests: test/node/photo/decode-png.test.ts, test/node/photo/decode-jpeg.test.ts
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
