// Tests: test/cli/commands/artifacts.test.ts
import type { Generator } from "../../index.ts";
import type { ArtifactFindings } from "../../report/artifacts.ts";
import { type PagePicture, SHOWN_IMAGES } from "../../report/artifacts-page.ts";
import { resizeRgb } from "../../report/image.ts";
import { encodeJpeg } from "../../report/jpeg.ts";

/** The longer edge on the page, where a picture is twice as sharp as it is drawn at most. */
const EDGE = 160;
const QUALITY = 85;

/** Every image that some unit shows, once. */
export async function pagePictures(
  generator: Generator,
  { units, size, seed }: ArtifactFindings,
  signal: AbortSignal,
): Promise<PagePicture[]> {
  const wanted = new Set(units.flatMap(({ images }) => images.slice(0, SHOWN_IMAGES)));
  const { height, width } = generator;
  const scale = Math.min(1, EDGE / Math.max(height, width));
  const [high, wide] = [Math.round(scale * height), Math.round(scale * width)];
  const pictures: PagePicture[] = [];
  for await (const { image, rgb } of generator.images({ size, seed, signal })) {
    if (!wanted.has(image)) continue;
    const data = resizeRgb(rgb, [height, width], [high, wide]);
    pictures.push({ image, jpeg: encodeJpeg({ width: wide, height: high, channels: 3, data }, QUALITY) });
  }
  return pictures;
}
