import type { AblationJson } from "./ablation.ts";
import { CATEGORY_COLORS, escapeXml } from "./bargraph.ts";

/** One line of the plot: one curve, or the mean of several, such as draws of random units, with their range behind it. */
export interface AblationLine {
  readonly name: string;
  readonly curves: readonly Pick<AblationJson, "baseline" | "ablation_effects">[];
}

const WIDTH = 480;
const HEIGHT = 300;
const LEFT = 56;
const RIGHT = 16;
const TOP = 34;
const BOTTOM = 44;
const FONT = "font-family:sans-serif;font-size:12px";

/**
 * "Portion of tree pixels removed" against the number of ablated units, one line a ranking, as gandissect's `aceplotablate`
 * draws it: 1 − effect / baseline. Below 0 there is more of the concept than before.
 */
export function ablationSvg(concept: string, lines: readonly AblationLine[]): string {
  const drawn = lines.map(({ name, curves }) => ({ name, removed: curves.map(portions) }));
  const all = drawn.flatMap(({ removed }) => removed.flat());
  const steps = Math.max(1, ...drawn.flatMap(({ removed }) => removed.map((portion) => portion.length - 1)));
  // Tenths around everything, and 0 and 1 always.
  const low = Math.min(0, Math.floor(10 * Math.min(0, ...all)) / 10);
  const high = Math.max(1, Math.ceil(10 * Math.max(0, ...all)) / 10);
  const x = (n: number): number => LEFT + ((WIDTH - LEFT - RIGHT) * n) / steps;
  const y = (portion: number): number => TOP + ((HEIGHT - TOP - BOTTOM) * (high - portion)) / (high - low);
  const parts = [
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(WIDTH / 2, 20, `Portion of ${concept} pixels removed`, "middle"),
    ...ticks(low, high, 0.2).map((portion) => {
      const at = round(y(portion));
      const stroke = portion === 0 ? "#888" : "#ddd";
      return `<path d="M${LEFT} ${at}H${WIDTH - RIGHT}" stroke="${stroke}"/>${text(LEFT - 6, Number(at) + 4, `${Math.round(100 * portion)} %`, "end")}`;
    }),
    ...ticks(0, steps, steps > 10 ? 5 : 1).map((n) => text(x(n), HEIGHT - BOTTOM + 18, String(n), "middle")),
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, "ablated units", "middle"),
    ...drawn.map(({ removed }, index) => line(removed, colorOf(index), x, y)),
    ...drawn.map(
      ({ name }, index) =>
        `<path d="M${LEFT + 10} ${TOP + 12 + 16 * index}h18" stroke="${colorOf(index)}" stroke-width="2"/>${text(LEFT + 34, TOP + 16 + 16 * index, name, "start")}`,
    ),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" version="1.1" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}">${parts.join("")}</svg>\n`;
}

/** Nothing was removed of what was not there. */
const portions = ({ baseline, ablation_effects: effects }: AblationLine["curves"][number]): number[] =>
  [baseline, ...effects].map((left) => (baseline === 0 ? 0 : 1 - left / baseline));

const colorOf = (index: number): string => CATEGORY_COLORS[(2 * index) % CATEGORY_COLORS.length]![0];

function line(
  removed: readonly (readonly number[])[],
  color: string,
  x: (n: number) => number,
  y: (portion: number) => number,
): string {
  const columns = Array.from({ length: Math.min(...removed.map(({ length }) => length)) }, (_, n) =>
    removed.map((portion) => portion[n]!),
  );
  const path = (values: readonly number[]): string[] =>
    values.map((portion, n) => `${round(x(n))} ${round(y(portion))}`);
  const mean = path(columns.map((column) => column.reduce((sum, portion) => sum + portion, 0) / column.length));
  const [most, least] = [Math.max, Math.min].map((pick) => path(columns.map((column) => pick(...column))));
  const range =
    removed.length > 1 ? `<path d="M${[...most!, ...least!.reverse()].join("L")}Z" fill="${color}" opacity=".2"/>` : "";
  return `${range}<path d="M${mean.join("L")}" fill="none" stroke="${color}" stroke-width="2"/>`;
}

function ticks(low: number, high: number, step: number): number[] {
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, i) => step * (first + i));
}

const text = (x: number, y: number, content: string, anchor: "start" | "middle" | "end"): string =>
  `<text x="${round(x)}" y="${round(y)}" style="${FONT};text-anchor:${anchor}">${escapeXml(content)}</text>`;

const round = (value: number): string => String(Math.round(value * 100) / 100);
