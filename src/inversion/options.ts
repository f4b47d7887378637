import type { TensorNumbers } from "../models/with-weights.ts";
import type { NamesOf } from "../names.ts";

// Tests: test/inversion/invert.test.ts

/** What an image is made of: a generator's first input, or a StyleGAN's w, one or one a layer. */
export type LatentSpace = "z" | "w" | "w+";

/**
 * How a photograph is brought into a generator. Steps and rates, unless given, are those that spec
 * diagnosis.md §D and its golden data measured.
 */
export interface InvertOptions {
  /** Where the latent is looked for; "w+" unless given where the generator has it, else "z". */
  readonly space?: LatentSpace;
  /**
   * The layer whose features are fitted once the latent is found, so that every edit there or
   * behind works on the photograph; none unless given. Nothing else may lead around it to the
   * image.
   */
  readonly layer?: string;
  /**
   * Latents to start from, of which the best is kept: images 0… of the seed. 8 unless given: what
   * is reached depends much on where one starts.
   */
  readonly starts?: number;
  /** Seed of the starts; 1 unless given. */
  readonly seed?: number;
  /** Steps of Adam for the latent; 150 unless given. */
  readonly steps?: number;
  /** Its learning rate; 0.05 unless given. */
  readonly rate?: number;
  /** Steps of Adam for the layer's features; 80 unless given. */
  readonly layerSteps?: number;
  /** Its learning rate; 0.02 unless given. */
  readonly layerRate?: number;
  /**
   * Steps of Adam for the weights of the convolutions behind the layer, once its features are
   * found; none unless given. See `weightsBehind`.
   */
  readonly weightSteps?: number;
  /**
   * Its learning rate, of weights times their scale; 3e-4 unless given: at 1e-3 the error grows
   * at first (spec diagnosis.md §D, measured).
   */
  readonly weightRate?: number;
  /**
   * What an earlier call told as "partial", of the same photograph and options: stages that it went
   * through are not gone through again.
   */
  readonly found?: Inversion;
  /** Starts at a time; all unless given. */
  readonly batch?: number;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export const NAMES: NamesOf<InvertOptions> = {
  space: true,
  layer: true,
  starts: true,
  seed: true,
  steps: true,
  rate: true,
  layerSteps: true,
  layerRate: true,
  weightSteps: true,
  weightRate: true,
  found: true,
  batch: true,
  signal: true,
};

/** How far an inversion is. */
export interface InversionProgress {
  /** Nothing new is found yet. */
  readonly type: "progress";
  /** What is fitted: the latent, then the layer's features, then the weights behind it. */
  readonly stage: "latent" | "layer" | "weights";
  /** Steps done in this stage, of all starts together. */
  readonly step: number;
  /** Steps of this stage, of all starts together. */
  readonly steps: number;
  /** The best reached so far, in dB; see `Inversion.psnr`. */
  readonly psnr: number;
}

/** A photograph as a generator makes it. */
export interface Inversion {
  /** Where the latent was looked for. */
  readonly space: LatentSpace;
  /** Which of the starts came closest: an image of the seed. */
  readonly start: number;
  /** The latent: z of its length, or [layers, length of w] (one layer of "w"). */
  readonly latent: Float32Array<ArrayBuffer>;
  /**
   * What else the image is made of where that is z, by the input's name: its class, as a one among
   * zeros.
   */
  readonly inputs: ReadonlyMap<string, Float32Array<ArrayBuffer>>;
  /** The layer whose features were fitted; absent unless one was asked for. */
  readonly layer?: string;
  /** The fitted features, [height, width, channels] of the layer. */
  readonly features?: Float32Array<ArrayBuffer>;
  /** Weights behind the layer that were fitted, by their names: for `withWeights`. */
  readonly weights?: ReadonlyMap<string, TensorNumbers>;
  /**
   * Peak signal-to-noise ratio in dB: 10 log₁₀(4 / mean squared error), as numbers go from −1 to 1.
   */
  readonly psnr: {
    /** Of the image of each start before its first step. */
    readonly starts: readonly number[];
    /** The best on the way of each start. */
    readonly latents: readonly number[];
    /** Of the image made of the features. */
    readonly layer?: number;
    /** And with the fitted weights. */
    readonly weights?: number;
  };
  /**
   * Images made of the latent, of the features, and of these with the fitted weights, [height,
   * width, 3], nominally in [−1, 1].
   */
  readonly images: {
    /** Made of the latent. */
    readonly latent: Float32Array;
    /** Made of the layer's features. */
    readonly layer?: Float32Array;
    /** Made of these with the fitted weights. */
    readonly weights?: Float32Array;
  };
}

/** What `invert` says on its way; the last is its result. */
export type InversionEvent =
  | InversionProgress
  | {
      /** "partial" where another stage is to come. */
      readonly type: "partial" | "result";
      /** What is found until then. */
      readonly inversion: Inversion;
    };
