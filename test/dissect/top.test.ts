import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Top } from "../../src/dissect/top.ts";
import type { Device } from "../../src/runtime/device.ts";
import { requestDevice } from "../gpu.ts";
import { ofUnit } from "../kernels/grid.ts";
import { imageOf, type Map64, noiseMap } from "../kernels/reference.ts";
import { Batches } from "./batches.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

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
    [1, 5, -3, -1, 2],
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
    // (Those that the padding units would show are none: the first image is theirs alone where k is
    // 1.)
    expect(await top.images()).toEqual(new Set(lists.flat().map(({ image }) => image)));

    const examples = await top.examples();
    // so that no later batch mends what an earlier one spoilt
    batches.each(() => examples.add(), "backwards");
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
