import { WeightsError } from "../errors.ts";
import { openArrayList } from "../weights/array-list.ts";
import { openNpy } from "../weights/npy.ts";
import type { Source } from "../weights/source.ts";
import type { QuantileTable } from "./quantile-table.ts";

// Tests: test/dissect/open-quantiles.test.ts

/** What is known of one unit's activations. */
interface UnitSketch {
  /** Activations, rising. */
  readonly values: Float32Array;
  /** Of each of them, which fraction of all activations lies below. */
  readonly fractions: Float64Array;
}

/**
 * What gandissect's `RunningQuantile` keeps of a layer in `quantiles.npz`: a sketch of levels, each
 * of whose samples stands for twice as many activations as one of the level before, and every
 * unit's extremes, which stand for none (Karnin, Lang and Liberty 2016).
 * @throws WeightsError `weights-format` for another file.
 */
export async function openRunningQuantiles(entries: ReadonlyMap<string, Source>, name: string): Promise<QuantileTable> {
  const entry = (key: string): Source => {
    const found = entries.get(`${key}.npy`);
    if (found) return found;
    throw wrong(name, `it lacks "${key}"`);
  };
  const extremes = await openNpy(entry("extremes"), "extremes");
  const levels = await openArrayList(entry("data"));
  const [units = 0] = extremes.shape;
  // [samples, units] each
  const fits = `${extremes.shape}` === `${[units, 2]}` && levels.every(({ shape }) => shape[1] === units);
  if (!fits) throw wrong(name, "its arrays do not fit each other");
  const ends = await extremes.read();
  const samples = await Promise.all(levels.map((level) => level.read()));
  const sketches = Array.from({ length: units }, (_, unit) => sketchOf(unit, units, ends, samples));
  return {
    units,
    levels: (quantile) => Float32Array.from(sketches, ({ values, fractions }) => between(quantile, fractions, values)),
    quantile: (unit, activation) => {
      const { values, fractions } = sketches[unit]!;
      return between(activation, values, fractions);
    },
  };
}

function sketchOf(unit: number, units: number, ends: Float32Array, levels: readonly Float32Array[]): UnitSketch {
  let [least, most] = [ends[2 * unit]!, ends[2 * unit + 1]!];
  // The first level's samples are not looked at for extremes until they move up.
  const first = levels[0] ?? [];
  for (let at = unit; at < first.length; at += units) {
    least = Math.min(least, first[at]!);
    most = Math.max(most, first[at]!);
  }
  const points: [value: number, weight: number][] = [
    [least, 0],
    [most, 0],
  ];
  levels.forEach((samples, level) => {
    for (let at = unit; at < samples.length; at += units) points.push([samples[at]!, 2 ** level]);
  });
  points.sort(([a], [b]) => a - b);
  const total = points.reduce((sum, [, weight]) => sum + weight, 0);
  let before = 0;
  const fractions = Float64Array.from(points, ([, weight]) => {
    before += weight;
    return (before - weight / 2) / total;
  });
  return { values: Float32Array.from(points, ([value]) => value), fractions };
}

/** y at x, on straight lines between the points; beyond them the last one's. As NumPy's interp. */
function between(x: number, xs: ArrayLike<number>, ys: ArrayLike<number>): number {
  const last = xs.length - 1;
  if (!(x >= xs[0]!)) return ys[0]!;
  if (x >= xs[last]!) return ys[last]!;
  // The last point that does not lie behind x, of several in one place the last.
  let [low, high] = [0, last];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle]! <= x) low = middle;
    else high = middle;
  }
  return ys[low]! + ((ys[high]! - ys[low]!) * (x - xs[low]!)) / (xs[high]! - xs[low]!);
}

const wrong = (name: string, what: string): WeightsError =>
  new WeightsError("weights-format", `"${name}" is no RunningQuantile: ${what}.`, "Remove it: it is measured then.");
