import { Top } from "../dissect/top.ts";
import type { Generator } from "../models/generator.ts";
import { evenBatch } from "../models/generator-plan.ts";
import { Scope } from "../runtime/scope.ts";
import { Tensor } from "../runtime/tensor.ts";

// Tests: test/session/session.test.ts

/** Images at a time. */
const BATCH = 8;

export interface TopsOptions {
  readonly layer: string;
  /** Images of the seed that are looked at. */
  readonly size: number;
  readonly seed: number;
  /** Images to keep of each unit. */
  readonly top: number;
  readonly signal?: AbortSignal | undefined;
  onImages(done: number): void;
}

/**
 * The images that activate each unit of a layer most, best first, by the maximum of its map (spec
 * §3.3). No segmenter is asked.
 */
export async function topImages(
  generator: Generator,
  { layer, size, seed, top, signal, onImages }: TopsOptions,
): Promise<{ readonly image: number; readonly activation: number }[][]> {
  const { device, rowSize } = generator;
  const { channels } = generator.layer(layer);
  const batch = evenBatch(size, BATCH);
  const scope = new Scope();
  try {
    const plan = scope.own(await generator.compile({ batch, retain: [layer], until: layer, signal }));
    const range = scope.own(Tensor.create(device, "batch", [2], "u32"));
    const maps = plan.layers.get(layer)!;
    const ranked = scope.own(
      await Top.create(device, { maps, channels, batch: range, k: Math.min(top, size), signal }),
    );
    const rows = generator.sample({ size, seed });
    for (let first = 0; first < size; first += batch) {
      signal?.throwIfAborted();
      const count = Math.min(batch, size - first);
      range.write(Uint32Array.of(first, count));
      plan.run(rows.subarray(first * rowSize, (first + count) * rowSize));
      ranked.add();
      await device.idle();
      onImages(first + count);
    }
    return await ranked.read();
  } finally {
    scope.dispose();
  }
}
