import { UsageError } from "../errors.ts";
import { parseJson } from "../weights/json.ts";
import type { Dissected } from "./project.ts";

/** Python's writer lets NaN and infinities through, which JSON does not know. */
const QUOTE_OR_NO_NUMBER = /\\[\s\S]|"|NaN|-?Infinity/g;

/**
 * A `dissect.json` of `ganatomy dissect` or of gandissect, as far as a server needs it. It is input
 * like any other: what does not have its form is refused, and what is in its settings stays text.
 * @throws UsageError.
 */
export function parseDissection(text: string, name: string): Dissected {
  let given: unknown;
  let inText = false;
  const json = text.replace(QUOTE_OR_NO_NUMBER, (found) => {
    if (found === '"') inText = !inText;
    return inText || found === '"' || found.startsWith("\\") ? found : "null";
  });
  try {
    given = parseJson(json);
  } catch (cause) {
    throw wrong(name, "it is no JSON", cause);
  }
  const { layers, settings, segcolors, ...rest } = isObject(given) ? given : {};
  if (!Array.isArray(layers) || !layers.every(isLayer)) throw wrong(name, "its layers have another form");
  const colors = segcolors ?? {};
  if (!isObject(colors) || !Object.values(colors).every(isText)) throw wrong(name, "its legend has another form");
  return { ...rest, layers, segcolors: colors, ...(isObject(settings) && { settings }) } as Dissected;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === "string";
const isNumber = (value: unknown): boolean => value === null || typeof value === "number";

function isLayer(value: unknown): boolean {
  if (!isObject(value) || !isText(value["layer"])) return false;
  const { units, rankings, dirname } = value;
  return (
    Array.isArray(units) &&
    units.every(isUnit) &&
    Array.isArray(rankings) &&
    rankings.every((each) => isRanking(each, units.length)) &&
    (dirname === undefined || isFolder(dirname))
  );
}

const isUnit = (value: unknown): boolean =>
  isObject(value) &&
  isNumber(value["level"] ?? null) &&
  (value["iou_label"] === undefined || isText(value["iou_label"])) &&
  OTHER_LABELS.every((label) => isText(value[label] ?? "")) &&
  Array.isArray(value["top"]) &&
  value["top"].every((top) => isObject(top) && Number.isSafeInteger(top["imgnum"]) && (top["imgnum"] as number) >= 0);

const OTHER_LABELS = ["iqr_label", "maxiou_label", "cor_label"] as const;

const isRanking = (value: unknown, units: number): boolean =>
  isObject(value) &&
  isText(value["name"]) &&
  (value["metric"] === undefined || isText(value["metric"])) &&
  isText(value["concept"] ?? "") &&
  Array.isArray(value["score"]) &&
  value["score"].length === units &&
  value["score"].every(isNumber);

const isFolder = (value: unknown): boolean => isText(value) && !/(^|[\\/])\.\.([\\/]|$)|^[\\/]|:/.test(value);

const wrong = (name: string, what: string, cause?: unknown): UsageError =>
  new UsageError(
    `"${name}" is no dissect.json: ${what}.`,
    "Name a folder that `ganatomy dissect` or gandissect wrote.",
    {
      cause,
    },
  );
