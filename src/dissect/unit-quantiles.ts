import { ShapeError, UsageError, WeightsError } from "../errors.ts";
import { openCheckpoint } from "../weights/checkpoint.ts";
import type { LoadOptions, SourceLike } from "../weights/source.ts";
import { writeNpz } from "../weights/write-npz.ts";

/** What is known of the activations of a layer's units, each cell of each image being one. */
export interface UnitQuantilesData {
  /** Ascending fractions of a unit's activations that lie below the levels. */
  readonly quantiles: readonly number[];
  /** The levels, [quantiles][units]. */
  readonly levels: Float32Array;
  /** Mean activation, [units]. */
  readonly means: Float32Array;
  /** How many activations of a unit were looked at. */
  readonly samples: number;
}

/** Samples of each unit in what is written for gandissect; its own sketches keep about as many. */
const SKETCH = 500;
/** What else gandissect's sketches say of themselves, as its first step makes them (spec §3.3). */
const RESOLUTION = 1024;
const BUFFER_SIZE = 128;

/**
 * Quantiles of the activations of a layer's units: the level of a quantile, such as the 0.99 that
 * units are inserted at, and the quantile of an activation, which makes units comparable. Between
 * the levels that were measured both are interpolated.
 */
export class UnitQuantiles {
  /** Ascending fractions of a unit's activations that lie below its levels. */
  readonly quantiles: readonly number[];
  /** Mean activation of every unit, [units]. */
  readonly means: Float32Array;
  /** How many activations of a unit were looked at. */
  readonly samples: number;
  readonly #levels: Float32Array;

  /** @throws ShapeError, UsageError for tables that are none. */
  constructor({ quantiles, levels, means, samples }: UnitQuantilesData) {
    const units = means.length;
    if (quantiles.length === 0 || units === 0 || levels.length !== quantiles.length * units) {
      throw new ShapeError(
        `${levels.length} levels are no table of ${quantiles.length} quantiles of ${units} units.`,
        "Give one a quantile and unit.",
      );
    }
    if (!quantiles.every((quantile, i) => quantile >= 0 && quantile <= 1 && !(quantile <= quantiles[i - 1]!))) {
      throw new UsageError(`Quantiles ${quantiles} do not ascend from 0 to 1.`, "Sort them, and name each once.");
    }
    this.quantiles = quantiles;
    this.means = means;
    this.samples = samples;
    this.#levels = levels;
  }

  /** How many units the layer has. */
  get units(): number {
    return this.means.length;
  }

  /**
   * The level of every unit that this fraction of its activations lies below.
   * @throws UsageError for quantiles outside those that were measured.
   */
  levels(quantile: number): Float32Array {
    const known = this.quantiles;
    const after = known.findIndex((one) => one >= quantile);
    if (after < 0 || !(quantile >= known[0]!)) {
      throw new UsageError(
        `The quantile ${quantile} is not among those that were measured, ${known[0]} to ${known.at(-1)}.`,
        "Name one between them, or measure it.",
      );
    }
    const share = after === 0 ? 1 : (quantile - known[after - 1]!) / (known[after]! - known[after - 1]!);
    const high = this.#row(after);
    if (share === 1) return high.slice();
    return this.#row(after - 1).map((low, unit) => low + (high[unit]! - low) * share);
  }

  /**
   * The quantile of a unit's activation, of its level where several are equal the highest, and
   * that of the outermost level beyond them.
   * @throws UsageError for a unit that there is not.
   */
  quantile(unit: number, activation: number): number {
    const { quantiles, units } = this;
    if (!Number.isInteger(unit) || unit < 0 || unit >= units) {
      throw new UsageError(`There are no quantiles of a unit ${unit}.`, `Units are 0…${units - 1}.`);
    }
    // The first level that is greater.
    let [low, high] = [0, quantiles.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#levels[middle * units + unit]! > activation) high = middle;
      else low = middle + 1;
    }
    if (low === 0) return quantiles[0]!;
    if (low === quantiles.length) return quantiles.at(-1)!;
    const before = this.#levels[(low - 1) * units + unit]!;
    const share = (activation - before) / (this.#levels[low * units + unit]! - before);
    return quantiles[low - 1]! + share * (quantiles[low]! - quantiles[low - 1]!);
  }

  /** The quantile of one activation of every unit. @throws ShapeError for more or fewer. */
  quantilesOf(activations: ArrayLike<number>): Float32Array {
    if (activations.length !== this.units) {
      throw new ShapeError(
        `${activations.length} activations are not one of each of ${this.units} units.`,
        "Give one a unit.",
      );
    }
    return Float32Array.from(activations, (activation, unit) => this.quantile(unit, activation));
  }

  /**
   * `quantiles.npz`: `quantiles`, `levels` [quantiles, units], `means` and `samples`; and beside
   * them what gandissect's programs read from a file of this name, a sketch of 500 evenly spread
   * samples of each unit and its extremes (spec §3.3).
   */
  toNpz(): Uint8Array<ArrayBuffer> {
    const { quantiles, means, samples, units } = this;
    const [first, last] = [quantiles[0]!, quantiles.at(-1)!];
    const within = (quantile: number): number => Math.min(last, Math.max(first, quantile));
    const count = Math.min(SKETCH, samples);
    const sketch = new Float32Array(count * units);
    for (let i = 0; i < count; i += 1) sketch.set(this.levels(within((i + 0.5) / count)), i * units);
    const extremes = new Float32Array(2 * units);
    for (const [i, row] of [this.#row(0), this.#row(quantiles.length - 1)].entries()) {
      row.forEach((level, unit) => {
        extremes[2 * unit + i] = level;
      });
    }
    const number = (value: number) => ({ dtype: "float64" as const, shape: [], data: Float64Array.of(value) });
    const f32 = (shape: readonly number[], data: Float32Array) => ({ dtype: "float32" as const, shape, data });
    return writeNpz({
      quantiles: { dtype: "float64", shape: [quantiles.length], data: Float64Array.from(quantiles) },
      levels: f32([quantiles.length, units], this.#levels),
      means: f32([units], means),
      samples: number(samples),
      resolution: number(RESOLUTION),
      depth: number(units),
      buffersize: number(BUFFER_SIZE),
      samplerate: number(count / samples),
      data: f32([1, count, units], sketch),
      sizes: { dtype: "int32", shape: [1], data: Int32Array.of(count) },
      extremes: f32([units, 2], extremes),
      size: number(samples),
    });
  }

  #row(index: number): Float32Array {
    return this.#levels.subarray(index * this.units, (index + 1) * this.units);
  }
}

/**
 * Reads `LAYER/quantiles.npz` of a report folder. Sketches that gandissect itself wrote are not
 * read: they are pickled.
 * @throws WeightsError for another file, or a damaged one; see `openCheckpoint`.
 */
export async function openUnitQuantiles(source: SourceLike, options: LoadOptions = {}): Promise<UnitQuantiles> {
  const { tensors, source: file } = await openCheckpoint(source, options);
  const [quantiles, levels, means, samples] = await Promise.all(
    ["quantiles", "levels", "means", "samples"].map(async (name) => {
      const tensor = tensors.get(name);
      if (tensor) return tensor.read();
      throw unreadable(file.name, `it has no array "${name}"`);
    }),
  );
  try {
    // They are float64, which tensors are not read as: 0.99 comes back as what is nearest in
    // float32.
    const fractions = Array.from(quantiles!, (quantile) => Number(quantile.toPrecision(7)));
    return new UnitQuantiles({ quantiles: fractions, levels: levels!, means: means!, samples: samples![0]! });
  } catch (cause) {
    throw unreadable(file.name, (cause as Error).message, cause);
  }
}

function unreadable(file: string, why: string, cause?: unknown): WeightsError {
  return new WeightsError(
    "weights-format",
    `${file} is no table of units' quantiles: ${why}.`.replace("..", "."),
    "Give LAYER/quantiles.npz of a report.",
    { cause },
  );
}
