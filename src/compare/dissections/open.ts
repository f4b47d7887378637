// Tests: test/cli/commands/compare.test.ts

import type { Label, QuantileThreshold } from "../../dissect/result.ts";
import { UsageError } from "../../errors.ts";
import { openExactTables } from "../../weights/exact-tables.ts";
import { parseJson } from "../../weights/json.ts";
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

/** What is read of `report.json`. */
interface ReportJson {
  readonly provenance?: {
    readonly weights?: readonly { readonly role: string; readonly sha256?: string }[];
  };
  readonly model: {
    readonly name: string;
    readonly sizes?: readonly number[];
    readonly rotation?: number;
    readonly untrained?: number;
  };
  readonly segmenter: { readonly name: string };
  readonly settings: {
    readonly size: number;
    readonly seed: number;
    readonly trainSeed: number;
    readonly quantileThreshold: QuantileThreshold;
    readonly iouThreshold: number;
    readonly iqrThreshold: number;
    readonly segmentationSize: number;
    readonly segmentationHeight?: number;
    readonly segmentationWidth?: number;
  };
  readonly categories: readonly string[];
  readonly labels: readonly (Label & { readonly pixels: number })[];
  readonly layers: readonly { readonly layer: string; readonly units: readonly { readonly label: number }[] }[];
}

/**
 * The layers of a report, to be compared.
 * @param source where the files are, for names and messages
 * @throws UsageError for what is no report; WeightsError for damaged or foreign tables.
 */
export async function openReport({ report, tensors, blocks }: ReportFiles, source: string): Promise<DissectedLayer[]> {
  const json = parsed(report, source);
  const { table: tables } = await openExactTables(tensors);
  const inBlocks = blocks === undefined ? undefined : (await openExactTables(blocks)).table;
  const { model, segmenter, settings, labels, categories } = json;
  const { segmentationSize: edge, segmentationHeight: rows = edge, segmentationWidth: columns = edge } = settings;
  const hashes = (json.provenance?.weights ?? []).filter(({ role }) => role === "segmenter");
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
      zSize: model.sizes?.[0],
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

function parsed(report: string, source: string): ReportJson {
  let json: unknown;
  try {
    json = parseJson(report);
  } catch (cause) {
    throw new UsageError(`The report of ${source} is no JSON.`, "Dissect it again.", { cause });
  }
  if (!isReport(json)) {
    throw new UsageError(
      `The report.json of ${source} is not that of a dissection.`,
      "Name a folder that `ganatomy dissect` wrote.",
    );
  }
  return json;
}

type Fields = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isList = (value: unknown, of: (each: unknown) => boolean): boolean => Array.isArray(value) && value.every(of);
const isText = (value: unknown): value is string => typeof value === "string";

/** Whether what is read of a report is there, and of its kind. */
function isReport(json: unknown): json is ReportJson {
  const given = isObject(json) ? json : {};
  const { schemaVersion, model, segmenter, settings, labels, categories, layers, provenance = {} } = given;
  return (
    (schemaVersion === undefined || schemaVersion === 1) &&
    isObject(model) &&
    isText(model["name"]) &&
    (model["sizes"] === undefined || isList(model["sizes"], Number.isFinite)) &&
    isObject(segmenter) &&
    isText(segmenter["name"]) &&
    isObject(settings) &&
    isObject(provenance) &&
    isList(provenance["weights"] ?? [], isObject) &&
    isList(categories, isText) &&
    isList(labels, (label) => isObject(label) && isText(label["name"]) && isText(label["category"])) &&
    isList(layers, (layer) => isObject(layer) && isText(layer["layer"]) && isList(layer["units"], isObject))
  );
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
