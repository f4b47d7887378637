import type { Label } from "../dissect/result.ts";
import { uniqueNames } from "./concepts.ts";

/** Bytes, 0…255. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** How many colours there are before they repeat. */
export const COLOR_COUNT = 128;

/**
 * Colours people expect of what scenes are made of; the tutorial of the published code sets the
 * first two (§3.7).
 */
const NAMED: Readonly<Record<string, Rgb>> = {
  tree: [0, 137, 65],
  building: [183, 151, 98],
  sky: [120, 188, 245],
  cloud: [226, 232, 240],
  grass: [140, 200, 60],
  water: [20, 110, 190],
  sea: [0, 82, 150],
  mountain: [120, 106, 140],
  path: [222, 196, 130],
  road: [110, 112, 118],
  house: [232, 120, 70],
  roof: [160, 40, 40],
  door: [110, 60, 20],
  window: [0, 200, 210],
  person: [240, 60, 150],
};

/** The category of labels that a generator of tiles gives its own images. */
const TILE = "tile";

let table: readonly Rgb[] | undefined;

/**
 * A fixed table of colours far apart from each other: black for "no label", then greedily whatever
 * lies farthest, in Oklab, from all colours before it. The first are the most distinct, as most
 * pictures hold few labels.
 */
export function colorTable(): readonly Rgb[] {
  table ??= farthestColors(COLOR_COUNT);
  return table;
}

/**
 * The colour of each label: its place in the table, or the colour that its name is known by. Of
 * levels that label themselves it is that which their `tiles` have.
 */
export function labelColors(labels: readonly Label[], tiles: readonly Rgb[] = []): Rgb[] {
  const colors = colorTable();
  return labels.map(({ name, category }, label) => {
    if (label === 0) return colors[0]!;
    if (category === TILE && label <= tiles.length) return tiles[label - 1]!;
    return Object.hasOwn(NAMED, name) ? NAMED[name]! : pick(label);
  });

  function pick(label: number): Rgb {
    return colors[1 + ((label - 1) % (colors.length - 1))]!;
  }
}

/**
 * gandissect's legend: "r,g,b" → the unique names of all labels in that colour, joined by "/"
 * (§3.8).
 */
export function segcolors(labels: readonly Label[], tiles?: readonly Rgb[]): Record<string, string> {
  const names = uniqueNames(labels);
  const legend = new Map<string, string[]>();
  labelColors(labels, tiles).forEach((rgb, label) => {
    const key = rgb.join(",");
    legend.set(key, [...(legend.get(key) ?? []), names[label]!]);
  });
  return Object.fromEntries([...legend].map(([rgb, list]) => [rgb, list.join("/")]));
}

/**
 * Greedy farthest-point selection over a coarse grid of sRGB, starting from black and the named
 * colours.
 */
function farthestColors(count: number): Rgb[] {
  const steps = [0, 36, 73, 109, 146, 182, 219, 255];
  // What is nearly black would be taken for "no label".
  const candidates = steps
    .flatMap((r) => steps.flatMap((g) => steps.map((b): Rgb => [r, g, b])))
    .filter((rgb) => oklab(rgb)[0] > 0.36);
  const points = candidates.map(oklab);
  const nearest = new Float64Array(candidates.length).fill(Number.POSITIVE_INFINITY);
  const chosen: Rgb[] = [];
  const keepAway = (rgb: Rgb) => {
    const [l, a, b] = oklab(rgb);
    points.forEach(([l2, a2, b2], i) => {
      nearest[i] = Math.min(nearest[i]!, (l - l2) ** 2 + 1.5 * (a - a2) ** 2 + 1.5 * (b - b2) ** 2);
    });
  };
  const black: Rgb = [0, 0, 0];
  const white: Rgb = [255, 255, 255];
  for (const rgb of [black, white, ...Object.values(NAMED)]) keepAway(rgb);
  chosen.push(black);
  while (chosen.length < count) {
    const next = candidates[nearest.indexOf(nearest.reduce((a, b) => Math.max(a, b)))]!;
    chosen.push(next);
    keepAway(next);
  }
  return chosen;
}

/**
 * Oklab (Björn Ottosson, 2020): a space in which distance is close to what the eye calls
 * difference.
 */
function oklab([red, green, blue]: Rgb): [number, number, number] {
  const [r, g, b] = [red, green, blue].map((v) => (v <= 10 ? v / 3294.6 : ((v / 255 + 0.055) / 1.055) ** 2.4)) as [
    number,
    number,
    number,
  ];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}
