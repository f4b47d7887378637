import type { Ablated, ArtifactScore, FeatureKind, JudgedRanking, Judgement } from "../compare/index.ts";
import type { Provenance } from "../report-json.ts";
import { displayNames } from "./concepts.ts";
import { csvText } from "./csv.ts";
import { fourDigits, frechetName } from "./distances.ts";

/** A unit with its published score and, where it was measured, what its own ablation does. */
export interface RankedUnit extends ArtifactScore {
  /** Of the Fréchet distance: below nought, images are nearer to real ones without it. */
  readonly change?: number;
}

/** Everything that was found out about a layer's artifact units. */
export interface ArtifactFindings {
  readonly model: string;
  readonly layer: string;
  readonly features: FeatureKind;
  readonly segmenter?: string;
  /** Generated images that scores are of, and those on which rankings are judged. */
  readonly size: number;
  /** Of the former. */
  readonly seed: number;
  /** Images of each unit. */
  readonly top: number;
  /** Images on which every unit was ablated alone. */
  readonly rankSize?: number;
  readonly real: {
    readonly name: string;
    /** Images that rankings were made with, … */
    readonly ranking: number;
    /** … and others that they are judged with. */
    readonly judging: number;
    readonly skipped: readonly { readonly file: string; readonly reason: string }[];
  };
  readonly units: readonly RankedUnit[];
  readonly judgement: Judgement;
  /** Of an image. */
  readonly pixels: number;
  readonly notes: readonly string[];
}

const NAMES: Record<string, string> = { score: "the published score", ablation: "each unit's own ablation" };
/** A ranking as people call it. */
export const rankingName = (name: string): string => NAMES[name] ?? name;

/** What came of every ranking, and whether any did better than chance. */
export function verdicts({ judgement, features }: ArtifactFindings): {
  readonly better: boolean;
  readonly text: string[];
} {
  const { before, random, rankings } = judgement;
  const [fd, from] = [frechetName(features), fourDigits(before.frechet.distance)];
  const drawn = random.map(({ frechet }) => frechet.distance);
  const range = `${fourDigits(Math.min(...drawn))} to ${fourDigits(Math.max(...drawn))}`;
  const said = ({ name, units, together, chance, better }: JudgedRanking): string => {
    const p = together.p === undefined ? "" : `, p = ${fourDigits(together.p)}`;
    const beside = `${random.length} random draws of ${units.length}: ${range}`;
    const as = better ? "better than chance" : "no better than chance";
    return `By ${rankingName(name)}: without its first ${units.length} units ${fd} goes from ${from} to ${fourDigits(together.frechet.distance)}${p} (${beside}; as good by chance ${fourDigits(chance)}): ${as}.`;
  };
  const better = rankings.some((ranking) => ranking.better);
  const none = rankings.length > 1 ? "No ranking did better than chance." : "The ranking did no better than chance.";
  const warning = `${none} Nothing says that these units cause artifacts.`;
  return { better, text: [...(better ? [] : [warning]), ...rankings.map(said)] };
}

/** Pixels of a concept in an image, on average: as it is, and without units. */
export interface ConceptPixels {
  readonly concept: string;
  readonly category: string;
  readonly before: number;
  /** By ranking, without its first units together. */
  readonly rankings: Readonly<Record<string, number>>;
  /** Without random ones, the mean of all draws. */
  readonly random: number;
}

/** Concepts that are in any image, those first of which a ranking's units draw most, or hinder. */
export function conceptPixels({ before, random, rankings, labels }: Judgement): ConceptPixels[] {
  const names = displayNames(labels);
  const rows = labels.map(({ category }, label) => ({
    concept: names[label]!,
    category,
    before: before.pixels[label]!,
    rankings: Object.fromEntries(rankings.map(({ name, together }) => [name, together.pixels[label]!])),
    random: random.reduce((sum, { pixels }) => sum + pixels[label]!, 0) / random.length,
  }));
  const most = (row: ConceptPixels): number =>
    Math.max(...Object.values(row.rankings).map((after) => Math.abs(after - row.before)));
  const seen = rows.slice(1).filter((row) => row.before + row.random > 0 || most(row) > 0);
  return seen.sort((a, b) => most(b) - most(a));
}

/** `artifacts.json`. */
export function artifactsJson(findings: ArtifactFindings, provenance?: Provenance) {
  const { judgement, units, features, pixels, ...about } = findings;
  const { before, random, rankings, labels, images, seed } = judgement;
  const names = displayNames(labels);
  const concepts = (counts: readonly number[]) =>
    Object.fromEntries(counts.flatMap((count, label) => (label > 0 ? [[names[label]!, count] as const] : [])));
  const told = ({ units, frechet, change, p, pixels }: Ablated) => ({
    units,
    fd: frechet.distance,
    change,
    ...(p !== undefined && { p }),
    pixels: concepts(pixels),
  });
  return {
    ...about,
    features,
    distance: frechetName(features),
    judged: {
      images,
      seed,
      fd: before.frechet.distance,
      pixels: concepts(before.pixels),
      rankings: rankings.map(({ name, together, alone, chance, better }) => ({
        name,
        better,
        chance,
        ...told(together),
        alone: alone.map(told),
      })),
      random: random.map(told),
    },
    better: verdicts(findings).better,
    verdict: verdicts(findings).text,
    pixelsOfImage: pixels,
    units: units.map(({ unit, distance, mean, covariance, change, images }) => ({
      unit,
      score: distance,
      scoreMean: mean,
      scoreCovariance: covariance,
      ...(change !== undefined && { change }),
      images,
    })),
    ...(provenance && { provenance }),
  };
}

/** `artifacts.csv`: a unit a row. */
export function artifactsCsv({ units }: ArtifactFindings): string {
  const place = (sorted: readonly RankedUnit[]): Map<number, number> =>
    new Map(sorted.map(({ unit }, at) => [unit, at + 1]));
  const byScore = place([...units].sort((a, b) => b.distance - a.distance));
  const byChange = place([...units].sort((a, b) => (a.change ?? 0) - (b.change ?? 0)));
  return csvText([
    ["unit", "score", "score_mean", "score_covariance", "score_rank", "ablation_change", "ablation_rank", "top_image"],
    ...units.map(({ unit, distance, mean, covariance, change, images }) => [
      ...[unit, distance, mean, covariance, byScore.get(unit)],
      ...[change, change === undefined ? undefined : byChange.get(unit), images[0]],
    ]),
  ]);
}

/** Units that were marked, as `ablate --units @FILE` and the studio read them. */
export const marksJson = (marks: {
  readonly model: string;
  readonly layer: string;
  readonly units: readonly number[];
  readonly note?: string;
}): string => `${JSON.stringify(marks, null, 1)}\n`;
