import { UnsupportedError } from "../errors.ts";
import type { Device } from "../runtime/device.ts";
import { rowBytes } from "./counts.ts";

/** What is counted in one pass over the samples. */
export interface CountingPass {
  readonly layers: readonly string[];
  readonly labels: readonly number[];
}

/**
 * Layers and labels in as few passes as their joint histograms fit: mostly one. Every histogram is
 * bound as a whole, so it has to fit the device's limit, and all of a pass have to stay within
 * `bytes`.
 * @throws UnsupportedError when not even one label of a layer fits.
 */
export function countingPasses(
  /** Shapes of the layers' maps [n, h, w, units]. */
  shapes: ReadonlyMap<string, readonly number[]>,
  labels: readonly number[],
  options: {
    readonly levels: number;
    readonly categories: number;
    readonly device: Pick<Device, "gpu">;
    /** Bytes that all histograms of a pass may take. */
    readonly bytes: number;
  },
): CountingPass[] {
  const { levels, categories, device, bytes } = options;
  const { maxBufferSize, maxStorageBufferBindingSize } = device.gpu.limits;
  const limit = Math.min(bytes, maxBufferSize, maxStorageBufferBindingSize);
  let most = Number.POSITIVE_INFINITY;
  for (const [layer, shape] of shapes) {
    const row = rowBytes(shape, levels);
    const fitting = Math.floor(limit / row) - categories;
    if (fitting < 1) {
      throw new UnsupportedError(
        "limit",
        `Counting one label at ${levels} levels of the ${shape.at(-1)} units of ${layer} takes ${(categories + 1) * row} bytes, and at most ${limit} can be bound.`,
        "Use an adapter that binds more, or a fixed `quantileThreshold` such as 0.005, which counts at one level.",
      );
    }
    most = Math.min(most, fitting);
  }
  const passes: CountingPass[] = [];
  for (let from = 0; from === 0 || from < labels.length; from += most) {
    const some = labels.slice(from, from + most);
    let layers: string[] = [];
    let room = 0;
    for (const [layer, shape] of shapes) {
      const need = (categories + some.length) * rowBytes(shape, levels);
      if (need > room) {
        layers = [];
        passes.push({ layers, labels: some });
        room = bytes;
      }
      layers.push(layer);
      room -= need;
    }
  }
  return passes;
}
