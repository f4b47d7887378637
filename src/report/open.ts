import type { ReportFiles } from "../compare/dissections/open.ts";
import type { Blocks, CountTable, Dissection, LayerResult, LevelChoice, Tables, Unit } from "../dissect/result.ts";
import { parseReport, type Report, type ReportLayer, type ReportLevel } from "../report-json.ts";
import { type ExactTables, openExactTables } from "../weights/exact-tables.ts";

/** A report that was read: what was found, and where it came from. */
export interface OpenedReport extends Pick<Report, "provenance"> {
  /**
   * As `dissect` gave it, but for what a report rounds: tables of scores are float32's numbers, and
   * what was not finite is NaN.
   */
  readonly dissection: Dissection;
}

/**
 * Reads the files of a report, so that all that takes a dissection takes what was dissected
 * elsewhere: `toRows`, `toVegaLite`, `toNpz`, `toProjector`, `writeNumbers`.
 * @throws UsageError for what is no report of this version; WeightsError for tables that are
 *   damaged or of another report.
 */
export async function openDissection({ report: text, tensors, blocks: inBlocks }: ReportFiles): Promise<OpenedReport> {
  const { model, images, segmenter, adapter, settings, categories, labels, layers, provenance } = parseReport(text);
  const tables = await openExactTables(tensors);
  const counted = inBlocks === undefined ? undefined : await openExactTables(inBlocks);
  const blocks = counted && blocksOf(counted, categories.length);
  const dissection: Dissection = {
    model,
    ...(images && { images }),
    segmenter,
    adapter,
    settings,
    categories,
    labels: labels.map(({ name, category }) => ({ name, category })),
    labelPixels: labels.map(({ pixels }) => pixels),
    ...(blocks && { blocks }),
    layers: layers.map((layer) => ({
      ...layerOf(layer, labels.length),
      tables: {
        ...tablesOf(tables, layer, { labels: labels.length, categories: categories.length }),
        ...(counted && blocks && { blocks: blockTablesOf(counted, layer, blocks, categories.length) }),
      },
    })),
  };
  return { provenance, dissection };
}

const number = (value: number | null): number => value ?? Number.NaN;

function layerOf({ layer, shape, area, units }: ReportLayer, labels: number): Omit<LayerResult, "tables"> {
  const known = (label: number): number => (label < labels ? label : 0);
  const level = (choice: ReportLevel): LevelChoice => ({
    label: known(choice.label),
    score: number(choice.score),
    level: number(choice.level),
    quantile: number(choice.quantile),
    iou: number(choice.iou),
  });
  return {
    layer,
    shape,
    ...(area && { area }),
    units: units.map(
      ({ training, mostCorrelated, top, ...unit }): Unit => ({
        ...unit,
        level: number(unit.level),
        iou: number(unit.iou),
        iqr: number(unit.iqr),
        mi: number(unit.mi),
        correlation: number(unit.correlation),
        top: top.map(({ image, activation }) => ({ image, activation: number(activation) })),
        ...(training && { training: { iqr: level(training.iqr), maxiou: level(training.maxiou) } }),
        mostCorrelated: {
          label: known(mostCorrelated.label),
          correlation: number(mostCorrelated.correlation),
        },
      }),
    ),
  };
}

function tablesOf(
  { table, has }: ExactTables,
  { layer, units }: ReportLayer,
  { labels, categories }: { readonly labels: number; readonly categories: number },
): Tables {
  const scores = (name: string) => Float64Array.from(table(`${layer}.${name}`, labels * units.length));
  const counts = (name: string, rows: number) => countsOf(table(`${layer}.${name}`, rows * units.length));
  return {
    iou: scores("iou"),
    iqr: scores("iqr"),
    mi: scores("mi"),
    correlation: scores("correlation"),
    intersection: counts("intersection", labels),
    activation: counts("activation", categories),
    ...(has(`${layer}.training_iqr`) && { trainingIqr: scores("training_iqr") }),
    ...(has(`${layer}.training_maxiou`) && { trainingMaxiou: scores("training_maxiou") }),
  };
}

function blocksOf({ table }: ExactTables, categories: number): Blocks {
  const labels = Array.from(table("labels"));
  const categoryPixels = countsOf(table("category_pixels"));
  const count = categoryPixels.length / categories;
  return { count, labels, pixels: countsOf(table("label_pixels", count * labels.length)), categoryPixels };
}

const blockTablesOf = (
  { table }: ExactTables,
  { layer, units }: ReportLayer,
  { count, labels }: Blocks,
  categories: number,
) => ({
  intersection: countsOf(table(`${layer}.intersection`, count * labels.length * units.length)),
  activation: countsOf(table(`${layer}.activation`, count * categories * units.length)),
});

/** Counts are whole numbers of 32 bits, or float64 where one is more than these hold. */
const countsOf = (numbers: ReturnType<ExactTables["table"]>): CountTable =>
  numbers instanceof Float32Array ? Float64Array.from(numbers) : numbers;
