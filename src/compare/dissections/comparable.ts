// Tests: test/compare/dissections/compare.test.ts

import type { DissectedLayer } from "./dissected.ts";

/** What must be the same of all inputs, because every count depends on it. */
const ASKED: readonly (readonly [what: string, of: (layer: DissectedLayer) => string])[] = [
  ["segmenter", ({ segmenter, segmenterHash }) => (segmenterHash ? `${segmenter} ${segmenterHash}` : segmenter)],
  ["labels", ({ labels }) => JSON.stringify(labels.map(({ name, category }) => [name, category]))],
  ["label grid", ({ grid }) => grid.join(" × ")],
  ["number of images", ({ images }) => String(images)],
  ["seed", ({ seed }) => String(seed)],
  [
    "training seed",
    ({ trainSeed, quantileThreshold }) => (typeof quantileThreshold === "number" ? "" : `${trainSeed}`),
  ],
  ["choice of levels", ({ quantileThreshold }) => String(quantileThreshold)],
  ["thresholds", ({ iouThreshold, iqrThreshold }) => `IoU ${iouThreshold}, IQR ${iqrThreshold}`],
];

/** In what inputs differ from the first, so that their counts cannot be compared, a part each. */
export function incomparable([first, ...others]: readonly DissectedLayer[]): string[] {
  if (!first) return [];
  return ASKED.flatMap(([what, of]) => {
    const other = others.find((layer) => differ(what, of, first, layer));
    if (!other) return [];
    const told = (layer: DissectedLayer): string =>
      what === "labels" ? `${layer.labels.length - 1}, ${names(layer)}` : shortened(of(layer)) || "none";
    return `${what} (${told(first)} in ${first.source}; ${told(other)} in ${other.source})`;
  });
}

/** The first labels. */
const names = ({ labels }: DissectedLayer): string =>
  `${labels
    .slice(1, 4)
    .map(({ name }) => name)
    .join(", ")} …`;

/** A report that has no hash may be of any segmenter of that name. */
function differ(
  what: string,
  of: (layer: DissectedLayer) => string,
  first: DissectedLayer,
  other: DissectedLayer,
): boolean {
  if (what === "segmenter" && !(first.segmenterHash && other.segmenterHash)) return first.segmenter !== other.segmenter;
  return of(first) !== of(other);
}

const shortened = (text: string): string => text.replace(/[0-9a-f]{64}/g, (hash) => hash.slice(0, 12));
