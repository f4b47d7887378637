import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { UnitQuantiles } from "../../src/dissect/unit-quantiles.ts";
import { type Thumbnail, type ThumbnailsOptions, thumbnails } from "../../src/look/thumbnails.ts";
import { maskPainter } from "../../src/report/upsample.ts";
import { heatColors } from "../../src/runtime/colormap.ts";
import type { Device } from "../../src/runtime/device.ts";
import { Tensor } from "../../src/runtime/tensor.ts";
import { requestDevice } from "../gpu.ts";
import { noise } from "../kernels/reference.ts";

const [N, HEIGHT, WIDTH, UNITS] = [2, 4, 6, 8] as const;
const [PICTURE_HEIGHT, PICTURE_WIDTH] = [16, 24] as const;
const values = noise(3, N * HEIGHT * WIDTH * UNITS);
const pixels = noise(4, N * PICTURE_HEIGHT * PICTURE_WIDTH * 4);

let device: Device;
let features: Tensor<"f32">;
let pictures: Tensor<"f32">;
beforeAll(async () => {
  device = await requestDevice();
  features = Tensor.from(device, "features", [N, HEIGHT, WIDTH, UNITS], "f32", values);
  pictures = Tensor.from(device, "pictures", [N, PICTURE_HEIGHT, PICTURE_WIDTH, 4], "f32", pixels);
});
afterAll(() => {
  for (const tensor of [features, pictures]) tensor?.dispose();
  device?.dispose();
});

async function all(options: ThumbnailsOptions = {}): Promise<Thumbnail[]> {
  const found: Thumbnail[] = [];
  for await (const one of thumbnails(features, options)) found.push(one);
  return found;
}

const mapOf = (image: number, unit: number) =>
  Float32Array.from({ length: HEIGHT * WIDTH }, (_, cell) => values[(image * HEIGHT * WIDTH + cell) * UNITS + unit]!);

/** The half-pixel bilinear surface of a map at a pixel of a picture. */
function surface(map: Float32Array, [y, x]: readonly [number, number], [height, width]: readonly [number, number]) {
  const source = (at: number, cells: number, extent: number) =>
    Math.min(cells - 1, Math.max(0, ((at + 0.5) * cells) / extent - 0.5));
  const [row, column] = [source(y, HEIGHT, height), source(x, WIDTH, width)];
  const [top, left] = [Math.floor(row), Math.floor(column)];
  const [bottom, right] = [Math.min(HEIGHT - 1, top + 1), Math.min(WIDTH - 1, left + 1)];
  const line = (one: number) =>
    map[one * WIDTH + left]! * (1 - column + left) + map[one * WIDTH + right]! * (column - left);
  return line(top) * (1 - row + top) + line(bottom) * (row - top);
}

describe("pictures of units", () => {
  test("come in the order asked for, as large as told, each alike whatever the batch", async () => {
    const every = await all();
    expect(every.map(({ unit }) => unit)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    for (const { image, height, width, rgba } of every) {
      expect([image, height, width, rgba.length]).toEqual([0, 48, 72, 4 * 48 * 72]);
    }
    for (const batch of [1, 3, 256]) {
      const some = await all({ units: [5, 0, 5, 2], batch });
      expect(some).toEqual([5, 0, 5, 2].map((unit) => every[unit]));
    }
    expect((await all({ units: [1], size: 9 })).map(({ height, width }) => [height, width])).toEqual([[6, 9]]);
    expect(await all({ units: [] })).toEqual([]);
  });

  test("are heat maps from 0 to a unit's largest in the image", async () => {
    for (const image of [0, 1]) {
      const [one] = await all({ units: [3], image, size: 12 });
      const map = mapOf(image, 3);
      const largest = Math.max(0, ...map);
      for (let pixel = 0; pixel < 8 * 12; pixel += 1) {
        const value = surface(map, [Math.floor(pixel / 12), pixel % 12], [8, 12]);
        const at = 255 * Math.min(1, Math.max(0, value / largest));
        // Near the border of two colours rounding decides.
        const near = [Math.floor(at + 0.49), Math.floor(at + 0.51)].map((step) => [
          ...heatColors().subarray(3 * step, 3 * step + 3),
          255,
        ]);
        expect(near).toContainEqual([...one!.rgba.subarray(4 * pixel, 4 * pixel + 4)]);
      }
    }
  });

  test("go from 1 % to 99 % of a unit's activations where these are known", async () => {
    const levels = Float32Array.from({ length: 2 * UNITS }, (_, at) => (at < UNITS ? -2 : 2));
    const quantiles = new UnitQuantiles({
      quantiles: [0.01, 0.99],
      levels,
      means: new Float32Array(UNITS),
      samples: 9,
    });
    const [one] = await all({ units: [3], quantiles, size: 12 });
    const at = Math.floor((255 * (surface(mapOf(0, 3), [2, 5], [8, 12]) + 2)) / 4 + 0.5);
    expect([...one!.rgba.subarray(4 * 29, 4 * 29 + 3)]).toEqual([...heatColors().subarray(3 * at, 3 * at + 3)]);
  });

  test("each of an image of its own", async () => {
    const [first, second] = [await all({ image: 0 }), await all({ image: 1 })];
    expect(await all({ units: [4, 4, 7], image: [1, 0, 1] })).toEqual([second[4], first[4], second[7]]);
  });

  test("outlined are the image where the unit is above its level, as reports draw it", async () => {
    const levels = Float32Array.from({ length: UNITS }, () => 0.2);
    const options = { units: [2], image: 1, view: "outline", pictures, size: PICTURE_WIDTH } as const;
    const [one] = await all({ ...options, levels });
    const mask = new Uint8Array(PICTURE_HEIGHT * PICTURE_WIDTH);
    maskPainter([HEIGHT, WIDTH], [PICTURE_HEIGHT, PICTURE_WIDTH])(mapOf(1, 2), levels[2]!, mask);
    expect(mask).toContain(1);
    let yellow = 0;
    mask.forEach((on, pixel) => {
      const shown = [...one!.rgba.subarray(4 * pixel, 4 * pixel + 3)];
      const first = 4 * (PICTURE_HEIGHT * PICTURE_WIDTH + pixel);
      const picture = [...pixels.subarray(first, first + 3)].map((value) => 127.5 * (value + 1));
      if (on && `${shown}` === "255,255,0") yellow += 1;
      else {
        picture.forEach((value, c) => {
          expect(Math.abs(shown[c]! - (on ? value : value / 2))).toBeLessThanOrEqual(0.51);
        });
      }
    });
    expect(yellow).toBeGreaterThan(8);
    const quantiles = new UnitQuantiles({ quantiles: [0.99], levels, means: levels, samples: 9 });
    expect(await all({ ...options, quantiles })).toEqual([one]);
  });

  test("over the image are both, and smaller images their averages", async () => {
    const [heat] = await all({ units: [1], size: 12 });
    const [over] = await all({ units: [1], size: 12, view: "overlay", pictures });
    let most = 0;
    for (let pixel = 0; pixel < 8 * 12; pixel += 1) {
      const [y, x] = [Math.floor(pixel / 12), pixel % 12];
      for (let c = 0; c < 3; c += 1) {
        let sum = 0;
        for (const [v, u] of [
          [0, 0],
          [0, 1],
          [1, 0],
          [1, 1],
        ] as const) {
          sum += pixels[4 * ((2 * y + v) * PICTURE_WIDTH + 2 * x + u) + c]!;
        }
        const below = 127.5 * (sum / 4 + 1);
        const share = Math.min(1, Math.max(0, surface(mapOf(0, 1), [y, x], [8, 12]) / Math.max(...mapOf(0, 1))));
        most = Math.max(most, share);
        const expected = below + 0.8 * share * (heat!.rgba[4 * (12 * y + x) + c]! - below);
        expect(Math.abs(over!.rgba[4 * (12 * y + x) + c]! - expected)).toBeLessThan(1);
      }
    }
    expect(most).toBeGreaterThan(0.6);
  });

  test("of units that are never above 0 have the colour of 0 everywhere", async () => {
    const never = Float32Array.from({ length: 2 * 2 * 4 }, (_, at) => (at % 4 === 0 ? 0 : -(at % 4)));
    using dead = Tensor.from(device, "dead", [1, 2, 2, 4], "f32", never);
    for await (const { rgba } of thumbnails(dead, { size: 4 })) {
      for (let at = 0; at < rgba.length; at += 4) {
        expect([...rgba.subarray(at, at + 4)]).toEqual([...heatColors().subarray(0, 3), 255]);
      }
    }
  });

  test("of one pixel are one pixel", async () => {
    expect((await all({ units: [1], size: 1 })).map(({ height, width }) => [height, width])).toEqual([[1, 1]]);
    using tall = Tensor.create(device, "tall", [1, 8, 2, 4], "f32");
    const found: number[][] = [];
    for await (const { height, width } of thumbnails(tall, { units: [0], size: 1 })) found.push([height, width]);
    expect(found).toEqual([[1, 1]]);
  });

  test("are as many at once as 4096 pixels hold, across and down", async () => {
    /** The texture for a batch of all units, and some once more, on which nothing is drawn here. */
    const sizeOf = async (size: number, batch: number, count = 40): Promise<number[]> => {
      const units = Array.from({ length: count }, (_, at) => at % UNITS);
      const abort = new AbortController();
      const create = device.gpu.createTexture.bind(device.gpu);
      let found: number[] = [];
      const made = vi.spyOn(device.gpu, "createTexture").mockImplementation((descriptor) => {
        found = [...(descriptor.size as number[])];
        abort.abort(new Error("seen"));
        return create(descriptor);
      });
      await expect(all({ units, size, batch, signal: abort.signal })).rejects.toThrow("seen");
      made.mockRestore();
      return found;
    };
    expect(await sizeOf(30, 7)).toEqual([64 * Math.ceil((7 * 30) / 64), 20]);
    expect(await sizeOf(600, 8)).toEqual([64 * Math.ceil((6 * 600) / 64), 2 * 400]); // six in a row
    expect(await sizeOf(1000, 40)).toEqual([64 * Math.ceil((4 * 1000) / 64), 6 * 667]);
    expect(await sizeOf(1024, 4)).toEqual([4096, 683]);
    expect(await sizeOf(241, 40)).toEqual([64 * Math.ceil((16 * 241) / 64), 3 * 161]); // not 17
    expect(await sizeOf(100, 40, 1)).toEqual([128, 67]);
    const [wide, narrow] = [await all({ size: 600, batch: 8 }), await all({ size: 600, batch: 1, units: [7] })];
    expect(wide[7]!.rgba.every((value, at) => value === narrow[0]!.rgba[at])).toBe(true);
  });

  test("are drawn 32 at once unless told", async () => {
    const submitted = vi.spyOn(device.gpu.queue, "submit");
    const units = Array.from({ length: 33 }, (_, at) => at % UNITS);
    const levels = new Float32Array(UNITS);
    const calls: number[] = [];
    for await (const _ of thumbnails(features, { units, size: 8, view: "outline", levels, pictures })) {
      calls.push(submitted.mock.calls.length);
    }
    submitted.mockRestore();
    expect(new Set(calls).size).toBe(2);
    expect(calls.indexOf(calls.at(-1)!)).toBe(32);
  });

  test("show what of a map cropped images cover", async () => {
    const [cropped] = await all({ units: [1], size: 12, cover: [0.5, 0.5] });
    const at = Math.floor((255 * Math.max(0, surface(mapOf(0, 1), [0, 1], [16, 24]))) / Math.max(...mapOf(0, 1)) + 0.5);
    expect([...cropped!.rgba.subarray(4, 7)]).toEqual([...heatColors().subarray(3 * at, 3 * at + 3)]);
  });
});

test("a submit draws a batch, and what is left early leaves nothing behind", async () => {
  const before = { ...device.live };
  const textures: GPUTexture[] = [];
  const create = device.gpu.createTexture.bind(device.gpu);
  const made = vi.spyOn(device.gpu, "createTexture").mockImplementation((descriptor) => {
    textures.push(create(descriptor));
    return textures.at(-1)!;
  });
  const destroyed = vi.fn();
  const passes = vi.spyOn(device.gpu.queue, "submit");
  for await (const { unit } of thumbnails(features, { batch: 2, size: 8, image: [0, 0, 0, 0, 1, 1, 1, 1] })) {
    textures[0]!.destroy = destroyed;
    if (unit === 3) break;
  }
  // One for each image's largest activations and their read, and two for each batch: one draws, one
  // reads.
  expect(passes.mock.calls.length).toBe(2 * 2 + 2 * 2);
  made.mockRestore();
  passes.mockRestore();
  expect(destroyed).toHaveBeenCalledTimes(1);
  expect({ ...device.live }).toEqual(before);
});

test("an abort ends it with the reason", async () => {
  const before = { ...device.live };
  const abort = new AbortController();
  const seen: number[] = [];
  const running = (async () => {
    for await (const { unit } of thumbnails(features, { batch: 4, signal: abort.signal })) {
      seen.push(unit);
      if (unit === 1) abort.abort(new Error("enough"));
    }
  })();
  await expect(running).rejects.toThrow("enough");
  expect(seen).toEqual([0, 1]);
  expect({ ...device.live }).toEqual(before);
});

test.each([
  [{ view: "mask" }, 'no view "mask"'],
  [{ view: "overlay" }, "[nothing] are not the images of"],
  [{ view: "outline" }, "[nothing] are not the images of"],
  [{ units: [8] }, "no unit 8. Units are 0…7"],
  [{ units: [-1] }, "no unit -1"],
  [{ units: [0.5] }, "no unit 0.5"],
  [{ image: 2 }, "no image 2. The batch has images 0…1"],
  [{ image: [0] }, "1 images are not one of each of 8 units"],
  [{ size: 0 }, "A size of 0 makes no sense. Use a whole number from 1 to 1024"],
  [{ size: 1025 }, "A size of 1025"],
  [{ batch: 257 }, "A batch of 257 makes no sense. Use a whole number from 1 to 256"],
  [{ batch: 0.5 }, "A batch of 0.5"],
  [{ unit: 3 }, 'knows no "unit"'],
  [{ units: "3" }, "takes a list of units"],
])("%j is refused", async (options, message) => {
  await expect(all(options as never)).rejects.toThrow(message);
});

test("outlines without levels are refused, and images of another run", async () => {
  await expect(all({ view: "outline", pictures })).rejects.toThrow("Unit 0 has no level to outline");
  await expect(all({ view: "outline", pictures, levels: [1], units: [0, 3] })).rejects.toThrow("Unit 3 has no level");
  const quantiles = { units: 9, quantile: () => 0, levels: () => new Float32Array(9) };
  await expect(all({ quantiles })).rejects.toThrow("[2,4,6,8] are no features of 9 units");
  using flat = Tensor.create(device, "flat", [2, 4, 6, 2], "f32");
  await expect(all({ view: "overlay", pictures: flat })).rejects.toThrow("[2,4,6,2] are not the images of");
  using other = Tensor.create(device, "other", [1, 4, 4, 4], "f32");
  await expect(all({ view: "overlay", pictures: other })).rejects.toThrow("[1,4,4,4] are not the images of [2,4,6,8]");
});
