import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { cutOf, type Photograph, viewed } from "../../src/models/view.ts";
import type { View } from "../../src/networks/classifiers/network.ts";
import { imageOf } from "./recipe.ts";

const golden: readonly (Pick<Photograph, "height" | "width"> & { readonly view: View; readonly rgb: string })[] =
  JSON.parse(readFileSync(new URL("../golden/classifiers.json", import.meta.url), "utf8")).views;

/** The recipe's picture as bytes. */
function photograph(height: number, width: number): Photograph {
  const pixels = imageOf(1, height, width);
  const rgb = Uint8Array.from({ length: 3 * height * width }, (_, at) =>
    Math.floor((pixels[4 * Math.floor(at / 3) + (at % 3)]! + 1) * 127.5 + 0.5),
  );
  return { height, width, rgb };
}

describe("the bytes that torchvision makes with Pillow", () => {
  test.each(golden)("of $width×$height, $view.fit", ({ height, width, view, rgb }) => {
    const to = new Float32Array(4 * view.edge ** 2);
    viewed(photograph(height, width), view, to);
    const bytes = Array.from(to, (value) => Math.round((value + 1) * 127.5)).filter((_, at) => at % 4 < 3);
    expect(bytes).toEqual([...Buffer.from(rgb, "base64")]);
  });
});

test("what is seen of a photograph, in parts of it", () => {
  const crop = { edge: 224, resized: 256, fit: "crop" } as const;
  expect(cutOf(crop, { height: 256, width: 512 })).toEqual({ top: 1 / 16, left: 9 / 32, height: 7 / 8, width: 7 / 16 });
  const squash = { ...crop, fit: "squash" } as const;
  expect(cutOf(squash, { height: 3, width: 4000 })).toEqual({ top: 1 / 16, left: 1 / 16, height: 7 / 8, width: 7 / 8 });
});

test("refuses what is no photograph", () => {
  const view = { edge: 8, resized: 8, fit: "crop" } as const;
  const to = new Float32Array(4 * 64);
  expect(() => viewed({ width: 2, height: 2, rgb: new Uint8Array(11) }, view, to)).toThrow("11 bytes are no RGB");
  expect(() => viewed({ width: 0, height: 2, rgb: new Uint8Array(0) }, view, to)).toThrow("0×2 pixels");
});
