import type { Edit, Generator } from "../../index.ts";
import { encodePng } from "../png.ts";

/** White pixels between two pictures. */
const GAP = 2;

interface Pair {
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

/**
 * The first images as they are and edited, as PNGs by name: `image_N.png` has both side by side, `before-after.png` all, edited
 * ones below.
 */
export async function* editedPictures(
  generator: Generator,
  edits: readonly Edit[],
  options: { readonly size: number; readonly seed: number; readonly batch?: number; readonly signal: AbortSignal },
): AsyncGenerator<{ readonly name: string; readonly png: Uint8Array }> {
  const { resolution } = generator;
  const pairs: Pair[] = [];
  const edited = generator.images({ ...options, edits });
  try {
    for await (const { rgb: before } of generator.images(options)) {
      const { value } = await edited.next();
      pairs.push({ before, after: value!.rgb });
    }
  } finally {
    await edited.return(undefined);
  }
  for (const [image, { before, after }] of pairs.entries()) {
    yield { name: `image_${image}.png`, png: sheet([[before, after]], resolution) };
  }
  const rows = [pairs.map(({ before }) => before), pairs.map(({ after }) => after)];
  yield { name: "before-after.png", png: sheet(rows, resolution) };
}

/** Square RGB pictures in rows. */
function sheet(rows: readonly (readonly Uint8Array[])[], edge: number): Uint8Array {
  const [columns, step] = [rows[0]!.length, edge + GAP];
  const [width, height] = [columns * step - GAP, rows.length * step - GAP];
  const data = new Uint8Array(3 * width * height).fill(255);
  rows.forEach((pictures, row) => {
    pictures.forEach((rgb, column) => {
      for (let y = 0; y < edge; y += 1) {
        const at = (row * step + y) * width + column * step;
        data.set(rgb.subarray(3 * y * edge, 3 * (y + 1) * edge), 3 * at);
      }
    });
  });
  return encodePng({ width, height, channels: 3, data });
}
