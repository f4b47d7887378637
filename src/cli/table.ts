import type { LayerSummary, Summary } from "./summary.ts";
import { inLine } from "./terminal.ts";

/** Units named in a row; the report has them all. */
const UNITS_SHOWN = 5;

/** The best units of each concept, as text for a terminal: one table a layer. */
export function summaryTable(summary: Summary): string {
  return summary.layers.map(layerTable).join("\n");
}

function layerTable({ layer, shape, units, interpretable, concepts }: LayerSummary): string {
  const title = `${layer}  ${shape[0]}×${shape[1]}, ${interpretable} of ${units} units interpretable, ${concepts.length} concepts\n`;
  if (concepts.length === 0) return title;
  const rows = concepts.map(({ concept, category, units: best }) => {
    const shown = best.slice(0, UNITS_SHOWN).map(({ unit, iou }) => `${unit} (${iou.toFixed(2)})`);
    const more = best.length > UNITS_SHOWN ? ` +${best.length - UNITS_SHOWN}` : "";
    return [concept, category, String(best.length), best[0]!.iou.toFixed(3), shown.join("  ") + more];
  });
  return `${title}${columns([["concept", "category", "units", "best IoU", "best units (IoU)"], ...rows], ["", "", "right", "right", ""])}\n`;
}

/** Rows with their cells one below the other. */
export function columns(given: readonly (readonly string[])[], align: readonly string[] = []): string {
  const rows = given.map((row) => row.map(inLine));
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, width(cell));
    });
  }
  return rows
    .map((row) => {
      const cells = row.map((cell, i) => {
        const space = " ".repeat(widths[i]! - width(cell));
        return align[i] === "right" ? space + cell : cell + space;
      });
      return `  ${cells.join("  ").trimEnd()}`;
    })
    .join("\n");
}

/** Columns a terminal needs: East Asian wide characters take two, combining marks none. */
function width(text: string): number {
  let columns = 0;
  for (const character of text) {
    if (/\p{Mark}/u.test(character)) continue;
    columns += /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/.test(
      character,
    )
      ? 2
      : 1;
  }
  return columns;
}
