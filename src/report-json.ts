import type { AdapterDescription, CellArea, Dissection, Label } from "./dissect/result.ts";
import { UsageError } from "./errors.ts";
import { parseJson } from "./weights/json.ts";

/**
 * Version of `report.json`. It grows only when a field changes its meaning or goes; readers ignore
 * fields they do not know.
 */
export const SCHEMA_VERSION = 1;

/** Where a result came from: what one needs to compute it again. */
export interface Provenance {
  /** What wrote it. */
  readonly generator: {
    /** "ganatomy". */
    readonly name: string;
    /** Its version. */
    readonly version: string;
  };
  /** ISO 8601. Leave it out for files that are equal byte by byte when the result is. */
  readonly created?: string;
  /** The files of weights that it was computed with. */
  readonly weights?: readonly WeightsSource[];
  /** The command line, or whatever else says how it was called. */
  readonly command?: string;
  /** Wall-clock seconds that the dissection took. */
  readonly seconds?: number;
}

/** One file of weights. */
export interface WeightsSource {
  /** Which of the networks it is of. */
  readonly role: "generator" | "classifier" | "segmenter";
  /** Its path or address. */
  readonly source: string;
  /** SHA-256 of the file, 64 hex digits. */
  readonly sha256?: string;
  /** Size of the file. */
  readonly bytes?: number;
}

/**
 * `report.json`: small, self-explaining, everything but the full tables (those are in
 * `tensors.safetensors`).
 */
export interface Report {
  /** Always 1: see `SCHEMA_VERSION`. */
  schemaVersion: typeof SCHEMA_VERSION;
  /** Where it came from. */
  provenance: Provenance;
  /** The network that was dissected. */
  model: Dissection["model"];
  /** Names of the test set's images, where they have some: photographs. */
  images?: readonly string[];
  /** What named the concepts. */
  segmenter: Dissection["segmenter"];
  /** What it was computed on. */
  adapter: AdapterDescription;
  /** How it was dissected. */
  settings: Dissection["settings"];
  /** The categories of labels. */
  categories: readonly string[];
  /**
   * Place in this list = the `label` of units and concepts; 0 is "no label". Names may repeat
   * across categories.
   */
  labels: (Label & {
    /** How many of the test set bear it. */
    pixels: number;
    /** In which it is drawn. */
    color: readonly [red: number, green: number, blue: number];
  })[];
  /** What each layer's units detect. */
  layers: ReportLayer[];
}

/** What one layer's units detect. */
export interface ReportLayer {
  /** The layer's name, as in `generator.layers`. */
  layer: string;
  /** Height and width of its feature map. */
  shape: readonly [number, number];
  /** Where its cells lie in the images, in pixels; absent where they tile them. */
  area?: CellArea;
  /** Number of interpretable units. */
  interpretable: number;
  /** What those units detect, in the order of display. */
  concepts: {
    /** Index into `labels`. */
    label: number;
    /** The units that detect it. */
    units: readonly number[];
  }[];
  /** Every unit, by number. */
  units: ReportUnit[];
}

/** As `Unit`; what is not finite is null, as JSON knows no NaN. */
export interface ReportUnit {
  /** Channel of the layer, from 0. */
  unit: number;
  /** Index into `labels` of the concept it agrees with best; 0 is none. */
  label: number;
  /** Whether it counts as a detector of `label`. */
  interpretable: boolean;
  /** Activation above which the unit is "on". */
  level: number | null;
  /** Intersection over union with `label` on the test set, 0…1. */
  iou: number | null;
  /** Information quality ratio with `label` on the test set, 0…1. */
  iqr: number | null;
  /** Mutual information with `label`, in nats. */
  mi: number | null;
  /** Pearson's, of the upsampled activation with the label's indicator. */
  correlation: number | null;
  /** Pixels where the unit is on and `label` is. */
  intersection: number;
  /** Pixels where the unit is on, of images that hold the label's category. */
  activation: number;
  /** Pixels of `label`. */
  pixels: number;
  /** The images that activate it most, best first. */
  top: {
    /** Index into the test set. */
    image: number;
    /** The unit's largest activation there. */
    activation: number | null;
  }[];
  /** The concept with the highest correlation on the test set. */
  mostCorrelated: {
    /** Index into `labels`. */
    label: number;
    /** The correlation. */
    correlation: number | null;
  };
  /** The level search on the training set; absent where the level is one fixed quantile. */
  training?: {
    /** By IQR. */
    iqr: ReportLevel;
    /** By IoU. */
    maxiou: ReportLevel;
  };
}

/** As `LevelChoice`; what is not finite is null. */
export interface ReportLevel {
  /** Index into `labels`. */
  label: number;
  /** The largest score of any level and label. */
  score: number | null;
  /** The level that has it. */
  level: number | null;
  /** Fraction of pixels above the level. */
  quantile: number | null;
  /** IoU at that level, on the training set. */
  iou: number | null;
}

const FIX = "Give the report.json that a dissection wrote.";

/**
 * A report out of the text of `report.json`.
 * @param of whose it is, for messages: "the folder church"
 * @throws UsageError as `checkedReport`, and for what is no JSON.
 */
export function parseReport(text: string, of?: string): Report {
  let json: unknown;
  try {
    json = parseJson(text);
  } catch (cause) {
    throw new UsageError(`${called(of)} is no JSON.`, FIX, { cause });
  }
  return checkedReport(json, of);
}

/**
 * The same object, if it is a report: a file is input like any other. What nobody reads is not
 * looked at.
 * @param of whose it is, for messages
 * @throws UsageError for one of another version, and for what is none, which names the first part
 *   that is missing or of another kind.
 */
export function checkedReport(json: unknown, of?: string): Report {
  const version = isObject(json) ? json["schemaVersion"] : undefined;
  if ((typeof version === "number" || typeof version === "string") && version !== SCHEMA_VERSION) {
    throw new UsageError(
      `${called(of)} is of version ${String(version).slice(0, 20)}, and this reads version ${SCHEMA_VERSION}.`,
      "Use the ganatomy that wrote it, or a newer one.",
    );
  }
  const labels = isObject(json) && Array.isArray(json["labels"]) ? json["labels"].length : 0;
  const wrong = faultOf(json, reportOf(labels));
  if (wrong === undefined) return json as unknown as Report;
  const where = wrong === "" ? "" : `: ${wrong.slice(1)} is missing or of another kind`;
  throw new UsageError(`${called(of)} is not that of a dissection${where}.`, FIX);
}

const called = (of: string | undefined): string => (of === undefined ? "The report" : `The report of ${of}`);

type Fields = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * What a part has to be: one of a kind, which may depend on the place in the list that it is in, an
 * object with parts, or a list of one kind.
 */
type Part = ((value: unknown, place: number) => boolean) | { readonly [name: string]: Part } | readonly [Part];

/** Where the first part is that is not what it has to be: ".layers[0].units"; "" for the whole. */
function faultOf(value: unknown, part: Part, place = 0): string | undefined {
  if (typeof part === "function") return part(value, place) ? undefined : "";
  if (isList(part)) {
    if (!Array.isArray(value)) return "";
    for (let i = 0; i < value.length; i++) {
      const fault = faultOf(value[i], part[0], i);
      if (fault !== undefined) return `[${i}]${fault}`;
    }
    return undefined;
  }
  if (!isObject(value)) return "";
  for (const [name, inner] of Object.entries(part)) {
    const fault = faultOf(value[name], inner, place);
    if (fault !== undefined) return `.${name}${fault}`;
  }
  return undefined;
}

const isList = (part: object): part is readonly [Part] => Array.isArray(part);

const text = (value: unknown): boolean => typeof value === "string";
const number = (value: unknown): boolean => Number.isFinite(value);
const index = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
/** A number; null where it was not finite. */
const score = (value: unknown): boolean => value === null || number(value);
const optional =
  (part: Part): Part =>
  (value) =>
    value === undefined || faultOf(value, part) === undefined;

/** What is read of a report that has so many labels. */
function reportOf(labels: number): Part {
  const label: Part = (value) => index(value) && (value as number) < labels;
  const level: Part = { label: index, score, level: score, quantile: score, iou: score };
  const unit: Part = {
    unit: (value, place) => value === place,
    label,
    interpretable: (value) => typeof value === "boolean",
    ...{ level: score, iou: score, iqr: score, mi: score, correlation: score },
    ...{ intersection: number, activation: number, pixels: number },
    top: [{ image: index, activation: score }],
    mostCorrelated: { label: index, correlation: score },
    training: optional({ iqr: level, maxiou: level }),
  };
  const area: Part = { top: number, left: number, height: number, width: number, outside: text };
  return {
    schemaVersion: (value) => value === SCHEMA_VERSION,
    provenance: { weights: optional([{ role: text, sha256: optional(text) }]) },
    model: {
      ...{ name: text, resolution: number, height: optional(number), width: optional(number), sizes: [number] },
      ...{ rotation: optional(number), untrained: optional(number) },
    },
    images: optional([text]),
    segmenter: { name: text },
    adapter: isObject,
    settings: {
      ...{ size: number, seed: number, trainSeed: number, segmentationSize: number },
      ...{ segmentationHeight: optional(number), segmentationWidth: optional(number) },
      ...{ iouThreshold: number, iqrThreshold: number },
      quantileThreshold: (value) => value === "iqr" || value === "maxiou" || number(value),
    },
    categories: [text],
    labels: [{ name: text, category: text, pixels: number }],
    layers: [{ layer: text, shape: [number], area: optional(area), units: [unit] }],
  };
}
