import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Counts } from "../../src/dissect/counts.ts";
import { countingPasses } from "../../src/dissect/groups.ts";
import { cellsOf, ladderOf } from "../../src/dissect/ladder.ts";
import { Moments } from "../../src/dissect/moments.ts";
import { Presence } from "../../src/dissect/presence.ts";
import { hazen, Quantiles } from "../../src/dissect/quantiles.ts";
import { Slots } from "../../src/dissect/slots.ts";
import { Top } from "../../src/dissect/top.ts";
import accumulateKernel from "../../src/kernels/generated/accumulate.wgsl.ts";
import { count, moments, radix } from "../../src/kernels/statistics.ts";
import type { Device } from "../../src/runtime/device.ts";
import { elements, fold, Graph, padded, type Target } from "../../src/runtime/graph.ts";
import { Tensor } from "../../src/runtime/tensor.ts";
import { requestDevice } from "../gpu.ts";
import {
  Bench,
  bitsOf,
  type Extents,
  imageOf,
  type Map64,
  noiseMap,
  pack,
  random,
  resize64,
  TOLERANCE,
  unpack,
  worstError,
  worstUnit,
} from "./reference.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

/** The maps of a data set as the statistics see them, a batch at a time; what is not valid in the last one is rubbish. */
class Batches {
  readonly maps: Tensor<"f32">;
  readonly batch: Tensor<"u32">;
  readonly labels: Tensor<"u32">;
  readonly #all: Map64;
  readonly #allLabels: readonly Uint32Array[];
  readonly #size: number;

  constructor(device: Device, all: Map64, size: number, allLabels: readonly Uint32Array[] = []) {
    const { height, width, channels } = all;
    this.maps = Tensor.create(device, "maps", [size, height, width, padded(channels)], "f32");
    this.batch = Tensor.create(device, "batch", [2], "u32");
    const perImage = allLabels[0]?.length ?? 1;
    this.labels = Tensor.create(device, "labels", [size, CHANNELS, Math.ceil(perImage / CHANNELS)], "u32");
    this.#all = all;
    this.#allLabels = allLabels;
    this.#size = size;
  }

  /** Loads every batch in turn, or from the last to the first, and calls `add` for it. */
  each(add: () => void, order: "forwards" | "backwards" = "forwards"): void {
    const count = Math.ceil(this.#all.n / this.#size);
    for (let index = 0; index < count; index += 1) {
      const first = this.#size * (order === "forwards" ? index : count - 1 - index);
      const valid = Math.min(this.#size, this.#all.n - first);
      this.maps.write(new Float32Array(this.maps.bytes / 4).fill(1e9));
      this.labels.write(new Uint32Array(this.labels.bytes / 4).fill(1));
      const images = Array.from({ length: valid }, (_, i) => [...pack(imageOf(this.#all, first + i))]);
      this.maps.write(Float32Array.from(images.flat()));
      this.labels.write(Uint32Array.from(this.#allLabels.slice(first, first + valid).flatMap((map) => [...map])));
      this.batch.write(Uint32Array.of(first, valid));
      add();
    }
  }

  dispose(): void {
    for (const tensor of [this.maps, this.batch, this.labels]) tensor.dispose();
  }
}

/** Labels a pixel can have at once. */
const CHANNELS = 2;

const TARGETS: readonly Target[] = ["software", "gpu"];

/** Bilinear with half-pixel centres and clamped borders, one invocation an activation: what kernels must find on the fly. */
const UPSAMPLE = {
  name: "upsample",
  params: { units: "u32", height: "u32", width: "u32", size: "u32", total: "u32" },
  bindings: { x: "read", y: "read_write" },
  source: /* wgsl */ `
struct Params { units: u32, height: u32, width: u32, size: u32, total: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let unit = at % params.units;
  let pixel = vec2u(at / params.units / params.size, at / params.units) % params.size;
  let image = at / params.units / params.size / params.size;
  let extent = vec2f(f32(params.height), f32(params.width));
  let source = clamp((vec2f(pixel) + 0.5) * extent / f32(params.size) - 0.5, vec2f(), extent - 1.0);
  let lo = vec2u(source);
  let hi = min(lo + 1u, vec2u(extent) - 1u);
  let f = source - vec2f(lo);
  let top = (image * params.height + lo.x) * params.width;
  let bottom = (image * params.height + hi.x) * params.width;
  let above = mix(x[(top + lo.y) * params.units + unit], x[(top + hi.y) * params.units + unit], f.y);
  let below = mix(x[(bottom + lo.y) * params.units + unit], x[(bottom + hi.y) * params.units + unit], f.y);
  y[at] = mix(above, below, f.x);
}`,
} as const;

/** The maps on a size × size grid as the GPU has them, to compare what follows exactly. */
async function upsampled(all: Map64, size: number): Promise<Map64> {
  const { n, height, width, channels } = all;
  const bench = new Bench(device);
  const y = bench.graph.map("y", n, size, size, channels);
  const total = elements(y.shape);
  const params = { units: padded(channels), height, width, size, total };
  bench.graph.step(UPSAMPLE, { x: bench.map(all), y }, params, fold(Math.ceil(total / 64)));
  const [stored] = await bench.run(y);
  return { ...all, height: size, width: size, data: Float64Array.from(unpack(stored, channels)) };
}

/** One unit's activations. */
const ofUnit = (map: Map64, unit: number): Float64Array => map.data.filter((_, index) => index % map.channels === unit);

describe("upsampling to the grid of labels", () => {
  test.each<readonly [Extents, size: number]>([
    [[2, 4, 4, 5], 8],
    [[1, 3, 5, 8], 11],
    [[3, 1, 1, 3], 4],
    [[1, 8, 8, 4], 8],
    [[1, 9, 7, 4], 4],
  ])("%j to %i", async (extents, size) => {
    const x = noiseMap(1, extents);
    expect(worstUnit((await upsampled(x, size)).data, resize64(x, size, size))).toBeLessThan(TOLERANCE);
  });
});

describe("quantiles", () => {
  const QUANTILES = [0, 0.001, 0.1, 0.25, 1 / 3, 0.5, 0.9, 0.995, 1];

  /** Units that each try something: noise, many ties, negatives, zeros of both signs, a constant, many magnitudes. */
  function dataSet([n, height, width]: readonly [number, number, number]): Map64 {
    const map = noiseMap(3, [n, height, width, 6]);
    const next = random(4);
    const pick = (values: readonly number[]) => values[Math.floor(next() * values.length)]!;
    map.data.forEach((value, index) => {
      const kinds = [
        value,
        pick([-1, 0.5, 2]),
        value - 3,
        pick([0, -0, 0.25, -0.25, 0, -0]),
        -1.5,
        value * 10 ** (60 * next() - 30),
      ];
      map.data[index] = Math.fround(kinds[index % 6]!);
    });
    return map;
  }

  /** Hazen: sample i of n stands at (i + ½)/n, straight lines between, the extremes beyond; from the definition. */
  function expected(samples: Float64Array, quantile: number): number {
    const sorted = samples.toSorted();
    const n = sorted.length;
    for (let i = 0; i < n; i += 1) {
      const here = (i + 0.5) / n;
      if (quantile > here) continue;
      if (i === 0) return sorted[0]!;
      const before = (i - 0.5) / n;
      const share = (quantile - before) / (here - before);
      return sorted[i - 1]! + (sorted[i]! - sorted[i - 1]!) * share;
    }
    return sorted[n - 1]!;
  }

  test("positions are Hazen's", () => {
    expect(hazen(0.5, 2)).toEqual({ low: 0, weight: 0.5 });
    expect(hazen(0.5, 3)).toEqual({ low: 1, weight: 0 });
    expect(hazen(0.25, 4)).toEqual({ low: 0, weight: 0.5 });
    expect(hazen(0, 5)).toEqual({ low: 0, weight: 0 });
    expect(hazen(1, 5)).toEqual({ low: 4, weight: 0 });
    expect(hazen(0.5, 1)).toEqual({ low: 0, weight: 0 });
  });

  test.each<readonly [string, images: readonly [number, number, number], batch: number, size: number | undefined]>([
    ["several batches, the last one partial", [7, 3, 4], 3, undefined],
    ["one batch, larger than the set", [2, 5, 5], 4, undefined],
    ["upsampled", [5, 2, 3], 2, 6],
    ["a single sample", [1, 1, 1], 1, undefined],
    ["two samples", [2, 1, 1], 1, undefined],
  ])("equal those of the sorted activations: %s", async (_, images, batch, size) => {
    const all = dataSet(images);
    const batches = new Batches(device, all, batch);
    const grid = size === undefined ? all : await upsampled(all, size);
    const quantiles = await Quantiles.create(device, {
      maps: batches.maps,
      channels: 6,
      batch: batches.batch,
      size,
      samples: grid.n * grid.height * grid.width,
      quantiles: QUANTILES,
    });
    for (let pass = 0; pass < quantiles.passes; pass += 1) {
      batches.each(() => quantiles.add());
      quantiles.endPass();
    }
    const values = await quantiles.read();
    for (let unit = 0; unit < 6; unit += 1) {
      const samples = ofUnit(grid, unit);
      const most = samples.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
      QUANTILES.forEach((quantile, q) => {
        // The weights of the two formulas differ in the last bits of double precision.
        const exact = expected(samples, quantile);
        expect(Math.abs(values[q * 6 + unit]! - exact)).toBeLessThanOrEqual(2 ** -24 * Math.abs(exact) + 1e-13 * most);
      });
      const sorted = [...samples.toSorted()].map((value) => value + 0); // −0 counts as 0
      expect(values[unit]).toBe(sorted[0]);
      expect(values[(QUANTILES.length - 1) * 6 + unit]).toBe(sorted.at(-1));
    }
    quantiles.dispose();
    batches.dispose();
  });

  test("every rank is exact", async () => {
    const all = dataSet([4, 4, 4]);
    const batches = new Batches(device, all, 3);
    const quantiles = Array.from({ length: 64 }, (_, rank) => (rank + 0.5) / 64);
    const selection = await Quantiles.create(device, {
      maps: batches.maps,
      channels: 6,
      batch: batches.batch,
      size: undefined,
      samples: 64,
      quantiles,
    });
    for (let pass = 0; pass < selection.passes; pass += 1) {
      batches.each(() => selection.add());
      selection.endPass();
    }
    const values = await selection.read();
    for (let unit = 0; unit < 6; unit += 1) {
      const sorted = [...ofUnit(all, unit).toSorted()].map((value) => value + 0); // −0 counts as 0
      expect(quantiles.map((_, q) => values[q * 6 + unit])).toEqual(sorted);
    }
    selection.dispose();
    batches.dispose();
  });

  test.each(TARGETS.flatMap((target) => [undefined, 13, 4].map((size) => ({ target, size }))))(
    "count the first digits of all activations on $target adapters, grid $size",
    async ({ target, size }) => {
      const [x, valid] = [dataSet([3, 5, 7]), 2];
      const grid = size === undefined ? x : await upsampled(x, size);
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
      expect(bitsOf(counters).subarray(0, 6 * 2 ** 16)).toEqual(expected.subarray(0, 6 * 2 ** 16));
    },
  );

  test("cannot be read before the last pass", async () => {
    const batches = new Batches(device, dataSet([1, 2, 2]), 1);
    const options = { maps: batches.maps, channels: 6, batch: batches.batch, size: undefined, samples: 4 };
    const quantiles = await Quantiles.create(device, { ...options, quantiles: [0.5] });
    quantiles.endPass();
    await expect(quantiles.read()).rejects.toThrow("1 of 3 passes");
    quantiles.dispose();
    batches.dispose();
  });
});

const LABELS = [
  { name: "-", category: "object" },
  { name: "tree", category: "object" },
  { name: "sky", category: "object" },
  { name: "wood", category: "material" },
  { name: "stone", category: "material" },
  { name: "door", category: "object" }, // never occurs
];
const CATEGORIES = ["object", "material"];

/**
 * Label maps [channels, size²] of images: smooth or speckled, objects in one channel, materials in the other, some with
 * neither. In speckled ones a pixel may have its object in both.
 */
function labelMaps(seed: number, images: number, size: number): Uint32Array[] {
  const next = random(seed);
  return Array.from({ length: images }, (_, image) => {
    const map = new Uint32Array(CHANNELS * size * size);
    for (let p = 0; p < size * size; p += 1) {
      const speckled = image % 2 === 0;
      map[p] = image === 3 ? 0 : speckled ? Math.floor(3 * next()) : p < size ? 1 : 2;
      map[size * size + p] = image % 3 === 1 ? 0 : speckled ? [0, 3, 4, map[p]!][Math.floor(4 * next())]! : 3;
    }
    return map;
  });
}

/** Whether a pixel of a map [channels, size²] bears a label in any channel. */
const bears = (map: Uint32Array, pixel: number, label: number): boolean =>
  [...Array(CHANNELS).keys()].some((channel) => map[(channel * map.length) / CHANNELS + pixel] === label);

/** Pixels of every label; label 0 is none. */
const pixelsOf = (maps: readonly Uint32Array[]): Uint32Array<ArrayBuffer> =>
  Uint32Array.from(LABELS, (_, label) => {
    const on = (map: Uint32Array) => map.filter((_, p) => p < map.length / CHANNELS && bears(map, p, label)).length;
    return label === 0 ? 0 : maps.reduce((sum, map) => sum + on(map), 0);
  });

describe("slots", () => {
  test("are those assigned, 0 for other labels and for a label that the pixel has already", async () => {
    const labelMaps = Tensor.from(
      device,
      "labels",
      [2, 3, 4],
      "u32",
      Uint32Array.of(1, 2, 0, 5, 1, 3, 0, 4, 2, 3, 4, 5, /* second image */ 5, 4, 3, 2, 0, 0, 0, 2, 5, 3, 3, 2),
    );
    const slots = await Slots.create(device, { labelMaps, labels: LABELS.length });
    slots.assign([4, 1, 3]);
    slots.update();
    expect([...(await slots.maps.read())]).toEqual([
      ...[2, 0, 0, 0, /**/ 0, 3, 0, 1, /**/ 0, 0, 1, 0],
      ...[0, 1, 3, 0, /**/ 0, 0, 0, 0, /**/ 0, 3, 0, 0],
    ]);
    slots.assign([5]);
    slots.update();
    expect([...(await slots.maps.read())].map((slot, at) => (slot > 0 ? at : -1)).filter((at) => at >= 0)).toEqual([
      3, 12,
    ]);
    slots.dispose();
    labelMaps.dispose();
  });
});

describe("counts", () => {
  test.each([
    { images: 7, batch: 3, size: 16 },
    { images: 5, batch: 2, size: 7 },
    { images: 2, batch: 4, size: 13 },
  ])(
    "equal those of a loop over all pixels: $images images by $batch, $size × $size",
    async ({ images, batch, size }) => {
      const channels = 5;
      const all = noiseMap(5, [images, 3, 4, channels]);
      const grid = await upsampled(all, size);
      const maps = labelMaps(6, images, size);
      // Levels that activations equal exactly, one of them twice: only what exceeds a level counts.
      const levels = new Float32Array(4 * channels);
      for (let unit = 0; unit < channels; unit += 1) {
        const sorted = ofUnit(grid, unit).toSorted();
        [0.2, 0.5, 0.5, 0.99].forEach((share, level) => {
          levels[level * channels + unit] = sorted[Math.floor(share * sorted.length)]!;
        });
      }

      const batches = new Batches(device, all, batch, maps);
      const presence = await Presence.create(device, {
        maps: batches.labels,
        batch: batches.batch,
        labels: LABELS,
        categories: CATEGORIES,
      });
      const slots = await Slots.create(device, { labelMaps: batches.labels, labels: LABELS.length });
      const counted = [4, 1, 5, 2]; // and not 3
      slots.assign(counted);
      const counts = await Counts.create(device, {
        maps: batches.maps,
        channels,
        batch: batches.batch,
        slotMaps: slots.maps,
        present: presence.present,
        labels: counted,
        levels,
      });
      batches.each(() => {
        presence.add();
        slots.update();
        counts.add();
      });

      const present = maps.map((map) =>
        CATEGORIES.map((category) => map.some((label) => label > 0 && LABELS[label]!.category === category)),
      );
      expect(await presence.read()).toEqual({
        pixels: pixelsOf(maps),
        images: Uint32Array.from(CATEGORIES, (_, k) => present.filter((image) => image[k]).length),
      });

      const intersection = LABELS.map(() => new Uint32Array(4 * channels));
      const activation = CATEGORIES.map(() => new Uint32Array(4 * channels));
      grid.data.forEach((value, index) => {
        const unit = index % channels;
        const pixel = Math.floor(index / channels) % size ** 2;
        const image = Math.floor(index / channels / size ** 2);
        for (let level = 0; level < 4; level += 1) {
          const cell = level * channels + unit;
          if (!(value > levels[cell]!)) continue;
          LABELS.forEach((_, label) => {
            if (bears(maps[image]!, pixel, label)) intersection[label]![cell]! += 1;
          });
          CATEGORIES.forEach((_, k) => {
            if (present[image]![k]) activation[k]![cell]! += 1;
          });
        }
      });
      for (const label of counted) expect(await counts.intersection(label)).toEqual(intersection[label]);
      for (let k = 0; k < CATEGORIES.length; k += 1) expect(await counts.activation(k)).toEqual(activation[k]);
      expect(() => counts.intersection(3)).toThrow("Label 3 was not counted");
      counts.dispose();
      slots.dispose();
      presence.dispose();
      batches.dispose();
    },
  );

  test("of one category's activations are those of its images' pixels, with a label or without", async () => {
    const [images, size, units] = [3, 6, 4];
    const all = noiseMap(22, [images, 3, 3, units]);
    const grid = await upsampled(all, size);
    const x = Tensor.from(device, "maps", [images, 3, 3, units], "f32", Float32Array.from(all.data));
    const batch = Tensor.from(device, "batch", [2], "u32", Uint32Array.of(0, images));
    const bare = 1; // the image that shows nothing, so that its pixels are no category's
    const data = Uint32Array.from({ length: images * size ** 2 }, (_, at) =>
      Math.floor(at / size ** 2) === bare ? 0 : at % 4,
    );
    const labelMaps = Tensor.from(device, "labels", [images, 1, size ** 2], "u32", data);
    const labels = ["-", "tree", "sky", "door"].map((name) => ({ name, category: "object" }));
    const presence = await Presence.create(device, { maps: labelMaps, batch, labels, categories: ["object"] });
    const slots = await Slots.create(device, { labelMaps, labels: labels.length });
    slots.assign([1, 3]); // and not 2
    const levels = new Float32Array([-0.5, 0, 0.5].flatMap((level) => Array(units).fill(level)));
    const options = { maps: x, channels: units, batch, slotMaps: slots.maps, labels: [1, 3], levels };
    const counts = await Counts.create(device, { ...options, present: presence.present });
    presence.add();
    slots.update();
    counts.add();
    const expected = (counted: (label: number, image: number) => boolean) =>
      Uint32Array.from(levels, (level, at) => {
        const exceeds = (value: number, index: number) => {
          const pixel = Math.floor(index / units);
          const image = Math.floor(pixel / size ** 2);
          return index % units === at % units && value > level && counted(data[pixel]!, image);
        };
        return grid.data.filter(exceeds).length;
      });
    expect(await counts.activation(0)).toEqual(expected((_, image) => image !== bare));
    expect(await counts.intersection(3)).toEqual(expected((label) => label === 3));
    for (const each of [counts, slots, presence, labelMaps, batch, x]) each.dispose();
  });

  test.each<readonly [string, slots: readonly number[], categories: number, message: string]>([
    ["label maps that are no squares", [1, 1, 24], 1, "Labels [1,1,24] are no squares"],
    ["label maps of fewer images", [2, 1, 25], 1, "Labels [2,1,25] are no squares"],
    ["more categories than a word has bits", [1, 1, 25], 33, "33 categories are more than the 32"],
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

  /** Units that each try something: noise, huge numbers, and constants, which interpolation may leave by a bit. */
  function trying(extents: Extents): Map64 {
    const map = noiseMap(20, extents);
    map.data.forEach((value, index) => {
      const kinds = [value, 1e30 * value, 0.1, 0, value > 0 ? value : 0.2 * value, -0.7];
      map.data[index] = Math.fround(kinds[(index % map.channels) % kinds.length]!);
    });
    return map;
  }

  /** Ascending levels, all but the topmost equal to activations and some of them to each other; nothing exceeds some of these. */
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

  const CASES: readonly { x: Extents; size: number; levels: number; channels: number; categories: number }[] = [
    { x: [3, 5, 7, 70], size: 13, levels: 1, channels: 1, categories: 1 },
    { x: [3, 5, 7, 70], size: 13, levels: 2, channels: 2, categories: 3 },
    { x: [3, 5, 7, 70], size: 13, levels: 100, channels: 2, categories: 2 },
    { x: [2, 8, 8, 12], size: 32, levels: 100, channels: 1, categories: 1 },
    { x: [2, 4, 4, 8], size: 64, levels: 1, channels: 1, categories: 32 },
    { x: [2, 3, 4, 7], size: 9, levels: 1, channels: 3, categories: 1 }, // where rows of x and of the grid meet
    { x: [2, 9, 7, 5], size: 4, levels: 5, channels: 1, categories: 2 }, // fewer rows than x has
    { x: [2, 1, 1, 4], size: 6, levels: 3, channels: 1, categories: 1 },
    { x: [2, 6, 6, 9], size: 6, levels: 3, channels: 2, categories: 1 },
  ];

  describe.each(TARGETS)("as a kernel for %s adapters", (target) => {
    test.each(CASES)(
      "are exact: $x to $size at $levels levels, $channels labels a pixel, $categories categories",
      async ({ x: extents, size, levels, channels, categories }) => {
        const [images, , , units] = extents;
        const valid = images - 1;
        const [x, area, stored, slotCount] = [trying(extents), size ** 2, padded(units), 6];
        const grid = await upsampled(x, size);
        const level = levelsOf(grid, levels);
        const ladder = ladderOf(level, units, stored);
        const next = random(21);
        // Patches of slots, 0 among them; slot 5 never occurs.
        const slots = Uint32Array.from({ length: images * channels * area }, (_, at) => {
          const patch = Math.floor((at % size) / 3) + Math.floor((at % area) / size / 4);
          return next() < 0.1 ? [0, 1, 6][Math.floor(3 * next())]! : (patch + Math.floor(at / area)) % 5;
        });
        const present = Uint32Array.from({ length: images * categories }, (_, at) =>
          categories === 1 || next() < 0.6 ? at + 1 : 0,
        );
        const bench = new Bench(device, target);
        const { graph } = bench;
        const values = {
          slots: graph.value("slots", [images, channels, area], "u32"),
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
            // One category's pixels of one label each are those of all rows: its own has only what no other counts.
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

describe("two thousand labels", () => {
  test("take memory for those that are counted", async () => {
    const [images, channels, size] = [2, 4, 8];
    const labels = Array.from({ length: 1814 }, (_, i) => ({ name: `${i}`, category: ["object", "part"][i % 2]! }));
    const map = new Uint32Array(CHANNELS * size ** 2).map((_, p) => (p % 2 === 0 ? 1813 : 0));
    const batches = new Batches(device, noiseMap(14, [images, size, size, channels]), images, [map, map]);
    const before = device.live.bytes;
    const presence = await Presence.create(device, {
      maps: batches.labels,
      batch: batches.batch,
      labels,
      categories: ["object", "part"],
    });
    const slots = await Slots.create(device, { labelMaps: batches.labels, labels: labels.length });
    slots.assign([1813, 7]);
    const tables = device.live.bytes - before;
    expect(tables).toBeLessThan(3 * 4 * labels.length + batches.labels.bytes + 2048);
    const counts = await Counts.create(device, {
      maps: batches.maps,
      channels,
      batch: batches.batch,
      slotMaps: slots.maps,
      labels: [1813, 7],
      present: presence.present,
      levels: new Float32Array(100 * channels).fill(-10),
    });
    const histogram = 4 * (2 + 2) * 100 * channels;
    expect(device.live.bytes - before - tables).toBeLessThan(
      histogram + 4 * (101 + 2 + cellsOf(100)) * channels + 1024,
    );
    batches.each(() => {
      presence.add();
      slots.update();
      counts.add();
    });
    const all = new Uint32Array(100 * channels);
    expect(await counts.intersection(1813)).toEqual(all.fill((images * size ** 2) / 2));
    expect(await counts.intersection(7)).toEqual(all.fill(0));
    expect((await presence.read()).pixels[1813]).toBe((images * size ** 2) / 2);
    for (const each of [counts, slots, presence, batches]) each.dispose();
  });

  test("go through the sums of some strips at a time", () => {
    const graph = new Graph("gpu");
    const slots = graph.value("slots", [3, 5, 256], "u32");
    const batch = graph.value("batch", [2], "u32");
    const total = graph.value("total", [2 + 1813, 512, 2]);
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

  test("and sums of some strips after others are those of all together", async () => {
    const [size, units] = [4, 4];
    const x = noiseMap(15, [3, 3, 2, units]);
    const next = random(16);
    const slotData = Uint32Array.from({ length: 3 * CHANNELS * size ** 2 }, () => Math.floor(4 * next()));
    const results: Float32Array[] = [];
    for (const [slotCount, steps] of [
      [3, 2],
      [131_000, 6], // a fourth of what is held at once
    ] as const) {
      const bench = new Bench(device);
      const slots = bench.graph.value("slots", [3, CHANNELS, size ** 2], "u32");
      const batch = bench.graph.value("batch", [2], "u32");
      bench.give(slots, slotData);
      bench.give(batch, Uint32Array.of(0, 3));
      const total = bench.graph.value("total", [2 + slotCount, units, 2]);
      moments(bench.graph, bench.map(x), { slots, batch, total });
      expect(bench.graph.steps.length).toBe(steps);
      const [sums] = await bench.run(total);
      results.push(Float32Array.from(sums.subarray(0, 5 * units * 2)));
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[0]!.every((sum, at) => at % 2 === 1 || sum !== 0)).toBe(true);
  });

  const MIB = 2 ** 20;
  const devices = (binding: number) =>
    ({ gpu: { limits: { maxBufferSize: 1024 * MIB, maxStorageBufferBindingSize: binding } } }) as unknown as Device;
  const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
  const wide: [string, number[]] = ["wide", [8, 16, 16, 512]];
  const narrow: [string, number[]] = ["narrow", [8, 64, 64, 128]];
  // A row of the wide layer is 4 · 100 · 512 bytes.
  const options = { levels: 100, categories: 3, device: devices(128 * MIB), bytes: 512 * MIB };

  test("are counted in one pass where only some occur", () => {
    const shapes = new Map([wide, narrow]);
    expect(countingPasses(shapes, upTo(300), options)).toEqual([{ layers: ["wide", "narrow"], labels: upTo(300) }]);
    expect(countingPasses(shapes, [], options)).toEqual([{ layers: ["wide", "narrow"], labels: [] }]);
  });

  test("are split where a histogram would be more than can be bound", () => {
    const most = Math.floor((128 * MIB) / (4 * 100 * 512)) - 3;
    const passes = countingPasses(new Map([wide]), upTo(1813), options);
    expect(passes.map(({ labels }) => labels.length)).toEqual([most, most, 1813 - 2 * most]);
    expect(passes.flatMap(({ labels }) => labels)).toEqual(upTo(1813));
  });

  test("and layers where all histograms would be more than is kept", () => {
    const shapes = new Map([wide, narrow, ["wider", wide[1]] as const, ["widest", wide[1]] as const]);
    const bytes = 130 * MIB;
    const passes = countingPasses(shapes, upTo(300), { ...options, bytes });
    expect(passes.map(({ layers }) => layers)).toEqual([
      ["wide", "narrow"],
      ["wider", "widest"],
    ]);
    for (const { layers, labels } of passes) {
      const need = layers.reduce((sum, layer) => sum + 4 * 100 * shapes.get(layer)!.at(-1)! * (3 + labels.length), 0);
      expect(need).toBeLessThanOrEqual(bytes);
    }
  });

  test("say what to do where not even one fits", () => {
    expect(() => countingPasses(new Map([wide]), [1], { ...options, device: devices(4 * 4 * 100 * 512 - 1) })).toThrow(
      expect.objectContaining({
        code: "limit",
        message: expect.stringMatching(/512 units of wide.*quantileThreshold/),
      }),
    );
    const fits = devices(4 * 4 * 100 * 512);
    expect(countingPasses(new Map([wide]), [1, 2], { ...options, device: fits })).toHaveLength(2);
  });
});

describe("correlations", () => {
  test.each([
    { batch: 2, share: 1, offset: 0 },
    { batch: 3, share: 1, offset: 0.3 },
    { batch: 7, share: 0.2, offset: -0.1 },
  ])(
    "equal those in double precision: $batch images a batch, $share (v + $offset)",
    async ({ batch, share, offset }) => {
      const [images, channels, size] = [7, 6, 11];
      const noisy = noiseMap(7, [images, 4, 4, channels]);
      const all = { ...noisy, data: noisy.data.map((v) => Math.fround(share * (v + offset))) };
      all.data.forEach((_, index) => {
        if (index % channels === 5) all.data[index] = 0.7; // a constant correlates with nothing
      });
      const grid = await upsampled(all, size);
      const maps = labelMaps(8, images, size);
      const batches = new Batches(device, all, batch, maps);
      const slots = await Slots.create(device, { labelMaps: batches.labels, labels: LABELS.length });
      const summed = [4, 1, 5, 2]; // and not 3
      slots.assign(summed);
      const sums = await Moments.create(device, {
        maps: batches.maps,
        channels,
        batch: batches.batch,
        slotMaps: slots.maps,
        labels: summed,
      });
      batches.each(() => {
        slots.update();
        sums.add();
      });
      const total = images * size ** 2;
      const correlations = await sums.correlations(total, pixelsOf(maps));

      const expected = new Float64Array(LABELS.length * channels);
      for (const label of summed) {
        for (let unit = 0; unit < 5; unit += 1) {
          const v = ofUnit(grid, unit);
          const t = v.map((_, p) => (bears(maps[Math.floor(p / size ** 2)]!, p % size ** 2, label) ? 1 : 0));
          const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
          const [mv, mt] = [mean(v), mean(t)];
          const moment = (a: Float64Array, ma: number, b: Float64Array, mb: number) =>
            mean(a.map((value, p) => (value - ma) * (b[p]! - mb)));
          const product = moment(v, mv, v, mv) * moment(t, mt, t, mt);
          if (product > 0) expected[label * channels + unit] = moment(v, mv, t, mt) / Math.sqrt(product);
        }
      }
      const varying = (values: Float64Array) => values.filter((_, index) => index % channels !== 5);
      const error = worstError(varying(correlations), varying(expected));
      console.log(`correlations of ${share} (v + ${offset}): worst error ${error.toExponential(1)}`);
      expect(error).toBeLessThan(1e-6);
      expect(correlations.subarray(5 * channels)).toEqual(new Float64Array(channels)); // the label that never occurs
      sums.dispose();
      slots.dispose();
      batches.dispose();
    },
  );

  test("do not depend on the batch, to the bit", async () => {
    const [images, channels, size] = [7, 4, 6];
    const all = noiseMap(9, [images, 3, 3, channels]);
    const maps = labelMaps(10, images, size);
    const results: Float64Array[] = [];
    for (const batch of [1, 3, 7]) {
      const batches = new Batches(device, all, batch, maps);
      const { maps: x, batch: range, labels: labelMaps } = batches;
      const slots = await Slots.create(device, { labelMaps, labels: LABELS.length });
      const labels = [1, 2, 3, 4];
      slots.assign(labels);
      const options = { maps: x, channels, batch: range, slotMaps: slots.maps, labels };
      const sums = await Moments.create(device, options);
      batches.each(() => {
        slots.update();
        sums.add();
      });
      results.push(await sums.correlations(images * size ** 2, [0, 90, 80, 70, 60, 0]));
      sums.dispose();
      slots.dispose();
      batches.dispose();
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  test("come from sums that lose nothing over many images", async () => {
    // In single precision 2²⁴ + 1 is 2²⁴.
    const partial = Float32Array.from({ length: 2 * 1000 }, (_, at) => (at === 0 ? 2 ** 24 : at % 2 === 0 ? 1 : 0.1));
    const bench = new Bench(device);
    const total = bench.graph.value("total", [2, 2]);
    for (const [first, images] of [
      [0, 1],
      [1, 600],
      [601, 399],
    ] as const) {
      const value = bench.graph.value(`images from ${first}`, [images, 2]);
      bench.give(value, partial.slice(2 * first, 2 * (first + images)));
      bench.graph.step(accumulateKernel, { partial: value, total }, { sums: 2, count: images, zero: 0 }, [1, 1, 1]);
    }
    const [[high0 = 0, low0 = 0, high1 = 0, low1 = 0]] = await bench.run(total);
    expect(high0 + low0).toBe(2 ** 24 + 999);
    expect(high1 + low1).toBeCloseTo(1000 * Math.fround(0.1), 9);
  });
});

describe("top images", () => {
  /** Maps whose spatial maxima are `maxima[image][unit]`, at places that differ. */
  function mapsOf(maxima: readonly (readonly number[])[]): Map64 {
    const [height, width, channels] = [2, 3, maxima[0]!.length];
    const map = noiseMap(13, [maxima.length, height, width, channels]);
    map.data.forEach((value, index) => {
      const unit = index % channels;
      const pixel = Math.floor(index / channels) % 6;
      const image = Math.floor(index / channels / 6);
      const most = maxima[image]![unit]!;
      map.data[index] = pixel === (image + unit) % 6 ? most : Math.fround(most - 1 - value * value);
    });
    return map;
  }

  const MAXIMA = [
    [1, 5, -3, 0, 2],
    [2, 5, -1, 0, 2],
    [3, 5, -2, 0, 1],
    [9, 7, -9, 0, 3],
    [3, 5, -1, 0, 3],
    [2, 7, -4, 0, 2],
    [8, 1, -1, 0, 3],
  ];

  test.each([
    { k: 3, batch: 3 },
    { k: 1, batch: 2 },
    { k: 10, batch: 4 }, // more than there are
    { k: 4, batch: 7 },
  ])("are the $k of largest maximum, the earlier of equals first: batches of $batch", async ({ k, batch }) => {
    const all = mapsOf(MAXIMA);
    const batches = new Batches(device, all, batch);
    const top = await Top.create(device, { maps: batches.maps, channels: 5, batch: batches.batch, k });
    batches.each(() => top.add());
    const expected = Array.from({ length: 5 }, (_, unit) =>
      MAXIMA.map((row, image) => ({ image, activation: row[unit]! }))
        .toSorted((a, b) => b.activation - a.activation || a.image - b.image)
        .slice(0, k),
    );
    const lists = await top.read();
    expect(lists).toEqual(expected);

    const examples = await top.examples();
    batches.each(() => examples.add(), "backwards"); // so that no later batch mends what an earlier one spoilt
    const maps = await examples.maps.read();
    for (let rank = 0; rank < k; rank += 1) {
      for (let unit = 0; unit < 5; unit += 1) {
        const example = maps.subarray((rank * 8 + unit) * 6, (rank * 8 + unit + 1) * 6);
        const image = lists[unit]![rank]?.image;
        expect(Float64Array.from(example)).toEqual(
          image === undefined ? new Float64Array(6) : ofUnit(imageOf(all, image), unit),
        );
      }
    }
    examples.dispose();
    top.dispose();
    batches.dispose();
  });
});
