import type { ContextJson } from "./context.ts";
import { drawing, round, signed, text, textWidth, widthFor } from "./svg.ts";

const ROW = 20;
const TOP = 30;
/** Room for the longest bars, and the least for names and values beside them. */
const [LEFT, BAR, RIGHT] = [110, 260, 90];
/** Colours of what is added, and of what goes. */
export const [MORE, LESS] = ["#2166ac", "#b2182b"] as const;
/** What was there at fewer places says little. */
export const FEWEST = 5;

/**
 * What inserting adds by what was there, as bars of one scale; places that are rare are left out.
 */
export function contextBars({ concept, effects }: ContextJson): string {
  const rows = effects
    .filter(({ places }) => places >= FEWEST)
    .map(({ concept: there, gain, share }) => {
      const percent = share === null ? "" : ` (${signed(100 * share, 1)} %)`;
      return { there, gain, value: signed(gain, 1) + percent };
    });
  const gains = rows.map(({ gain }) => gain);
  const [least, most] = [Math.min(0, ...gains), Math.max(0, ...gains)];
  const left = Math.max(LEFT, ...rows.map(({ there }) => 14 + textWidth(there)));
  const right = Math.max(RIGHT, ...rows.map(({ value }) => 14 + textWidth(value)));
  const x = (gain: number): number => left + (BAR * (gain - least)) / (most - least || 1);
  const parts = rows.map(({ there, gain, value }, index) => {
    const y = TOP + 4 + index * ROW;
    const width = Math.max(0.5, Math.abs(x(gain) - x(0)));
    const bar = `<rect x="${round(x(Math.min(gain, 0)))}" y="${y + 2}" width="${round(width)}" height="${ROW - 6}" fill="${gain < 0 ? LESS : MORE}"/>`;
    return text(left - 6, y + 12, there, "end") + bar + text(left + BAR + 6, y + 12, value, "start");
  });
  const title = `Pixels of ${concept} added, by what was there`;
  return drawing(widthFor(title, left + BAR + right), TOP + 14 + rows.length * ROW, title, parts);
}

/** The mean gain of every cell, blue for more and red for less. */
export function contextMap({ concept, cells }: ContextJson): string {
  const columns = cells[0]?.length ?? 0;
  const most = Math.max(1e-9, ...cells.flat().map(Math.abs));
  const edge = Math.max(4, Math.floor(256 / Math.max(cells.length, columns)));
  const title = `Where ${concept} can be put`;
  const width = widthFor(title, edge * columns);
  const left = (width - edge * columns) / 2;
  const squares = cells.flatMap((row, y) =>
    row.map((gain, x) => {
      const opacity = (Math.abs(gain) / most).toFixed(3);
      return `<rect x="${round(left + x * edge)}" y="${TOP + y * edge}" width="${edge}" height="${edge}" fill="${gain < 0 ? LESS : MORE}" fill-opacity="${opacity}"><title>${signed(gain, 2)}</title></rect>`;
    }),
  );
  const frame = `<rect x="${round(left + 0.5)}" y="${TOP + 0.5}" width="${Math.max(0, edge * columns - 1)}" height="${Math.max(0, edge * cells.length - 1)}" fill="none" stroke="#ddd"/>`;
  return drawing(width, TOP + edge * cells.length, title, [...squares, frame]);
}
