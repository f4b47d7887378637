import { UsageError } from "../errors.ts";
import { checkNames, type NamesOf } from "../names.ts";
import { cautions } from "./cautions.ts";
import { checkSameKind } from "./features.ts";
import type { KeptFeatures } from "./features-file.ts";
import { type Frechet, frechetDistance } from "./frechet.ts";
import { type Kid, kernelDistance } from "./kid.ts";
import { type Coverage, coverageOf } from "./neighbours.ts";
import type { StepProgress } from "./progress.ts";
import { type SegmentationDistance, segmentationDistance } from "./segmentation-distance.ts";
import { type BySize, extrapolated, type Permutation, permutationTest } from "./significance.ts";
import type { Moments, Vectors } from "./vectors.ts";

/** A set of images as it was measured, or what others kept of one. */
export type Side = KeptFeatures | Moments;

/** Which side is judged, and how thoroughly. */
export interface DistancesOptions {
  /**
   * Which set was drawn by a generator, and is asked whether it is like the other; "b" unless
   * given.
   */
  readonly generated?: "a" | "b";
  /** Random divisions for p; 200 unless given. */
  readonly permutations?: number;
  /** Told on the way: the phase, such as "KID" or "FSD: sizes", and its steps. */
  readonly onProgress?: (phase: string, done: number, total: number) => void;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** All that is known of how far two sets are apart. */
export interface Distances {
  /** Of both sides' vectors or statistics: FD, or FID with Inception's features. */
  readonly frechet?: Frechet;
  /** FD of ever more images; of 10 or more on each side. */
  readonly frechetBySize?: BySize;
  /** Of the Fréchet distance, where areas have none and images are few. */
  readonly frechetPermutation?: Permutation;
  /** KID with Inception's features; needs the vectors of every image. */
  readonly kid?: Kid;
  /** Precision and recall; of more than 5 images on each side. */
  readonly coverage?: Coverage;
  /** FSD: of both sides' areas. */
  readonly segmentation?: SegmentationDistance;
  /** What is to be known about these numbers. */
  readonly notes: readonly string[];
}

/**
 * Together no more images than this have their Fréchet distance's p computed: n³ for each division.
 */
const FEW = 500;
/** Images that are drawn for a size of FD∞ before one draw does. */
const DRAWN = 4000;
const MOST_DRAWS = 20;
/** Neighbours of an image whose ball counts. */
const NEAREST = 5;

const NAMES: NamesOf<DistancesOptions> = { generated: true, permutations: true, onProgress: true, signal: true };

/**
 * Every distance of two sets of images that what is known of them allows.
 * @throws UsageError when they were measured differently, or nothing was in both.
 */
export async function distances(a: Side, b: Side, options: DistancesOptions = {}): Promise<Distances> {
  checkNames("distances", options, NAMES);
  const { generated = "b", permutations, onProgress, signal } = options;
  const notes: string[] = [];
  const [x, y] = [vectorsOf(a), vectorsOf(b)];
  const areas = "areas" in a && "areas" in b && a.areas && b.areas ? ([a.areas, b.areas] as const) : undefined;
  if ((!x || !y) && !areas) {
    throw new UsageError("The two sets have nothing in common that was measured.", "Measure the same of both.");
  }
  if (x && y && "kind" in a && "kind" in b && a.kind && b.kind) checkSameKind(a.kind, b.kind);
  const found: { -readonly [K in keyof Distances]: Distances[K] } = { notes };
  if (areas) {
    checkSameSegmenter((a as KeptFeatures).segmenter, (b as KeptFeatures).segmenter);
    found.segmentation = await segmentationDistance(...areas, {
      ...(permutations !== undefined && { permutations }),
      onProgress: ({ phase, done, total }) => onProgress?.(`FSD: ${phase}`, done, total),
      signal,
    });
  }
  if (!x || !y) return found;
  onProgress?.("FD", 0, 1);
  found.frechet = await frechetDistance(x, y, { signal });
  onProgress?.("FD", 1, 1);
  const sets = [x, y].flatMap((set) => ("n" in set ? [set] : []));
  notes.push(...cautions(sets));
  if (sets.some(({ n }) => n <= NEAREST)) notes.push(`Precision and recall need more than ${NEAREST} images.`);
  if (!("n" in x && "n" in y)) {
    notes.push(
      "Of statistics without images there is the Fréchet distance alone, and nothing says of which features they are.",
    );
    return found;
  }
  await withImages(found, x, y, { generated, hasP: areas !== undefined, permutations, onProgress, signal });
  return found;
}

interface WithImages {
  readonly generated: "a" | "b";
  readonly hasP: boolean;
  readonly permutations: number | undefined;
  readonly onProgress: DistancesOptions["onProgress"] | undefined;
  readonly signal: AbortSignal | undefined;
}

/** What only the vectors of every image tell. */
async function withImages(
  found: { -readonly [K in keyof Distances]: Distances[K] },
  x: Vectors,
  y: Vectors,
  { generated, hasP, permutations, onProgress, signal }: WithImages,
): Promise<void> {
  const distance = async (p: Vectors, q: Vectors): Promise<number> =>
    (await frechetDistance(p, q, { signal })).distance;
  const told =
    (phase: string) =>
    ({ done, total }: StepProgress): void =>
      onProgress?.(phase, done, total);
  onProgress?.("KID", 0, 1);
  found.kid = await kernelDistance(x, y, { signal });
  onProgress?.("KID", 1, 1);
  if (Math.min(x.n, y.n) > NEAREST) {
    onProgress?.("precision and recall", 0, 1);
    const pair = generated === "a" ? ([x, y] as const) : ([y, x] as const);
    found.coverage = await coverageOf(...pair, { nearest: NEAREST, signal });
    onProgress?.("precision and recall", 1, 1);
  }
  const most = Math.min(x.n, y.n);
  if (most >= 2 * NEAREST) {
    const draws = Math.min(MOST_DRAWS, Math.ceil(DRAWN / most));
    found.frechetBySize = await extrapolated(x, y, distance, { draws, onProgress: told("FD: sizes") });
  }
  if (hasP || x.n + y.n > FEW) return;
  found.frechetPermutation = await permutationTest(x, y, distance, found.frechet!.distance, {
    ...(permutations !== undefined && { permutations }),
    onProgress: told("FD: permutations"),
  });
}

const vectorsOf = (side: Side): Vectors | Moments | undefined => ("covariance" in side ? side : side.vectors);

/**
 * Refuses areas that different segmenters named.
 * @throws UsageError that names both.
 */
export function checkSameSegmenter(a: string | undefined, b: string | undefined): void {
  if (a === b) return;
  throw new UsageError(
    `Pixels were named by ${a ?? "something unknown"} and by ${b ?? "something unknown"}.`,
    "Segment both with the same segmenter.",
  );
}
