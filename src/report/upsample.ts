import { type Extent, type Placed, WHOLE } from "./extents.ts";

/**
 * Where each target position reads: between `low` and `low + 1`, the share of the latter being
 * `share`.
 */
interface Axis {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly share: Float64Array;
  /** The first target position that reads from each place and the next, and the end. */
  readonly first: Int32Array;
}

/** Fills `mask` [height, width] with 1 where the upsampled feature map is above the level. */
export type MaskPainter = (feature: Float32Array, level: number, mask: Uint8Array) => void;

/**
 * Masks as the scores see them: half-pixel bilinear upsampling, coordinates clamped to the border,
 * on where the surface is strictly greater than the level (§3.4, §3.6). The published code draws
 * its pictures by another rule (zeros around the map, ≥), so that they show other pixels than it
 * counts; we draw what is counted (§13 erratum 23).
 */
export function maskPainter(
  [height, width]: Extent,
  [maskHeight, maskWidth]: Extent,
  /** Where on the mask the map lies. */
  placed: Placed = WHOLE,
): MaskPainter {
  if (placed.fades) return fadingPainter([height, width], [maskHeight, maskWidth], placed);
  const rows = axis(height, maskHeight, maskHeight * placed.high, maskHeight * placed.top);
  const columns = axis(width, maskWidth, maskWidth * placed.wide, maskWidth * placed.left);
  const line = new Float64Array(width);
  return (feature, level, mask) => {
    for (let y = 0; y < maskHeight; y++) {
      const [top, bottom, share] = [rows.low[y]! * width, rows.high[y]! * width, rows.share[y]!];
      let highest = Number.NEGATIVE_INFINITY;
      for (let x = 0; x < width; x++) {
        const value = feature[top + x]! + share * (feature[bottom + x]! - feature[top + x]!);
        line[x] = value;
        if (value > highest) highest = value;
      }
      const start = y * maskWidth;
      if (!(highest > level)) {
        mask.fill(0, start, start + maskWidth);
        continue;
      }
      for (let column = 0; column < width; column++) {
        const [from, to] = [start + columns.first[column]!, start + columns.first[column + 1]!];
        const left = line[column]!;
        const step = line[Math.min(column + 1, width - 1)]! - left;
        // Rounding keeps order: what lies between two that are above, or two that are not, is no
        // exception.
        const above = left > level;
        if (left + step > level === above) mask.fill(above ? 1 : 0, from, to);
        else for (let i = from; i < to; i++) mask[i] = left + columns.share[i - start]! * step > level ? 1 : 0;
      }
    }
  };
}

/** Of a map with a ring of zeros around it, into which it fades. */
function fadingPainter([height, width]: Extent, mask: Extent, { top, left, high, wide }: Placed): MaskPainter {
  const [rows, columns] = [height + 2, width + 2];
  const ringed = new Float32Array(rows * columns);
  const paint = maskPainter([rows, columns], mask, {
    top: top - high / height,
    left: left - wide / width,
    high: (high * rows) / height,
    wide: (wide * columns) / width,
    fades: false,
  });
  return (feature, level, painted) => {
    for (let y = 0; y < height; y += 1) {
      ringed.set(feature.subarray(y * width, (y + 1) * width), (y + 1) * columns + 1);
    }
    paint(ringed, level, painted);
  };
}

/** Of so many target positions, of which `reach` from `origin` on would cover the source. */
function axis(source: number, target: number, reach: number, origin: number): Axis {
  const low = new Int32Array(target);
  const high = new Int32Array(target);
  const share = new Float64Array(target);
  for (let t = 0; t < target; t++) {
    const at = Math.min(source - 1, Math.max(0, ((t + 0.5 - origin) * source) / reach - 0.5));
    low[t] = Math.floor(at);
    high[t] = Math.min(source - 1, low[t]! + 1);
    share[t] = at - low[t]!;
  }
  const first = new Int32Array(source + 1).fill(target);
  for (let t = target - 1; t >= 0; t--) first.fill(t, 0, low[t]! + 1);
  return { low, high, share, first };
}

/**
 * Marks the ring of pixels outside the mask within two steps of it, diagonals included (§3.7), as
 * `2`.
 */
export function markEdge(mask: Uint8Array, [height, width]: Extent, scratch: Uint8Array): void {
  // Two dilations by 8 neighbours are one by a 5×5 square, which is first along rows, then along
  // columns.
  for (let y = 0; y < height; y++) {
    const row = y * width;
    let until = -1;
    for (let x = 0; x < Math.min(2, width); x++) if (mask[row + x] === 1) until = x + 2;
    for (let x = 0; x < width; x++) {
      if (x + 2 < width && mask[row + x + 2] === 1) until = x + 4;
      scratch[row + x] = x <= until ? 1 : 0;
    }
  }
  // Four pixels at a time where rows are whole words: no byte of a word reaches into the next.
  const words = width % 4 === 0 && (mask.byteOffset | scratch.byteOffset) % 4 === 0;
  const state = words ? new Uint32Array(mask.buffer, mask.byteOffset, mask.length / 4) : mask;
  const near = words ? new Uint32Array(scratch.buffer, scratch.byteOffset, scratch.length / 4) : scratch;
  const stride = words ? width / 4 : width;
  for (let y = 0; y < height; y++) {
    const row = y * stride;
    const above = Math.max(0, y - 1) * stride - row;
    const highest = Math.max(0, y - 2) * stride - row;
    const below = Math.min(height - 1, y + 1) * stride - row;
    const lowest = Math.min(height - 1, y + 2) * stride - row;
    for (let i = row; i < row + stride; i++) {
      const reached = near[i]! | near[i + above]! | near[i + highest]! | near[i + below]! | near[i + lowest]!;
      if (reached !== 0) state[i] = state[i]! | ((reached & ~state[i]!) << 1);
    }
  }
}
