import { expect, test } from "vitest";
import { picturesOf, stripOf } from "../../../src/cli/invert/pictures.ts";
import type { Generator } from "../../../src/index.ts";
import type { Inversion } from "../../../src/inversion/index.ts";
import { decodePhoto } from "../../../src/node/photo/decode.ts";

const generatorOf = (height: number, width = height) => ({ height, width }) as Generator;
const found = (images: object, layer?: string) => ({ images, ...(layer && { layer }) }) as Inversion;

test("the photo at the generator's size, then what was made of it", () => {
  const photo = { width: 2, height: 2, rgb: Uint8Array.of(0, 255, 51, 102, 153, 204, 0, 0, 0, 255, 255, 255) };
  const [latent, layer, weights] = [1, 2, 3].map((value) => new Float32Array(12).fill(value));
  const of = (inversion: Inversion) => picturesOf(generatorOf(2), photo as never, inversion);
  const [first, ...others] = of(found({ latent, layer, weights }, "layer4"));
  expect(first!.of).toBe("photo");
  const expected = [-1, 1, -0.6, -0.2, 0.2, 0.6, -1, -1, -1, 1, 1, 1];
  expect([...first!.pixels]).toEqual(expected.map((value) => expect.closeTo(value, 6)));
  expect(others).toEqual([
    { of: "latent", pixels: latent },
    { of: "layer4", pixels: layer },
    { of: "weights", pixels: weights },
  ]);
  expect(of(found({ latent })).map((made) => made.of)).toEqual(["photo", "latent"]);
});

/** Width, height and rows of RGB of a strip. */
async function strip(pictures: readonly number[][], generator: Generator) {
  const made = pictures.map((pixels) => ({ of: "", pixels: Float32Array.from(pixels) }));
  const { width, height, rgb } = await decodePhoto(stripOf(made, generator), "strip");
  return {
    width,
    height,
    at: (x: number, y: number) => [...rgb.subarray(3 * (y * width + x), 3 * (y * width + x + 1))],
  };
}

test("pictures stand side by side, small ones in larger pixels, and clipped", async () => {
  // 2 × 3 pixels: 256 / 2 times as large
  const left = Array.from({ length: 18 }, (_, i) => i / 9 - 1);
  const right = [-9, 9, 0, ...Array(14).fill(-1), 0.5];
  const { width, height, at } = await strip([left, right], generatorOf(2, 3));
  expect([width, height]).toEqual([2 * 3 * 128, 2 * 128]);
  const level = (value: number) => Math.round(127.5 * (value + 1));
  const pixel = (y: number, x: number) => left.slice(3 * (3 * y + x), 3 * (3 * y + x + 1)).map(level);
  for (const [y, x] of [
    [0, 0],
    [0, 2],
    [1, 1],
  ] as const) {
    for (const [dy, dx] of [
      [0, 0],
      [127, 127],
    ] as const)
      expect(at(128 * x + dx, 128 * y + dy)).toEqual(pixel(y, x));
  }
  expect(at(3 * 128, 0)).toEqual([0, 255, 128]);
  expect(at(width - 1, height - 1)).toEqual([0, 0, 191]);
});

test.each([
  [100, 3 * 100],
  [255, 2 * 255],
  [256, 256],
  [300, 300],
])("a picture of %i pixels is shown in %i", async (edge, shown) => {
  const { width, height } = await strip([Array(3 * edge ** 2).fill(0)], generatorOf(edge));
  expect([width, height]).toEqual([shown, shown]);
});
