import { ByteWriter, parquetWrite } from "hyparquet-writer/src/index.js";
import type { Dissection } from "../../dissect/result.ts";
import { toRows, type UnitRow } from "../../report/csv.ts";
import { VERSION } from "../../version.ts";

// Tests: test/cli/export/parquet.test.ts

/** The types that columns here have. */
type ColumnType = "STRING" | "BOOLEAN" | "INT32" | "INT64" | "DOUBLE";
/** What a row has in a column; what is not finite, or not there, becomes null. */
type Cell = string | boolean | number | undefined;

/** A unit and a concept that occurs in the test set, as `UnitRow` has a unit and its own. */
type ConceptRow = Omit<UnitRow, "level" | "interpretable" | "top_image" | "top_activation">;

const CONCEPTS: Readonly<Record<keyof ConceptRow, ColumnType>> = {
  layer: "STRING",
  unit: "INT32",
  label: "STRING",
  category: "STRING",
  iou: "DOUBLE",
  iqr: "DOUBLE",
  mi: "DOUBLE",
  correlation: "DOUBLE",
  intersection: "INT64",
  activation: "INT64",
  pixels: "INT64",
};
const UNITS: Readonly<Record<keyof UnitRow, ColumnType>> = {
  ...CONCEPTS,
  level: "DOUBLE",
  interpretable: "BOOLEAN",
  top_image: "INT32",
  top_activation: "DOUBLE",
};

/** Every unit of every layer, in the columns of `units.csv`. */
export const unitsParquet = (dissection: Dissection): Uint8Array => parquet(UNITS, toRows(dissection));

/** Every unit with every concept that occurs in the test set, a row each. */
export const conceptsParquet = (dissection: Dissection): Uint8Array => parquet(CONCEPTS, conceptRows(dissection));

function* conceptRows({ layers, labels, labelPixels, categories }: Dissection): Generator<ConceptRow> {
  for (const { layer, units, tables } of layers) {
    for (const [label, { name, category }] of labels.entries()) {
      const pixels = labelPixels[label] ?? 0;
      if (label === 0 || pixels === 0) continue;
      for (const [u, { unit }] of units.entries()) {
        const at = label * units.length + u;
        yield {
          ...{ layer, unit, label: name, category, pixels },
          iou: tables.iou[at]!,
          iqr: tables.iqr[at]!,
          mi: tables.mi[at]!,
          correlation: tables.correlation[at]!,
          intersection: tables.intersection[at]!,
          activation: tables.activation[categories.indexOf(category) * units.length + u]!,
        };
      }
    }
  }
}

/** A table of such columns; integers that 32 bits need not hold are bigints in between. */
function parquet<Row extends object>(types: Readonly<Record<keyof Row & string, ColumnType>>, rows: Iterable<Row>) {
  const columns = Object.entries<ColumnType>(types).map(([name, type]) => ({ name, type, data: [] as unknown[] }));
  for (const row of rows) {
    for (const { name, type, data } of columns) {
      const value = row[name as keyof Row] as Cell;
      if (value === undefined || (typeof value === "number" && !Number.isFinite(value))) data.push(null);
      else data.push(type === "INT64" ? BigInt(value) : value);
    }
  }
  const writer = new ByteWriter();
  parquetWrite({ writer, columnData: columns, createdBy: `ganatomy version ${VERSION}` });
  return writer.getBytes();
}
