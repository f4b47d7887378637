import { UsageError } from "../errors.ts";
import { type Covering, MAX_CATEGORIES } from "../kernels/statistics/statistics.ts";
import { checkNames, type NamesOf } from "../names.ts";
import { bytesOf, type Extent, elements, Graph } from "../runtime/graph.ts";
import { cellArea, coveringOf } from "./cells.ts";
import { Checkpoint, type Checkpoints, type Share } from "./checkpoint.ts";
import { MAX_LABELS } from "./packed-labels.ts";
import type { CellArea, QuantileThreshold } from "./result.ts";
import { RULES, type Rule, type RuleName, ruleOf } from "./rules.ts";
import type { ImageSet, Labeller, Subject } from "./subject.ts";

/** How a network is dissected; defaults are those of the paper and gandissect's scripts. */
export interface DissectOptions {
  /** Layers to dissect; all but the image unless given. */
  readonly layers?: readonly string[];
  /**
   * Images of the test set, and as many of the training set, where levels are searched. 1000, as in
   * gandissect's scripts, or all photographs, unless given.
   */
  readonly size?: number;
  /** Seed of the test set's z, on which scores are measured; 1 unless given. */
  readonly seed?: number;
  /** Seed of the training set's z, on which levels are chosen; 2 unless given. */
  readonly trainSeed?: number;
  /**
   * How a unit's level is chosen: `iqr` (unless given) or `maxiou`, the best of 100 quantiles of
   * the training set, or one upper quantile of the raw activations of the test set such as 0.005.
   */
  readonly quantileThreshold?: QuantileThreshold;
  /**
   * Whose rule decides: what quantiles and IoUs are of, and which units detect anything. It has a
   * quantile and an edge of label maps of its own, used unless others are given.
   * "gan-dissection" unless given.
   */
  readonly rule?: RuleName;
  /** Top images to keep per unit; 20 unless given. */
  readonly examples?: number;
  /**
   * Edge of the label maps on which activations and concepts are compared, the longer one where
   * images are not square; half the image's unless given.
   */
  readonly segmentationSize?: number;
  /**
   * Images at a time; as many as keep a GPU busy, up to 16, unless given. Results do not depend on
   * it.
   */
  readonly batch?: number;
  /**
   * Bytes of samples, label maps first, that may stay on the GPU between passes; what does not fit
   * is made again. 512 MiB unless given.
   */
  readonly memory?: number;
  /** Who keeps where it stands, so that it can go on from there. */
  readonly checkpoints?: Checkpoints;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface Settled
  extends Required<Omit<DissectOptions, "signal" | "checkpoints" | "segmentationSize" | "rule">> {
  readonly rule: Rule;
  /** Rows and columns of the label maps. */
  readonly grid: Extent;
  /** Where layers' cells lie in the images, of those that do not tile them. */
  readonly areas: ReadonlyMap<string, CellArea>;
  /** Where layers' maps lie on the label maps. */
  readonly coverings: ReadonlyMap<string, Covering>;
  readonly checkpoint: Checkpoint;
  /** The images of either set that are gone through. */
  readonly range: Share;
  readonly signal: AbortSignal | undefined;
}

/** Images that machines may share: sums over 2²⁰ pixels of each are exact. */
const MAX_SHARED = 2 ** 32 - 2;

/** Activations a batch may hold, in pixels of the image: 8 images of 256 pixels. */
const BATCH_PIXELS = 8 * 256 ** 2;
const MAX_BATCH = 16;

/** As many images as keep a GPU busy, and whose largest map still fits what the device binds. */
export function defaultBatch(
  subject: Pick<Subject, "device" | "height" | "width" | "append">,
  segmenter: Pick<Labeller, "reads" | "append">,
): number {
  const { device, height, width } = subject;
  const graph = new Graph(device.target);
  const values = subject.append(graph, 1);
  segmenter.append?.(graph, values[segmenter.reads]!, [height, width]);
  const learned = new Set(graph.parameters.map(({ value }) => value.id));
  const largest = Math.max(...graph.values.filter(({ id }) => !learned.has(id)).map(bytesOf));
  const { maxStorageBufferBindingSize, maxBufferSize } = device.gpu.limits;
  const fitting = Math.floor(Math.min(maxStorageBufferBindingSize, maxBufferSize) / largest);
  return Math.max(1, Math.min(MAX_BATCH, Math.floor(BATCH_PIXELS / (height * width)), fitting));
}

/**
 * Counters are 32 bits wide: every one of the `pixels` of each image must be countable. NumPy's
 * seeds are as wide.
 */
export function checkSamples(size: number, seed: number, pixels: number): void {
  whole("size", size, 1, Math.floor((2 ** 32 - 1) / pixels));
  whole("seed", seed, 0, 2 ** 32 - 1);
}

const NAMES: NamesOf<DissectOptions> = {
  layers: "list",
  size: true,
  seed: true,
  trainSeed: true,
  quantileThreshold: true,
  rule: true,
  examples: true,
  segmentationSize: true,
  batch: true,
  memory: true,
  checkpoints: true,
  signal: true,
};

/** @throws UsageError unless it is a whole number between these two. */
export function whole(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new UsageError(`${name} ${value} makes no sense.`, `Use a whole number from ${least} to ${most}.`);
  }
}

/**
 * The longer edge of label maps, unless another is asked for: half the images', or theirs where
 * each pixel is a label by itself.
 */
export const defaultSegmentationSize = (
  { resolution }: Pick<Subject, "resolution">,
  { reads }: Pick<Labeller, "reads">,
  { grid }: Pick<Rule, "grid"> = RULES["gan-dissection"],
): number => (reads === "raw" ? resolution : Math.max(4, Math.ceil(resolution * grid)));

/** Rows and columns of label maps in the images' proportions, of this longer edge. */
export function labelGrid({ height, width }: Pick<Subject, "height" | "width">, segmentationSize: number): Extent {
  const edge = (pixels: number): number => Math.round((segmentationSize * pixels) / Math.max(height, width));
  return [Math.max(1, edge(height)), Math.max(1, edge(width))];
}

/** Rows and columns that label maps would have if images were not cropped. */
export function reachOf(
  { height, width, uncropped }: Pick<Subject, "height" | "width" | "uncropped">,
  [rows, columns]: Extent,
): Extent {
  return [(rows * uncropped[0]) / height, (columns * uncropped[1]) / width];
}

/** Where layers' maps lie on label maps of a grid. */
function laid(
  subject: Subject,
  rule: Rule,
  layers: readonly string[],
  grid: Extent,
): Pick<Settled, "areas" | "coverings"> {
  const areas = new Map<string, CellArea>();
  const coverings = new Map<string, Covering>();
  for (const layer of layers) {
    const area = cellArea(rule, subject, layer, grid);
    if (area) areas.set(layer, area);
    coverings.set(layer, area ? coveringOf(area, subject, grid) : { reach: reachOf(subject, grid) });
  }
  return { areas, coverings };
}

/** How levels are chosen: as asked, or as the rule does. */
function thresholdOf(
  name: RuleName,
  { quantile }: Rule,
  asked: QuantileThreshold = quantile ?? "iqr",
): QuantileThreshold {
  const searched = asked === "iqr" || asked === "maxiou";
  if (searched && quantile !== undefined) {
    throw new UsageError(
      `The rule "${name}" takes one quantile for all units, and ${asked} searches levels.`,
      `Leave one of them out, or give a number such as ${quantile}.`,
    );
  }
  if (searched || (typeof asked === "number" && asked > 0 && asked < 1)) return asked;
  throw new UsageError(
    `quantileThreshold ${asked} makes no sense.`,
    'Use "iqr", "maxiou" or a number between 0 and 1, such as 0.005.',
  );
}

/**
 * How many images: as many as asked for, or as there are. Where levels are searched, some are for
 * that alone.
 */
function sizeOf(subject: Subject, threshold: QuantileThreshold, asked: number | undefined): number {
  const sets: readonly ImageSet[] = typeof threshold === "number" ? ["whole"] : ["training", "test"];
  const there = subject.images && Math.min(...sets.map((set) => subject.images!(set)));
  if (there === undefined) return asked ?? 1000;
  if (there > 0) return Math.min(asked ?? there, there);
  throw new UsageError(
    `${subject.name} has too few images: ${sets.length > 1 ? "levels are searched on some of them, and others scored" : "none"}.`,
    sets.length > 1 ? "Give more, or one quantile for all units." : "Give some.",
  );
}

/** Images that this machine counts: with others it may be more. */
export function countedHere(checkpoint: Checkpoint, size: number): number {
  if (!checkpoint.isShared) return size;
  const { first, end } = checkpoint.share(size);
  whole("size", size, Math.max(1, end), MAX_SHARED);
  return Math.max(1, end - first);
}

/** Refuses more than is counted at once. */
function checkCounts({ labels, categories }: Labeller): void {
  const { length: count } = categories;
  if (count > MAX_CATEGORIES) {
    throw new UsageError(
      `The segmenter's labels have ${count} categories, and at most ${MAX_CATEGORIES} can be counted.`,
      "Give labels of one kind the same category.",
    );
  }
  if (labels.length > MAX_LABELS) {
    throw new UsageError(
      `The segmenter has ${labels.length} labels, and at most ${MAX_LABELS} can be told apart.`,
      "Leave out those that never occur.",
    );
  }
}

/** Fills in defaults and refuses what makes no sense. */
export function settle(
  subject: Subject,
  segmenter: Labeller,
  options: DissectOptions,
  /** Of a run in this process that did not come to its end. */
  before?: Checkpoint,
): Settled {
  checkNames("dissect", options, NAMES);
  if (!segmenter?.categories) {
    throw new UsageError(
      "dissect needs a segmenter, whose labels units are compared with.",
      "Give it behind the generator: of loadSegmenter or defineSegmenter.",
    );
  }
  const {
    layers = subject.hiddenLayers.map(({ name }) => name),
    seed = 1,
    trainSeed = 2,
    rule: ruleName = "gan-dissection",
    examples = 20,
    batch = defaultBatch(subject, segmenter),
    memory = 512 * 2 ** 20,
  } = options;
  const rule = ruleOf(ruleName);
  const quantileThreshold = thresholdOf(ruleName, rule, options.quantileThreshold);
  const size = sizeOf(subject, quantileThreshold, options.size);
  const segmentationSize = options.segmentationSize ?? defaultSegmentationSize(subject, segmenter, rule);
  if (subject.device !== segmenter.device) {
    throw new UsageError("Generator and segmenter are on different devices.", "Load both with the same `device`.");
  }
  checkCounts(segmenter); // now, and not when the levels have been found
  if (layers.length === 0) throw new UsageError("There is no layer to dissect.", "Name at least one.");
  const vector = layers.find((name) => subject.layers.some((layer) => layer.name === name && layer.vector));
  if (vector !== undefined) {
    const maps = subject.hiddenLayers.map(({ name }) => name).join(", ");
    throw new UsageError(
      `"${vector}" is a vector of the whole image, which has no place to agree with a concept at.`,
      `Dissect maps: ${maps}.`,
    );
  }
  if (new Set(layers).size < layers.length) {
    throw new UsageError(`A layer is named twice in ${layers.join(", ")}.`, "Name each once.");
  }
  for (const layer of layers) subject.layer(layer);
  whole("examples", examples, 1, 1000);
  whole("batch", batch, 1, 1024);
  whole("segmentationSize", segmentationSize, 2, 4096);
  const grid = labelGrid(subject, segmentationSize);
  if (!(memory >= 0)) throw new UsageError(`memory ${memory} makes no sense.`, "Use a number of bytes from 0.");
  // (A fixed quantile is selected among raw activations, which can be finer than the label maps.)
  const raw = layers.map((name) => subject.layer(name)).map(({ height, width }) => height * width);
  const finest = Math.max(elements(grid), ...(typeof quantileThreshold === "number" ? raw : []));
  const checkpoint = new Checkpoint(options.checkpoints, before);
  checkSamples(countedHere(checkpoint, size), seed, finest);
  whole("trainSeed", trainSeed, 0, 2 ** 32 - 1);
  return {
    rule,
    layers,
    size,
    seed,
    trainSeed,
    quantileThreshold,
    examples: Math.min(examples, size),
    grid,
    ...laid(subject, rule, layers, grid),
    batch,
    // what is gone through once need not be kept
    memory: checkpoint.isShared ? 0 : memory,
    checkpoint,
    range: checkpoint.range(size),
    signal: options.signal,
  };
}
