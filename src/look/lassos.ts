// Tests: test/look/top-images.test.ts

import { UsageError } from "../errors.ts";
import { smallerBatch, withFittingBatch } from "../models/batch-size.ts";
import type { Generator } from "../models/generator.ts";
import { checkNames, type NamesOf } from "../names.ts";
import { type Thumbnail, thumbnails, type UnitView, VIEW_NAMES } from "./thumbnails.ts";

/** Which units are drawn, in which images. */
export interface LassosOptions extends UnitView {
  /** Its name, as in `generator.layers`. */
  readonly layer: string;
  /** Units and the images to see them in, in the order in which they are wanted. */
  readonly of: Iterable<{
    /** Channel of the layer, from 0. */
    readonly unit: number;
    /** Number of the image in the seed, from 0. */
    readonly image: number;
  }>;
  /** Seed of the images' z; 1 unless given. */
  readonly seed?: number;
  /** Images at a time; 8 unless given. The result does not depend on it. */
  readonly batch?: number;
}

const NAMES: NamesOf<LassosOptions> = { ...VIEW_NAMES, layer: "needed", of: "needed", seed: true, batch: true };

/**
 * Pictures of units in images of a seed, such as those of `topImages`: outlined, as reports show
 * them, unless another view is asked for. As many images as a batch has are made at once, and those
 * that follow each other and are the same once.
 * @throws UsageError, ShapeError; the signal's reason.
 */
export async function* lassos(
  generator: Generator,
  options: LassosOptions,
): AsyncGenerator<Thumbnail, void, undefined> {
  checkNames("lassos", options, NAMES);
  const { layer, of, seed = 1, batch = 8, view = "outline", ...how } = options;
  if (!Number.isInteger(batch) || batch < 1) {
    throw new UsageError(`A batch of ${batch} images makes no sense.`, "Use a whole number from 1.");
  }
  const { channels } = generator.layer(layer);
  const [high, wide] = generator.uncropped;
  const { size, levels, quantiles, signal } = how;
  const drawn = {
    view,
    cover: [generator.height / high, generator.width / wide],
    ...(size !== undefined && { size }),
    ...(levels && { levels }),
    ...(quantiles && { quantiles }),
    signal,
  } as const;
  const wanted = [...of];
  for (const { unit, image } of wanted) {
    const known = Number.isInteger(unit) && unit >= 0 && unit < channels && Number.isSafeInteger(image) && image >= 0;
    if (!known)
      throw new UsageError(`${layer} has no unit ${unit}, or the seed no image ${image}.`, "Give whole numbers.");
  }
  let most = Math.min(batch, distinct(wanted));
  let done = 0;
  while (done < wanted.length) {
    signal?.throwIfAborted();
    const plan = await withFittingBatch(generator.device, most, (fitting) =>
      generator.compile({ batch: fitting, retain: [layer], signal }),
    );
    try {
      for (const { images, units } of grouped(wanted.slice(done), plan.batch)) {
        signal?.throwIfAborted();
        const rows = new Float32Array(images.length * generator.rowSize);
        for (const [i, image] of images.entries()) {
          rows.set(generator.sample({ size: 1, seed, start: image }), i * generator.rowSize);
        }
        plan.run(rows);
        const places = units.map(({ image }) => images.indexOf(image));
        const some = { ...drawn, units: units.map(({ unit }) => unit), image: places, pictures: plan.image! };
        for await (const one of thumbnails(plan.layers.get(layer)!, some)) {
          yield { ...one, image: images[one.image]! };
          done += 1;
        }
      }
    } catch (error) {
      plan.dispose(); // before what it had is given back
      most = await smallerBatch(generator.device, plan.batch, error);
    } finally {
      plan.dispose();
    }
  }
}

type Wanted = { readonly unit: number; readonly image: number };

const distinct = (wanted: readonly Wanted[]): number => new Set(wanted.map(({ image }) => image)).size;

/** What can be drawn of one batch of images, one after the other; something is wanted. */
function* grouped(
  wanted: readonly Wanted[],
  batch: number,
): Iterable<{ readonly images: readonly number[]; readonly units: readonly Wanted[] }> {
  let [images, units]: [number[], Wanted[]] = [[], []];
  for (const one of wanted) {
    if (!images.includes(one.image) && images.length === batch) {
      yield { images, units };
      [images, units] = [[], []];
    }
    if (!images.includes(one.image)) images.push(one.image);
    units.push(one);
  }
  yield { images, units };
}
