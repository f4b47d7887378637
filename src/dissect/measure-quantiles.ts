import { UsageError } from "../errors.ts";
import type { Generator } from "../models/generator.ts";
import { evenBatch } from "../models/generator-plan.ts";
import { checkNames, type NamesOf } from "../names.ts";
import { Scope } from "../runtime/scope.ts";
import { Tensor } from "../runtime/tensor.ts";
import { Moments } from "./moments.ts";
import { checkSamples, whole } from "./options.ts";
import { Quantiles } from "./quantiles.ts";
import { UnitQuantiles } from "./unit-quantiles.ts";

export interface UnitQuantilesOptions {
  readonly layer: string;
  /**
   * Fractions of a unit's activations that lie below: 0.99 is what GANPaint draws with. `QUANTILES`
   * unless given.
   */
  readonly quantiles?: readonly number[];
  /** Images; 1000 unless given. */
  readonly size?: number;
  /** Seed of their z; 1 unless given. */
  readonly seed?: number;
  /** Images at a time; 8 unless given. The quantiles do not depend on it. */
  readonly batch?: number;
  readonly signal?: AbortSignal | undefined;
}

const NAMES: NamesOf<UnitQuantilesOptions> = {
  layer: true,
  quantiles: true,
  size: true,
  seed: true,
  batch: true,
  signal: true,
};

/** From the lowest activation to the highest, closer together towards both: 59 quantiles. */
export const QUANTILES: readonly number[] = [
  ...[0, 0.001, 0.002, 0.005, 0.01],
  ...Array.from({ length: 49 }, (_, i) => (i + 1) / 50),
  ...[0.99, 0.995, 0.998, 0.999, 1],
];

/**
 * Exact quantiles (Hazen's definition) and means of every unit's activations as the layer gives
 * them. The levels to insert a unit at, and what makes activations of different units comparable.
 * @throws UsageError for options that make no sense; the signal's reason.
 */
export async function unitQuantiles(generator: Generator, options: UnitQuantilesOptions): Promise<UnitQuantiles> {
  checkNames("unitQuantiles", options, NAMES);
  const { layer, quantiles: asked = QUANTILES, size = 1000, seed = 1, batch: most = 8, signal } = options;
  const { channels, height, width } = generator.layer(layer);
  checkSamples(size, seed, height * width);
  whole("batch", most, 1, 1024);
  for (const quantile of asked) {
    if (!(quantile >= 0 && quantile <= 1)) {
      throw new UsageError(`${quantile} is no quantile.`, "Use a number between 0 and 1, such as 0.99.");
    }
  }
  const quantiles = [...new Set(asked)].sort((a, b) => a - b);
  const batchSize = evenBatch(size, most);
  const { device, rowSize } = generator;
  const samples = size * height * width;
  const scope = new Scope();
  try {
    const plan = scope.own(await generator.compile({ batch: batchSize, retain: [layer], until: layer, signal }));
    const batch = scope.own(Tensor.create(device, "batch", [2], "u32"));
    const maps = plan.layers.get(layer)!;
    const common = { maps, channels, batch, signal };
    const selection = scope.own(await Quantiles.create(device, { ...common, grid: undefined, samples, quantiles }));
    // a label map that shows nothing, as fine as the layer
    const slotMaps = scope.own(Tensor.create(device, "no labels", [batchSize, 1, height, width], "u32"));
    const sums = scope.own(await Moments.create(device, { ...common, slotMaps, labels: [] }));
    const rows = generator.sample({ size, seed });
    for (let pass = 0; pass < selection.passes; pass += 1) {
      for (let first = 0; first < size; first += batchSize) {
        signal?.throwIfAborted();
        const count = Math.min(batchSize, size - first);
        batch.write(Uint32Array.of(0, count));
        plan.run(rows.subarray(first * rowSize, (first + count) * rowSize));
        selection.add();
        if (pass === 0) sums.add();
        await device.idle();
      }
      selection.endPass();
    }
    const means = await sums.means(samples);
    return new UnitQuantiles({ quantiles, levels: await selection.read(), means, samples });
  } finally {
    scope.dispose();
  }
}
