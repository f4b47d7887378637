import type { Generator } from "../models/generator.ts";
import { resizeRgb } from "../report/image.ts";
import { maskPainter } from "../report/upsample.ts";
import { padded } from "../runtime/graph.ts";
import type { Findings } from "./findings.ts";
import type { Listener, Progress, Thumbnail, TopImage, TopImagesOptions } from "./session.ts";
import type { Frame } from "./stage.ts";
import { topImages } from "./tops.ts";

// Tests: test/session/session.test.ts

/** Images that are looked at unless it is said, or a report has looked already. */
const SIZE = 200;
/** Of each unit, when they are looked for. */
const TOP = 8;
/** What is left of a pixel where a unit is not active. */
const DIMMED = 0.35;

/** The images that units are most active in: a report's, or looked for once a layer. */
export class Examples {
  readonly #generator: Generator;
  readonly #findings: Findings | undefined;
  readonly #onProgress: Listener<Progress>;
  readonly #found = new Map<string, Promise<readonly (readonly TopImage[])[]>>();

  constructor(generator: Generator, findings: Findings | undefined, onProgress: Listener<Progress>) {
    this.#generator = generator;
    this.#findings = findings;
    this.#onProgress = onProgress;
  }

  /** Of every unit of a layer, best first. */
  top({
    layer,
    top = TOP,
    size,
    seed,
    signal,
  }: Omit<TopImagesOptions, "unit">): Promise<readonly (readonly TopImage[])[]> {
    const known = this.#findings?.layers.get(layer)?.tops;
    if (known?.some(({ length }) => length > 0) && size === undefined && seed === undefined) {
      const of = this.#findings?.report?.settings.seed ?? 1;
      const shown = known.map((list) =>
        list.slice(0, top).map(({ image, activation }) => ({ seed: of, image, activation: activation ?? 0 })),
      );
      return Promise.resolve(shown);
    }
    return this.#look(layer, { top, size: size ?? SIZE, seed: seed ?? 1, signal });
  }

  async #look(
    layer: string,
    { top, size, seed, signal }: { top: number; size: number; seed: number; signal: AbortSignal | undefined },
  ): Promise<readonly (readonly TopImage[])[]> {
    const key = JSON.stringify([layer, top, size, seed]);
    const looking =
      this.#found.get(key) ??
      topImages(this.#generator, {
        ...{ layer, top, size, seed, signal },
        onImages: (done) => this.#onProgress({ phase: "activations", done, total: size }),
      }).then((units) => units.map((list) => list.map((one) => ({ seed, ...one }))));
    this.#found.set(key, looking);
    try {
      return await looking;
    } catch (error) {
      this.#found.delete(key);
      throw error;
    }
  }
}

/**
 * Starts to read a unit's thumbnail: the image of the frame, dimmed where the unit is not active.
 */
export async function readThumbnail(
  frame: Frame,
  { layer, unit, image, level, size }: Pick<Thumbnail, "layer" | "unit" | "image"> & { level: number; size: number },
): Promise<Thumbnail> {
  const map = frame.layers.get(layer)!;
  const [, rows = 1, columns = 1, stored = padded(1)] = map.shape;
  const [, high = 1, wide = 1] = frame.rgba.shape;
  const [values, pixels] = await Promise.all([map.read(), frame.rgba.read()]);
  const feature = Float32Array.from({ length: rows * columns }, (_, cell) => values[cell * stored + unit]!);
  const height = Math.max(1, Math.round((size * high) / Math.max(high, wide)));
  const width = Math.max(1, Math.round((size * wide) / Math.max(high, wide)));
  const bytes = new Uint8Array(pixels.buffer);
  const rgb = resizeRgb(
    Uint8Array.from({ length: 3 * high * wide }, (_, at) => bytes[4 * Math.floor(at / 3) + (at % 3)]!),
    [high, wide],
    [height, width],
  );
  const active = new Uint8Array(height * width);
  maskPainter([rows, columns], [height, width])(feature, level, active);
  const rgba = new Uint8ClampedArray(4 * height * width).fill(255);
  for (let at = 0; at < active.length; at += 1) {
    for (let c = 0; c < 3; c += 1) rgba[4 * at + c] = rgb[3 * at + c]! * (active[at] ? 1 : DIMMED);
  }
  return { layer, unit, image, height, width, rgba };
}
