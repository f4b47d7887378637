import { UsageError } from "../errors.ts";
import { checkNames, type NamesOf } from "../names.ts";
import type { Label } from "../networks/segmenters/network.ts";
import { type Frechet, frechetDistance } from "./frechet.ts";
import type { StepProgress } from "./progress.ts";
import { type BySize, extrapolated, type Permutation, permutationTest } from "./significance.ts";
import { checkedPair, type Vectors } from "./vectors.ts";

/** How many pixels of each image bear each label. */
export interface Areas {
  /** Row-major [n, labels]; label 0 is none. */
  readonly counts: Uint32Array | Int32Array;
  /** How many images. */
  readonly n: number;
  /** By number, as the segmenter has them. */
  readonly labels: readonly Label[];
  /** Pixels of one image. */
  readonly pixels: number;
}

/** How much of the images a concept covers, in percent of their pixels. */
export interface ConceptArea extends Label {
  /** The label's number. */
  readonly label: number;
  /** Mean over the first set's images, in percent. */
  readonly a: number;
  /** Mean over the second set's. */
  readonly b: number;
  /** b − a. */
  readonly difference: number;
  /** Standard error of that. */
  readonly standardError: number;
  /** (b − a) / a; undefined where a has none. */
  readonly relative?: number;
}

/** The Fréchet segmentation distance, and what it is made of. */
export interface SegmentationDistance extends Frechet {
  /** How far sets are apart by chance alone. */
  readonly permutation: Permutation;
  /** The distance of ever more images. */
  readonly bySize: BySize;
  /** Concepts that are in any image, those of the largest difference first; label 0 among them. */
  readonly concepts: readonly ConceptArea[];
}

/** How far the looks at chance are. */
export interface SegmentationDistanceProgress extends StepProgress {
  /** Whether divisions or subsets are counted. */
  readonly phase: "permutations" | "sizes";
}

/** How thoroughly chance is looked at. */
export interface SegmentationDistanceOptions {
  /** Random divisions for p; 200 unless given. */
  readonly permutations?: number;
  /** Told before each division and each subset. */
  readonly onProgress?: (progress: SegmentationDistanceProgress) => void;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Subsets of each size that are averaged over. */
const DRAWS = 20;

const NAMES: NamesOf<SegmentationDistanceOptions> = { permutations: true, onProgress: true, signal: true };

/**
 * The Fréchet segmentation distance of two sets of images (Bau et al. 2019, "Seeing What a GAN
 * Cannot Generate"): of vectors of the percentage of pixels that bear each label, label 0 included.
 * @throws UsageError for sets with other labels or of less than two images; the signal's reason.
 */
export async function segmentationDistance(
  a: Areas,
  b: Areas,
  options: SegmentationDistanceOptions = {},
): Promise<SegmentationDistance> {
  checkNames("segmentationDistance", options, NAMES);
  const { permutations, onProgress, signal } = options;
  const known = ({ labels }: Areas): string => JSON.stringify(labels.map(({ name, category }) => [name, category]));
  if (known(a) !== known(b)) {
    throw new UsageError("The areas are of other labels.", "Segment both with the same segmenter.");
  }
  // What is nowhere adds nothing to any distance.
  const seen = a.labels.flatMap((_, label) => (present(a, label) || present(b, label) ? [label] : []));
  const [x, y] = [percentages(a, seen), percentages(b, seen)];
  checkedPair(x, y);
  const distance = async (p: Vectors, q: Vectors): Promise<number> =>
    (await frechetDistance(p, q, { signal })).distance;
  const found = await frechetDistance(x, y, { signal });
  const told = (phase: SegmentationDistanceProgress["phase"]) => (progress: StepProgress) =>
    onProgress?.({ phase, ...progress });
  const permutation = await permutationTest(x, y, distance, found.distance, {
    ...(permutations !== undefined && { permutations }),
    onProgress: told("permutations"),
  });
  const bySize = await extrapolated(x, y, distance, { draws: DRAWS, onProgress: told("sizes") });
  const concepts = seen.map((label, column) => ({ label, ...a.labels[label]!, ...compared(x, y, column) }));
  concepts.sort((p, q) => Math.abs(q.difference) - Math.abs(p.difference) || p.label - q.label);
  return { ...found, permutation, bySize, concepts };
}

const present = ({ counts, n, labels }: Areas, label: number): boolean => {
  for (let i = 0; i < n; i += 1) if (counts[i * labels.length + label]! > 0) return true;
  return false;
};

/** Percentages of these labels, [n, chosen labels]. */
function percentages({ counts, n, labels, pixels }: Areas, chosen: readonly number[]): Vectors {
  const data = new Float64Array(n * chosen.length);
  for (let i = 0, at = 0; i < n; i += 1) {
    for (const label of chosen) data[at++] = (counts[i * labels.length + label]! / pixels) * 100;
  }
  return { data, n, d: chosen.length };
}

function compared(a: Vectors, b: Vectors, column: number) {
  const of = ({ data, n, d }: Vectors): { mean: number; error: number } => {
    let [sum, squares] = [0, 0];
    for (let i = 0; i < n; i += 1) sum += data[i * d + column]!;
    for (let i = 0; i < n; i += 1) squares += (data[i * d + column]! - sum / n) ** 2;
    return { mean: sum / n, error: squares / (n - 1) / n };
  };
  const [x, y] = [of(a), of(b)];
  return {
    a: x.mean,
    b: y.mean,
    difference: y.mean - x.mean,
    standardError: Math.sqrt(x.error + y.error),
    ...(x.mean > 0 && { relative: (y.mean - x.mean) / x.mean }),
  };
}
