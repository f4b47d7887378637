import { topImages } from "../look/top-images.ts";
import type { Generator } from "../models/generator.ts";
import { resizeRgb } from "../report/image.ts";
import { maskPainter } from "../report/upsample.ts";
import { padded } from "../runtime/graph.ts";
import { abortable } from "../weights/abort.ts";
import type { Findings } from "./findings.ts";
import type { Listener, Progress, Thumbnail, TopImage, TopImagesOptions } from "./session.ts";
import type { Frame } from "./stage.ts";

// Tests: test/session/session.test.ts

/** Images that are looked at unless it is said, or a report has looked already. */
const SIZE = 200;
/** Of each unit, when they are looked for. */
const TOP = 8;
/** What is left of a pixel where a unit is not active. */
const DIMMED = 0.35;

/** Images that are looked for, or were found, for all who ask. */
interface Look {
  readonly units: Promise<readonly (readonly TopImage[])[]>;
  readonly stop: AbortController;
  /** Who waits for them; without anybody it ends. */
  askers: number;
}

/** The images that units are most active in: a report's, or looked for once a layer. */
export class Examples {
  readonly #generator: Generator;
  readonly #findings: Findings | undefined;
  readonly #onProgress: Listener<Progress>;
  readonly #looks = new Map<string, Look>();

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
    { signal, ...how }: { top: number; size: number; seed: number; signal: AbortSignal | undefined },
  ): Promise<readonly (readonly TopImage[])[]> {
    const key = JSON.stringify([layer, how]);
    const look = this.#looks.get(key) ?? this.#begin(key, layer, how);
    look.askers += 1;
    try {
      return await abortable(look.units, signal);
    } finally {
      look.askers -= 1;
      if (look.askers === 0) look.stop.abort(); // which nobody hears of, if it has ended
    }
  }

  #begin(
    key: string,
    layer: string,
    how: { readonly top: number; readonly size: number; readonly seed: number },
  ): Look {
    const stop = new AbortController();
    const onProgress = ({ done, total }: { readonly done: number; readonly total: number }): void =>
      this.#onProgress({ phase: "activations", done, total });
    const units = topImages(this.#generator, { layer, ...how, signal: stop.signal, onProgress }).then((found) =>
      found.map(({ images }) => images.map((one) => ({ seed: how.seed, ...one }))),
    );
    const look = { units, stop, askers: 0 };
    this.#looks.set(key, look);
    units.catch(() => this.#looks.delete(key));
    return look;
  }

  /** Ends what is being looked for, for a reason that those are told who wait. */
  dispose(reason: Error): void {
    for (const { stop } of this.#looks.values()) stop.abort(reason);
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
