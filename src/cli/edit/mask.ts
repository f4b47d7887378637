import { basename } from "node:path";
import { PhotoError, UsageError } from "../../errors.ts";
import type { Mask, MaskPooling } from "../../models/mask.ts";
import { checkPhoto, decodePhoto } from "../../node/photo/decode.ts";
import { bytesOf } from "../files-read.ts";
import type { MaskFlag } from "../options.ts";

/**
 * Where to edit: bounds in pixels of the images, or a picture of their proportions and any size on
 * which everything counts that is neither transparent nor white (a GANPaint mask, spec §6.2).
 * @throws UsageError for a mask of another shape than the images or one that covers nothing;
 *   PhotoError for no picture.
 */
export async function readMask(
  flag: MaskFlag,
  images: { readonly height: number; readonly width: number },
  pooling: MaskPooling,
  signal?: AbortSignal,
): Promise<Mask> {
  if (typeof flag !== "string") {
    const [top, left, bottom, right] = flag;
    if (bottom > images.height || right > images.width) {
      throw new UsageError(
        `The mask ${flag.join(",")} goes beyond the images, which have ${images.width}×${images.height} pixels.`,
        "Give top,left,bottom,right within them.",
      );
    }
    const data = Uint8Array.from({ length: images.height * images.width }, (_, at) => {
      const [row, column] = [Math.floor(at / images.width), at % images.width];
      return Number(row >= top && row < bottom && column >= left && column < right);
    });
    return { height: images.height, width: images.width, data, pooling };
  }
  const unreadable = (cause: NodeJS.ErrnoException): never => {
    const fix = "Name a PNG, or give top,left,bottom,right.";
    throw new PhotoError(`The mask "${flag}" cannot be read (${cause.code}).`, fix, { cause });
  };
  const look = (head: Uint8Array, size: number): void => checkPhoto(head, size, basename(flag));
  const bytes = await bytesOf(flag, unreadable, { look, signal });
  const { width, height, rgb } = await decodePhoto(bytes, basename(flag), { signal });
  if (width * images.height !== height * images.width) {
    throw new UsageError(
      `The mask "${flag}" has ${width}×${height} pixels, and the images are ${images.width}×${images.height}.`,
      `Make it ${images.width}×${images.height}, or any other size of these proportions.`,
    );
  }
  const data = Uint8Array.from({ length: width * height }, (_, at) =>
    Number(rgb[3 * at]! < 255 || rgb[3 * at + 1]! < 255 || rgb[3 * at + 2]! < 255),
  );
  if (!data.includes(1)) {
    throw new UsageError(`The mask "${flag}" is all white or transparent.`, "Draw where the edit is to act.");
  }
  return { height, width, data, pooling };
}
