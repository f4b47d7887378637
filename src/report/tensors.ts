import type { CountTable, Dissection, LayerResult } from "../dissect/result.ts";
import { writeSafetensors } from "../weights/safetensors.ts";

/** Written where a unit has fewer top images than the others. */
export const NO_IMAGE = 0xffffffff;

type Tensors = { -readonly [Name in keyof Inputs]: Inputs[Name] };
type Inputs = Parameters<typeof writeSafetensors>[0];

/**
 * `tensors.safetensors`: the full tables behind the report, for Python, Rust, Netron. Names are
 * `LAYER.iou`, `.iqr`, `.mi`, `.correlation`, `.intersection` ([labels, units]), `.activation`
 * ([categories, units]), `.level` ([units]), `.top_image` and `.top_activation` ([units,
 * examples]), where levels were searched `.training_iqr` and `.training_maxiou` ([labels, units]),
 * and once `label_pixels` ([labels]). Counts are uint32, and float64 where one is more than that
 * holds. Labels and categories are JSON in the metadata.
 */
export function toTensors(dissection: Dissection): Uint8Array {
  const { labels, categories, model, layers } = dissection;
  return writeSafetensors(tableTensors(dissection), {
    format: "ganatomy-report-1",
    model: model.name,
    layers: JSON.stringify(layers.map(({ layer }) => layer)),
    labels: JSON.stringify(labels.map(({ name, category }) => [name, category])),
    categories: JSON.stringify(categories),
  });
}

/** The arrays of `tensors.safetensors`, by their names. */
export function tableTensors({ labels, labelPixels, categories, layers }: Dissection): Tensors {
  const tensors: Tensors = {
    label_pixels: { dtype: "float64", shape: [labels.length], data: Float64Array.from(labelPixels) },
  };
  for (const layer of layers) Object.assign(tensors, layerTensors(layer, labels.length, categories.length));
  return tensors;
}

/**
 * `blocks.safetensors`: the counts of the test set in blocks, image i in block i mod their number,
 * from which jackknife errors follow: `label_pixels` [blocks, labels that occur], `category_pixels`
 * [blocks, categories] (of the images in which each occurs), and `LAYER.intersection` [blocks,
 * labels that occur, units], `LAYER.activation` [blocks, categories, units]. `labels` [labels that
 * occur] says which those are. Undefined where the dissection has none.
 */
export function toBlocks({ blocks, categories, model, layers }: Dissection): Uint8Array | undefined {
  if (!blocks) return undefined;
  const { count, labels, pixels, categoryPixels } = blocks;
  const tensors: Tensors = {
    labels: counts([labels.length], Uint32Array.from(labels)),
    label_pixels: counts([count, labels.length], pixels),
    category_pixels: counts([count, categories.length], categoryPixels),
  };
  for (const { layer, units, tables } of layers) {
    if (!tables.blocks) continue;
    const { intersection, activation } = tables.blocks;
    tensors[`${layer}.intersection`] = counts([count, labels.length, units.length], intersection);
    tensors[`${layer}.activation`] = counts([count, categories.length, units.length], activation);
  }
  return writeSafetensors(tensors, { format: "ganatomy-blocks-1", model: model.name });
}

/** Counts: of very many images they are more than 32 bits hold, and exact as float64. */
const counts = (shape: number[], data: CountTable): Tensors[string] =>
  data instanceof Float64Array ? { dtype: "float64", shape, data } : { dtype: "uint32", shape, data };

function layerTensors({ layer, units, tables }: LayerResult, labels: number, categories: number): Tensors {
  const f32 = (shape: number[], data: ArrayLike<number>) => ({
    dtype: "float32" as const,
    shape,
    data: Float32Array.from(data),
  });
  const matrix = [labels, units.length];
  const examples = units.reduce((most, { top }) => Math.max(most, top.length), 0);
  const images = new Uint32Array(units.length * examples).fill(NO_IMAGE);
  const activations = new Float32Array(units.length * examples).fill(Number.NaN);
  units.forEach(({ top }, u) => {
    top.forEach(({ image, activation }, i) => {
      images[u * examples + i] = image;
      activations[u * examples + i] = activation;
    });
  });
  return {
    [`${layer}.iou`]: f32(matrix, tables.iou),
    [`${layer}.iqr`]: f32(matrix, tables.iqr),
    [`${layer}.mi`]: f32(matrix, tables.mi),
    [`${layer}.correlation`]: f32(matrix, tables.correlation),
    [`${layer}.intersection`]: counts(matrix, tables.intersection),
    [`${layer}.activation`]: counts([categories, units.length], tables.activation),
    ...(tables.trainingIqr && { [`${layer}.training_iqr`]: f32(matrix, tables.trainingIqr) }),
    ...(tables.trainingMaxiou && { [`${layer}.training_maxiou`]: f32(matrix, tables.trainingMaxiou) }),
    [`${layer}.level`]: f32(
      [units.length],
      units.map(({ level }) => level),
    ),
    [`${layer}.top_image`]: counts([units.length, examples], images),
    [`${layer}.top_activation`]: f32([units.length, examples], activations),
  };
}
