import type { Network } from "../network.ts";
import type { State } from "../state.ts";

/** What a caller can ask of a generator's network. */
export interface GeneratorOptions {
  /** Clamp images to [−1, 1]. Off by default, as in gandissect: bytes are clamped anyway. */
  readonly clamp?: boolean;
}

/** A family of generators, and how its files are known. */
export interface GeneratorFamily {
  /** For messages, with its article: "a Progressive GAN generator". */
  readonly name: string;
  /** Tensors of which one is in every file of the family, and in no other's. */
  readonly keys: readonly string[];
  /** The names that a file should have, for whoever has one that is not known. */
  readonly expects: string;
  /** @throws WeightsError naming what is missing, mis-shaped or unexpected. */
  network(state: State, options: GeneratorOptions): Network;
}
