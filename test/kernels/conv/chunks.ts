// What is computed of some images, after others, beside what is computed of all together.
import { expect } from "vitest";
import type { Value } from "../../../src/runtime/graph.ts";
import { type Bench, bitsOf, noiseMap } from "../reference.ts";

export const [images, height, width, channels] = [3, 3, 4, 4];
export const map = noiseMap(6, [images, height, width, channels]);

/**
 * Runs both, and expects `later` to be what follows the first image in `whole`, and zero before.
 */
export async function expectSame(bench: Bench, whole: Value, later: Value): Promise<void> {
  const [all, some] = await bench.run(whole, later);
  const image = all.length / images;
  expect(some.slice(0, image)).toEqual(new Float32Array(image));
  expect(bitsOf(some.slice(image))).toEqual(bitsOf(all.slice(image)));
  expect(new Set(some.slice(image)).size).toBeGreaterThan(image / 2);
}
