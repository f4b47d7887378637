import type { PageData, Shown } from "./data.ts";
import type { LabelMaps } from "./label-maps.ts";
import type { Surfaces } from "./surfaces.ts";

/**
 * What lies over a unit's picture: the mask's boundary, and inside and outside of it what the view
 * says. Runs in the page: no imports.
 */
export function covering(data: PageData, { surface, range }: Surfaces, { pixelAt, topLabels }: LabelMaps) {
  type Rgb = readonly [number, number, number];
  const heat: readonly (readonly [share: number, color: Rgb])[] = [
    [0, [12, 8, 38]],
    [0.35, [105, 22, 110]],
    [0.6, [205, 66, 72]],
    [0.8, [248, 142, 32]],
    [1, [252, 246, 170]],
  ];

  function cover({ layer, unit, example, view, level }: Shown, extent: readonly [number, number]): ImageData {
    const [height, width] = extent;
    const values = surface(layer, unit, example, extent);
    const [, highest] = range(layer, unit);
    const image = data.layers[layer]!.features[unit]!.images[example]!;
    const pixels = new ImageData(width, height);
    const out = pixels.data;
    const reach = Math.max(1, Math.round(Math.max(height, width) / 72));
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const i = row * width + column;
        const on = values[i]! > level;
        const edge = !on && nearMask(values, level, extent, [row, column], reach);
        if (edge) put(out, i, view === "segmentation" ? [255, 255, 255] : [255, 221, 0], 255);
        else if (view === "masked") put(out, i, [0, 0, 0], on ? 0 : 140);
        else if (view === "mask") put(out, i, on ? [255, 255, 255] : [24, 24, 30], 255);
        else if (view === "activation") put(out, i, heatColor(values[i]! / (highest || 1)), 225);
        else {
          const label = topLabels(image)[pixelAt((column + 0.5) / width, (row + 0.5) / height)]!;
          put(out, i, data.report.labels[label]?.color ?? [0, 0, 0], 215);
        }
      }
    }
    return pixels;
  }

  function nearMask(
    values: Float32Array,
    level: number,
    [height, width]: readonly [number, number],
    [row, column]: readonly [number, number],
    reach: number,
  ): boolean {
    for (let dy = -reach; dy <= reach; dy += reach) {
      for (let dx = -reach; dx <= reach; dx += reach) {
        const [y, x] = [row + dy, column + dx];
        if (y >= 0 && y < height && x >= 0 && x < width && values[y * width + x]! > level) return true;
      }
    }
    return false;
  }

  function put(out: Uint8ClampedArray, i: number, [r, g, b]: Rgb, alpha: number): void {
    out[i * 4] = r;
    out[i * 4 + 1] = g;
    out[i * 4 + 2] = b;
    out[i * 4 + 3] = alpha;
  }

  function heatColor(share: number): Rgb {
    const at = Math.min(1, Math.max(0, share));
    const next = Math.max(
      1,
      heat.findIndex(([stop]) => stop >= at),
    );
    const [low, [r, g, b]] = heat[next - 1]!;
    const [high, [r2, g2, b2]] = heat[next]!;
    const t = (at - low) / (high - low);
    return [r + t * (r2 - r), g + t * (g2 - g), b + t * (b2 - b)];
  }

  return cover;
}
