// Tests: test/cli/commands/artifacts.test.ts
import {
  ablationScores,
  artifactScores,
  cautions,
  checkSameKind,
  EditTrials,
  type FeatureNetwork,
  generatedImages,
  judgeRankings,
  type KeptFeatures,
  rowsAt,
  type Vectors,
} from "../../compare/index.ts";
import { GanatomyError, UsageError } from "../../errors.ts";
import type { Generator } from "../../index.ts";
import type { MeasurementsFile } from "../../node/kept/measurements.ts";
import type { ArtifactFindings, RankedUnit } from "../../report/artifacts.ts";
import { measured, type Tools } from "../distance/sides.ts";
import { generatorOf } from "../generator-flags.ts";

/** By what units are ranked. */
export const RANKINGS = ["score", "ablation"] as const;
export type RankingName = (typeof RANKINGS)[number];

/** What is to be found out. */
export interface FindOptions {
  readonly layer: string;
  readonly rank: readonly RankingName[];
  /** Images of a unit that are compared with real ones. */
  readonly top: number | undefined;
  /** Images on which every unit is ablated alone. */
  readonly rankSize: number;
  /** Units that are ablated together. */
  readonly ablate: number;
  readonly draws: number;
  readonly seed: number;
  readonly otherSeed: number;
}

/** What it is found out with. */
export interface FindTools extends Tools {
  readonly generator: Generator;
  readonly features: FeatureNetwork;
  /** Of the generator's file. */
  readonly modelHash: string;
  readonly finished: MeasurementsFile;
}

/** A share of all images that is taken of each unit unless a number is given. */
const TOP_SHARE = 5;

/** Before anything is measured. @throws UsageError for more units or images than there are. */
export function checkCounts(generator: Generator, { layer, ablate, top = 2 }: FindOptions, size: number): void {
  const { channels } = generator.layer(layer);
  if (ablate > channels) throw new UsageError(`${layer} has ${channels} units.`, `Use --ablate 1 to ${channels}.`);
  if (top > size) throw new UsageError(`The first ${top} of ${size} images make no sense.`, `Use --top 2 to ${size}.`);
}

/** Ranks the units of a layer, and judges the rankings on other images. */
export async function findArtifacts(
  real: KeptFeatures,
  options: FindOptions,
  tools: FindTools,
): Promise<ArtifactFindings> {
  const { generator, features, segmenter, size, batch, signal, progress } = tools;
  const { layer, rank, rankSize, ablate, draws, seed, otherSeed } = options;
  const [ranking, judging] = halvesOf(real, features);
  const { top = Math.max(2, Math.ceil(size / TOP_SHARE)) } = options;
  const report =
    (phase: string) =>
    ({ done, total }: { readonly done: number; readonly total: number }) =>
      progress.report(phase, done, total);

  const { vectors, maxima } = await measured(
    {
      images: generatedImages(generator, { size, seed, layer }),
      about: `${generator.name}, seed ${seed}`,
      name: `${generator.name}-seed${seed}-${layer}`,
      identity: [tools.modelHash, generatorOf(tools.flags), seed, layer],
      generated: true,
      dispose: () => {},
    },
    // Areas are asked of the judged images alone.
    { ...tools, segmenter: undefined },
  );
  const scores = await artifactScores({
    generated: vectors!,
    maxima: maxima!,
    real: ranking,
    top,
    onProgress: report("scores"),
    signal,
  });
  const given = { layer, features, ...(batch !== undefined && { batch }), signal };
  const own = rank.includes("ablation")
    ? await withTrials(generator, { ...given, size: Math.min(rankSize, size), seed }, (trials) =>
        ablationScores(trials, ranking, { finished: tools.finished, onProgress: report("each unit"), signal }),
      )
    : undefined;
  const units: RankedUnit[] = scores.map((score, unit) => ({ ...score, ...(own && { change: own[unit]!.change }) }));
  const orders = {
    score: [...units].sort((a, b) => b.distance - a.distance),
    ablation: [...units].sort((a, b) => (a.change ?? 0) - (b.change ?? 0)),
  };
  const rankings = rank.map((name) => ({ name, units: orders[name].slice(0, ablate).map(({ unit }) => unit) }));
  const judgement = await withTrials(
    generator,
    { ...given, size, seed: otherSeed, ...(segmenter && { segmenter }) },
    (trials) =>
      judgeRankings(trials, judging, {
        rankings,
        draws,
        finished: tools.finished,
        onProgress: report("ablations"),
        signal,
      }),
  );
  return {
    model: generator.name,
    layer,
    features: features.kind,
    ...(segmenter && { segmenter: segmenter.name }),
    size,
    seed,
    top,
    ...(own && { rankSize: Math.min(rankSize, size) }),
    real: { name: real.images, ranking: ranking.n, judging: judging.n, skipped: real.skipped ?? [] },
    units,
    judgement,
    pixels: generator.height * generator.width,
    notes: cautions([{ n: size, d: features.kind.d, data: vectors!.data }, judging]),
  };
}

async function withTrials<T>(
  generator: Generator,
  options: Parameters<typeof EditTrials.open>[1],
  run: (trials: EditTrials) => Promise<T>,
): Promise<T> {
  const trials = await EditTrials.open(generator, options);
  try {
    return await run(trials);
  } finally {
    trials.dispose();
  }
}

/**
 * Every other real image for the rankings and the rest to judge them: judged by those that it was
 * made of, a ranking that fits their chance is better than it is.
 */
function halvesOf(real: KeptFeatures, { kind }: FeatureNetwork): readonly [ranking: Vectors, judging: Vectors] {
  const { vectors } = real;
  if (!vectors) {
    throw new GanatomyError("file", `${real.images} has no features.`, "Measure them, or name the folder.");
  }
  if (real.kind) checkSameKind(real.kind, kind);
  if (vectors.n < 4) {
    throw new GanatomyError(
      "file",
      `There are ${vectors.n} real images, of which half rank units and half judge.`,
      "Give at least four.",
    );
  }
  const every = (first: number): Vectors =>
    rowsAt(
      vectors,
      Array.from({ length: Math.ceil((vectors.n - first) / 2) }, (_, i) => 2 * i + first),
    );
  return [every(0), every(1)];
}
