import { section } from "./bytes.ts";
import { openNpy, readHeader } from "./npy.ts";
import { NumpyArray } from "./numpy-values.ts";
import { PickleStream } from "./pickle.ts";
import { damagedFile } from "./pickle-values.ts";
import { savedCheckpoint } from "./saved.ts";
import type { ReadOptions, Source } from "./source.ts";
import type { CheckpointTensor } from "./tensor.ts";
import { CheckpointVocabulary } from "./torch.ts";

/**
 * The arrays of a list, as `numpy.savez` keeps one: where they differ in shape as a pickled array
 * of objects, of which nothing but arrays is made and nothing is run; where they are alike as one
 * array with one dimension more.
 * @throws WeightsError as `openCheckpoint`.
 */
export async function openArrayList(source: Source, options: ReadOptions = {}): Promise<readonly CheckpointTensor[]> {
  const { text, dataStart } = await readHeader(source, options);
  if (!/'descr': '\|O'/.test(text)) return rowsOf(await openNpy(source, source.name, options));
  const pickle = section(source, dataStart, source.size - dataStart, source.name);
  const saved = await new PickleStream(pickle, options).next(new CheckpointVocabulary());
  const items = saved instanceof NumpyArray ? saved.items : undefined;
  if (!items?.every((item) => item instanceof NumpyArray)) throw damagedFile(source.name, "it is no list of arrays");
  const named = new Map(items.map((item, i) => [`array${i}`, item]));
  const { tensors } = savedCheckpoint({ source, format: "npy", pickle, saved: named, storage: () => undefined }, {});
  return items.map((_, i) => tensors.get(`array${i}`)!);
}

/** The parts of an array along its first dimension. */
function rowsOf(array: CheckpointTensor): CheckpointTensor[] {
  const [n = 0, ...shape] = array.shape;
  const size = shape.reduce((product, edge) => product * edge, 1);
  return Array.from({ length: n }, (_, i) => ({
    name: `array${i}`,
    dtype: array.dtype,
    shape,
    read: async (options) => (await array.read(options)).subarray(i * size, (i + 1) * size),
  }));
}
