import type { Ablated, Judgement } from "../../src/compare/index.ts";
import type { ArtifactFindings } from "../../src/report/artifacts.ts";

const LABELS = [
  { name: "-", category: "-" },
  { name: "tree", category: "object" },
  { name: "door", category: "object" },
  { name: "boat", category: "object" },
];

const ablated = (units: readonly number[], distance: number, pixels: readonly number[], p?: number): Ablated => ({
  units,
  frechet: { distance, mean: 1, covariance: distance - 1 },
  change: distance - 5,
  ...(p !== undefined && { p }),
  pixels,
});

/**
 * A layer of four units, of which two are ablated; by their own ablations it is better so, or not.
 */
export function artifactFindings(better: boolean): ArtifactFindings {
  const judgement: Judgement = {
    layer: "layer6",
    images: 8,
    seed: 2,
    before: { frechet: { distance: 5, mean: 1, covariance: 4 }, pixels: [4, 10, 2, 0] },
    random: [5.5, 6, 4.9, 5.1, 5.4].map((distance, i) => ablated([i % 3, 3], distance, [6, 8, 2, 0])),
    rankings: [
      {
        name: "score",
        units: [3, 1],
        together: ablated([3, 1], 6.25, [6, 1, 2, 0], 0.9),
        alone: [ablated([3], 5.5, [4, 10, 2, 0], 0.7), ablated([1], 6, [4, 10, 2, 0], 0.8)],
        chance: 1,
        better: false,
      },
      {
        name: "ablation",
        units: [0, 1],
        together: ablated([0, 1], better ? 4.5 : 4.95, [4, 10, 1.5, 0], better ? 0.005 : 0.2),
        alone: [ablated([0], 4.9, [4, 10, 2, 0], 0.1), ablated([1], 6, [4, 10, 2, 0], 0.8)],
        chance: better ? 1 / 6 : 2 / 6,
        better,
      },
    ],
    labels: LABELS,
  };
  return {
    model: "scenes64",
    layer: "layer6",
    features: { network: "scenes64", tensor: "c5", preprocessing: "its own", d: 512 },
    segmenter: "scenes64",
    size: 8,
    seed: 1,
    top: 3,
    rankSize: 4,
    real: { name: "photographs", ranking: 4, judging: 4, skipped: [{ file: "a.txt", reason: "a.txt is none." }] },
    units: [0.5, 9, -0.25, 12].map((score, unit) => ({
      unit,
      distance: 10 + score,
      mean: 1,
      covariance: 9 + score,
      images: [unit, 7, (unit + 1) % 4],
      change: [-0.5, -0.1, 0.3, 1234.5][unit]!,
    })),
    judgement,
    pixels: 16,
    notes: ["There are 8 images for vectors of 512 numbers."],
  };
}
