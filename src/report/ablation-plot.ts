import type { AblationJson } from "./ablation.ts";
import { CATEGORY_COLORS } from "./bargraph.ts";
import { drawing, polyline, round, signed, text, textWidth, ticks, widthFor } from "./svg.ts";

/**
 * One line of the plot: one curve, or the mean of several, such as draws of random units, with
 * their range behind it.
 */
export interface AblationLine {
  /** What the legend calls it. */
  readonly name: string;
  /** One or several, of which the mean is drawn. */
  readonly curves: readonly Pick<AblationJson, "baseline" | "ablation_effects">[];
}

const WIDTH = 480;
const [LEFT, RIGHT, BOTTOM] = [56, 16, 44];
/** Of the curves' area, and of one line of the legend above it. */
const [PLOT, ROW] = [222, 16];

type Point = readonly [x: number, y: number];

/**
 * "Portion of tree pixels removed" against the number of ablated units, one line a ranking, as
 * gandissect's `aceplotablate` draws it: 1 − effect / baseline. Below 0 there is more of the
 * concept than before.
 */
export function ablationSvg(concept: string, lines: readonly AblationLine[]): string {
  const drawn = lines.map(({ name, curves }) => ({ name, removed: curves.map(portions) }));
  const all = drawn.flatMap(({ removed }) => removed.flat());
  const steps = Math.max(1, ...drawn.flatMap(({ removed }) => removed.map((portion) => portion.length - 1)));
  // No more can go than there is; where there is more than before, as many tenths below 0 as are
  // needed.
  const low = Math.floor(10 * Math.min(0, ...all)) / 10;
  const high = 1;
  const portionTicks = ticks(low, high, [0.2, 0.5, 1], 13).map((portion) => ({
    portion,
    name: `${signed(100 * portion, 0)} %`,
  }));
  const title = `Portion of ${concept} pixels removed`;
  const width = widthFor(title, WIDTH);
  const left = Math.max(LEFT, ...portionTicks.map(({ name }) => 14 + textWidth(name)));
  const top = 34 + ROW * drawn.length;
  const bottom = top + PLOT;
  const x = (n: number): number => left + ((width - left - RIGHT) * n) / steps;
  const y = (portion: number): number => top + (PLOT * (high - portion)) / (high - low);
  const place = (portion: number, n: number): Point => [x(n), y(portion)];
  return drawing(width, bottom + BOTTOM, title, [
    ...portionTicks.map(({ portion, name }) => {
      const stroke = portion === 0 ? "#888" : "#ddd";
      const line = `<path d="M${round(left)} ${round(y(portion))}H${width - RIGHT}" stroke="${stroke}"/>`;
      return line + text(left - 6, y(portion) + 4, name, "end");
    }),
    ...ticks(0, steps, steps > 10 ? [5, 10] : [1], 13).map((n) => text(x(n), bottom + 18, String(n), "middle")),
    text((left + width - RIGHT) / 2, bottom + 36, "ablated units", "middle"),
    ...drawn.map(({ removed }, index) => curve(removed, lineColor(index), place)),
    ...drawn.map(({ name }, index) => {
      const y = 34 + ROW * index;
      const line = `<path d="M${round(left)} ${y}h18" stroke="${lineColor(index)}" stroke-width="2"/>`;
      return line + text(left + 24, y + 4, name, "start");
    }),
  ]);
}

/** What part is gone, from no ablated unit on; nothing was removed of what was not there. */
export const portions = ({ baseline, ablation_effects: effects }: AblationLine["curves"][number]): number[] =>
  [baseline, ...effects].map((left) => (baseline === 0 ? 0 : 1 - left / baseline));

/** Of a line and what stands for it. */
export const lineColor = (index: number): string => CATEGORY_COLORS[(2 * index) % CATEGORY_COLORS.length]![0];

/**
 * The mean of several curves as far as all of them go, and behind it the range that they take up.
 */
function curve(
  removed: readonly (readonly number[])[],
  color: string,
  place: (portion: number, n: number) => Point,
): string {
  const columns = Array.from({ length: Math.min(...removed.map(({ length }) => length)) }, (_, n) =>
    removed.map((portion) => portion[n]!),
  );
  const mean = columns.map((column) => column.reduce((sum, portion) => sum + portion, 0) / column.length);
  if (removed.length === 1) return polyline(mean.map(place), color);
  const most = columns.map((column) => Math.max(...column)).map(place);
  const least = columns.map((column) => Math.min(...column)).map(place);
  const outline = [...most, ...least.reverse()].map(([x, y]) => `${round(x)} ${round(y)}`).join("L");
  return `<path d="M${outline}Z" fill="${color}" opacity=".2"/>${polyline(mean.map(place), color)}`;
}
