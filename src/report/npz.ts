import type { Dissection } from "../dissect/result.ts";
import type { SafetensorsInput } from "../weights/safetensors.ts";
import { type NpzTexts, writeNpz } from "../weights/write-npz.ts";
import { uniqueNames } from "./concepts.ts";
import { tableTensors } from "./tensors.ts";

/**
 * The full tables as one `.npz`, for `numpy.load`: the arrays of `tensors.safetensors` by their
 * names, `LAYER.iou` [labels, units] and so on, and as texts `layers`, `labels`, each of which is
 * another, `label_categories` [labels] and `categories`.
 */
export function toNpz(dissection: Dissection): Uint8Array<ArrayBuffer> {
  const { labels, categories, layers } = dissection;
  const arrays: Record<string, SafetensorsInput | NpzTexts> = {
    layers: { texts: layers.map(({ layer }) => layer) },
    labels: { texts: uniqueNames(labels) },
    label_categories: { texts: labels.map(({ category }) => category) },
    categories: { texts: categories },
    ...tableTensors(dissection),
  };
  return writeNpz(arrays);
}
