// Tests: test/node/photo/decode-jpeg.test.ts
/** The package declares no types; these are what is used of it. */
declare module "@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs" {
  interface JPEGDecoder {
    /** Where the file goes, of this many bytes. */
    getEncodedBuffer(bytes: number): Uint8Array;
    /** @throws a number where libjpeg-turbo fails or warns */
    decode(): void;
    getFrameInfo(): { readonly width: number; readonly height: number; readonly componentCount: 1 | 3 };
    /** A copy of the interleaved samples. */
    getDecodedBuffer(): Uint8ClampedArray<ArrayBuffer>;
    delete(): void;
  }
  const load: () => Promise<{ readonly JPEGDecoder: new () => JPEGDecoder; readonly HEAPU8: Uint8Array }>;
  export default load;
}
