import { OutputError } from "../../errors.ts";
import type { Rgb } from "../../report/colors.ts";
import { rarestOnTop } from "../../report/segmentation.ts";
import { encodePng } from "./encode-png.ts";

/**
 * A label map [height, width] as a PNG whose grey values are the labels: 8 bits where they fit, 16
 * otherwise.
 * @throws OutputError when the map has other pixels or labels beyond 65535.
 */
export function encodeLabels(labels: Uint16Array | Uint32Array, width: number, height: number): Uint8Array {
  if (labels.length !== width * height) {
    throw new OutputError(
      `${labels.length} labels are no map of ${width} × ${height} pixels.`,
      "Pass one label a pixel.",
    );
  }
  let most = 0;
  for (const label of labels) most = Math.max(most, label);
  if (most > 0xffff)
    throw new OutputError(`A PNG cannot hold the label ${most}.`, "Save the labels as numbers instead.");
  return encodePng({ width, height, channels: 1, data: new (most < 256 ? Uint8Array : Uint16Array)(labels) });
}

/**
 * Label maps [maps, height, width] as one picture, each label in its colour (`labelColors` of
 * report/colors.ts); of several a pixel the rarer one lies on top. Labels without a colour are
 * black, as none is.
 * @throws OutputError when the maps have other pixels.
 */
export function encodeSegmentation(
  labels: Uint16Array | Uint32Array,
  width: number,
  height: number,
  colors: readonly Rgb[],
): Uint8Array {
  const maps = labels.length / (width * height);
  if (!Number.isInteger(maps) || maps < 1) {
    throw new OutputError(
      `${labels.length} labels are no maps of ${width} × ${height} pixels.`,
      "Pass one map after the other.",
    );
  }
  const data = new Uint8Array(width * height * 3);
  rarestOnTop(labels, width * height).forEach((label, i) => {
    data.set(colors[label] ?? [0, 0, 0], i * 3);
  });
  return encodePng({ width, height, channels: 3, data });
}
