/** Where each target position reads: between `low` and `low + 1`, the share of the latter being `share`. */
interface Axis {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly share: Float64Array;
}

/** Fills `mask` (size²) with 1 where the upsampled feature map is above the level. */
export type MaskPainter = (feature: Float32Array, level: number, mask: Uint8Array) => void;

/**
 * Masks as the scores see them: half-pixel bilinear upsampling, coordinates clamped to the border, on where the surface is
 * strictly greater than the level (§3.4, §3.6). The published code draws its pictures by another rule (zeros around the
 * map, ≥), so that they show other pixels than it counts; we draw what is counted (§13 erratum 23).
 */
export function maskPainter(height: number, width: number, size: number): MaskPainter {
  const [rows, columns] = [axis(height, size), axis(width, size)];
  const line = new Float64Array(width);
  return (feature, level, mask) => {
    for (let y = 0; y < size; y++) {
      const [top, bottom, share] = [rows.low[y]! * width, rows.high[y]! * width, rows.share[y]!];
      let highest = Number.NEGATIVE_INFINITY;
      for (let x = 0; x < width; x++) {
        const value = feature[top + x]! + share * (feature[bottom + x]! - feature[top + x]!);
        line[x] = value;
        if (value > highest) highest = value;
      }
      const start = y * size;
      if (!(highest > level)) {
        mask.fill(0, start, start + size);
        continue;
      }
      for (let x = 0; x < size; x++) {
        const left = line[columns.low[x]!]!;
        mask[start + x] = left + columns.share[x]! * (line[columns.high[x]!]! - left) > level ? 1 : 0;
      }
    }
  };
}

function axis(source: number, target: number): Axis {
  const low = new Int32Array(target);
  const high = new Int32Array(target);
  const share = new Float64Array(target);
  for (let t = 0; t < target; t++) {
    const at = Math.min(source - 1, Math.max(0, ((t + 0.5) * source) / target - 0.5));
    low[t] = Math.floor(at);
    high[t] = Math.min(source - 1, low[t]! + 1);
    share[t] = at - low[t]!;
  }
  return { low, high, share };
}

/** Marks the ring of pixels outside the mask within two steps of it, diagonals included (§3.7), as `2`. */
export function markEdge(mask: Uint8Array, size: number, scratch: Uint8Array): void {
  // Two dilations by 8 neighbours are one by a 5×5 square, which is first along rows, then along columns.
  for (let y = 0; y < size; y++) {
    const row = y * size;
    let until = -1;
    for (let x = 0; x < Math.min(2, size); x++) if (mask[row + x] === 1) until = x + 2;
    for (let x = 0; x < size; x++) {
      if (x + 2 < size && mask[row + x + 2] === 1) until = x + 4;
      scratch[row + x] = x <= until ? 1 : 0;
    }
  }
  for (let y = 0; y < size; y++) {
    const [from, to] = [Math.max(0, y - 2), Math.min(size - 1, y + 2)];
    const row = y * size;
    for (let x = 0; x < size; x++) {
      if (mask[row + x] !== 0) continue;
      for (let near = from; near <= to; near++) {
        if (scratch[near * size + x] !== 0) {
          mask[row + x] = 2;
          break;
        }
      }
    }
  }
}
