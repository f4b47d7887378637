import { encode as encodePng } from "fast-png";
import jpeg from "jpeg-js";
import { type ImageEncoder, toRgba } from "../report/image.ts";

/** Pictures in Node. PNGs are packed at a low level: strips are many, and their flat colours pack well at any. */
export function nodeEncoder(): ImageEncoder {
  return {
    png: ({ width, height, channels, data }) => encodePng({ width, height, channels, data }, { zlib: { level: 2 } }),
    jpeg: (image, quality) =>
      new Uint8Array(jpeg.encode({ width: image.width, height: image.height, data: toRgba(image) }, quality).data),
  };
}
