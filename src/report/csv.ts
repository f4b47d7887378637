import type { Dissection } from "../dissect/result.ts";

/** One unit as a tidy row; the same columns in the same order as the CSV. */
export interface UnitRow {
  readonly layer: string;
  readonly unit: number;
  /** Empty when the unit matches no concept. */
  readonly label: string;
  readonly category: string;
  readonly iou: number;
  readonly iqr: number;
  readonly mi: number;
  readonly correlation: number;
  readonly level: number;
  readonly interpretable: boolean;
  readonly intersection: number;
  readonly activation: number;
  readonly pixels: number;
  /** The image that activates the unit most; absent when no images were ranked. */
  readonly top_image: number | undefined;
  readonly top_activation: number | undefined;
}

const COLUMNS = [
  "layer",
  "unit",
  "label",
  "category",
  "iou",
  "iqr",
  "mi",
  "correlation",
  "level",
  "interpretable",
  "intersection",
  "activation",
  "pixels",
  "top_image",
  "top_activation",
] as const satisfies readonly (keyof UnitRow)[];

/** Every unit of every layer as a plain object: what Plot, Vega and spreadsheets take. */
export function toRows({ layers, labels }: Dissection): UnitRow[] {
  return layers.flatMap(({ layer, units }) =>
    units.map((unit) => ({
      layer,
      unit: unit.unit,
      label: unit.label === 0 ? "" : (labels[unit.label]?.name ?? ""),
      category: unit.label === 0 ? "" : (labels[unit.label]?.category ?? ""),
      iou: unit.iou,
      iqr: unit.iqr,
      mi: unit.mi,
      correlation: unit.correlation,
      level: unit.level,
      interpretable: unit.interpretable,
      intersection: unit.intersection,
      activation: unit.activation,
      pixels: unit.pixels,
      top_image: unit.top[0]?.image,
      top_activation: unit.top[0]?.activation,
    })),
  );
}

/** Every unit of every layer as `units.csv`. */
export function toCsv(dissection: Dissection): string {
  return csvText([COLUMNS, ...toRows(dissection).map((row) => COLUMNS.map((column) => row[column]))]);
}

export type CsvCell = string | number | boolean | undefined;

/**
 * Rows as CSV: RFC 4180's quoting, UTF-8, "\n". What is undefined and numbers that are not finite
 * are empty cells; text that a spreadsheet would run as a formula is led by an apostrophe (OWASP,
 * "CSV injection").
 */
export function csvText(rows: readonly (readonly CsvCell[])[]): string {
  return rows.map((row) => `${row.map(cell).join(",")}\n`).join("");
}

function cell(value: CsvCell): string {
  if (value === undefined) return "";
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : "";
  if (typeof value === "boolean") return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
