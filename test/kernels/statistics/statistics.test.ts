import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addExactSums, exactSum } from "../../../src/dissect/exact-sums.ts";
import { ladderOf } from "../../../src/dissect/ladder.ts";
import exactKernel from "../../../src/kernels/generated/accumulate-exact.wgsl.ts";
import { count, moments, radix, SUM_WORDS } from "../../../src/kernels/statistics/statistics.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { type Extent, elements, Graph, padded } from "../../../src/runtime/graph.ts";
import { requestDevice, targetsHere } from "../../gpu.ts";
import { mixed, ofUnit, upsampled } from "../grid.ts";
import {
  Bench,
  bitsOf,
  type Extents,
  type Map64,
  noiseMap,
  random,
  resize64,
  TOLERANCE,
  worstUnit,
} from "../reference.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

const TARGETS = await targetsHere(["software", "gpu"]);

describe("upsampling to the grid of labels", () => {
  test.each<readonly [Extents, grid: Extent]>([
    [
      [2, 4, 4, 5],
      [8, 8],
    ],
    [
      [1, 3, 5, 8],
      [11, 11],
    ],
    [
      [3, 1, 1, 3],
      [4, 4],
    ],
    [
      [1, 8, 8, 4],
      [8, 8],
    ],
    [
      [1, 9, 7, 4],
      [4, 4],
    ],
    [
      [2, 4, 6, 4],
      [12, 7],
    ],
    [
      [1, 6, 4, 3],
      [3, 16],
    ],
  ])("%j to %j", async (extents, grid) => {
    const x = noiseMap(1, extents);
    expect(worstUnit((await upsampled(device, x, grid)).data, resize64(x, ...grid))).toBeLessThan(TOLERANCE);
  });
});

describe("quantiles", () => {
  const GRIDS: readonly (Extent | undefined)[] = [undefined, [13, 13], [4, 4], [3, 17], [12, 4]];
  test.each(TARGETS.flatMap((target) => GRIDS.map((size) => ({ target, size }))))(
    "count the first digits of all activations on $target adapters, grid $size",
    async ({ target, size }) => {
      const [x, valid] = [mixed([3, 5, 7]), 2];
      const grid = size === undefined ? x : await upsampled(device, x, size);
      const bench = new Bench(device, target);
      const { graph } = bench;
      const batch = graph.value("batch", [2], "u32");
      bench.give(batch, Uint32Array.of(0, valid));
      const high = graph.value("high", [8, 2 ** 16], "u32");
      const [middle, low] = ["middle", "low"].map((name) => graph.value(name, [8, 2, 256], "u32"));
      radix(graph, bench.map(x), { batch, high, middle: middle!, low: low! }, 0, size);
      const [counters] = await bench.run(high);
      const expected = new Uint32Array(8 * 2 ** 16);
      for (const [index, value] of grid.data.subarray(0, (grid.data.length / 3) * valid).entries()) {
        const [bits = 0] = new Uint32Array(Float32Array.of(value + 0).buffer);
        expected[(index % 6) * 2 ** 16 + ((bits >>> 31 ? ~bits : bits | 0x80000000) >>> 16)]! += 1;
      }
      // (Matchers take seconds for so many numbers.)
      const counted = bitsOf(counters).subarray(0, 6 * 2 ** 16);
      expect(counted.findIndex((value, at) => value !== expected[at])).toBe(-1);
    },
  );
});

describe("counts", () => {
  test.each<readonly [string, slots: readonly number[], categories: number, message: string]>([
    ["label maps that are none", [1, 1, 24], 1, "Labels [1,1,24] are no maps"],
    ["label maps of more images", [2, 1, 5, 5], 1, "Labels [2,1,5,5] are no maps"],
    ["more categories than a word has bits", [1, 1, 5, 5], 33, "33 categories are more than the 32"],
  ])("refuse %s", (_, slots, categories, message) => {
    const graph = new Graph("gpu");
    const values = {
      slots: graph.value("slots", slots, "u32"),
      batch: graph.value("batch", [2], "u32"),
      present: graph.value("present", [1, categories], "u32"),
      level: graph.value("level", [4, 2]),
      ladder: graph.value("ladder", [4, 3], "u32"),
      histogram: graph.value("histogram", [3, 4, 1], "u32"),
    };
    expect(() => count(graph, graph.map("x", 1, 2, 2, 4), values)).toThrow(message);
  });

  /**
   * Units that each try something: noise, huge numbers, and constants, which interpolation may
   * leave by a bit.
   */
  function trying(extents: Extents): Map64 {
    const map = noiseMap(20, extents);
    map.data.forEach((value, index) => {
      const kinds = [value, 1e30 * value, 0.1, 0, value > 0 ? value : 0.2 * value, -0.7];
      map.data[index] = Math.fround(kinds[(index % map.channels) % kinds.length]!);
    });
    return map;
  }

  /**
   * Ascending levels, all but the topmost equal to activations and some of them to each other;
   * nothing exceeds some of these.
   */
  function levelsOf(grid: Map64, levels: number): Float32Array<ArrayBuffer> {
    const { channels } = grid;
    const chosen = new Float32Array(levels * channels);
    for (let unit = 0; unit < channels; unit += 1) {
      const sorted = ofUnit(grid, unit).toSorted();
      const most = sorted.at(-1)!;
      const ladder = Float32Array.from({ length: levels }, (_, level) => {
        if (level === levels - 1) return unit % 5 === 0 ? most : most - 0.3 * Math.abs(most);
        return sorted[Math.floor((2 * Math.floor(level / 2) * sorted.length) / levels)]!;
      }).sort();
      ladder.forEach((value, level) => {
        chosen[level * channels + unit] = value;
      });
    }
    return chosen;
  }

  // Levels, channels and categories that several shapes have: each combination is a pipeline, and a
  // software adapter compiles one for a second.
  const CASES: readonly { x: Extents; size: Extent; levels: number; channels: number; categories: number }[] = [
    { x: [3, 5, 7, 70], size: [13, 13], levels: 1, channels: 1, categories: 1 },
    { x: [3, 5, 7, 70], size: [13, 13], levels: 2, channels: 2, categories: 3 },
    { x: [3, 5, 7, 70], size: [13, 13], levels: 100, channels: 2, categories: 2 },
    { x: [2, 8, 8, 12], size: [32, 32], levels: 100, channels: 1, categories: 1 },
    { x: [2, 4, 4, 8], size: [64, 64], levels: 1, channels: 1, categories: 32 },
    // where rows of x and of the grid meet
    { x: [2, 3, 4, 7], size: [9, 9], levels: 1, channels: 3, categories: 1 },
    // fewer rows than x has
    { x: [2, 9, 7, 5], size: [4, 4], levels: 5, channels: 1, categories: 2 },
    { x: [2, 1, 1, 4], size: [6, 6], levels: 100, channels: 1, categories: 1 },
    { x: [2, 6, 6, 9], size: [6, 6], levels: 2, channels: 2, categories: 3 },
    // higher than wide, and the other way round
    { x: [3, 6, 4, 12], size: [24, 16], levels: 1, channels: 1, categories: 1 },
    { x: [2, 3, 5, 7], size: [8, 19], levels: 100, channels: 2, categories: 2 },
    { x: [2, 7, 3, 5], size: [5, 12], levels: 5, channels: 1, categories: 2 },
  ];

  describe.each(TARGETS)("as a kernel for %s adapters", (target) => {
    test.each(CASES)(
      "are exact: $x to $size at $levels levels, $channels labels a pixel, $categories categories",
      async ({ x: extents, size, levels, channels, categories }) => {
        const [images, , , units] = extents;
        const valid = images - 1;
        const [x, area, stored, slotCount] = [trying(extents), elements(size), padded(units), 6];
        const columns = size[1];
        const grid = await upsampled(device, x, size);
        const level = levelsOf(grid, levels);
        const ladder = ladderOf(level, units, stored);
        const next = random(21);
        // Patches of slots, 0 among them; slot 5 never occurs.
        const slots = Uint32Array.from({ length: images * channels * area }, (_, at) => {
          const patch = Math.floor((at % columns) / 3) + Math.floor((at % area) / columns / 4);
          return next() < 0.1 ? [0, 1, 6][Math.floor(3 * next())]! : (patch + Math.floor(at / area)) % 5;
        });
        const present = Uint32Array.from({ length: images * categories }, (_, at) =>
          categories === 1 || next() < 0.6 ? at + 1 : 0,
        );
        const bench = new Bench(device, target);
        const { graph } = bench;
        const values = {
          slots: graph.value("slots", [images, channels, ...size], "u32"),
          batch: graph.value("batch", [2], "u32"),
          present: graph.value("present", [images, categories], "u32"),
          level: graph.value("level", [stored, levels + 1]),
          ladder: graph.value("ladder", [stored, ladder.cells.length / stored], "u32"),
          histogram: graph.value("histogram", [categories + slotCount, stored, levels], "u32"),
        };
        bench.give(values.slots, slots);
        bench.give(values.batch, Uint32Array.of(40, valid));
        bench.give(values.present, present);
        bench.give(values.level, ladder.levels);
        bench.give(values.ladder, ladder.cells);
        count(graph, bench.map(x), values);

        const expected = new Uint32Array(elements(values.histogram.shape));
        grid.data.forEach((value, index) => {
          const [unit, pixel] = [index % units, Math.floor(index / units) % area];
          const image = Math.floor(index / units / area);
          let bucket = 0;
          while (bucket < levels && value > level[bucket * units + unit]!) bucket += 1;
          if (bucket === 0 || image >= valid) return;
          const add = (row: number) => {
            expected[(row * stored + unit) * levels + bucket - 1]! += 1;
          };
          for (let channel = 0; channel < channels; channel += 1) {
            const slot = slots[(image * channels + channel) * area + pixel]!;
            if (slot > 0) add(categories + slot - 1);
          }
          for (let k = 0; k < categories; k += 1) {
            // One category's pixels of one label each are those of all rows: its own has only what
            // no other counts.
            if (categories === 1 && channels === 1 && slots[image * area + pixel]! > 0) continue;
            if (present[image * categories + k] !== 0) add(k);
          }
        });
        const [first] = await bench.run(values.histogram);
        const [again] = await bench.run(values.histogram);
        expect(bitsOf(again)).toEqual(bitsOf(first));
        // (Padding units are zero and have no levels.)
        const seen = bitsOf(first).filter((_, at) => Math.floor(at / levels) % stored < units);
        expect(seen).toEqual(expected.filter((_, at) => Math.floor(at / levels) % stored < units));
        expect(seen.reduce((a, b) => a + b)).toBeGreaterThan(0);
      },
    );
  });
});

describe("moments", () => {
  test("of two thousand labels go through the sums of some strips at a time", () => {
    const graph = new Graph("gpu");
    const slots = graph.value("slots", [3, 5, 16, 16], "u32");
    const batch = graph.value("batch", [2], "u32");
    const total = graph.value("total", [2 + 1813, 512, SUM_WORDS], "u32");
    moments(graph, graph.map("x", 3, 16, 16, 512), { slots, batch, total });
    const partials = graph.values.filter(({ label }) => label === "moments.partial");
    expect(partials.map(({ shape }) => shape)).toEqual(Array(3).fill([2, 1815, 512]));
    const sums = graph.steps.filter((_, i) => i % 2 === 0).map(({ params }) => params);
    expect(sums.map(({ strips, first, count }) => [strips, first, count])).toEqual([
      [2, 0, 2],
      [2, 2, 2],
      [2, 4, 2],
    ]);
  });

  test("of some strips after others are those of all together", async () => {
    const [size, units] = [4, 4];
    const x = noiseMap(15, [3, 3, 2, units]);
    const next = random(16);
    const slotData = Uint32Array.from({ length: 3 * 2 * size ** 2 }, () => Math.floor(4 * next()));
    const results: Uint32Array[] = [];
    for (const [slotCount, steps] of [
      [3, 2],
      [131_000, 6], // a fourth of what is held at once
    ] as const) {
      const bench = new Bench(device);
      const slots = bench.graph.value("slots", [3, 2, size, size], "u32");
      const batch = bench.graph.value("batch", [2], "u32");
      bench.give(slots, slotData);
      bench.give(batch, Uint32Array.of(0, 3));
      const total = bench.graph.value("total", [2 + slotCount, units, SUM_WORDS], "u32");
      moments(bench.graph, bench.map(x), { slots, batch, total });
      expect(bench.graph.steps.length).toBe(steps);
      const [sums] = await bench.run(total);
      results.push(bitsOf(sums).slice(0, 5 * units * SUM_WORDS));
    }
    expect(results[1]).toEqual(results[0]);
    for (let sum = 0; sum < 5 * units; sum += 1) expect(exactSum(results[0]!, sum)).not.toBe(0);
  });

  /** What the kernel makes of these, each list one total's, in so many at a time. */
  async function summed(lists: readonly (readonly number[])[], steps: readonly number[]): Promise<Uint32Array> {
    const bench = new Bench(device);
    const total = bench.graph.value("total", [lists.length, SUM_WORDS], "u32");
    let first = 0;
    for (const count of steps) {
      const value = bench.graph.value(`from ${first}`, [count, lists.length]);
      const from = first;
      bench.give(
        value,
        Float32Array.from({ length: count * lists.length }, (_, at) => {
          return lists[at % lists.length]![from + Math.floor(at / lists.length)]!;
        }),
      );
      bench.graph.step(exactKernel, { partial: value, total }, { sums: lists.length, count }, [1, 1, 1]);
      first += count;
    }
    const [words] = await bench.run(total);
    return bitsOf(words).slice(0, lists.length * SUM_WORDS);
  }

  test("come from sums that lose nothing, in any order and any division", async () => {
    const next = random(17);
    // Of either sign, over the whole range: from 2⁻⁸⁰ to 2⁷⁷, and smaller ones that round.
    const floats = Array.from({ length: 600 }, () => Math.fround((next() - 0.5) * 2 ** Math.floor(next() * 170 - 92)));
    const lists = [floats, floats.toReversed(), [2 ** 24, ...Array(599).fill(1)], Array(600).fill(0.1)];
    const words = await summed(lists, [1, 400, 199]);
    const unit = 2n ** 80n;
    /** In units of 2⁻⁸⁰, halves away from zero. */
    const exact = (value: number): bigint => {
      const scaled = Math.abs(value) * 2 ** 80;
      const whole = scaled < 2 ** 52 ? BigInt(Math.round(scaled)) : BigInt(scaled);
      return value < 0 ? -whole : whole;
    };
    lists.forEach((list, index) => {
      const expected = list.map((value) => exact(Math.fround(value))).reduce((a, b) => a + b);
      const found = [...words.subarray(SUM_WORDS * index, SUM_WORDS * (index + 1))].reduceRight(
        (sum, word) => (sum << 32n) + BigInt(word),
        0n,
      );
      expect(BigInt.asIntN(32 * SUM_WORDS, found)).toBe(expected);
    });
    expect(exactSum(words, 2)).toBe(2 ** 24 + 599);
    expect(exactSum(words, 3)).toBe(600 * Math.fround(0.1));
    expect(exact(1)).toBe(unit);
    // The same, summed up in two parts and put together.
    const [a, b] = [
      await summed(
        lists.map((list) => list.slice(0, 250)),
        [250],
      ),
      await summed(
        lists.map((list) => list.slice(250)),
        [350],
      ),
    ];
    addExactSums(a, b);
    expect(a).toEqual(words);
  });

  test("hold the sums of the largest floats, of either sign, however they are put together", async () => {
    const most = 1.5 * 2 ** 77;
    const lists = [Array(100).fill(most), Array(100).fill(-most), [...Array(50).fill(-most), ...Array(50).fill(most)]];
    const expected = [100 * most, -100 * most, 0];
    const whole = await summed(lists, [100]);
    expect([0, 1, 2].map((place) => exactSum(whole, place))).toEqual(expected);
    const parts = new Uint32Array(3 * SUM_WORDS);
    for (const [first, end] of [
      [0, 3],
      [3, 60],
      [60, 100],
    ]) {
      const own = lists.map((list) => list.slice(first, end));
      addExactSums(parts, await summed(own, [own[0]!.length]));
    }
    expect(parts).toEqual(whole);
  });

  test("are no numbers for good once one of them is none, or too large to be added", async () => {
    const lists = [
      [1, Number.NaN, 1],
      [Number.POSITIVE_INFINITY, 1, Number.NEGATIVE_INFINITY],
      [1, -(2 ** 78), 2 ** 78],
      [2 ** 77, -(2 ** 77), 0],
    ];
    const words = await summed(lists, [3]);
    expect([0, 1, 2, 3].map((place) => exactSum(words, place))).toEqual([Number.NaN, Number.NaN, Number.NaN, 0]);
    const more = await summed(Array(4).fill([5]), [1]);
    addExactSums(more, words);
    expect([0, 1, 2, 3].map((place) => exactSum(more, place))).toEqual([Number.NaN, Number.NaN, Number.NaN, 5]);
  });
});
