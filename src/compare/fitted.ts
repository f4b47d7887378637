/** RGB bytes, rows from the top. */
export interface Picture {
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** 3 · width · height bytes. */
  readonly rgb: Uint8Array;
}

/**
 * Writes a picture into `to` [height, width, 4] as numbers from −1 to 1: the largest part of its
 * middle in these proportions, each pixel the mean of what it covers, or between its neighbours
 * (half-pixel centres) where it covers less than one.
 */
export function fitted({ width, height, rgb }: Picture, toHeight: number, toWidth: number, to: Float32Array): void {
  if (width === toWidth && height === toHeight) {
    for (let i = 0; i < width * height; i += 1) {
      for (let c = 0; c < 3; c += 1) to[4 * i + c] = rgb[3 * i + c]! / 127.5 - 1;
    }
    return;
  }
  const scale = Math.min(width / toWidth, height / toHeight);
  const columns = weights(width, toWidth, scale);
  const rows = weights(height, toHeight, scale);
  // Rows of the result before they are mixed, as far as they are needed at a time.
  const line = new Float64Array(3 * toWidth);
  rows.forEach((down, y) => {
    line.fill(0);
    for (const [row, share] of down) {
      columns.forEach((across, x) => {
        for (const [column, part] of across) {
          const at = 3 * (row * width + column);
          for (let c = 0; c < 3; c += 1) line[3 * x + c]! += share * part * rgb[at + c]!;
        }
      });
    }
    for (let x = 0; x < toWidth; x += 1) {
      for (let c = 0; c < 3; c += 1) to[4 * (y * toWidth + x) + c] = line[3 * x + c]! / 127.5 - 1;
    }
  });
}

/** For every place of the result the places that it is made of, and their shares. */
function weights(from: number, to: number, scale: number): (readonly [place: number, share: number])[][] {
  const start = (from - scale * to) / 2;
  return Array.from({ length: to }, (_, i) => {
    if (scale < 1) {
      const at = Math.min(from - 1, Math.max(0, start + (i + 0.5) * scale - 0.5));
      const below = Math.floor(at);
      const share = at - below;
      return share > 0 ? [[below, 1 - share] as const, [below + 1, share] as const] : [[below, 1] as const];
    }
    const [left, right] = [start + i * scale, start + (i + 1) * scale];
    const found: (readonly [number, number])[] = [];
    for (let place = Math.floor(left); place < Math.min(from, right); place += 1) {
      const share = (Math.min(right, place + 1) - Math.max(left, place)) / scale;
      if (place >= 0 && share > 0) found.push([place, share]);
    }
    return found;
  });
}
