import type { PageData } from "./data.ts";

/** The feature maps in the page as activations. Runs in the page: no imports. */
export function surfaces(data: PageData, features: Int8Array) {
  /** The half-pixel bilinear surface [rows, columns] of the feature map of a unit's example. */
  function surface(
    layer: number,
    unit: number,
    example: number,
    [rows, columns]: readonly [number, number],
  ): Float32Array {
    const [height, width] = data.layers[layer]!.shape;
    const { at, scale } = data.layers[layer]!.features[unit]!;
    const level = data.report.layers[layer]!.units[unit]!.level ?? 0;
    const start = at + example * height * width;
    const out = new Float32Array(rows * columns);
    const [high, wide] = data.pictures.cover ?? [1, 1];
    const [vertical, horizontal] = [axis(height, rows, rows * high), axis(width, columns, columns * wide)];
    for (let y = 0; y < rows; y++) {
      const [low, high, down] = vertical[y]!;
      for (let x = 0; x < columns; x++) {
        const [left, right, across] = horizontal[x]!;
        const a = features[start + low * width + left]!;
        const b = features[start + low * width + right]!;
        const c = features[start + high * width + left]!;
        const d = features[start + high * width + right]!;
        const top = a + across * (b - a);
        out[y * columns + x] = level + scale * (top + down * (c + across * (d - c) - top));
      }
    }
    return out;
  }

  function axis(source: number, target: number, reach: number): (readonly [number, number, number])[] {
    return Array.from({ length: target }, (_, t) => {
      const at = Math.min(source - 1, Math.max(0, ((t + 0.5) * source) / reach - 0.5));
      const low = Math.floor(at);
      return [low, Math.min(source - 1, low + 1), at - low] as const;
    });
  }

  /** Lowest and highest activation of a unit over its embedded examples. */
  function range(layer: number, unit: number): [number, number] {
    const [height, width] = data.layers[layer]!.shape;
    const { at, scale, images: shown } = data.layers[layer]!.features[unit]!;
    const level = data.report.layers[layer]!.units[unit]!.level ?? 0;
    let [low, high] = [127, -127];
    for (const byte of features.subarray(at, at + shown.length * height * width)) {
      if (byte < low) low = byte;
      if (byte > high) high = byte;
    }
    return [level + low * scale, level + high * scale];
  }

  return { surface, range };
}

export type Surfaces = ReturnType<typeof surfaces>;
