import { LabelsError, UsageError } from "../errors.ts";
import { argmax, softmaxSum } from "../kernels/classify.ts";
import { preprocess } from "../kernels/resample.ts";
import type { Device } from "../runtime/device.ts";
import { Graph, type Value } from "../runtime/graph.ts";
import { Plan } from "../runtime/plan.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { readExactly } from "../weights/bytes.ts";
import { openCheckpoint } from "../weights/checkpoint.ts";
import { type LoadOptions, openSource, type SourceLike } from "../weights/source.ts";
import type { CheckpointTensor } from "../weights/tensor.ts";
import { isSegsizes, type Label, type LabelFile, parseLabels } from "./labels.ts";
import { type State, Weights } from "./state.ts";
import { inferUpernet, type UpernetConfig, upernet } from "./upernet.ts";

/** Means of the training images in bytes, in BGR order (unifiedparsing; spec §2.1). There is no division by a deviation. */
const MEAN_BGR = [102.9801, 115.9465, 122.7717] as const;

/** Input edge of unified parsing for 256-pixel images (gandissect's default). */
const DEFAULT_SEGSIZES = [256] as const;

/** A segmenter's files: encoder and decoder as published, or both in one file with `encoder.` and `decoder.` before the names. */
export type SegmenterFiles = (
  | { readonly encoder: SourceLike; readonly decoder: SourceLike }
  | { readonly weights: SourceLike }
) & {
  /** labels.json: a file, or its parsed contents. */
  readonly labels: SourceLike | LabelFile;
};

export interface LoadSegmenterOptions extends Omit<LoadOptions, "sha256"> {
  readonly device: Device;
  readonly name?: string;
  /** Edges of the inputs whose probabilities are summed; from labels.json unless given, else [256]. */
  readonly segsizes?: readonly number[];
  /** SHA-256 of each file, by its key in `SegmenterFiles`. */
  readonly sha256?: Readonly<Partial<Record<"encoder" | "decoder" | "weights" | "labels", string>>>;
}

/** A segmenter compiled onto an image tensor. */
export interface SegmenterPlan {
  /** Segments what the image tensor holds now. */
  run(): void;
  /** [n, size, size] label of every pixel; 0 is none. */
  readonly labels: Tensor<"u32">;
  dispose(): void;
  [Symbol.dispose](): void;
}

/** A UPerNet that names the object at every pixel of a generated image. */
export class Segmenter {
  readonly name: string;
  readonly device: Device;
  readonly config: UpernetConfig;
  readonly segsizes: readonly number[];
  /** Index 0 is ("-", "object"): no prediction. */
  readonly labels: readonly Label[];
  readonly #state: State;
  readonly #weights: Weights;

  private constructor(
    name: string,
    device: Device,
    config: UpernetConfig,
    segsizes: readonly number[],
    labels: readonly Label[],
    state: State,
  ) {
    this.name = name;
    this.device = device;
    this.config = config;
    this.segsizes = segsizes;
    this.labels = labels;
    this.#state = state;
    this.#weights = new Weights(device, state);
  }

  /** Opens the files, reads the architecture off the tensors and checks the labels against the heads. */
  static async load(files: SegmenterFiles, options: LoadSegmenterOptions): Promise<Segmenter> {
    const { sha256, ...rest } = options;
    const open = async (key: "encoder" | "decoder" | "weights", source: SourceLike): Promise<[string, State]> => {
      const checkpoint = await openCheckpoint(source, { ...rest, sha256: sha256?.[key] });
      return [checkpoint.source.name, checkpoint.tensors];
    };
    let name: string;
    let state: State;
    if ("weights" in files) {
      [name, state] = await open("weights", files.weights);
    } else {
      const [[encoderName, encoder], [, decoder]] = [
        await open("encoder", files.encoder),
        await open("decoder", files.decoder),
      ];
      const merged = new Map<string, CheckpointTensor>();
      for (const [key, tensor] of encoder) merged.set(`encoder.${key}`, tensor);
      for (const [key, tensor] of decoder) merged.set(`decoder.${key}`, tensor);
      name = encoderName;
      state = merged;
    }
    const config = inferUpernet(state);
    const file = isLabelFile(files.labels)
      ? files.labels
      : await readLabels(files.labels, { ...rest, sha256: sha256?.labels });
    const { labels, segsizes } = parseLabels(file, config);
    const sizes = options.segsizes ?? segsizes ?? DEFAULT_SEGSIZES;
    if (!isSegsizes(sizes)) {
      throw new UsageError(`segsizes [${sizes}] make no sense.`, "Use one to eight whole numbers from 32 to 4096.");
    }
    const called = options.name ?? name.replace(/^.*[\\/]/, "").replace(/\.[^.]*$/, "");
    const segmenter = new Segmenter(called, options.device, config, sizes, labels, state);
    try {
      const graph = new Graph(options.device.target);
      const resolution = sizes[0]!;
      segmenter.append(graph, graph.map("image", 1, resolution, resolution, 3), resolution);
      await segmenter.#weights.bind(graph, options);
    } catch (error) {
      segmenter.dispose();
      throw error;
    }
    return segmenter;
  }

  /** Categories in the order in which labels name them. */
  get categories(): readonly string[] {
    return [...new Set(this.labels.slice(1).map((label) => label.category))];
  }

  /** Appends the segmenter to a graph: labels [n, size, size] of image [n, h, w, 3] in [−1, 1]. */
  append(graph: Graph, image: Value, size: number): Value {
    const logits = this.segsizes.map((edge) => {
      const input = preprocess(graph, image, edge, MEAN_BGR);
      return upernet(graph, this.#state, this.config, input).logits.get("object")!;
    });
    // Softmax keeps the order of logits: with one size it can be left out.
    if (logits.length === 1) return argmax(graph, logits[0]!, size, size);
    return argmax(graph, softmaxSum(graph, logits, size, size), size, size);
  }

  /** Compiles the segmenter onto an image tensor [n, h, w, 4], for label maps of size × size. */
  async compile(image: Tensor<"f32">, size: number, signal?: AbortSignal): Promise<SegmenterPlan> {
    const [n = 1, height = 1, width = 1] = image.shape;
    const graph = new Graph(this.device.target);
    const input = graph.map("image", n, height, width, 3);
    const labels = this.append(graph, input, size);
    const weights = await this.#weights.bind(graph, { signal });
    const plan = await Plan.compile(this.device, graph, {
      keep: [labels],
      bind: [...weights, [input, image]],
      signal,
    });
    const dispose = (): void => plan.dispose();
    return { run: () => plan.run(), labels: plan.tensor<"u32">(labels), dispose, [Symbol.dispose]: dispose };
  }

  /** Bytes of weights on the device. */
  get bytes(): number {
    return this.#weights.bytes;
  }

  dispose(): void {
    this.#weights.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

function isLabelFile(labels: SourceLike | LabelFile): labels is LabelFile {
  return typeof labels === "object" && "object" in labels;
}

async function readLabels(like: SourceLike, options: LoadOptions): Promise<unknown> {
  const source = await openSource(like, options);
  if (source.size > 16 * 2 ** 20) {
    throw new LabelsError(
      `${source.name} is ${source.size} bytes long: too much for a label file.`,
      "Give labels.json.",
    );
  }
  const text = new TextDecoder().decode(await readExactly(source, 0, source.size, options));
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new LabelsError(`${source.name} is not JSON.`, "Give the labels.json that came with the network.", { cause });
  }
}
