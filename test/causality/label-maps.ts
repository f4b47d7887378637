import type { Edit, Generator, Segmenter } from "../../src/index.ts";

export interface Models {
  readonly generator: Generator;
  readonly segmenter: Segmenter;
}

/** Images of the experiments that are compared with whole runs, and their seed. */
export const [SIZE, SEED] = [5, 3];

/** Label maps [channels, h, w] of images, edited, one array each: by whole runs, read back. */
export async function labelMaps(
  { generator, segmenter }: Models,
  edits: readonly Edit[],
  { size = SIZE, seed = SEED }: { readonly size?: number; readonly seed?: number } = {},
): Promise<Uint32Array[]> {
  using run = await generator.forward(generator.sample({ size, seed }), { edits });
  using plan = await segmenter.compile(run.image, [generator.height, generator.width]);
  plan.run();
  const labels = await plan.labels.read();
  return Array.from({ length: size }, (_, i) =>
    labels.subarray((i * labels.length) / size, ((i + 1) * labels.length) / size),
  );
}

/** Pixels of every label over all maps of one channel each. */
export const tally = ({ segmenter }: Models, maps: readonly Uint32Array[]): number[] =>
  segmenter.labels.map((_, label) =>
    label === 0 ? 0 : maps.reduce((sum, map) => sum + map.filter((one) => one === label).length, 0),
  );

/** The label of those seen that the fewest pixels bear. */
export const rarest = (pixels: readonly number[]): number => {
  const seen = [...pixels.entries()].filter(([, count]) => count > 0);
  return seen.sort((a, b) => a[1] - b[1])[0]![0];
};
