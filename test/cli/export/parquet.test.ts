import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { expect, test } from "vitest";
import { conceptsParquet, unitsParquet } from "../../../src/cli/export/parquet.ts";
import { toRows } from "../../../src/report/csv.ts";
import { fixture, severalChannels } from "../../report/fixture.ts";

const read = (file: Uint8Array) => parquetReadObjects({ file: Uint8Array.from(file).buffer });
const { dissection } = fixture();

test("units have the columns of units.csv, typed", async () => {
  const rows = await read(unitsParquet(dissection));
  const whole = ["intersection", "activation", "pixels"];
  expect(rows).toEqual(
    toRows(dissection).map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [name, whole.includes(name) ? BigInt(value as number) : value]),
      ),
    ),
  );
});

test("what is not there, or not finite, is null; counts of more than 32 bits are exact", async () => {
  const [layer] = dissection.layers;
  const units = layer!.units.map((unit) => ({ ...unit, top: [], iou: Number.NaN, pixels: 2 ** 33 + 1 }));
  const rows = await read(unitsParquet({ ...dissection, layers: [{ ...layer!, units }] }));
  expect(rows[0]).toMatchObject({ top_image: null, top_activation: null, iou: null, pixels: 2n ** 33n + 1n });
});

test("concepts have a row for every unit with every concept that occurs", async () => {
  const { dissection } = severalChannels();
  const { labels, labelPixels, categories } = dissection;
  const rows = await read(conceptsParquet(dissection));
  const shown = labels.map((_, label) => label).filter((label) => label > 0 && labelPixels[label]! > 0);
  const all = dissection.layers.reduce((sum, { units }) => sum + units.length * shown.length, 0);
  expect(rows).toHaveLength(all);
  for (const { layer, units, tables } of dissection.layers) {
    for (const label of shown) {
      for (const { unit } of units) {
        const { name, category } = labels[label]!;
        const at = label * units.length + unit;
        const found = rows.filter(
          (row) =>
            row["layer"] === layer && row["unit"] === unit && row["label"] === name && row["category"] === category,
        );
        expect(found).toEqual([
          {
            ...{ layer, unit, label: name, category },
            iou: tables.iou[at],
            iqr: tables.iqr[at],
            mi: tables.mi[at],
            correlation: tables.correlation[at],
            intersection: BigInt(tables.intersection[at]!),
            activation: BigInt(tables.activation[categories.indexOf(category) * units.length + unit]!),
            pixels: BigInt(labelPixels[label]!),
          },
        ]);
      }
    }
  }
});

test("the file says what wrote it", () => {
  const { created_by, row_groups } = parquetMetadata(Uint8Array.from(unitsParquet(dissection)).buffer);
  expect(created_by).toMatch(/^ganatomy version \d/);
  expect(row_groups.length).toBeGreaterThan(0);
});
