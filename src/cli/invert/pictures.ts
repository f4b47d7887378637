// Tests: test/cli/commands/invert.test.ts
import { fitted } from "../../compare/fitted.ts";
import { type Generator, loadSegmenter, Tensor } from "../../index.ts";
import type { Inversion } from "../../inversion/index.ts";
import type { OutputFolder } from "../../node/folder.ts";
import { encodePng } from "../../node/photo/encode-png.ts";
import { encodeSegmentation } from "../../node/photo/label-maps.ts";
import type { Photo } from "../../node/photo/photo.ts";
import { labelColors } from "../../report/colors.ts";
import type { openSegmenter } from "../models.ts";

/** A picture [height, width, 3], numbers from −1 to 1, and what it is. */
export interface Made {
  readonly of: string;
  readonly pixels: Float32Array;
}

/** The photo at the generator's size, and what was made of it. */
export function picturesOf({ height, width }: Generator, photo: Photo, { images, layer }: Inversion): Made[] {
  const target = new Float32Array(4 * height * width);
  fitted(photo, height, width, target);
  return [
    { of: "photo", pixels: target.filter((_, at) => at % 4 !== 3) },
    { of: "latent", pixels: images.latent },
    ...(images.layer ? [{ of: layer!, pixels: images.layer }] : []),
    ...(images.weights ? [{ of: "weights", pixels: images.weights }] : []),
  ];
}

/** Pixels of a picture's shorter edge at the least: small pictures are shown in larger pixels. */
const SHOWN = 256;

const timesShown = ({ height, width }: Generator): number => Math.max(1, Math.ceil(SHOWN / Math.min(height, width)));

/** The pictures side by side, as a PNG. */
export function stripOf(pictures: readonly Made[], generator: Generator): Uint8Array {
  const { height, width } = generator;
  const times = timesShown(generator);
  const [columns, rows] = [times * width, times * height];
  const data = new Uint8Array(3 * pictures.length * columns * rows);
  pictures.forEach(({ pixels }, at) => {
    for (let y = 0; y < rows; y += 1) {
      for (let x = 0; x < columns; x += 1) {
        const from = 3 * (Math.floor(y / times) * width + Math.floor(x / times));
        const to = 3 * (y * pictures.length * columns + at * columns + x);
        for (let c = 0; c < 3; c += 1) {
          data[to + c] = Math.round(127.5 * (Math.min(1, Math.max(-1, pixels[from + c]!)) + 1));
        }
      }
    }
  });
  return encodePng({ width: pictures.length * columns, height: rows, channels: 3, data });
}

/** Pixels of every concept in each of the pictures, which are drawn side by side. */
export interface Areas {
  readonly segmenter: string;
  readonly pixels: number;
  readonly concepts: readonly { readonly name: string; readonly pixels: readonly number[] }[];
}

/**
 * Names what is in the pictures: segmentation.png, and the areas, the largest of the photo first.
 */
export async function segmented(
  { name, files }: Awaited<ReturnType<typeof openSegmenter>>,
  generator: Generator,
  pictures: readonly Made[],
  { folder, signal }: { readonly folder: OutputFolder; readonly signal: AbortSignal },
): Promise<Areas> {
  const { device, height, width } = generator;
  const segmenter = await loadSegmenter(files, { device, name, signal });
  const pixels = height * width;
  const all = new Float32Array(4 * pixels * pictures.length);
  pictures.forEach(({ pixels: rgb }, at) => {
    for (let i = 0; i < 3 * pixels; i += 1) all[4 * (at * pixels + Math.floor(i / 3)) + (i % 3)] = rgb[i]!;
  });
  const image = await device.allocating("pictures", () =>
    Tensor.from(device, "pictures", [pictures.length, height, width, 4], "f32", all),
  );
  try {
    using plan = await segmenter.compile(image, [height, width], signal);
    plan.run();
    const labels = await plan.labels.read();
    const maps = segmenter.channels;
    // Side by side as in steps.png, every map of labels by itself.
    const times = timesShown(generator);
    const [across, down] = [times * pictures.length * width, times * height];
    const wide = new Uint32Array(maps * across * down);
    const counts = segmenter.labels.map(() => pictures.map(() => 0));
    labels.forEach((label, at) => {
      const [pixel, map, picture] = [at % pixels, Math.floor(at / pixels) % maps, Math.floor(at / pixels / maps)];
      const [y, x] = [Math.floor(pixel / width), pixel % width];
      for (let row = times * y; row < times * (y + 1); row += 1) {
        const first = (map * down + row) * across + times * (picture * width + x);
        wide.fill(label, first, first + times);
      }
      counts[label]![picture]! += 1;
    });
    const colors = labelColors(segmenter.labels);
    await folder.write("segmentation.png", encodeSegmentation(wide, across, down, colors));
    const concepts = segmenter.labels
      .map(({ name }, label) => ({ name, pixels: counts[label]! }))
      .filter(({ pixels }, label) => label > 0 && pixels.some((count) => count > 0))
      .sort((a, b) => b.pixels[0]! - a.pixels[0]!);
    return { segmenter: name, pixels, concepts };
  } finally {
    image.dispose();
    segmenter.dispose();
  }
}
