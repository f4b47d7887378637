import type { Edit, Generator } from "../../index.ts";
import { picturePng } from "../tile-pictures.ts";

/** White pixels between two pictures. */
const GAP = 2;
/** Pairs in `before-after.png`, which is held in memory and looked at as a whole. */
const STRIP = 16;

interface Pair {
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

/**
 * The first images as they are and edited, as PNGs by name: `image_N.png`, which has both side by
 * side, as soon as they are drawn; at last `before-after.png`, which has the first sixteen, edited
 * ones below.
 */
export async function* editedPictures(
  generator: Generator,
  edits: readonly Edit[],
  options: Omit<Parameters<Generator["images"]>[0], "edits" | "raw">,
): AsyncGenerator<{ readonly name: string; readonly png: Uint8Array }> {
  const strip: Pair[] = [];
  let image = 0;
  const edited = generator.images({ ...options, edits });
  try {
    for await (const { rgb: before } of generator.images(options)) {
      const { value } = await edited.next();
      const after = value!.rgb;
      if (strip.length < STRIP) strip.push({ before, after });
      yield { name: `image_${image}.png`, png: sheet([[before, after]], generator) };
      image += 1;
    }
  } finally {
    await edited.return(undefined);
  }
  const rows = [strip.map(({ before }) => before), strip.map(({ after }) => after)];
  yield { name: "before-after.png", png: sheet(rows, generator) };
}

/** RGB pictures of one size in rows. */
function sheet(rows: readonly (readonly Uint8Array[])[], one: Generator): Uint8Array {
  const width = rows[0]!.length * (one.width + GAP) - GAP;
  const height = rows.length * (one.height + GAP) - GAP;
  const data = new Uint8Array(3 * width * height).fill(255);
  rows.forEach((pictures, row) => {
    pictures.forEach((rgb, column) => {
      for (let y = 0; y < one.height; y += 1) {
        const at = (row * (one.height + GAP) + y) * width + column * (one.width + GAP);
        data.set(rgb.subarray(3 * y * one.width, 3 * (y + 1) * one.width), 3 * at);
      }
    });
  });
  return picturePng(one)({ width, height, rgb: data });
}
