import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Moments } from "../../src/dissect/moments.ts";
import { Slots } from "../../src/dissect/slots.ts";
import { SUM_WORDS } from "../../src/kernels/statistics/statistics.ts";
import type { Device } from "../../src/runtime/device.ts";
import { elements } from "../../src/runtime/graph.ts";
import { Tensor } from "../../src/runtime/tensor.ts";
import { requestDevice } from "../gpu.ts";
import { ofUnit, upsampled } from "../kernels/grid.ts";
import { noiseMap, worstError } from "../kernels/reference.ts";
import { Batches, bears, LABELS, labelMaps, pixelsOf } from "./batches.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

describe("correlations", () => {
  test.each([
    { batch: 2, share: 1, offset: 0, size: [11, 11] as const },
    { batch: 3, share: 1, offset: 0.3, size: [11, 11] as const },
    { batch: 7, share: 0.2, offset: -0.1, size: [11, 11] as const },
    { batch: 3, share: 1, offset: 0.1, size: [7, 18] as const },
    { batch: 2, share: 1, offset: 0, size: [20, 3] as const },
  ])(
    "equal those in double precision: $batch images a batch, $share (v + $offset), label maps of $size",
    async ({ batch, share, offset, size }) => {
      const [images, channels, area] = [7, 6, elements(size)];
      const noisy = noiseMap(7, [images, 4, 4, channels]);
      const all = { ...noisy, data: noisy.data.map((v) => Math.fround(share * (v + offset))) };
      all.data.forEach((_, index) => {
        if (index % channels === 5) all.data[index] = 0.7; // a constant correlates with nothing
      });
      const grid = await upsampled(device, all, size);
      const maps = labelMaps(8, images, size);
      const batches = new Batches(device, all, batch, maps, size);
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
      const total = images * area;
      const correlations = await sums.correlations(total, pixelsOf(maps));

      const expected = new Float64Array(LABELS.length * channels);
      for (const label of summed) {
        for (let unit = 0; unit < 5; unit += 1) {
          const v = ofUnit(grid, unit);
          const t = v.map((_, p) => (bears(maps[Math.floor(p / area)]!, p % area, label) ? 1 : 0));
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
      // the label that never occurs
      expect(correlations.subarray(5 * channels)).toEqual(new Float64Array(channels));
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

  test("are of exact sums, of the labels that have slots and occur", async () => {
    const maps = Tensor.create(device, "maps", [1, 2, 4, 4], "f32");
    const batch = Tensor.create(device, "batch", [2], "u32");
    const slotMaps = Tensor.create(device, "slots", [1, 1, 8, 8], "u32");
    const sums = await Moments.create(device, { maps, channels: 3, batch, slotMaps, labels: [3, 1] });
    // Of three units, and of one that pads.
    const [sum, squares, on3, on1] = [
      [10, 8, 5.5, 8],
      [20, 33, 13, 55],
      [6, 4, 4.25, 7],
      [1.5, 2.25, 2, 3],
    ] as const;
    const read = vi.spyOn(Tensor.prototype, "read");
    read.mockResolvedValueOnce(words([...sum, ...squares, ...on3, ...on1]));
    const correlations = await sums.correlations(8, [0, 1, 2, 4, 3]);
    read.mockResolvedValueOnce(words(sum));
    expect([...(await sums.means(8))]).toEqual([1.25, 1, 0.6875]);
    read.mockRestore();
    const expected = (on: readonly number[], pixels: number) =>
      [0, 1, 2].map((unit) => {
        const product = (8 * squares[unit]! - sum[unit]! ** 2) * (8 * pixels - pixels ** 2);
        return (8 * on[unit]! - sum[unit]! * pixels) / Math.sqrt(product);
      });
    const none = [0, 0, 0];
    [...none, ...expected(on1, 1), ...none, ...expected(on3, 4), ...none].forEach((value, at) => {
      expect(correlations[at]).toBeCloseTo(value, 12);
    });
    expect(correlations).toHaveLength(15);
    for (const each of [sums, slotMaps, batch, maps]) each.dispose();
  });
});

/** Exact sums of these values. */
const words = (values: readonly number[]): Uint32Array<ArrayBuffer> =>
  Uint32Array.from(
    values.flatMap((value) => {
      const whole = BigInt(value * 2 ** 10) << 70n;
      return Array.from({ length: SUM_WORDS }, (_, word) => Number(BigInt.asUintN(32, whole >> BigInt(32 * word))));
    }),
  );
