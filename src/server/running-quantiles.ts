import { WeightsError } from "../errors.ts";
import { openArrayList } from "../weights/array-list.ts";
import { openNpy } from "../weights/npy.ts";
import { openSource } from "../weights/open.ts";
import type { Source } from "../weights/source.ts";
import { openZip } from "../weights/zip.ts";
import { QuantileTable, type UnitQuantiles } from "./quantile-table.ts";

// Tests: test/server/quantile-table.test.ts

/**
 * The `quantiles.npz` of a layer's folder, as gandissect's `RunningQuantile` keeps what it saw: a
 * sketch of levels, each of whose samples stands for twice as many activations as one of the level
 * before, and every unit's extremes, which stand for none (Karnin, Lang and Liberty 2016).
 * @throws WeightsError `weights-format` for another file.
 */
export async function readRunningQuantiles(file: Uint8Array, name: string): Promise<QuantileTable> {
  const entries = await openZip(await openSource(file));
  const entry = (key: string): Source => {
    const found = entries.get(`${key}.npy`);
    if (found) return found;
    throw wrong(name, `it lacks "${key}"`);
  };
  const extremes = await openNpy(entry("extremes"), "extremes");
  const levels = await openArrayList(entry("data"));
  const [units = 0] = extremes.shape;
  // [samples, units] each; the last level that has none is [0, units].
  const fits = `${extremes.shape}` === `${[units, 2]}` && levels.every(({ shape }) => shape[1] === units);
  if (!fits) throw wrong(name, "its arrays do not fit each other");
  const ends = await extremes.read();
  const samples = await Promise.all(levels.map((level) => level.read()));
  return new QuantileTable(Array.from({ length: units }, (_, unit) => unitOf(unit, units, ends, samples)));
}

function unitOf(unit: number, units: number, ends: Float32Array, levels: readonly Float32Array[]): UnitQuantiles {
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

const wrong = (name: string, what: string): WeightsError =>
  new WeightsError("weights-format", `"${name}" is no RunningQuantile: ${what}.`, "Remove it: it is measured then.");
