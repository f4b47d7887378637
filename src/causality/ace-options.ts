import { defaultSegmentationSize, labelGrid, whole } from "../dissect/options.ts";
import { UnsupportedError, UsageError } from "../errors.ts";
import type { Generator } from "../models/generator.ts";
import type { Segmenter } from "../models/segmenter.ts";
import { checkNames, type NamesOf } from "../names.ts";
import type { Extent } from "../runtime/graph.ts";

/** Pairs of images whose gradients make one step (spec §4.2: batches of two, ten to a step). */
export const PAIRS_A_STEP = 20;

/**
 * How thorough a search is. `paper` has gandissect's defaults (spec §4.2), `quick` about a fortieth
 * of their cost.
 */
export const EFFORTS = {
  quick: { searchSize: 300, trainSize: 60, evalSize: 15, places: 1, epochs: 6, rate: 0.03 },
  paper: { searchSize: 10_000, trainSize: 1000, evalSize: 200, places: 5, epochs: 10, rate: 0.01 },
} as const;

/** What ACE looks for, and how thoroughly (Bau et al. 2019, §3.2; spec §4.2). */
export interface AceOptions {
  /** The layer whose units are to cause it; its name, as in `generator.layers`. */
  readonly layer: string;
  /** The concept, as `Segmenter.label` takes it: "door", or "material/glass". */
  readonly concept: string;
  /**
   * Where α starts: a score of every unit, such as its IoU with the concept, of which the largest
   * becomes 1.
   */
  readonly initial: ArrayLike<number>;
  /** Sets what the next six are unless they are given; "quick" unless given. */
  readonly effort?: keyof typeof EFFORTS;
  /**
   * Images to look through for ones that show the concept, and as many for ones where it can be
   * placed.
   */
  readonly searchSize?: number;
  /** Pairs of such images to learn from, a multiple of 20. */
  readonly trainSize?: number;
  /** Pairs to evaluate each epoch on. */
  readonly evalSize?: number;
  /** Places at which inserting is tried in every image. */
  readonly places?: number;
  /** Passes over the pairs. */
  readonly epochs?: number;
  /** Adam's learning rate. */
  readonly rate?: number;
  /** Weight of Σα² in the loss of a pair; 0.005 unless given. */
  readonly lambda?: number;
  /** Seed of the z in which the concept is looked for; 10 unless given. */
  readonly presentSeed?: number;
  /** Seed of the z in which places for it are looked for; 11 unless given. */
  readonly candidateSeed?: number;
  /** Seed of the order of everything else; 1 unless given. */
  readonly seed?: number;
  /**
   * Edge of the label maps and scores, the longer one where images are not square; half the image's
   * unless given.
   */
  readonly segmentationSize?: number;
  /** Images at once, even; sums of gradients, and so the last bits of α, depend on it. */
  readonly batch?: number;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

const NAMES: NamesOf<AceOptions> = {
  layer: true,
  concept: true,
  initial: true,
  effort: true,
  searchSize: true,
  trainSize: true,
  evalSize: true,
  places: true,
  epochs: true,
  rate: true,
  lambda: true,
  presentSeed: true,
  candidateSeed: true,
  seed: true,
  segmentationSize: true,
  batch: true,
  signal: true,
};

export type AceSettings = Required<Omit<AceOptions, "signal" | "effort" | "initial">> & {
  readonly initial: Float32Array;
  /** Rows and columns of the label maps and scores. */
  readonly grid: Extent;
  readonly signal: AbortSignal | undefined;
};

/** Pixels of a batch's images: forward and back through two networks. */
const BATCH_PIXELS = 8 * 256 ** 2;

/** Whether a step is a whole number of such batches, of pairs of images. */
export const dividesStep = (batch: number): boolean => batch % 2 === 0 && PAIRS_A_STEP % (batch / 2) === 0;

/** Fills in defaults and refuses what makes no sense. @throws UsageError */
export function settleAce(generator: Generator, segmenter: Segmenter, options: AceOptions): AceSettings {
  checkNames("ace", options, NAMES);
  const { channels } = generator.layer(options.layer);
  if (generator.device !== segmenter.device) {
    throw new UsageError("Generator and segmenter are on different devices.", "Load both with the same `device`.");
  }
  segmenter.label(options.concept);
  checkPictures(generator, segmenter);
  if (options.initial?.length === undefined) {
    throw new UsageError("Where does α start?", `Give \`initial\`: every unit's IoU with "${options.concept}".`);
  }
  if (options.effort !== undefined && !Object.hasOwn(EFFORTS, options.effort)) {
    throw new UsageError(`There is no effort "${options.effort}".`, `There is ${Object.keys(EFFORTS).join(" and ")}.`);
  }
  const fitting = Math.max(
    2,
    Math.min(2 * PAIRS_A_STEP, Math.floor(BATCH_PIXELS / (generator.height * generator.width))),
  );
  const settings = {
    ...EFFORTS[options.effort ?? "quick"],
    lambda: 0.005,
    presentSeed: 10,
    candidateSeed: 11,
    seed: 1,
    segmentationSize: defaultSegmentationSize(generator, segmenter),
    // The largest number of pairs that fit and of which a step has a whole number of.
    batch: 2 * [20, 10, 5, 4, 2, 1].find((pairs) => 2 * pairs <= fitting)!,
    signal: undefined,
    ...defined(options),
    initial: Float32Array.from(options.initial),
  };
  for (const key of ["searchSize", "trainSize", "evalSize", "places", "epochs", "segmentationSize", "batch"] as const) {
    if (!Number.isInteger(settings[key]) || settings[key] < 1) {
      throw new UsageError(`A \`${key}\` of ${settings[key]} makes no sense.`, "Use a whole number from 1.");
    }
  }
  // Some are used only after hours.
  for (const key of ["seed", "presentSeed", "candidateSeed"] as const) whole(key, settings[key], 0, 2 ** 32 - 1);
  if (settings.trainSize % PAIRS_A_STEP !== 0) {
    throw new UsageError(
      `A \`trainSize\` of ${settings.trainSize} makes no whole number of steps.`,
      `Use a multiple of ${PAIRS_A_STEP}.`,
    );
  }
  if (!dividesStep(settings.batch)) {
    throw new UsageError(`A batch of ${settings.batch} images divides no step.`, "Use 2, 4, 8, 10, 20 or 40.");
  }
  for (const key of ["rate", "lambda"] as const) {
    if (!(settings[key] >= 0 && Number.isFinite(settings[key]))) {
      throw new UsageError(`A \`${key}\` of ${settings[key]} makes no sense.`, "Use a number from 0.");
    }
  }
  checkLimits(generator, settings);
  const { initial } = settings;
  if (initial.length !== channels || !initial.every(Number.isFinite)) {
    const has = initial.length === channels ? "values that are no numbers" : `${initial.length} values`;
    throw new UsageError(
      `${options.layer} has ${channels} units, for which \`initial\` has ${has}.`,
      "Give a finite score for every unit.",
    );
  }
  if (!(initial.reduce((most, score) => Math.max(most, score), 0) > 0)) {
    throw new UsageError(
      `No unit of ${options.layer} has a score for "${options.concept}" above 0.`,
      "Start from the IoU of a dissection that has seen the concept.",
    );
  }
  return { ...settings, grid: labelGrid(generator, settings.segmentationSize) };
}

/**
 * The largest score chooses a tile's colour, which no gradient goes through.
 * @throws UsageError
 */
function checkPictures({ network }: Generator, { reads }: Segmenter): void {
  if (reads === "raw" || !network.outputs.some(({ kind, range }) => kind === "raw" && range === "tiles")) return;
  throw new UsageError(
    `ACE has no gradient through the pictures of ${network.architecture}, whose tiles are chosen by the largest score.`,
    "Let it label its own images: Segmenter.self(generator), --segmenter self.",
  );
}

/**
 * What is kept of all images must fit: found out now, and not after hours.
 * @throws UnsupportedError
 */
function checkLimits(
  generator: Generator,
  { layer, searchSize, trainSize, evalSize, places }: Omit<AceSettings, "grid">,
): void {
  const { maxBufferSize, maxStorageBufferBindingSize } = generator.device.gpu.limits;
  const { height, width } = generator.layer(layer);
  const cells = height * width * Math.max(searchSize, 2 * trainSize, 2 * evalSize);
  const bytes = 4 * Math.max(cells, (1 + places) * searchSize);
  const limit = Math.min(maxBufferSize, maxStorageBufferBindingSize);
  if (bytes <= limit) return;
  const mebibytes = (count: number): string => `${Math.ceil(count / 2 ** 20)} MiB`;
  throw new UnsupportedError(
    "limit",
    `ACE on ${searchSize} images at ${layer} (${height}×${width} cells) needs ${mebibytes(bytes)}, and this adapter binds at most ${mebibytes(limit)}.`,
    "Choose an earlier layer, or search and learn from fewer images.",
  );
}

/** The entries that are not undefined. */
export function defined<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}
