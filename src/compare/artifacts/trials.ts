import { Kept } from "../../dissect/kept.ts";
import type { Edit } from "../../models/edits.ts";
import type { Generator } from "../../models/generator.ts";
import type { Segmenter } from "../../models/segmenter.ts";
import { checkNames, type NamesOf } from "../../names.ts";
import { Scope } from "../../runtime/scope.ts";
import type { FeatureNetwork } from "../features.ts";
import { generatedImages, type Images } from "../images.ts";
import { type Measured, Measuring } from "../measure.ts";
import type { Vectors } from "../vectors.ts";

/** Which images are edited where, and what is measured of them. */
export interface EditTrialsOptions {
  /** The layer that is edited. */
  readonly layer: string;
  /** How many images. */
  readonly size: number;
  /** Seed of the images' z; 1 unless given. */
  readonly seed?: number;
  /** What makes vectors of images. */
  readonly features: FeatureNetwork;
  /** Counts labels too. */
  readonly segmenter?: Segmenter;
  /** Images at a time. Results do not depend on it. */
  readonly batch?: number;
  /**
   * Bytes of the layer's features that may stay on the GPU; what does not fit is made again for
   * every edit. 512 MiB unless given.
   */
  readonly memory?: number;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const NAMES: NamesOf<EditTrialsOptions> = {
  layer: "needed",
  size: "needed",
  seed: true,
  features: "needed",
  segmenter: true,
  batch: true,
  memory: true,
  signal: true,
};

/** Images of a generator, measured under edits of a layer, one set of edits after the other. */
export interface Trials {
  /** Whose images they are. */
  readonly generator: Pick<Generator, "name" | "layer">;
  /** The layer that is edited. */
  readonly layer: string;
  /** How many images. */
  readonly size: number;
  /** Seed of the images' z. */
  readonly seed: number;
  /** What is measured of all images under these edits. Ask for one after the other. */
  measure(edits: readonly Edit[], options?: Pick<EditTrialsOptions, "signal">): Promise<Tried>;
}

/** What is measured of edited images. */
export interface Tried extends Measured {
  /** Features of each image, [size, d]. */
  readonly vectors: Vectors;
}

const MEMORY = 512 * 2 ** 20;

/**
 * A generator's images on which edits of a layer are tried: they are made once up to there, and for
 * every edit from there on, and measured.
 */
export class EditTrials implements Trials {
  /** Whose images they are. */
  readonly generator: Generator;
  /** The layer that is edited. */
  readonly layer: string;
  /** How many images. */
  readonly size: number;
  /** Seed of the images' z. */
  readonly seed: number;
  readonly #images: EditedImages;
  readonly #measuring: Measuring;

  private constructor(images: EditedImages, measuring: Measuring) {
    this.generator = images.generator;
    this.layer = images.layerName;
    this.size = images.size;
    this.seed = images.seed;
    this.#images = images;
    this.#measuring = measuring;
  }

  /** @throws UsageError; what compiling throws; the signal's reason. */
  static async open(generator: Generator, options: EditTrialsOptions): Promise<EditTrials> {
    checkNames("EditTrials.open", options, NAMES);
    const { features, segmenter, batch, signal } = options;
    const images = new EditedImages(generator, options);
    const measured = { features, ...(segmenter && { segmenter }), ...(batch !== undefined && { batch }), signal };
    return new EditTrials(images, await Measuring.open(images, measured));
  }

  /**
   * What is measured of all images under these edits. Ask for one after the other.
   * @throws UsageError for edits that the layer does not have; the signal's reason.
   */
  measure(edits: readonly Edit[], options: Pick<EditTrialsOptions, "signal"> = {}): Promise<Tried> {
    this.#images.edits = edits;
    return this.#measuring.run(options) as Promise<Tried>;
  }

  /** Frees its memory on the device; the generator stays. */
  dispose(): void {
    this.#measuring.dispose();
  }
}

/** The first images of a seed, under whichever edits are set when they are brought. */
class EditedImages implements Images {
  edits: readonly Edit[] = [];
  readonly generator: Generator;
  readonly layerName: string;
  readonly device: Images["device"];
  readonly size: number;
  readonly height: number;
  readonly width: number;
  readonly seed: number;
  readonly #memory: number;

  constructor(
    generator: Generator,
    { layer, size, seed = 1, memory = MEMORY }: Pick<EditTrialsOptions, "layer" | "size" | "seed" | "memory">,
  ) {
    const { device, height, width } = generatedImages(generator, { size, seed, layer });
    this.generator = generator;
    this.layerName = layer;
    this.device = device;
    this.size = size;
    this.height = height;
    this.width = width;
    this.seed = seed;
    this.#memory = memory;
  }

  async open({ batch, raw, signal }: Parameters<Images["open"]>[0]) {
    const { generator, layerName: layer, size } = this;
    const { rowSize } = generator;
    const rows = generator.sample({ size, seed: this.seed });
    const scope = new Scope();
    try {
      const head = scope.own(await generator.compile({ batch, retain: [layer], until: layer, signal }));
      const inputs = head.behind(layer);
      const tail = scope.own(await generator.compile({ batch, from: layer, inputs, editable: [layer], raw, signal }));
      const batches = Math.ceil(size / batch);
      const kept = scope.own(new Kept(this.device, [...tail.inputs.values()], undefined, batches, this.#memory));
      let set: readonly Edit[] = [];
      return {
        image: tail.image!,
        raw: tail.raw,
        bring: async (first: number, count: number): Promise<number> => {
          if (set !== this.edits) tail.setEdits(this.edits);
          set = this.edits;
          if (!kept.restoreFeatures(first / batch)) {
            head.run(rows.subarray(first * rowSize, (first + count) * rowSize));
            await kept.keepFeatures(first / batch);
          }
          tail.run();
          return count;
        },
        dispose: () => scope.dispose(),
      };
    } catch (error) {
      scope.dispose();
      throw error;
    }
  }
}
