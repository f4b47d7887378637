// Tests: test/cli/commands/compare.test.ts

import { parseReport } from "../../report-json.ts";
import { openExactTables } from "../../weights/exact-tables.ts";
import type { SourceLike } from "../../weights/source.ts";
import type { DissectedBlocks, DissectedLayer } from "./dissected.ts";

/** A report's files, as `ganatomy dissect` and `writeReport` write them. */
export interface ReportFiles {
  /** The text of `report.json`. */
  readonly report: string;
  /** `tensors.safetensors`. */
  readonly tensors: SourceLike;
  /** `blocks.safetensors`, which older reports have not: errors come from it. */
  readonly blocks?: SourceLike | undefined;
}

/**
 * The layers of a report, to be compared.
 * @param source where the files are, for names and messages
 * @throws UsageError for what is no report; WeightsError for damaged or foreign tables.
 */
export async function openReport({ report, tensors, blocks }: ReportFiles, source: string): Promise<DissectedLayer[]> {
  const json = parseReport(report, source);
  const { table: tables } = await openExactTables(tensors);
  const inBlocks = blocks === undefined ? undefined : (await openExactTables(blocks)).table;
  const { model, segmenter, settings, labels, categories } = json;
  const { segmentationSize: edge, segmentationHeight: rows = edge, segmentationWidth: columns = edge } = settings;
  const hashes = (json.provenance.weights ?? []).filter(({ role }) => role === "segmenter");
  const hashed = hashes.length > 0 && hashes.every(({ sha256 }) => sha256 !== undefined);
  return json.layers.map(({ layer, units }): DissectedLayer => {
    const table = (name: string, length: number) => tables(`${layer}.${name}`, length);
    const found = inBlocks && blocksOf(inBlocks, layer, { units: units.length, categories: categories.length });
    return {
      source,
      model: model.name,
      layer,
      ...(model.rotation !== undefined && { rotation: model.rotation }),
      ...(model.untrained !== undefined && { untrained: model.untrained }),
      units: units.length,
      images: settings.size,
      seed: settings.seed,
      trainSeed: settings.trainSeed,
      zSize: model.sizes[0],
      grid: [rows, columns],
      segmenter: segmenter.name,
      segmenterHash: hashed ? hashes.map(({ sha256 }) => sha256).join(" ") : undefined,
      labels: labels.map(({ name, category }) => ({ name, category })),
      categories,
      quantileThreshold: settings.quantileThreshold,
      iouThreshold: settings.iouThreshold,
      iqrThreshold: settings.iqrThreshold,
      reported: units.map(({ label }) => label),
      labelPixels: labels.map(({ pixels }) => pixels),
      intersection: table("intersection", labels.length * units.length),
      activation: table("activation", categories.length * units.length),
      iqr: table("iqr", labels.length * units.length),
      ...(found && { blocks: found }),
    };
  });
}

type Tables = (name: string, length?: number) => ArrayLike<number>;

function blocksOf(
  tables: Tables,
  layer: string,
  { units, categories }: { readonly units: number; readonly categories: number },
): DissectedBlocks {
  const labels = tables("labels");
  const categoryPixels = tables("category_pixels");
  const count = categoryPixels.length / categories;
  return {
    count,
    labels,
    pixels: tables("label_pixels", count * labels.length),
    categoryPixels,
    intersection: tables(`${layer}.intersection`, count * labels.length * units),
    activation: tables(`${layer}.activation`, count * categories * units),
  };
}
