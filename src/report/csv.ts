import type { Dissection } from "../dissect/result.ts";

/** One unit as a tidy row; the same columns in the same order as the CSV. */
export interface UnitRow {
  /** The layer's name, as in `generator.layers`. */
  readonly layer: string;
  /** Channel of the layer, from 0. */
  readonly unit: number;
  /** Empty when the unit matches no concept. */
  readonly label: string;
  /** Category of `label`; empty when the unit matches no concept. */
  readonly category: string;
  /** Intersection over union with `label` on the test set, 0…1. */
  readonly iou: number;
  /** Information quality ratio with `label` on the test set, 0…1. */
  readonly iqr: number;
  /** Mutual information with `label`, in nats. */
  readonly mi: number;
  /** Pearson's, of the upsampled activation with the label's indicator. */
  readonly correlation: number;
  /** Activation above which the unit is "on". */
  readonly level: number;
  /** Whether it counts as a detector of `label`. */
  readonly interpretable: boolean;
  /** Pixels where the unit is on and `label` is. */
  readonly intersection: number;
  /** Pixels where the unit is on, of images that hold the label's category. */
  readonly activation: number;
  /** Pixels of `label`. */
  readonly pixels: number;
  /** The image that activates the unit most; absent when no images were ranked. */
  readonly top_image: number | undefined;
  /** The unit's largest activation there. */
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

/** Every unit of every layer as `units.csv`: `UnitRow`'s columns, with a header. */
export function toCsv(dissection: Dissection): string {
  return csvText([COLUMNS, ...toRows(dissection).map((row) => COLUMNS.map((column) => row[column]))]);
}

export type CsvCell = string | number | boolean | undefined;

/**
 * What makes a spreadsheet run a cell as a formula, at its start (OWASP, "CSV injection"), in full
 * width as in Unicode's small forms, which some take for the same.
 */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠﹦﹢﹣﹫]/;

/**
 * Rows as CSV: RFC 4180's quoting, UTF-8, "\n". What is undefined and numbers that are not finite
 * are empty cells; text that a spreadsheet would run as a formula is led by an apostrophe, which a
 * negative number is not.
 */
export function csvText(rows: readonly (readonly CsvCell[])[]): string {
  return rows.map((row) => `${row.map(cell).join(",")}\n`).join("");
}

function cell(value: CsvCell): string {
  const safe = plain(value);
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * Rows between whose cells are tabs, as TensorBoard reads them: likewise, but that there is no
 * quoting, so that spaces stand for tabs and line ends in texts.
 */
export function tsvText(rows: readonly (readonly CsvCell[])[]): string {
  const flat = (value: CsvCell) => plain(value).replaceAll(/[\t\r\n\v\f\u0085\u2028\u2029]/g, " ");
  return rows.map((row) => `${row.map(flat).join("\t")}\n`).join("");
}

/** A cell's text, which no spreadsheet runs. */
function plain(value: CsvCell): string {
  if (value === undefined) return "";
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : "";
  if (typeof value === "boolean") return String(value);
  return FORMULA.test(value) ? `'${value}` : value;
}
