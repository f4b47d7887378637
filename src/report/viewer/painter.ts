import type { PageData, View } from "./data.ts";

/** Draws a unit's pictures from its raw feature maps, at whatever resolution is asked. Runs in the page: no imports. */
export function painter(data: PageData, features: Int8Array, labelBytes: Uint8Array) {
  const { pictures, report } = data;
  const maps = pictures.labelBytes === 1 ? labelBytes : new Uint16Array(labelBytes.buffer);
  const images = new Map<number, Promise<HTMLImageElement>>();
  const tops = new Map<number, Uint16Array>();
  const scratch = document.createElement("canvas");
  const heat = [
    [0, 12, 8, 38],
    [0.35, 105, 22, 110],
    [0.6, 205, 66, 72],
    [0.8, 248, 142, 32],
    [1, 252, 246, 170],
  ] as const;

  /** The picture of an image number, decoded when first asked for. */
  function load(image: number): Promise<HTMLImageElement> {
    const known = images.get(image);
    if (known) return known;
    const node = new Image();
    node.src = `data:image/jpeg;base64,${pictures.jpegs[pictures.place[image]!]}`;
    const loading = node.decode().then(() => node);
    images.set(image, loading);
    return loading;
  }

  /** The feature map of a unit's example as activations, its half-pixel bilinear surface at size², and its range. */
  function surface(layer: number, unit: number, example: number, size: number): Float32Array {
    const [height, width] = data.layers[layer]!.shape;
    const { at, scale } = data.layers[layer]!.features[unit]!;
    const level = report.layers[layer]!.units[unit]!.level ?? 0;
    const start = at + example * height * width;
    const out = new Float32Array(size * size);
    const columns = axis(width, size);
    const rows = axis(height, size);
    for (let y = 0; y < size; y++) {
      const [low, high, down] = rows[y]!;
      for (let x = 0; x < size; x++) {
        const [left, right, across] = columns[x]!;
        const a = features[start + low * width + left]!;
        const b = features[start + low * width + right]!;
        const c = features[start + high * width + left]!;
        const d = features[start + high * width + right]!;
        const top = a + across * (b - a);
        out[y * size + x] = level + scale * (top + down * (c + across * (d - c) - top));
      }
    }
    return out;
  }

  function axis(source: number, target: number): (readonly [number, number, number])[] {
    return Array.from({ length: target }, (_, t) => {
      const at = Math.min(source - 1, Math.max(0, ((t + 0.5) * source) / target - 0.5));
      const low = Math.floor(at);
      return [low, Math.min(source - 1, low + 1), at - low] as const;
    });
  }

  /** The place in a label map of a point of an image, both coordinates from 0 to 1. */
  function placeOf(x: number, y: number): number {
    const edge = pictures.labelSize;
    const column = Math.min(edge - 1, Math.max(0, Math.floor(x * edge)));
    const row = Math.min(edge - 1, Math.max(0, Math.floor(y * edge)));
    return row * edge + column;
  }

  /** The labels of a pixel of an image, each once, without 0: objects first. */
  function labelsIn(image: number, pixel: number): Set<number> {
    const pixels = pictures.labelSize ** 2;
    const labels = new Set<number>();
    for (let channel = 0; channel < pictures.channels; channel++) {
      const label = maps[(pictures.place[image]! * pictures.channels + channel) * pixels + pixel]!;
      if (label !== 0) labels.add(label);
    }
    return labels;
  }

  /** The labels at a point of an image, both coordinates from 0 to 1. */
  function labelsAt(image: number, x: number, y: number): Set<number> {
    return labelsIn(image, placeOf(x, y));
  }

  /** How many pixels of an image each label has. */
  function countLabels(image: number, counts: Map<number, number>): void {
    for (let pixel = 0; pixel < pictures.labelSize ** 2; pixel++) {
      for (const label of labelsIn(image, pixel)) counts.set(label, (counts.get(label) ?? 0) + 1);
    }
  }

  /** One label a pixel, to paint: of several the one that is rarest in the image, so that small things lie on top. */
  function topLabels(image: number): Uint16Array {
    let flat = tops.get(image);
    if (flat) return flat;
    const counts = new Map<number, number>();
    countLabels(image, counts);
    flat = new Uint16Array(pictures.labelSize ** 2).map((_, pixel) => {
      let top = 0;
      for (const label of labelsIn(image, pixel)) {
        if (top === 0 || counts.get(label)! < counts.get(top)!) top = label;
      }
      return top;
    });
    tops.set(image, flat);
    return flat;
  }

  /** Draws one example into a square of a canvas. */
  function paint(
    context: CanvasRenderingContext2D,
    square: { readonly x: number; readonly y: number; readonly size: number },
    picture: HTMLImageElement,
    what: { layer: number; unit: number; example: number; view: View; level: number; highest: number },
  ): void {
    const { x, y, size } = square;
    const { layer, unit, example, view, level } = what;
    context.imageSmoothingQuality = "high";
    context.drawImage(picture, x, y, size, size);
    if (view === "original") return;
    const values = surface(layer, unit, example, size);
    const image = data.layers[layer]!.features[unit]!.images[example]!;
    const pixels = new ImageData(size, size);
    const out = pixels.data;
    const reach = Math.max(1, Math.round(size / 72));
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) {
        const i = row * size + column;
        const on = values[i]! > level;
        const edge = !on && nearMask(values, level, size, row, column, reach);
        if (edge) put(out, i, view === "segmentation" ? [255, 255, 255] : [255, 221, 0], 255);
        else if (view === "masked") put(out, i, [0, 0, 0], on ? 0 : 140);
        else if (view === "mask") put(out, i, on ? [255, 255, 255] : [24, 24, 30], 255);
        else if (view === "activation") put(out, i, heatColor(values[i]! / (what.highest || 1)), 225);
        else {
          const label = topLabels(image)[placeOf((column + 0.5) / size, (row + 0.5) / size)]!;
          put(out, i, report.labels[label]?.color ?? [0, 0, 0], 215);
        }
      }
    }
    // Drawn through a second canvas, since putImageData would replace the picture instead of covering it.
    scratch.width = size;
    scratch.height = size;
    scratch.getContext("2d")!.putImageData(pixels, 0, 0);
    context.drawImage(scratch, x, y);
  }

  function nearMask(values: Float32Array, level: number, size: number, row: number, column: number, reach: number) {
    for (let dy = -reach; dy <= reach; dy += reach) {
      for (let dx = -reach; dx <= reach; dx += reach) {
        const [y, x] = [row + dy, column + dx];
        if (y >= 0 && y < size && x >= 0 && x < size && values[y * size + x]! > level) return true;
      }
    }
    return false;
  }

  function put(out: Uint8ClampedArray, i: number, [r, g, b]: readonly [number, number, number], alpha: number): void {
    out[i * 4] = r;
    out[i * 4 + 1] = g;
    out[i * 4 + 2] = b;
    out[i * 4 + 3] = alpha;
  }

  function heatColor(share: number): [number, number, number] {
    const at = Math.min(1, Math.max(0, share));
    const next = Math.max(
      1,
      heat.findIndex(([stop]) => stop >= at),
    );
    const [low, r, g, b] = heat[next - 1]!;
    const [high, r2, g2, b2] = heat[next]!;
    const t = (at - low) / (high - low);
    return [r + t * (r2 - r), g + t * (g2 - g), b + t * (b2 - b)];
  }

  /** Lowest and highest activation of a unit over its embedded examples. */
  function range(layer: number, unit: number): [number, number] {
    const [height, width] = data.layers[layer]!.shape;
    const { at, scale, images: shown } = data.layers[layer]!.features[unit]!;
    const level = report.layers[layer]!.units[unit]!.level ?? 0;
    let [low, high] = [127, -127];
    for (const byte of features.subarray(at, at + shown.length * height * width)) {
      if (byte < low) low = byte;
      if (byte > high) high = byte;
    }
    return [level + low * scale, level + high * scale];
  }

  return { load, paint, labelsAt, countLabels, range };
}

export type Painter = ReturnType<typeof painter>;
