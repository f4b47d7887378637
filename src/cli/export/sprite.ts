import { join } from "node:path";
import type { LayerResult } from "../../dissect/result.ts";
import { decodePhoto } from "../../node/photo/decode.ts";
import { encodePng } from "../../node/photo/encode-png.ts";
import type { Photo } from "../../node/photo/photo.ts";
import { readBytes } from "../../node/regular-file.ts";
import { resizeRgb } from "../../report/image.ts";
import type { Sprite } from "../../report/projector.ts";
import { unreadable } from "../photo.ts";

/** The longer edge of a unit's picture, where all of a layer's units fit with it. */
const EDGE = 64;
/** Edge that the Embedding Projector draws, as WebGL has it at least everywhere. */
const MOST = 8192;

/**
 * A picture a unit: the image that activates it most, dimmed where it is off. Undefined where the
 * report has no pictures.
 * @param folder the layer's, in the report
 */
export async function spriteOf(
  folder: string,
  { units }: LayerResult,
  signal: AbortSignal,
): Promise<Sprite | undefined> {
  const photos: (Photo | undefined)[] = [];
  for (const { unit } of units) {
    signal.throwIfAborted();
    const path = join(folder, "s-image", `${unit}-top.jpg`);
    const bytes = await readBytes(path, (error) => {
      if (error.code === "ENOENT") return undefined;
      return unreadable(path, error);
    });
    photos.push(bytes && (await decodePhoto(bytes, path, { signal })));
  }
  const first = photos.find((photo) => photo !== undefined);
  if (!first) return undefined;
  // As many across as down, which the projector takes it to be.
  const across = Math.ceil(Math.sqrt(units.length));
  const edge = Math.min(EDGE, Math.floor(MOST / across), Math.max(first.width, first.height));
  const longer = Math.max(first.width, first.height);
  const [width, height] = [first.width, first.height].map((one) => Math.max(1, Math.round((edge * one) / longer))) as [
    number,
    number,
  ];
  const data = new Uint8Array(3 * across * width * across * height);
  photos.forEach((photo, at) => {
    if (!photo) return;
    const rgb = resizeRgb(photo.rgb, [photo.height, photo.width], [height, width]);
    const corner = Math.floor(at / across) * height * across * width + (at % across) * width;
    for (let y = 0; y < height; y++)
      data.set(rgb.subarray(3 * y * width, 3 * (y + 1) * width), 3 * (corner + y * across * width));
  });
  const png = encodePng({ width: across * width, height: across * height, channels: 3, data });
  return { data: png, picture: [width, height] };
}
