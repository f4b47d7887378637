import type { Attributes } from "../../weights/tensor.ts";
import type { Description } from "../description.ts";
import type { Network } from "../network.ts";
import type { State } from "../state.ts";

/** What a caller can ask of a generator's network; each family knows its own of these. */
export interface GeneratorOptions {
  /**
   * What the network is, where the tensors do not tell or it is none of the known ones: a
   * description (docs/generators.md), its JSON, or a preset's name, "dcgan".
   */
  readonly network?: Description | string | undefined;
  /** Clamp images to [−1, 1]. Off by default, as in gandissect: bytes are clamped anyway. */
  readonly clamp?: boolean | undefined;
  /**
   * ψ: w is moved towards its average, w_avg + ψ (w − w_avg) (Karras et al. 2019,
   * appendix B). 1, which leaves it, unless given.
   */
  readonly truncation?: number | undefined;
  /** How many of the first layers `truncation` is for; all unless given. */
  readonly cutoff?: number | undefined;
  /**
   * Noise that is added behind convolutions: the maps in the file ("const", unless given), none, or
   * maps of one RandomState(seed), the same for every image.
   */
  readonly noise?: "const" | "none" | number | undefined;
  /**
   * Activations of convolutions are clamped to ± this, as networks are that were trained in float16
   * (Karras et al. 2020a, appendix). As the file says unless given; 0 for none.
   */
  readonly convClamp?: number | undefined;
  /**
   * Level of detail of a growing Progressive GAN: 0 is the full size, 1 half of it, and between the
   * two are mixed. As the file says unless given.
   */
  readonly lod?: number | undefined;
  /**
   * Where layers of a generator of Progressive GAN's ablation study are normalised, which two of
   * its layouts do not tell: "everywhere" unless given, or z and before the output only.
   */
  readonly pixelNorm?: "everywhere" | "ends" | undefined;
}

/** What a file holds for a generator. */
export interface GeneratorFile {
  /** Of the part that was taken, by their names in it. */
  readonly tensors: State;
  readonly attributes: Attributes;
  /** What the part is called in the file. */
  readonly entry?: string | undefined;
  /** The tensors of all parts, by their full names in the file. */
  readonly all?: State | (() => State);
  /** The strings of a safetensors file. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Told what was assumed where the file does not say. */
  readonly onWarning?: ((message: string) => void) | undefined;
}

/** A family of generators, and how its files are known. */
export interface GeneratorFamily {
  /** For messages, with its article: "a Progressive GAN generator". */
  readonly name: string;
  /** Tensors of which one is in every file of the family, and in no other's. */
  readonly keys: readonly string[];
  /** Options that it has. */
  readonly options: readonly (keyof GeneratorOptions)[];
  /** @throws WeightsError naming what is missing, mis-shaped or unexpected. */
  network(file: GeneratorFile, options: GeneratorOptions): Network;
}
