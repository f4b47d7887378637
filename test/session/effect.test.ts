import { describe, expect, test } from "vitest";
import { coveredPixels, EffectCount } from "../../src/session/effect.ts";
import type { Stroke } from "../../src/session/recipe.ts";

const stroke = (cells: readonly number[], more: Partial<Stroke> = {}): Stroke => ({
  id: `${cells}`,
  op: "remove",
  units: "all",
  mask: { size: [2, 2], cells },
  ...more,
});

describe("the effect of strokes", () => {
  test("covers the pixels that any of them covers, hidden ones none", () => {
    const images = { height: 4, width: 4, uncropped: [4, 4] as const };
    const covered = coveredPixels(images, [stroke([0, 1]), stroke([3, 1]), stroke([1, 1], { hidden: true })]);
    expect([...covered]).toEqual([1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1]);
    expect([...coveredPixels(images, [])]).toEqual(new Array(16).fill(0));
    expect([...coveredPixels(images, [{ id: "a", op: "draw", units: [1] }])]).toEqual(new Array(16).fill(1));
  });

  test("counts masks from the corner that layers and cropped images share", () => {
    const covered = coveredPixels({ height: 2, width: 3, uncropped: [4, 4] }, [stroke([1, 1])]);
    expect([...covered]).toEqual([0, 0, 1, 0, 0, 1]);
  });

  test("is pixels of every label, and which have others than before", () => {
    const count = new EffectCount(Uint8Array.of(1, 1, 0, 0), 4);
    // Two maps of labels each: objects, then materials.
    count.add(Uint32Array.of(1, 1, 2, 2, 3, 0, 0, 0), Uint32Array.of(1, 2, 2, 2, 0, 0, 0, 3));
    count.add(Uint32Array.of(1, 1, 1, 1, 0, 0, 0, 0), Uint32Array.of(1, 1, 1, 2, 0, 0, 0, 0));
    count.add(Uint32Array.of(1, 1, 1, 1, 0, 0, 0, 0), Uint32Array.of(2, 1, 1, 1, 0, 0, 0, 0));
    expect(count.effect).toEqual({
      labels: [
        { label: 1, before: 10, after: 7 },
        { label: 2, before: 2, after: 5 },
        { label: 3, before: 1, after: 1 },
      ],
      inside: { pixels: 6, changed: 3 },
      outside: { pixels: 6, changed: 2 },
    });
  });
});
