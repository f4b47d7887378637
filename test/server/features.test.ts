import { expect, test } from "vitest";
import type { LayerInfo } from "../../src/networks/network.ts";
import { fractionsOf, quantileMaps, unitStats } from "../../src/server/features.ts";

// Two images of 2 × 3 cells and three units, stored as four: 100 i + 10 cell + unit.
const layer = { name: "layer4", channels: 3, height: 2, width: 3 } as LayerInfo;
const [CELLS, STORED] = [6, 4];
const features = Float32Array.from({ length: 2 * CELLS * STORED }, (_, at) => {
  const unit = at % STORED;
  if (unit === 3) return 1e9; // what fills up a vec4 is nobody's
  return 100 * Math.floor(at / STORED / CELLS) + 10 * (Math.floor(at / STORED) % CELLS) + unit;
});
const generator = { height: 2, width: 3, uncropped: [2, 3] as const };
const masked = (...data: number[]) => ({ height: 2, width: 3, data: Uint8Array.from(data) });

test("without masks units' largest and mean activations are of all cells", () => {
  expect(unitStats(features, layer, [undefined, undefined], generator)).toEqual({
    max: [150, 151, 152],
    mean: [75, 76, 77],
  });
});

test("masks choose cells, of each image its own", () => {
  const found = unitStats(features, layer, [masked(0, 1, 0, 0, 0, 0), masked(0, 0, 0, 0, 1, 0)], generator);
  expect(found).toEqual({ max: [140, 141, 142], mean: [75, 76, 77] });
  const none = masked(0, 0, 0, 0, 0, 0);
  const first = unitStats(features, layer, [masked(0, 1, 0, 0, 0, 0), none], generator);
  expect(first).toEqual({ max: [10, 11, 12], mean: [10, 11, 12] });
  expect(unitStats(features, layer, [none, none], generator)).toEqual({ max: [0, 0, 0], mean: [0, 0, 0] });
});

test("quantiles of units' own activations, in 255 steps that are never rounded up", () => {
  // made up, so that each unit has another
  const table = {
    units: 3,
    levels: () => new Float32Array(3),
    quantile: (unit: number, x: number) => (x + unit) / 200,
  };
  expect(fractionsOf(table, [1, 2, 3])).toEqual([1 / 200, 3 / 200, 5 / 200]);
  const maps = quantileMaps(features, layer, 2, table);
  const expected = [0, 1].map((image) =>
    [0, 1, 2].map((unit) =>
      [0, 1].map((y) => [0, 1, 2].map((x) => Math.floor((255 * (100 * image + 10 * (3 * y + x) + 2 * unit)) / 200))),
    ),
  );
  expect(maps).toEqual(expected);
  const all = { ...table, quantile: () => 1 };
  expect(quantileMaps(features, layer, 1, all)[0]![2]![1]![2]).toBe(255);
});
