import { checkSamples, whole } from "../dissect/options.ts";
import { Quantiles } from "../dissect/quantiles.ts";
import { UsageError } from "../errors.ts";
import type { Generator } from "../models/generator.ts";
import { evenBatch } from "../models/generator-plan.ts";
import { checkNames, type NamesOf } from "../names.ts";
import { Scope } from "../runtime/scope.ts";
import { Tensor } from "../runtime/tensor.ts";

export interface UnitQuantilesOptions {
  readonly layer: string;
  /** Fractions of a unit's activations that lie below: 0.99 is what GANPaint draws with. */
  readonly quantiles: readonly number[];
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

/**
 * Exact quantiles of every unit's activations as the layer gives them (Hazen's definition):
 * [quantiles][units]. The levels to insert a unit at.
 * @throws UsageError for options that make no sense; the signal's reason.
 */
export async function unitQuantiles(generator: Generator, options: UnitQuantilesOptions): Promise<Float32Array[]> {
  checkNames("unitQuantiles", options, NAMES);
  const { layer, quantiles, size = 1000, seed = 1, batch: most = 8, signal } = options;
  const { channels, height, width } = generator.layer(layer);
  checkSamples(size, seed, height * width);
  whole("batch", most, 1, 1024);
  for (const quantile of quantiles) {
    if (!(quantile >= 0 && quantile <= 1)) {
      throw new UsageError(`${quantile} is no quantile.`, "Use a number between 0 and 1, such as 0.99.");
    }
  }
  const batchSize = evenBatch(size, most);
  const { device, rowSize } = generator;
  const scope = new Scope();
  try {
    const plan = scope.own(await generator.compile({ batch: batchSize, retain: [layer], until: layer, signal }));
    const batch = scope.own(Tensor.create(device, "batch", [2], "u32"));
    const selection = scope.own(
      await Quantiles.create(device, {
        maps: plan.layers.get(layer)!,
        channels,
        batch,
        grid: undefined,
        samples: size * height * width,
        quantiles,
        signal,
      }),
    );
    const rows = generator.sample({ size, seed });
    for (let pass = 0; pass < selection.passes; pass += 1) {
      for (let first = 0; first < size; first += batchSize) {
        signal?.throwIfAborted();
        const count = Math.min(batchSize, size - first);
        batch.write(Uint32Array.of(first, count));
        plan.run(rows.subarray(first * rowSize, (first + count) * rowSize));
        selection.add();
        await device.idle();
      }
      selection.endPass();
    }
    const values = await selection.read();
    return quantiles.map((_, q) => values.slice(q * channels, (q + 1) * channels));
  } finally {
    scope.dispose();
  }
}
