import type { Image } from "./image.ts";

// Tests: test/node/photo/decode-jpeg.test.ts, test/report/decode-png.test.ts

/**
 * The orientation in a TIFF directory, as EXIF keeps it in JPEGs and PNGs: 1 to 8, of which 1 is
 * upright; undefined where there is none that makes sense.
 */
export function readOrientation(tiff: Uint8Array): number | undefined {
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const order = String.fromCharCode(...tiff.subarray(0, 2));
  const little = order === "II";
  if (tiff.length < 8 || !(little || order === "MM")) return undefined;
  const directory = view.getUint32(4, little);
  if (directory + 2 > tiff.length) return undefined;
  const entries = view.getUint16(directory, little);
  for (let i = 0; i < entries; i++) {
    const entry = directory + 2 + 12 * i;
    if (entry + 12 > tiff.length) return undefined;
    if (view.getUint16(entry, little) !== 0x0112) continue;
    const value = view.getUint16(entry + 8, little);
    return view.getUint16(entry + 2, little) === 3 && value >= 1 && value <= 8 ? value : undefined;
  }
  return undefined;
}

/** Turns and mirrors a picture as EXIF says it was taken. */
export function upright(image: Image, orientation: number): Image {
  if (orientation === 1) return image;
  const { width, height, channels, data } = image;
  const last = width * height - 1;
  // Where the first pixel comes from, and how far from it those to its right and below it do.
  const [start, right, down] = (
    [
      [width - 1, -1, width],
      [last, -1, -width],
      [last - width + 1, 1, -width],
      [0, width, 1],
      [last - width + 1, -width, 1],
      [last, -width, -1],
      [width - 1, width, -1],
    ] as const
  )[orientation - 2]!;
  const [columns, rows] = orientation < 5 ? [width, height] : [height, width];
  const turned = new Uint8Array(data.length);
  let to = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, to += channels) {
      const from = channels * (start + column * right + row * down);
      for (let c = 0; c < channels; c++) turned[to + c] = data[from + c]!;
    }
  }
  return { width: columns, height: rows, channels, data: turned };
}
