import { OutputError } from "../errors.ts";
import { type Image, type ImageEncoder, toRgba } from "./image.ts";

// Tests: test/browser/drawing-workers.test.ts

/** The browser's own encoders, behind an OffscreenCanvas; works in workers too. */
export function canvasEncoder(): ImageEncoder {
  return {
    png: (image) => encode(image, { type: "image/png" }),
    jpeg: (image, quality) => encode(image, { type: "image/jpeg", quality: quality / 100 }),
  };
}

async function encode(image: Image, options: ImageEncodeOptions): Promise<Uint8Array> {
  const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
  if (!context) {
    throw new OutputError("This browser gives no 2-d canvas to encode pictures with.", "Pass an encoder of your own.");
  }
  context.putImageData(new ImageData(toRgba(image), image.width, image.height), 0, 0);
  const blob = await context.canvas.convertToBlob(options);
  return new Uint8Array(await blob.arrayBuffer());
}
