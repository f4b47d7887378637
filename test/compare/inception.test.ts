import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { photographs } from "../../src/compare/images.ts";
import { type InceptionPreprocessing, inceptionFeatures } from "../../src/compare/inception.ts";
import { measure } from "../../src/compare/measure.ts";
import type { Device } from "../../src/index.ts";
import { requestDevice, worst } from "../gpu.ts";
import { imageOf, stateOf } from "../models/recipe.ts";
import { goldenJson } from "./golden.ts";

interface Golden {
  readonly height: number;
  readonly width: number;
  readonly features: Readonly<Record<string, readonly number[]>>;
}

const golden = goldenJson("inception") as Record<InceptionPreprocessing, Golden> & {
  readonly shapes: Readonly<Record<string, readonly number[]>>;
};
const shapes = Object.entries(golden.shapes);

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

describe("made-up weights at the published widths, as PyTorch computes them in float64", () => {
  test.each([
    ["pytorch-fid", "64", 1],
    ["pytorch-fid", "192", 1],
    ["pytorch-fid", "768", 8],
    ["pytorch-fid", "2048", 8],
    ["clean-fid", "64", 1],
  ] as const)("%s, %s numbers", async (preprocessing, layer, step) => {
    const { height, width, features } = golden[preprocessing];
    const pixels = imageOf(1, height, width);
    const rgb = new Uint8Array(3 * height * width);
    for (let i = 0; i < height * width; i += 1) {
      for (let c = 0; c < 3; c += 1) rgb[3 * i + c] = Math.floor((pixels[4 * i + c]! + 1) * 127.5 + 0.5);
    }
    const network = inceptionFeatures(stateOf("", shapes), { device, layer, preprocessing });
    const images = photographs(device, { size: 1, height, width, read: () => ({ width, height, rgb }) });
    const { vectors } = await measure(images, { features: network });
    network.dispose();
    expect(vectors).toMatchObject({ n: 1, d: Number(layer) });
    const found = Array.from(vectors!.data).filter((_, i) => i % step === 0);
    expect(worst(found, features[layer]!)).toBeLessThan(2e-5);
  });
});

test("torchvision's weights are refused, whose distances are no FIDs, and layers that are none", () => {
  const other = stateOf("", [...shapes, ["fc.weight", [1000, 2048]]]);
  expect(() => inceptionFeatures(other, { device })).toThrow("1000 classes: it is torchvision's");
  const state = stateOf("", [
    ...shapes,
    ["fc.weight", [1008, 2048]],
    ["Mixed_5b.branch1x1.bn.num_batches_tracked", []],
  ]);
  expect(() => inceptionFeatures(state, { device, layer: "512" })).toThrow('Inception has no layer "512".');
  expect(() => inceptionFeatures(state, { device, preprocessing: "tf" as "clean-fid" })).toThrow(
    'There is no preprocessing "tf".',
  );
  expect(() => inceptionFeatures(stateOf("", shapes.slice(1)), { device })).toThrow("Conv2d_1a_3x3.conv.weight");
});
