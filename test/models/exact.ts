import type { Network } from "../../src/networks/network.ts";

/** An edit by numbers alone, its mask at the layer's resolution. */
export interface PlainEdit {
  readonly layer: string;
  readonly units: readonly number[];
  readonly alpha?: number | readonly number[];
  readonly value?: number | readonly number[];
  readonly mask?: ArrayLike<number>;
}

/**
 * The generator in double precision, straight from its definition (spec §1.1): every layer's output
 * before any edit, [n, c, h, w].
 */
export async function exactProgan(
  { state, inputs, layers }: Network,
  z: Float32Array,
  edit?: PlainEdit,
): Promise<Map<string, Float64Array>> {
  const n = z.length / inputs[0]!.channels;
  let x: Float64Array = Float64Array.from(z);
  let channels = inputs[0]!.channels;
  let extent = 1;
  const outputs = new Map<string, Float64Array>();
  for (const layer of layers) {
    const weight = await state.get(`${layer.name}.conv.weight`)!.read();
    const bias = await state.get(`${layer.name}.wscale.b`)!.read();
    const output = layer.name.startsWith("output");
    const kernel = layer.name === "layer1" ? 4 : output ? 1 : 3;
    const pad = layer.name === "layer1" ? 3 : output ? 0 : 1;
    const up = !output && layer.name !== "layer1" && layer.height > extent ? 2 : 1;
    const scale = (output ? 1 : Math.SQRT2 / kernel) / Math.sqrt(channels);
    const normed = normalize(x, n, channels, extent);
    const size = layer.height;
    const y = new Float64Array(n * layer.channels * size * size);
    let at = 0;
    for (let i = 0; i < n; i += 1) {
      for (let o = 0; o < layer.channels; o += 1) {
        for (let row = 0; row < size; row += 1) {
          for (let column = 0; column < size; column += 1) {
            let sum = 0;
            for (let ky = 0; ky < kernel; ky += 1) {
              const sy = row + ky - pad;
              if (sy < 0 || sy >= extent * up) continue;
              for (let kx = 0; kx < kernel; kx += 1) {
                const sx = column + kx - pad;
                if (sx < 0 || sx >= extent * up) continue;
                const from = i * channels * extent * extent + Math.floor(sy / up) * extent + Math.floor(sx / up);
                for (let c = 0; c < channels; c += 1) {
                  sum +=
                    normed[from + c * extent * extent]! * weight[((o * channels + c) * kernel + ky) * kernel + kx]!;
                }
              }
            }
            const v = sum * scale + bias[o]!;
            y[at++] = !output && v < 0 ? 0.2 * v : v;
          }
        }
      }
    }
    outputs.set(layer.name, y);
    x = edit?.layer === layer.name ? edited(y, edit, layer.channels, size * size) : y;
    channels = layer.channels;
    extent = size;
  }
  return outputs;
}

function normalize(x: Float64Array, n: number, channels: number, extent: number): Float64Array {
  const pixels = extent * extent;
  const y = new Float64Array(x.length);
  for (let i = 0; i < n; i += 1) {
    for (let p = 0; p < pixels; p += 1) {
      let sum = 0;
      for (let c = 0; c < channels; c += 1) sum += x[(i * channels + c) * pixels + p]! ** 2;
      const norm = Math.sqrt(sum / channels + 1e-8);
      for (let c = 0; c < channels; c += 1) {
        const at = (i * channels + c) * pixels + p;
        y[at] = x[at]! / norm;
      }
    }
  }
  return y;
}

function edited(x: Float64Array, edit: PlainEdit, channels: number, pixels: number): Float64Array {
  const y = x.slice();
  const one = (values: number | readonly number[], i: number): number =>
    typeof values === "number" ? values : values[i]!;
  edit.units.forEach((unit, index) => {
    for (let i = 0; i * channels * pixels < x.length; i += 1) {
      for (let p = 0; p < pixels; p += 1) {
        const at = (i * channels + unit) * pixels + p;
        const a = one(edit.alpha ?? 1, index) * (edit.mask?.[p] ?? 1);
        y[at] = x[at]! * (1 - a) + one(edit.value ?? 0, index) * a;
      }
    }
  });
  return y;
}
