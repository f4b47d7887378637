import { UsageError } from "../errors.ts";
import { withFittingBatch } from "../models/batch-size.ts";
import type { Generator } from "../models/generator.ts";
import { evenBatch } from "../models/generator-plan.ts";
import { checkNames, type NamesOf } from "../names.ts";
import { Scope } from "../runtime/scope.ts";
import { Tensor } from "../runtime/tensor.ts";
import { Checkpoint, type Checkpoints, type PhaseTables } from "./checkpoint.ts";
import type { Counter } from "./counter.ts";
import { chunked } from "./generated.ts";
import { Moments } from "./moments.ts";
import { checkSamples, countedHere, whole } from "./options.ts";
import { Quantiles } from "./quantiles.ts";
import { UnitQuantiles } from "./unit-quantiles.ts";

/** Whose activations are measured, and in which images. */
export interface UnitQuantilesOptions {
  /** Its name, as in `generator.layers`. */
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
  /** Who keeps where it stands, so that it can go on from there. */
  readonly checkpoints?: Checkpoints | undefined;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const NAMES: NamesOf<UnitQuantilesOptions> = {
  layer: true,
  quantiles: true,
  size: true,
  seed: true,
  batch: true,
  checkpoints: true,
  signal: true,
};

/** Phases of checkpoints, and what the first one finds for the others. */
const PHASES = ["units 0", "units 1", "units 2"];
const SUMS = "units' sums";

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
  return withFittingBatch(generator.device, options.batch ?? 8, (batch) => measured(generator, { ...options, batch }));
}

/** The same at one batch, which has to fit into memory. */
async function measured(
  generator: Generator,
  options: UnitQuantilesOptions & { readonly batch: number },
): Promise<UnitQuantiles> {
  const { layer, quantiles: asked = QUANTILES, size = 1000, seed = 1, batch: most, checkpoints, signal } = options;
  const { channels, height, width } = generator.layer(layer);
  const checkpoint = new Checkpoint(checkpoints);
  checkSamples(countedHere(checkpoint, size), seed, height * width);
  whole("batch", most, 1, 1024);
  for (const quantile of asked) {
    if (!(quantile >= 0 && quantile <= 1)) {
      throw new UsageError(`${quantile} is no quantile.`, "Use a number between 0 and 1, such as 0.99.");
    }
  }
  const quantiles = [...new Set(asked)].sort((a, b) => a - b);
  const { first: start, end } = checkpoint.range(size);
  const batchSize = evenBatch(end - start, most);
  const { device } = generator;
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
    const rows = chunked(generator, { size, seed });
    const { moments } = sums.counters as { moments: Counter };
    moments.take(checkpoint.result(SUMS, Uint32Array));
    let pass = 0;
    const tables = (): PhaseTables => ({
      counters: { ...selection.counters, ...(pass === 0 && { moments }) },
      known: selection.known,
    });
    const goOn = (): number | undefined => {
      pass = Math.max(0, PHASES.indexOf(checkpoint.at ?? ""));
      selection.goOn(pass);
      const done = checkpoint.restore(PHASES[pass]!, { size, batchSize }, tables())?.done;
      if (done === undefined) selection.goOn(0);
      return done;
    };
    let from = goOn();
    for (pass = from === undefined ? 0 : pass; pass < selection.passes; pass += 1) {
      const at = PHASES[pass]!;
      if (from === undefined) await checkpoint.begin(at, () => selection.known);
      for (let first = from ?? start; first < end; first += batchSize) {
        signal?.throwIfAborted();
        const count = Math.min(batchSize, end - first);
        batch.write(Uint32Array.of(first, count));
        plan.run(rows(first, count));
        selection.add();
        if (pass === 0) sums.add();
        await device.idle();
        await checkpoint.keep(at, first + count, tables);
      }
      await selection.endPass();
      if (pass === 0 && checkpoint.isUsed) checkpoint.put(SUMS, await moments.read());
      from = undefined;
    }
    const means = await sums.means(samples);
    return new UnitQuantiles({ quantiles, levels: await selection.read(), means, samples });
  } finally {
    scope.dispose();
  }
}
