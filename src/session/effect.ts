import type { Generator } from "../models/generator.ts";
import { adaptivePool } from "../models/mask.ts";
import { unpackCells } from "./cells.ts";
import type { Stroke } from "./recipe.ts";
import type { Effect } from "./session.ts";

// Tests: test/session/effect.test.ts, test/session/session.test.ts

/** The pixels of images that strokes cover, 1 where any of them does. */
export function coveredPixels(
  { height, width, uncropped }: Pick<Generator, "height" | "width" | "uncropped">,
  strokes: readonly Stroke[],
): Uint8Array {
  const covered = new Uint8Array(height * width);
  for (const { mask, hidden } of strokes) {
    if (hidden) continue;
    if (!mask) return covered.fill(1);
    const [rows, columns] = mask.size;
    const pixels = adaptivePool({ height: rows, width: columns, data: unpackCells(mask) }, ...uncropped);
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) covered[y * width + x] ||= pixels[y * uncropped[1] + x]!;
    }
  }
  return covered;
}

/** What becomes of labels, image by image. */
export class EffectCount {
  readonly #covered: Uint8Array;
  readonly #before: Uint32Array;
  readonly #after: Uint32Array;
  readonly #changed = { inside: 0, outside: 0 };
  #images = 0;

  constructor(covered: Uint8Array, labels: number) {
    this.#covered = covered;
    this.#before = new Uint32Array(labels);
    this.#after = new Uint32Array(labels);
  }

  /** Adds an image's label maps [maps, height, width], without strokes and with. */
  add(before: Uint32Array, after: Uint32Array): void {
    const pixels = this.#covered.length;
    this.#images += 1;
    for (let pixel = 0; pixel < pixels; pixel += 1) {
      let changed = false;
      for (let at = pixel; at < before.length; at += pixels) {
        this.#before[before[at]!]! += 1;
        this.#after[after[at]!]! += 1;
        changed ||= before[at] !== after[at];
      }
      if (changed) this.#changed[this.#covered[pixel] ? "inside" : "outside"] += 1;
    }
  }

  get effect(): Effect {
    const inside = this.#covered.reduce((sum, on) => sum + on, 0);
    const { length } = this.#covered;
    return {
      labels: Array.from(this.#before, (before, label) => ({ label, before, after: this.#after[label]! })).slice(1),
      inside: { pixels: inside * this.#images, changed: this.#changed.inside },
      outside: { pixels: (length - inside) * this.#images, changed: this.#changed.outside },
    };
  }
}
