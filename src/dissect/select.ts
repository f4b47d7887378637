import { RADIX_BITS } from "../kernels/statistics/statistics.ts";
import { elements } from "../runtime/graph.ts";
import { Scope } from "../runtime/scope.ts";
import { type Counters, ofLayer, type PhaseTables } from "./checkpoint.ts";
import type { DissectionEvent } from "./events.ts";
import type { Settled } from "./options.ts";
import type { Presence } from "./presence.ts";
import { type QuantileOptions, Quantiles, selectionBytes } from "./quantiles.ts";
import type { Samples } from "./samples.ts";
import type { Subject } from "./subject.ts";

/** Selections kept on the GPU at once: one 512-unit layer takes 329 MiB. */
const SELECTION_BYTES = 512 * 2 ** 20;

/** The layers in groups whose selections fit beside each other; at least one a group. */
export function selectionGroups(
  layers: readonly string[],
  /** Of their maps [n, h, w, units]. */
  shapes: ReadonlyMap<string, readonly number[]>,
  targets: number,
): string[][] {
  const groups: string[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const layer of layers) {
    const need = selectionBytes(shapes.get(layer)!, targets);
    if (bytes + need > SELECTION_BYTES) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)!.push(layer);
    bytes += need;
  }
  return groups;
}

/** What a group's selections, and labels, are counted into, and what the selections go by. */
function tablesOf(
  group: readonly string[],
  selections: readonly Quantiles[],
  labels: Counters | undefined,
): PhaseTables {
  const all = (of: (selection: Quantiles) => Counters): Counters =>
    Object.assign({}, ...selections.map((one, place) => ofLayer(group[place]!, of(one))));
  return { counters: { ...labels, ...all(({ counters }) => counters) }, known: all(({ known }) => known) };
}

/**
 * Exact quantiles of all layers, [quantiles][units] each, in as many passes over the samples as the
 * selections need. The first pass counts labels too if it is given where. Of checkpoints, those of
 * `set` are its own.
 */
export async function* quantilesOf(
  subject: Pick<Subject, "device" | "layer">,
  { layers, size, checkpoint, signal }: Pick<Settled, "layers" | "size" | "checkpoint" | "signal">,
  samples: Samples,
  { coverings, ...wanted }: Pick<QuantileOptions, "grid" | "quantiles"> & Partial<Pick<Settled, "coverings">>,
  presence?: Presence,
  set = "training",
): AsyncGenerator<DissectionEvent, Map<string, Float32Array>, undefined> {
  const result = new Map<string, Float32Array>();
  const shapes = new Map(layers.map((layer) => [layer, samples.maps.get(layer)!.shape]));
  const groups = selectionGroups(layers, shapes, 2 * wanted.quantiles.length);
  const passes = groups.length * RADIX_BITS.length;
  for (const [index, group] of groups.entries()) {
    const known = group.map((layer) => checkpoint.result(`${set} levels ${layer}`, Float32Array));
    if (known.every((levels) => levels !== undefined)) {
      for (const [at, layer] of group.entries()) result.set(layer, known[at]!);
      continue;
    }
    const scope = new Scope();
    const making = scope.all(
      group.map((layer) => {
        const { channels, height, width } = subject.layer(layer);
        return Quantiles.create(subject.device, {
          maps: samples.maps.get(layer)!,
          ...{ channels, batch: samples.batch },
          samples: size * elements(wanted.grid ?? [height, width]),
          ...wanted,
          covering: coverings?.get(layer),
          signal,
        });
      }),
    );
    making.catch(() => {}); // awaited once the first batch is on its way
    try {
      const at = (radix: number): string => `${set} quantiles ${index * RADIX_BITS.length + radix}`;
      const tables = async (radix: number): Promise<PhaseTables> =>
        tablesOf(group, await making, index + radix === 0 ? presence?.counters : {});
      let from: number | undefined;
      let radix = RADIX_BITS.findIndex((_, each) => checkpoint.at === at(each));
      if (radix >= 0) {
        for (const selection of await making) selection.goOn(radix);
        from = checkpoint.restore(at(radix), samples, await tables(radix))?.done;
      }
      if (from === undefined) {
        radix = 0;
        if (checkpoint.isUsed) for (const selection of await making) selection.goOn(0);
      }
      for (; radix < RADIX_BITS.length; radix += 1) {
        if (from === undefined) await checkpoint.begin(at(radix), async () => (await tables(radix)).known ?? {});
        const pass = index * RADIX_BITS.length + radix;
        const phase = pass === 0 ? "activations" : "quantiles";
        const before = pass === 0 ? 0 : (pass - 1) * size;
        const total = pass === 0 ? size : (passes - 1) * size;
        // Segmenting now lets the later passes find label maps kept.
        const labels = pass === 0 && (presence !== undefined || (samples.keepsLabels && !checkpoint.isShared));
        for await (const { first, count } of checkpoint.batches(samples.each({ labels, from }))) {
          if (labels) presence?.add();
          for (const selection of await making) selection.add();
          await checkpoint.keep(at(radix), first + count, () => tables(radix));
          yield { type: "progress", phase, done: before + first + count, total };
        }
        for (const selection of await making) await selection.endPass();
        if (pass === 0) await presence?.put(checkpoint, set);
        from = undefined;
      }
      const selections = await making;
      for (const [place, layer] of group.entries()) {
        const levels = await selections[place]!.read();
        result.set(layer, levels);
        checkpoint.put(`${set} levels ${layer}`, levels);
      }
    } finally {
      // what is still being made when somebody leaves has to be let go too
      await Promise.allSettled([making]);
      scope.dispose();
    }
  }
  presence?.take(checkpoint, set);
  return result;
}
