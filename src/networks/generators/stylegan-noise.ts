import type { Learned } from "../../kernels/conv/filter.ts";
import { RandomState } from "../../weights/random.ts";
import { learned } from "../filters.ts";
import type { State } from "../state.ts";

// Tests: test/networks/generators/stylegan2.test.ts

/**
 * What is added to a StyleGAN's maps: the noise that the file keeps, none, or, of a seed, all maps
 * from one RandomState in their order, the same for every image.
 */
export type Noise = "const" | "none" | number;

/** Noise map K [R][R] of an edge R, of the tensor `key` where the file's is taken. */
export function noiseOf(
  noise: Exclude<Noise, "none">,
  edge: (index: number) => number,
): (state: State, key: string, index: number) => Learned {
  if (noise === "const") return (state, key, index) => learned(state, key, [edge(index), edge(index)]);
  const random = new RandomState(noise);
  const drawn: Float64Array[] = [];
  const map = (index: number): Float64Array => {
    while (drawn.length <= index) drawn.push(random.standardNormal(edge(drawn.length) ** 2));
    return drawn[index]!;
  };
  return (_state, _key, index) => ({ sources: [], of: () => map(index) });
}
