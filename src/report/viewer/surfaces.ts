import type { PageData } from "./data.ts";

/** The feature maps in the page as activations. Runs in the page: no imports. */
export function surfaces(data: PageData, features: Int8Array) {
  /** The bilinear surface [rows, columns] of the feature map of a unit's example. */
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
    const [tall, broad] = data.pictures.cover ?? [1, 1];
    const placed = data.layers[layer]!.placed ?? { top: 0, left: 0, high: tall, wide: broad, fades: false };
    const vertical = axis(height, rows, rows * placed.high, rows * placed.top);
    const horizontal = axis(width, columns, columns * placed.wide, columns * placed.left);
    for (let y = 0; y < rows; y++) {
      const [low, high, down, above] = vertical[y]!;
      for (let x = 0; x < columns; x++) {
        const [left, right, across, before] = horizontal[x]!;
        const a = features[start + low * width + left]!;
        const b = features[start + low * width + right]!;
        const c = features[start + high * width + left]!;
        const d = features[start + high * width + right]!;
        const top = a + across * (b - a);
        const share = placed.fades ? above * before : 1;
        out[y * columns + x] = share * (level + scale * (top + down * (c + across * (d - c) - top)));
      }
    }
    return out;
  }

  /**
   * The two places that each target position reads, how far it is from one to the other, and what
   * zeros around them leave of it.
   */
  function axis(
    source: number,
    target: number,
    reach: number,
    origin: number,
  ): (readonly [low: number, high: number, between: number, share: number])[] {
    return Array.from({ length: target }, (_, t) => {
      const place = ((t + 0.5 - origin) * source) / reach - 0.5;
      const at = Math.min(source - 1, Math.max(0, place));
      const low = Math.floor(at);
      const share = Math.min(1, Math.max(0, Math.min(place + 1, source - place)));
      return [low, Math.min(source - 1, low + 1), at - low, share] as const;
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
