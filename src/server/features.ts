import type { QuantileTable } from "../dissect/quantile-table.ts";
import type { LayerInfo } from "../networks/network.ts";
import { padded } from "../runtime/graph.ts";
import { type Edited, pooled } from "./interventions.ts";
import type { ClientMask } from "./masks.ts";

/** Features of a layer for some images, [n, h, w, c rounded up to 4]. */
export type Features = Float32Array;

/** What a layer's units do where a mask is, over all images. */
export interface UnitStats {
  readonly max: number[];
  readonly mean: number[];
}

/** So that a mask that is nowhere has a mean of 0. */
const TINY = 1e-15;

/**
 * Of each unit the largest of f · mask and the mean of f weighted by the mask, over the cells of
 * all images, as `feature_stats` of gandissect: the mask pooled by its largest for the one, by its
 * mean for the other. A mask is everywhere where there is none.
 */
export function unitStats(
  features: Features,
  layer: LayerInfo,
  masks: readonly (ClientMask | undefined)[],
  generator: Pick<Edited, "height" | "width" | "uncropped">,
): UnitStats {
  const { channels, height, width } = layer;
  const [cells, stored] = [height * width, padded(channels)];
  const everywhere = new Float32Array(cells).fill(1);
  const max = new Float64Array(channels).fill(Number.NEGATIVE_INFINITY);
  const sum = new Float64Array(channels);
  let weight = 0;
  masks.forEach((mask, image) => {
    const most = mask ? pooled(mask, "max", layer, generator) : everywhere;
    const mean = mask ? pooled(mask, "mean", layer, generator) : everywhere;
    for (let cell = 0; cell < cells; cell += 1) {
      weight += mean[cell]!;
      const at = (image * cells + cell) * stored;
      for (let unit = 0; unit < channels; unit += 1) {
        const feature = features[at + unit]!;
        max[unit] = Math.max(max[unit]!, feature * most[cell]!);
        sum[unit]! += feature * mean[cell]!;
      }
    }
  });
  return { max: Array.from(max, Math.fround), mean: Array.from(sum, (total) => Math.fround(total / (weight + TINY))) };
}

/** Quantiles of these activations, one a unit. */
export const fractionsOf = (table: QuantileTable, activations: readonly number[]): number[] =>
  activations.map((activation, unit) => table.quantile(unit, activation));

/** [image][unit][h][w]: ⌊255 · quantile⌋ of every activation. */
export function quantileMaps(
  features: Features,
  layer: LayerInfo,
  images: number,
  table: QuantileTable,
): number[][][][] {
  const { channels, height, width } = layer;
  const stored = padded(channels);
  const list = <T>(length: number, make: (i: number) => T): T[] => Array.from({ length }, (_, i) => make(i));
  const at = (image: number, y: number, x: number): number => ((image * height + y) * width + x) * stored;
  return list(images, (image) =>
    list(channels, (unit) =>
      list(height, (y) =>
        list(width, (x) => Math.floor(255 * table.quantile(unit, features[at(image, y, x) + unit]!))),
      ),
    ),
  );
}
