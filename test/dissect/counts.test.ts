import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Counts, rowBytes } from "../../src/dissect/counts.ts";
import { cellsOf } from "../../src/dissect/ladder.ts";
import { Presence } from "../../src/dissect/presence.ts";
import { Slots } from "../../src/dissect/slots.ts";
import type { Device } from "../../src/runtime/device.ts";
import { elements } from "../../src/runtime/graph.ts";
import { Tensor } from "../../src/runtime/tensor.ts";
import { requestDevice } from "../gpu.ts";
import { ofUnit, upsampled } from "../kernels/grid.ts";
import { noiseMap } from "../kernels/reference.ts";
import { Batches, bears, CATEGORIES, CHANNELS, LABELS, labelMaps, pixelsOf } from "./batches.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

describe("counts", () => {
  test.each([
    { images: 7, batch: 3, blocks: 1, size: [16, 16] as const },
    { images: 7, batch: 3, blocks: 4, size: [9, 9] as const },
    { images: 5, batch: 2, blocks: 1, size: [7, 7] as const },
    { images: 2, batch: 4, blocks: 3, size: [13, 13] as const },
    { images: 5, batch: 3, blocks: 1, size: [6, 14] as const },
    { images: 3, batch: 2, blocks: 2, size: [11, 4] as const },
  ])(
    "equal those of a loop over all pixels: $images images by $batch in $blocks blocks, label maps of $size",
    async ({ images, batch, blocks, size }) => {
      const [channels, area] = [5, elements(size)];
      const all = noiseMap(5, [images, 3, 4, channels]);
      const grid = await upsampled(device, all, size);
      const maps = labelMaps(6, images, size);
      // Levels that activations equal exactly, one of them twice: only what exceeds a level counts.
      const levels = new Float32Array(4 * channels);
      for (let unit = 0; unit < channels; unit += 1) {
        const sorted = ofUnit(grid, unit).toSorted();
        [0.2, 0.5, 0.5, 0.99].forEach((share, level) => {
          levels[level * channels + unit] = sorted[Math.floor(share * sorted.length)]!;
        });
      }

      const batches = new Batches(device, all, batch, maps, size);
      const presence = await Presence.create(device, {
        maps: batches.labels,
        batch: batches.batch,
        labels: LABELS,
        categories: CATEGORIES,
        blocks,
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
        blocks,
      });
      batches.each(() => {
        presence.add();
        slots.update();
        counts.add();
      });

      const present = maps.map((map) =>
        CATEGORIES.map((category) => map.some((label) => label > 0 && LABELS[label]!.category === category)),
      );
      const inBlock = (block: number) => (_: unknown, image: number) => image % blocks === block;
      const parts = [...Array(blocks).keys()];
      const there = (some: readonly boolean[][]) =>
        Uint32Array.from(CATEGORIES, (_, k) => some.filter((image) => image[k]).length);
      expect(await presence.read()).toEqual({ pixels: pixelsOf(maps), images: there(present) });
      expect(await presence.blocks()).toEqual(
        parts.map((block) => ({
          pixels: pixelsOf(maps.filter(inBlock(block))),
          images: there(present.filter(inBlock(block))),
        })),
      );

      const tables = (rows: readonly unknown[]) => rows.map(() => parts.map(() => new Uint32Array(4 * channels)));
      const intersections = tables(LABELS);
      const activations = tables(CATEGORIES);
      grid.data.forEach((value, index) => {
        const unit = index % channels;
        const pixel = Math.floor(index / channels) % area;
        const image = Math.floor(index / channels / area);
        for (let level = 0; level < 4; level += 1) {
          const cell = level * channels + unit;
          if (!(value > levels[cell]!)) continue;
          LABELS.forEach((_, label) => {
            if (bears(maps[image]!, pixel, label)) intersections[label]![image % blocks]![cell]! += 1;
          });
          CATEGORIES.forEach((_, k) => {
            if (present[image]![k]) activations[k]![image % blocks]![cell]! += 1;
          });
        }
      });
      const read = vi.spyOn(Tensor.prototype, "read");
      const sum = (counts: readonly Uint32Array[]) =>
        counts[0]!.map((_, cell) => counts.reduce((all, part) => all + part[cell]!, 0));
      for (const label of counted) {
        expect(await counts.intersection(label)).toEqual(sum(intersections[label]!));
        expect(await counts.intersections(label)).toEqual(intersections[label]);
      }
      for (let k = 0; k < CATEGORIES.length; k += 1) {
        expect(await counts.activation(k)).toEqual(sum(activations[k]!));
        expect(await counts.activations(k)).toEqual(activations[k]);
      }
      // of every block the labels' rows at once, and all from the first category's on
      expect(read).toHaveBeenCalledTimes(blocks + 1);
      read.mockRestore();
      await expect(counts.intersection(3)).rejects.toThrow("Label 3 was not counted");
      counts.dispose();
      slots.dispose();
      presence.dispose();
      batches.dispose();
    },
  );

  // One category's row has only pixels without a slot where a pixel has one label; with more
  // labels, or categories, every row counts for itself.
  test.each([
    { kinds: 1, channels: 1, images: 3 },
    { kinds: 2, channels: 1, images: 3 },
    { kinds: 1, channels: 2, images: 3 },
    { kinds: 2, channels: 1, images: 1 },
  ])(
    "of a category's activations are those of its images' pixels: $images images, $kinds categories, $channels labels a pixel",
    async ({ kinds, channels, images }) => {
      const [size, units] = [6, 4];
      const all = noiseMap(22, [images, 3, 3, units]);
      const grid = await upsampled(device, all, size);
      const x = Tensor.from(device, "maps", [images, 3, 3, units], "f32", Float32Array.from(all.data));
      const batch = Tensor.from(device, "batch", [2], "u32", Uint32Array.of(0, images));
      const bare = 1; // the image that shows nothing, so that its pixels are no category's
      const data = Uint32Array.from({ length: images * channels * size ** 2 }, (_, at) => {
        const map = Math.floor(at / size ** 2);
        return Math.floor(map / channels) === bare ? 0 : (at + map) % 4;
      });
      const labelMaps = Tensor.from(device, "labels", [images, channels, size, size], "u32", data);
      const categories = ["object", "material"].slice(0, kinds);
      const labels = ["-", "tree", "sky", "door"].map((name, label) => ({
        name,
        category: categories[label === 2 ? kinds - 1 : 0]!,
      }));
      const presence = await Presence.create(device, { maps: labelMaps, batch, labels, categories });
      const slots = await Slots.create(device, { labelMaps, labels: labels.length });
      slots.assign([1, 3]); // and not 2
      const levels = new Float32Array([-0.5, 0, 0.5].flatMap((level) => Array(units).fill(level)));
      const options = { maps: x, channels: units, batch, slotMaps: slots.maps, labels: [1, 3], levels };
      const counts = await Counts.create(device, { ...options, present: presence.present });
      presence.add();
      slots.update();
      counts.add();
      /** Labels of a pixel of the grid. */
      const at = (image: number, pixel: number) =>
        Array.from({ length: channels }, (_, channel) => data[(image * channels + channel) * size ** 2 + pixel]!);
      const expected = (counted: (labels: readonly number[], image: number) => boolean) =>
        Uint32Array.from(levels, (level, cell) => {
          const exceeds = (value: number, index: number) => {
            const pixel = Math.floor(index / units);
            const image = Math.floor(pixel / size ** 2);
            return index % units === cell % units && value > level && counted(at(image, pixel % size ** 2), image);
          };
          return grid.data.filter(exceeds).length;
        });
      for (let category = 0; category < kinds; category += 1) {
        expect(await counts.activation(category)).toEqual(expected((_, image) => image !== bare));
      }
      for (const label of [3, 1]) {
        expect(await counts.intersection(label)).toEqual(expected((labels) => labels.includes(label)));
      }
      for (const each of [counts, slots, presence, labelMaps, batch, x]) each.dispose();
    },
  );

  test("of a label take four bytes for each level of each unit that is stored", () => {
    expect(rowBytes([2, 3, 5, 8], 100)).toBe(3200);
    expect(rowBytes([512], 7)).toBe(4 * 512 * 7);
  });

  test.each([
    { MiB: 2, together: 4 },
    { MiB: 3, together: 2 },
    { MiB: 4, together: 2 },
    { MiB: 9, together: 1 },
  ])("of $MiB MiB a row are read $together rows at once, and once", async ({ MiB, together }) => {
    const units = 1024;
    const rungs = (MiB * 2 ** 20) / 4 / units;
    const labels = [5, 1, 4];
    const maps = Tensor.create(device, "maps", [1, 1, 1, units], "f32");
    const batch = Tensor.from(device, "batch", [2], "u32", Uint32Array.of(0, 1));
    const slotMaps = Tensor.create(device, "slots", [1, 2, 1, 1], "u32");
    const present = Tensor.create(device, "present", [1, 1], "u32");
    const levels = new Float32Array(rungs * units);
    const counts = await Counts.create(device, { maps, channels: units, batch, slotMaps, labels, present, levels });
    const rows = 1 + labels.length;
    const length = rungs * units;
    // Of row r the counters of the highest level are r, so that r pixels exceed every level.
    const read = vi.spyOn(Tensor.prototype, "read").mockImplementation(async (count = 0, first = 0) => {
      const counters = new Uint32Array(count);
      for (let at = rungs - 1; at < count; at += rungs) counters[at] = Math.floor((first + at) / length);
      return counters as never;
    });
    const extremes = (values: ArrayLike<number>) => [values[0], values[values.length - 1]];
    try {
      for (const row of [1, 1, 2, 2, 3, 3]) {
        expect(extremes(await counts.intersection(labels[row - 1]!))).toEqual([row, row]);
      }
      const expected = [];
      for (let row = 1; row < rows; row += together) {
        expected.push([Math.min(together, rows - row) * length, row * length]);
      }
      expect(read.mock.calls).toEqual(expected);
      // back, from there on; and anew once more was counted
      expect(extremes(await counts.activation(0))).toEqual([0, 0]);
      counts.add();
      await counts.activation(0);
      const first = [Math.min(together, rows) * length, 0];
      expect(read.mock.calls.slice(expected.length)).toEqual([first, first]);
    } finally {
      read.mockRestore();
    }
    for (const each of [counts, maps, batch, slotMaps, present]) each.dispose();
  });

  test("of two thousand labels take memory for those that are counted", async () => {
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
});
