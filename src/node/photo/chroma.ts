/** How much coarser a JPEG's colour is kept than its brightness: 1 or 2, both ways. */
export interface Chroma {
  readonly across: 1 | 2;
  readonly down: 1 | 2;
}

/**
 * RGB of interleaved Y, Cb, Cr whose colour was repeated to the full size: the colour is
 * interpolated instead, ¾ of the nearest sample and ¼ of the next, as libjpeg does ("fancy
 * upsampling"). Other programs, and so networks' own results, see pictures like that.
 */
export function smoothChroma(samples: Uint8Array, width: number, height: number, { across, down }: Chroma): Uint8Array {
  const rgb = new Uint8Array(3 * width * height);
  const columns = Math.ceil(width / across);
  // A row of both colours' samples at the coarse width, interpolated between rows, in quarters
  // where `down` is 2.
  const mixed = [new Float32Array(columns), new Float32Array(columns)];
  for (let y = 0; y < height; y += 1) {
    const near = Math.floor(y / down) * down;
    const other = down === 1 ? near : Math.min(Math.max(near + (y % 2 === 0 ? -2 : 2), 0), lastRow(height, down));
    mixed.forEach((row, colour) => {
      for (let i = 0; i < columns; i += 1) {
        const at = 3 * i * across + 1 + colour;
        row[i] = (3 * samples[3 * near * width + at]! + samples[3 * other * width + at]!) / 4;
      }
    });
    for (let x = 0; x < width; x += 1) {
      const i = Math.floor(x / across);
      const next = across === 1 ? i : Math.min(Math.max(i + (x % 2 === 0 ? -1 : 1), 0), columns - 1);
      const [cb, cr] = mixed.map((row) => (3 * row[i]! + row[next]!) / 4 - 128) as [number, number];
      const at = 3 * (y * width + x);
      const luma = samples[at]!;
      // JFIF's YCbCr (ITU-R BT.601, full range).
      rgb[at] = byte(luma + 1.402 * cr);
      rgb[at + 1] = byte(luma - 0.344136 * cb - 0.714136 * cr);
      rgb[at + 2] = byte(luma + 1.772 * cb);
    }
  }
  return rgb;
}

const lastRow = (height: number, down: number): number => Math.floor((height - 1) / down) * down;
const byte = (value: number): number => Math.min(255, Math.max(0, Math.round(value)));
