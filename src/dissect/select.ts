import { RADIX_BITS } from "../kernels/statistics/statistics.ts";
import { elements } from "../runtime/graph.ts";
import { Scope } from "../runtime/scope.ts";
import type { DissectionEvent } from "./events.ts";
import type { Settled } from "./options.ts";
import type { Presence } from "./presence.ts";
import { type QuantileOptions, Quantiles, selectionBytes } from "./quantiles.ts";
import type { Samples } from "./samples.ts";
import type { Subject } from "./subject.ts";

/** Selections kept on the GPU at once: one 512-unit layer takes 329 MiB. */
const SELECTION_BYTES = 512 * 2 ** 20;

/** The layers in groups whose selections fit beside each other; at least one a group. */
function groupsOf(layers: readonly string[], samples: Samples, targets: number): string[][] {
  const groups: string[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const layer of layers) {
    const need = selectionBytes(samples.maps.get(layer)!.shape, targets);
    if (bytes + need > SELECTION_BYTES) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)!.push(layer);
    bytes += need;
  }
  return groups;
}

/**
 * Exact quantiles of all layers, [quantiles][units] each, in as many passes over the samples as the
 * selections need. The first pass counts labels too if it is given where.
 */
export async function* quantilesOf(
  subject: Pick<Subject, "device" | "layer">,
  { layers, size, signal }: Settled,
  samples: Samples,
  wanted: Pick<QuantileOptions, "grid" | "reach" | "quantiles">,
  presence?: Presence,
): AsyncGenerator<DissectionEvent, Map<string, Float32Array>, undefined> {
  const result = new Map<string, Float32Array>();
  const groups = groupsOf(layers, samples, 2 * wanted.quantiles.length);
  const passes = groups.length * RADIX_BITS.length;
  let pass = 0;
  for (const group of groups) {
    const scope = new Scope();
    const making = scope.all(
      group.map((layer) => {
        const { channels, height, width } = subject.layer(layer);
        return Quantiles.create(subject.device, {
          maps: samples.maps.get(layer)!,
          channels,
          batch: samples.batch,
          samples: size * elements(wanted.grid ?? [height, width]),
          ...wanted,
          signal,
        });
      }),
    );
    making.catch(() => {}); // awaited once the first batch is on its way
    try {
      for (const _ of RADIX_BITS) {
        const phase = pass === 0 ? "activations" : "quantiles";
        const before = pass === 0 ? 0 : (pass - 1) * size;
        const total = pass === 0 ? size : (passes - 1) * size;
        // Segmenting now lets the later passes find label maps kept.
        const labels = pass === 0 && (presence !== undefined || samples.keepsLabels);
        for await (const { first, count } of samples.each({ labels })) {
          if (labels) presence?.add();
          for (const selection of await making) selection.add();
          yield { type: "progress", phase, done: before + first + count, total };
        }
        for (const selection of await making) selection.endPass();
        pass += 1;
      }
      const selections = await making;
      for (const [index, layer] of group.entries()) result.set(layer, await selections[index]!.read());
    } finally {
      // what is still being made when somebody leaves has to be let go too
      await Promise.allSettled([making]);
      scope.dispose();
    }
  }
  return result;
}
