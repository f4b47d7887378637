import { CATEGORY_COLORS } from "./bargraph.ts";
import { drawing, polyline, round, text, textWidth, ticks, widthFor } from "./svg.ts";

/** A unit and a concept at one cutoff, as `cutoffCurves` of ganatomy/look has them. */
export interface CutoffPoint {
  /** Fraction of the unit's activations below the level, 0…1. */
  readonly cutoff: number;
  /** IoU there, 0…1. */
  readonly iou: number;
  /** Information quality ratio there, 0…1. */
  readonly iqr: number;
}

const WIDTH = 480;
const [LEFT, RIGHT, TOP, PLOT, BOTTOM] = [56, 16, 66, 222, 44];
const LINES = [
  ["iou", "IoU"],
  ["iqr", "IQR"],
] as const;

/**
 * IoU and IQR of a unit and a concept against the cutoff, as SVG: from right to left the unit is on
 * in more pixels, a tenth of them, a hundredth, …; a dot marks where each is largest. A cutoff of
 * 1, which nothing exceeds, has no place.
 */
export function cutoffSvg(title: string, points: readonly CutoffPoint[]): string {
  const shown = points.filter(({ cutoff }) => cutoff < 1).map((point) => ({ ...point, above: 1 - point.cutoff }));
  const decades = Math.max(1, ...shown.map(({ above }) => Math.ceil(-Math.log10(above) - 1e-9)));
  const most = Math.max(0.01, ...shown.flatMap(({ iou, iqr }) => [iou, iqr]));
  const values = ticks(0, most, [0.005, 0.01, 0.02, 0.05, 0.1, 0.2], 8);
  const width = widthFor(title, WIDTH);
  const bottom = TOP + PLOT;
  const x = (above: number): number => LEFT + ((width - LEFT - RIGHT) * (decades + Math.log10(above))) / decades;
  const y = (value: number): number => bottom - (PLOT * value) / most;
  const percent = (decade: number): string => `${100 / 10 ** decade} %`;
  return drawing(width, bottom + BOTTOM, title, [
    ...values.map((value) => {
      const stroke = value === 0 ? "#888" : "#ddd";
      const line = `<path d="M${LEFT} ${round(y(value))}H${round(width - RIGHT)}" stroke="${stroke}"/>`;
      return line + text(LEFT - 6, y(value) + 4, String(Number(value.toFixed(3))), "end");
    }),
    ...Array.from({ length: decades + 1 }, (_, decade) => {
      const name = percent(decade);
      const at = Math.min(x(10 ** -decade), width - 2 - textWidth(name) / 2);
      return text(at, bottom + 18, name, "middle");
    }),
    text((LEFT + width - RIGHT) / 2, bottom + 36, "activations above the level", "middle"),
    ...LINES.map(([by, name], index) => {
      const color = CATEGORY_COLORS[2 * index]![0];
      const line = polyline(
        shown.map((point) => [x(point.above), y(point[by])]),
        color,
      );
      const best = shown.reduce<(typeof shown)[number] | undefined>(
        (one, point) => (one && one[by] >= point[by] ? one : point),
        undefined,
      );
      const dot = best && `<circle cx="${round(x(best.above))}" cy="${round(y(best[by]))}" r="4" fill="${color}"/>`;
      const legend = `<path d="M${LEFT + 80 * index} 40h18" stroke="${color}" stroke-width="2"/>`;
      return line + (dot ?? "") + legend + text(LEFT + 24 + 80 * index, 44, name, "start");
    }),
  ]);
}
