import type { Label } from "../dissect/result.ts";
import { type ConceptGroup, categoryOrder, readable } from "./concepts.ts";
import { escapeXml, round, textWidth } from "./svg.ts";

/** Bar and background colour of each category, by its place in the order of display (§3.8). */
export const CATEGORY_COLORS: readonly (readonly [bar: string, background: string])[] = [
  ["#4B4CBF", "#B6B6F2"],
  ["#55B05B", "#B6F2BA"],
  ["#50BDAC", "#A5E5DB"],
  ["#81C679", "#C0FF9B"],
  ["#F0883B", "#F2CFB6"],
  ["#D4CF24", "#F2F1B6"],
  ["#D92E2B", "#F2B6B6"],
  ["#AB6BC6", "#CFAAFF"],
];

const BAR_HEIGHT = 100;
const BAR_WIDTH = 12;
const GAP = 3;
const STEP = BAR_WIDTH + GAP;
/** Room below the bars, at least. */
const TEXT_HEIGHT = 100;
const RIGHT = 40;
/** Pixels that letters at 45° reach beyond their baseline, up and down. */
const SLANT = 8;
const FONT = "font-family:sans-serif";

/**
 * `bargraph.svg`: one bar per concept, as high as the number of interpretable units that detect it
 * (§3.8).
 */
export function bargraphSvg(
  groups: readonly ConceptGroup[],
  labels: readonly Label[],
  categories: readonly string[],
): string {
  const highest = Math.max(1, ...groups.map(({ units }) => units.length));
  const scale = BAR_HEIGHT / highest;
  const names = groups.map(({ label }) => readable(labels[label]?.name ?? ""));
  const slants = names.map((name) => textWidth(name, BAR_WIDTH) * Math.SQRT1_2 + SLANT);
  const besideTicks = GAP + digitsWidth(highest) + STEP;
  const left = Math.ceil(Math.max(besideTicks, ...slants.map((slant, i) => slant - i * STEP - BAR_WIDTH)));
  const below = Math.ceil(Math.max(TEXT_HEIGHT, ...slants.map((slant) => slant + 8)));
  const bars = groups.map((group, i) => {
    const x = left + i * STEP;
    const height = group.units.length * scale;
    const name = names[i]!;
    const [dark] = colorsOf(labels[group.label]?.category ?? "", categories);
    return [
      rect(x, BAR_HEIGHT - height, BAR_WIDTH, height, dark),
      text(x + BAR_WIDTH, BAR_HEIGHT + 8, name, { size: BAR_WIDTH, anchor: "end", rotate: -45 }),
    ].join("");
  });
  const runs = categoryRuns(groups, labels, categories, left);
  const parts = [
    ...axis(groups, highest, scale, left),
    ...runs.map(({ background }) => background),
    ...bars,
    ...runs.map(({ caption }) => caption),
  ];
  const width = left + groups.length * STEP + RIGHT;
  return `<svg xmlns="http://www.w3.org/2000/svg" version="1.1" width="${width}" height="${BAR_HEIGHT + below}">${parts.join("")}</svg>\n`;
}

/** The two colours of a category. */
export function colorsOf(category: string, categories: readonly string[]): readonly [bar: string, background: string] {
  const place = Math.max(0, categoryOrder(categories).indexOf(category));
  return CATEGORY_COLORS[place % CATEGORY_COLORS.length]!;
}

/** Pixels that the numbers beside the axis take, with a gap. */
const digitsWidth = (highest: number): number => Math.max(STEP, textWidth(String(highest), STEP) + GAP);

function axis(groups: readonly ConceptGroup[], highest: number, scale: number, left: number): string[] {
  if (groups.length === 0) return [];
  const ticks = new Set([1, Math.floor((highest + 1) / 2), highest]);
  return [
    ...[...ticks].map((units) => {
      // Below the top of a bar of so many units, and above the names.
      const y = Math.min(BAR_HEIGHT, BAR_HEIGHT - units * scale + STEP * 0.75);
      return text(left - GAP, y, String(units), { size: STEP, anchor: "end" });
    }),
    text(left - GAP - digitsWidth(highest), BAR_HEIGHT / 2, "units", { size: STEP, anchor: "middle", rotate: -90 }),
  ];
}

/**
 * Behind the bars of each category a coloured field, and on top of them its caption ("9 objects").
 */
function categoryRuns(
  groups: readonly ConceptGroup[],
  labels: readonly Label[],
  categories: readonly string[],
  left: number,
): { background: string; caption: string }[] {
  const runs: { category: string; start: number; count: number }[] = [];
  groups.forEach(({ label }, i) => {
    const category = labels[label]?.category ?? "";
    const last = runs.at(-1);
    if (last?.category === category) last.count++;
    else runs.push({ category, start: i, count: 1 });
  });
  return runs.map(({ category, start, count }) => {
    const x = left + start * STEP;
    const width = count * STEP - GAP;
    const caption = `${count} ${readable(category)}${count === 1 ? "" : "s"}`;
    return {
      background: rect(x, 0, width, BAR_HEIGHT, colorsOf(category, categories)[1]),
      caption: text(x + width, GAP, caption, { size: STEP, anchor: "end", rotate: -90 }),
    };
  });
}

function rect(x: number, y: number, width: number, height: number, fill: string): string {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" fill="${fill}"/>`;
}

function text(
  x: number,
  y: number,
  content: string,
  style: { size: number; anchor: "end" | "middle"; rotate?: number },
): string {
  const turn = style.rotate === undefined ? "" : ` rotate(${style.rotate})`;
  return `<text transform="translate(${round(x)},${round(y)})${turn}" style="${FONT};font-size:${style.size}px;text-anchor:${style.anchor}">${escapeXml(content)}</text>`;
}
