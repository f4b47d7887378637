import type { Context } from "../causality/context.ts";
import type { Label } from "../dissect/result.ts";
import { escapeXml } from "./bargraph.ts";
import { displayNames } from "./concepts.ts";
import { csvText } from "./csv.ts";

/** Where a concept may be placed, by name; the content of `context.json`. */
export interface ContextJson {
  readonly concept: string;
  readonly layer: string;
  readonly units: readonly number[];
  /** Pixels of the concept in an image as it is, in the mean. */
  readonly before: number;
  readonly effects: readonly {
    readonly concept: string;
    readonly category: string;
    readonly places: number;
    /** Pixels that inserting there adds, in the mean; and as a share of `before`, null where there were none. */
    readonly gain: number;
    readonly share: number | null;
  }[];
  /** [h][w]: the mean gain of every cell. */
  readonly cells: readonly (readonly number[])[];
}

export function toContext(
  context: Context,
  labels: readonly Label[],
  [height, width]: readonly [number, number],
): ContextJson {
  const names = displayNames(labels);
  const { before } = context;
  return {
    concept: names[context.label]!,
    layer: context.layer,
    units: context.units,
    before,
    effects: context.effects.map(({ label, places, gain }) => ({
      concept: names[label]!,
      category: labels[label]!.category,
      places,
      gain,
      share: before > 0 ? gain / before : null,
    })),
    cells: Array.from({ length: height }, (_, row) => [...context.cells.subarray(row * width, (row + 1) * width)]),
  };
}

export const contextCsv = ({ effects }: ContextJson): string =>
  csvText([
    ["was there", "category", "places", "gain", "share"],
    ...effects.map(({ concept, category, places, gain, share }) => [
      concept,
      category,
      places,
      gain,
      share ?? undefined,
    ]),
  ]);

const FONT = "font-family:sans-serif;font-size:12px";
const ROW = 20;
const [LEFT, BAR, RIGHT] = [110, 260, 90];
/** What was there at fewer places says little. */
const FEWEST = 5;

/** What inserting adds by what was there, as bars; places that are rare are left out. */
export function contextBars({ concept, effects, before }: ContextJson): string {
  const rows = effects.filter(({ places }) => places >= FEWEST);
  const most = Math.max(1e-9, ...rows.map(({ gain }) => Math.abs(gain)));
  const zero = LEFT + (rows.some(({ gain }) => gain < 0) ? BAR / 4 : 0);
  const scale = (LEFT + BAR - zero) / most;
  const parts = rows.map(({ concept: there, gain }, index) => {
    const y = 34 + index * ROW;
    const [from, to] = gain < 0 ? [zero + Math.max(gain * scale, LEFT - zero), zero] : [zero, zero + gain * scale];
    const share = before > 0 ? ` (${signed((100 * gain) / before)} %)` : "";
    return (
      `<text x="${LEFT - 6}" y="${y + 12}" text-anchor="end" style="${FONT}">${escapeXml(there)}</text>` +
      `<rect x="${from.toFixed(1)}" y="${y + 2}" width="${Math.max(0.5, to - from).toFixed(1)}" height="${ROW - 6}" fill="${gain < 0 ? "#b2182b" : "#2166ac"}"/>` +
      `<text x="${LEFT + BAR + 6}" y="${y + 12}" style="${FONT}">${signed(gain)}${share}</text>`
    );
  });
  const [width, height] = [LEFT + BAR + RIGHT, 44 + rows.length * ROW];
  const title = `<text x="${width / 2}" y="20" text-anchor="middle" style="${FONT}">Pixels of ${escapeXml(concept)} added, by what was there</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" version="1.1" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"><rect width="${width}" height="${height}" fill="#fff"/>${title}${parts.join("")}</svg>\n`;
}

/** The mean gain of every cell, blue for more and red for less. */
export function contextMap({ concept, cells }: ContextJson): string {
  const most = Math.max(1e-9, ...cells.flat().map(Math.abs));
  const edge = Math.max(4, Math.floor(256 / Math.max(cells.length, cells[0]?.length ?? 1)));
  const [width, height] = [edge * (cells[0]?.length ?? 0), 30 + edge * cells.length];
  const squares = cells.flatMap((row, y) =>
    row.map((gain, x) => {
      const opacity = (Math.abs(gain) / most).toFixed(3);
      return `<rect x="${x * edge}" y="${30 + y * edge}" width="${edge}" height="${edge}" fill="${gain < 0 ? "#b2182b" : "#2166ac"}" fill-opacity="${opacity}"><title>${gain.toFixed(2)}</title></rect>`;
    }),
  );
  const title = `<text x="${width / 2}" y="20" text-anchor="middle" style="${FONT}">Where ${escapeXml(concept)} can be put</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" version="1.1" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"><rect width="${width}" height="${height}" fill="#fff"/>${title}${squares.join("")}</svg>\n`;
}

/** With a minus that is one, and none before zero. */
const signed = (value: number): string => (Math.round(10 * value) / 10 || 0).toFixed(1).replace("-", "−");
