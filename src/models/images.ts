import { ShapeError, UsageError } from "../errors.ts";
import { checkNames } from "../names.ts";
import type { LayerInfo, Network } from "../networks/network.ts";
import type { Device } from "../runtime/device.ts";
import { padded } from "../runtime/graph.ts";
import type { SampleZOptions } from "../weights/sample-z.ts";
import { withFittingBatch } from "./batch-size.ts";
import { editableBy } from "./edits.ts";
import { IMAGES_NAMES, type ImagesOptions } from "./generator-options.ts";
import { type CompileGeneratorOptions, evenBatch, type GeneratorPlan } from "./generator-plan.ts";

// Tests: test/models/images.test.ts

/** An image that a generator drew. */
export interface DrawnImage {
  /** Its place among the images of the seed, or among the rows that were given. */
  readonly image: number;
  /** The longer edge in pixels. */
  readonly size: number;
  readonly height: number;
  readonly width: number;
  /** [height, width, 3] */
  readonly rgb: Uint8Array;
  /** [h, w, c], with `raw`: what the network made, before it was a picture. */
  readonly raw?: Float32Array;
}

/** What of a generator drawing needs. */
interface Drawing {
  readonly device: Device;
  readonly network: Pick<Network, "outputs">;
  readonly height: number;
  readonly width: number;
  readonly resolution: number;
  readonly rowSize: number;
  layer(name: string): LayerInfo;
  sample(options: Omit<SampleZOptions, "depth">): Float32Array;
  compile(options: CompileGeneratorOptions): Promise<GeneratorPlan>;
}

/** Behind `generator.images`. */
export async function* drawImages(generator: Drawing, options: ImagesOptions): AsyncGenerator<DrawnImage> {
  checkNames("generator.images", options, IMAGES_NAMES);
  const { seed, start = 0, edits = [], from, raw, signal } = options;
  const { height, width, resolution } = generator;
  const row = from === undefined ? generator.rowSize : elementsOf(generator, from);
  if (from !== undefined && !options.rows) {
    throw new UsageError(`Images from "${from}" on are made of its features.`, "Give them as `rows`.");
  }
  if (options.rows && options.rows.length % row !== 0) {
    throw new ShapeError(`Rows of ${options.rows.length} numbers are no whole number of ${row}.`, "Give whole rows.");
  }
  const size = options.rows ? options.rows.length / row : options.size;
  if (size === undefined || !Number.isInteger(size) || size < 1) {
    throw new UsageError(`A size of ${size} images makes no sense.`, "Use a whole number from 1.");
  }
  const rows = options.rows ?? generator.sample({ size, seed: seed!, start });
  const part = { ...(from !== undefined && { from }), ...(raw && { raw }) };
  const plan = await withFittingBatch(generator.device, Math.min(size, options.batch ?? 8), (most) => {
    const batch = evenBatch(size, most);
    return generator.compile({ batch, bytes: true, editable: editableBy(edits), ...part, signal });
  });
  const { batch } = plan;
  try {
    plan.setEdits(edits);
    const pixels = height * width;
    for (let first = 0; first < size; first += batch) {
      signal?.throwIfAborted();
      const count = Math.min(batch, size - first);
      plan.run(rows.subarray(first * row, (first + count) * row));
      const [rgba, own] = await Promise.all([plan.rgba!.read(count * pixels), plan.raw?.read()]);
      const bytes = new Uint8Array(rgba.buffer);
      for (let i = 0; i < count; i += 1) {
        const drawn = { image: start + first + i, size: resolution, height, width };
        const made = own && { raw: unpadded(own, generator, i) };
        yield { ...drawn, rgb: withoutAlpha(bytes, i * pixels, pixels), ...made };
      }
    }
  } finally {
    plan.dispose();
  }
}

/** Numbers of one image's features as a tensor holds them. */
function elementsOf(generator: Drawing, layer: string): number {
  const { height, width, channels } = generator.layer(layer);
  return height * width * padded(channels);
}

/** One image's own numbers, without the channels that fill up a vec4. */
function unpadded(numbers: Float32Array, { network }: Pick<Drawing, "network">, image: number): Float32Array {
  const { height, width, channels } = network.outputs.find(({ kind }) => kind === "raw")!;
  const stored = padded(channels);
  const values = new Float32Array(height * width * channels);
  for (let pixel = 0; pixel < height * width; pixel += 1) {
    const start = (image * height * width + pixel) * stored;
    values.set(numbers.subarray(start, start + channels), pixel * channels);
  }
  return values;
}

/** RGB bytes of `pixels` RGBA pixels from `first` on. */
export function withoutAlpha(rgba: Uint8Array, first: number, pixels: number): Uint8Array {
  const rgb = new Uint8Array(3 * pixels);
  for (let p = 0; p < pixels; p += 1) {
    const from = 4 * (first + p);
    rgb[3 * p] = rgba[from]!;
    rgb[3 * p + 1] = rgba[from + 1]!;
    rgb[3 * p + 2] = rgba[from + 2]!;
  }
  return rgb;
}
