import type { Rgb } from "../report/colors.ts";
import { paintLabels } from "../report/label-picture.ts";
import type { UnitName, ViewState } from "./session.ts";
import type { Frame } from "./stage.ts";

// Tests: test/session/views.test.ts

/** RGBA of what a view shows, of a frame that has what it wants. */
export async function statePicture(
  frame: Frame,
  { view, unit }: ViewState,
  colors: readonly Rgb[],
): Promise<Uint8ClampedArray<ArrayBuffer>> {
  const [, rows = 1, columns = 1] = frame.rgba.shape;
  if (view === "labels") return paintLabels(await frame.labels!.read(), rows * columns, colors);
  if (view === "unit") return heatPicture(frame, unit!);
  const pixels = await frame.rgba.read();
  return new Uint8ClampedArray(pixels.buffer);
}

/** A unit's activations as greys, from 0 to the largest there is. */
async function heatPicture(frame: Frame, { layer, unit }: UnitName): Promise<Uint8ClampedArray<ArrayBuffer>> {
  const map = frame.layers.get(layer)!;
  const [, rows = 1, columns = 1, stored = 4] = map.shape;
  const [, height = 1, width = 1] = frame.rgba.shape;
  const values = await map.read();
  let most = 0;
  for (let at = unit; at < values.length; at += stored) most = Math.max(most, values[at]!);
  const rgba = new Uint8ClampedArray(4 * height * width).fill(255);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const cell = Math.floor((y * rows) / height) * columns + Math.floor((x * columns) / width);
      rgba.fill((255 * values[cell * stored + unit]!) / most, 4 * (y * width + x), 4 * (y * width + x) + 3);
    }
  }
  return rgba;
}
