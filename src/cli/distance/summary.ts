import type { Distances, FeatureKind, Side } from "../../compare/index.ts";
import { fourDigits, frechetName } from "../../report/distances.ts";
import { columns } from "../table.ts";
import type { Skipped } from "./photographs.ts";

/** Concepts in the table; the JSON has all. */
const CONCEPTS = 12;

/** What was compared, and what came of it. */
export interface Compared {
  readonly names: readonly [string, string];
  readonly sides: readonly [Side, Side];
  readonly generated: "a" | "b";
  readonly found: Distances;
}

const kindOf = ([a, b]: Compared["sides"]): FeatureKind | undefined =>
  ("kind" in a ? a.kind : undefined) ?? ("kind" in b ? b.kind : undefined);
const skippedOf = (side: Side): readonly Skipped[] => ("skipped" in side ? (side.skipped ?? []) : []);
const countOf = (side: Side): number | undefined => ("n" in side ? side.n : undefined);

const nameOf = (kind: FeatureKind | undefined): string => (kind ? frechetName(kind) : "FD");

/** All numbers, those of two sets at the top. */
export function distanceJson({ names, sides, generated, found }: Compared) {
  const { frechet, frechetBySize, frechetPermutation, kid, coverage, segmentation, notes } = found;
  const permutation = segmentation?.permutation ?? frechetPermutation;
  const [a, b] = sides.map((side, i) => ({
    name: names[i],
    ...(countOf(side) !== undefined && { n: countOf(side) }),
    ...(skippedOf(side).length > 0 && { skipped: skippedOf(side) }),
  }));
  const kind = kindOf(sides);
  const segmenter = "segmenter" in sides[0] ? sides[0].segmenter : undefined;
  return {
    a,
    b,
    generated,
    ...(kind && { features: kind }),
    ...(segmenter !== undefined && segmentation && { segmenter }),
    ...(frechet && {
      fd: frechet.distance,
      fdMean: frechet.mean,
      fdCovariance: frechet.covariance,
      ...(nameOf(kind) === "FID" && { fid: frechet.distance }),
    }),
    ...(frechetBySize && { fdInfinity: frechetBySize.extrapolated, fdBySize: frechetBySize }),
    ...(kid && { kid: kid.kid, kidDeviation: kid.deviation, kidSubsets: kid.subsets, kidSubsetSize: kid.subsetSize }),
    ...coverage,
    ...(segmentation && {
      fsd: segmentation.distance,
      fsdMean: segmentation.mean,
      fsdCovariance: segmentation.covariance,
      fsdInfinity: segmentation.bySize.extrapolated,
      fsdBySize: segmentation.bySize,
      concepts: segmentation.concepts,
    }),
    ...(permutation && { p: permutation.p, permutation }),
    notes,
  };
}

/** The same for people. */
export function distanceText(compared: Compared): string {
  const { names, sides, found } = compared;
  const { frechet, frechetBySize, frechetPermutation, kid, coverage, segmentation, notes } = found;
  const kind = kindOf(sides);
  const fd = nameOf(kind);
  const counted = sides.map(countOf).map((n) => (n === undefined ? "statistics" : `${n} images`));
  const lines = [`A: ${names[0]} (${counted[0]})`, `B: ${names[1]} (${counted[1]})`, ""];
  const rows: string[][] = [];
  if (frechet) {
    const what = kind ? `${kind.network} ${kind.tensor}, ${kind.d} numbers` : "of statistics";
    rows.push([
      fd,
      fourDigits(frechet.distance),
      `${what}; mean ${fourDigits(frechet.mean)}, covariance ${fourDigits(frechet.covariance)}`,
    ]);
  }
  if (frechetBySize)
    rows.push([`${fd}∞`, fourDigits(frechetBySize.extrapolated), "for ever more images: a line in 1/n"]);
  if (frechetPermutation) rows.push([`${fd}: p`, fourDigits(frechetPermutation.p), chance(frechetPermutation)]);
  if (kid) {
    const of =
      kid.deviation === undefined
        ? "all images"
        : `${kid.subsets} subsets of ${kid.subsetSize}, ± ${fourDigits(kid.deviation)}`;
    rows.push(["KID", fourDigits(kid.kid), of]);
  }
  if (coverage) {
    const { precision, recall, density, coverage: share, nearest } = coverage;
    rows.push([
      "precision",
      fourDigits(precision),
      `of ${compared.generated.toUpperCase()}: how much of it looks like the other; ${nearest} neighbours`,
    ]);
    rows.push(["recall", fourDigits(recall), "how much of the other it has"]);
    rows.push(["density", fourDigits(density), ""], ["coverage", fourDigits(share), ""]);
  }
  if (segmentation) {
    const { distance, mean, covariance, bySize, permutation } = segmentation;
    rows.push([
      "FSD",
      fourDigits(distance),
      `percent of pixels; mean ${fourDigits(mean)}, covariance ${fourDigits(covariance)}`,
    ]);
    if (!Number.isNaN(bySize.extrapolated)) {
      rows.push(["FSD∞", fourDigits(bySize.extrapolated), "for ever more images"]);
    }
    rows.push(["FSD: p", fourDigits(permutation.p), chance(permutation)]);
  }
  lines.push(columns(rows, ["", "right", ""]));
  if (segmentation) lines.push("", conceptTable(segmentation.concepts));
  for (const note of notes) lines.push("", note);
  for (const [i, side] of sides.entries()) {
    const skipped = skippedOf(side);
    if (skipped.length === 0) continue;
    lines.push("", `Skipped in ${names[i]}, as no photographs (${skipped.length}):`);
    lines.push(...skipped.slice(0, 10).map(({ reason }) => `  ${reason}`));
    if (skipped.length > 10) lines.push(`  … and ${skipped.length - 10} more; the JSON has all`);
  }
  return `${lines.join("\n")}\n`;
}

function conceptTable(concepts: NonNullable<Distances["segmentation"]>["concepts"]): string {
  const rows = concepts
    .slice(0, CONCEPTS)
    .map(({ name, a, b, difference, standardError, relative }) => [
      name === "-" ? "- (no name)" : name,
      a.toFixed(2),
      b.toFixed(2),
      `${difference < 0 ? "−" : "+"}${Math.abs(difference).toFixed(2)} ± ${standardError.toFixed(2)}`,
      relative === undefined ? "" : `${relative < 0 ? "−" : "+"}${Math.abs(100 * relative).toFixed(0)} %`,
    ]);
  const more = concepts.length > CONCEPTS ? `\n  … and ${concepts.length - CONCEPTS} more` : "";
  const heading = ["concept", "A, %", "B, %", "B − A, ± standard error", "of A"];
  return columns([heading, ...rows], ["", "right", "right", "right", "right"]) + more;
}

const chance = ({ median, q95, permutations }: { median: number; q95: number; permutations: number }): string =>
  `sets divided at random (${permutations} times): median ${fourDigits(median)}, 95 % below ${fourDigits(q95)}`;
