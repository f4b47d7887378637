// Tests: test/cli/table.test.ts
import type { Dissection, LayerResult } from "../dissect/result.ts";
import { type Ceiling, ceilingOf } from "../report/ceiling.ts";
import { conceptGroups, readable, uniqueNames } from "../report/concepts.ts";

/** What a dissection found, in short: the content of the table on the terminal and of `--json`. */
export interface Summary {
  /**
   * False when it was interrupted: scores are of the images seen until then, or pictures are
   * missing.
   */
  readonly complete: boolean;
  readonly model: Dissection["model"];
  readonly segmenter: Dissection["segmenter"];
  readonly adapter: Dissection["adapter"];
  readonly settings: Dissection["settings"];
  /** Concepts too large to be detected with one quantile for all units. */
  readonly ceiling?: Ceiling;
  readonly layers: readonly LayerSummary[];
}

export interface LayerSummary {
  readonly layer: string;
  /** [height, width] of its feature map. */
  readonly shape: readonly [number, number];
  readonly units: number;
  /** How many of them detect a concept. */
  readonly interpretable: number;
  readonly concepts: readonly ConceptSummary[];
}

/** A concept and the units that detect it, best first. */
export interface ConceptSummary {
  readonly concept: string;
  readonly category: string;
  readonly units: readonly { readonly unit: number; readonly iou: number; readonly level: number }[];
}

export function toSummary(dissection: Dissection, complete: boolean): Summary {
  const { model, segmenter, adapter, settings, layers } = dissection;
  const ceiling = ceilingOf(dissection);
  return {
    ...{ complete, model, segmenter, adapter, settings },
    ...(ceiling && { ceiling }),
    layers: layers.map((layer) => layerOf(layer, dissection)),
  };
}

function layerOf(layer: LayerResult, { labels, categories }: Dissection): LayerSummary {
  const names = uniqueNames(labels);
  const concepts = conceptGroups(layer, labels, categories).map((group) => ({
    concept: readable(names[group.label]!),
    category: labels[group.label]!.category,
    units: group.units
      .map((unit) => layer.units[unit]!)
      .sort((a, b) => b.iou - a.iou || a.unit - b.unit)
      .map(({ unit, iou, level }) => ({ unit, iou, level })),
  }));
  return {
    layer: layer.layer,
    shape: layer.shape,
    units: layer.units.length,
    interpretable: layer.units.filter(({ interpretable }) => interpretable).length,
    concepts,
  };
}
