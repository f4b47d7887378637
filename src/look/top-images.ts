import { type Pooled, Pooling } from "../dissect/pooling.ts";
import type { Subject } from "../dissect/subject.ts";
import { UsageError } from "../errors.ts";
import { withFittingBatch } from "../models/batch-size.ts";
import type { Generator } from "../models/generator.ts";
import { evenBatch } from "../models/generator-plan.ts";
import { checkNames, type NamesOf } from "../names.ts";
import { Scope } from "../runtime/scope.ts";
import type { Tensor } from "../runtime/tensor.ts";

/** Whose units are looked at, and in which images. */
export interface TopImagesOptions {
  /** Its name, as in `generator.layers`. */
  readonly layer: string;
  /** All unless given. */
  readonly units?: readonly number[];
  /** Images of the seed, or photographs, that are looked at; 200, or all of these, unless given. */
  readonly size?: number;
  /** Seed of the images' z; 1 unless given. Photographs have none. */
  readonly seed?: number;
  /** How many of a unit; 8 unless given. */
  readonly top?: number;
  /** Which of a unit's activations in an image counts: "max", the largest, unless given. */
  readonly by?: "max" | "mean";
  /** Images at a time; 8 unless given. The result does not depend on it. */
  readonly batch?: number;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Told after every batch. */
  readonly onProgress?: (progress: {
    /** Images looked at. */
    readonly done: number;
    /** Of so many. */
    readonly total: number;
  }) => void;
}

const NAMES: NamesOf<TopImagesOptions> = {
  layer: "needed",
  units: "list",
  size: true,
  seed: true,
  top: true,
  by: true,
  batch: true,
  signal: true,
  onProgress: true,
};

/** A unit and the images that drive it most, first the most. */
export interface TopImages {
  /** Channel of the layer, from 0. */
  readonly unit: number;
  /** At most `top` of them. */
  readonly images: readonly {
    /** Its number in the seed, or among the photographs. */
    readonly image: number;
    /** The largest or mean activation of the unit there; see `by`. */
    readonly activation: number;
  }[];
}

/**
 * The images of a seed in which units of a layer are most active, without a segmenter; of equals
 * the first. A dissection of the same images has the same, by "max". Of a subject they are its
 * images, such as the photographs that a classifier sees (`photographed` of
 * `ganatomy/classifiers`), by their numbers.
 *
 * @returns one entry a unit, in the order asked for
 *
 * @throws UsageError; the signal's reason.
 */
export async function topImages(of: Generator | Subject, options: TopImagesOptions): Promise<TopImages[]> {
  checkNames("topImages", options, NAMES);
  const there = "open" in of ? of.images?.("whole") : undefined;
  const {
    layer,
    size: asked = there ?? 200,
    seed = 1,
    top = 8,
    by = "max",
    batch: most = 8,
    signal,
    onProgress,
  } = options;
  const { channels } = of.layer(layer);
  const size = Math.min(asked, there ?? asked);
  for (const [name, value] of Object.entries({ size, top, batch: most })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new UsageError(`${name} ${value} makes no sense.`, "Use a whole number from 1.");
    }
  }
  if (by !== "max" && by !== "mean") throw new UsageError(`Units have no "${by}" in an image.`, 'Use "max" or "mean".');
  const units = options.units ?? Array.from({ length: channels }, (_, unit) => unit);
  for (const unit of units) {
    if (Number.isInteger(unit) && unit >= 0 && unit < channels) continue;
    throw new UsageError(`${layer} has no unit ${unit}.`, `Its units are 0…${channels - 1}.`);
  }
  const batch = evenBatch(size, most);
  const best = units.map((unit) => ({ unit, images: [] as { image: number; activation: number }[] }));
  for await (const { first, count, activations } of eachBatch(of, { layer, size, seed, batch, signal })) {
    for (let i = 0; i < count; i += 1) {
      const row = activations[by](i);
      for (const { unit, images } of best) {
        const activation = row[unit]!;
        if (images.length === top && activation <= images.at(-1)!.activation) continue;
        const after = images.findIndex((other) => other.activation < activation);
        images.splice(after < 0 ? images.length : after, 0, { image: first + i, activation });
        images.splice(top);
      }
    }
    onProgress?.({ done: first + count, total: size });
  }
  return best;
}

/** What all units do in the images of a batch. */
interface Batch {
  readonly first: number;
  readonly count: number;
  readonly activations: Pooled;
}

/** Which images are looked at, where. */
interface Looked {
  readonly layer: string;
  readonly size: number;
  readonly seed: number;
  readonly batch: number;
  readonly signal: AbortSignal | undefined;
}

/** Brings a layer of some images, always into the same tensor. */
type Bring = (first: number, count: number) => Tensor<"f32"> | Promise<Tensor<"f32">>;

async function generatorMaps(
  generator: Generator,
  scope: Scope,
  { layer, size, seed, batch, signal }: Looked,
): Promise<Bring> {
  const { rowSize } = generator;
  const rows = generator.sample({ size, seed });
  const plan = scope.own(await generator.compile({ batch, retain: [layer], until: layer, signal }));
  return (first, count) => {
    plan.run(rows.subarray(first * rowSize, (first + count) * rowSize));
    return plan.layers.get(layer)!;
  };
}

async function subjectMaps(subject: Subject, scope: Scope, { layer, ...looked }: Looked): Promise<Bring> {
  const opening = { set: "whole", layers: [layer], bytes: false, raw: false, ...looked } as const;
  const batches = scope.own(await subject.open(opening));
  return async (first, count) => (await batches.bring(first, count, false)).layers.get(layer)!;
}

async function* eachBatch(of: Generator | Subject, asked: Looked): AsyncGenerator<Batch> {
  const { size, signal } = asked;
  const scope = new Scope();
  try {
    const { bring, batch } = await withFittingBatch(of.device, asked.batch, async (batch) => {
      const looked = { ...asked, batch };
      return {
        bring: "open" in of ? await subjectMaps(of, scope, looked) : await generatorMaps(of, scope, looked),
        batch,
      };
    });
    let pooling: Pooling | undefined;
    for (let first = 0; first < size; first += batch) {
      signal?.throwIfAborted();
      const count = Math.min(batch, size - first);
      const maps = await bring(first, count);
      pooling ??= scope.own(await Pooling.create(maps, signal));
      yield { first, count, activations: await pooling.read(count) };
    }
    signal?.throwIfAborted();
  } finally {
    scope.dispose();
  }
}
