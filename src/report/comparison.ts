import type { ComparedInput, Comparison, CountingRule, Estimate } from "../compare/index.ts";
import { csvText } from "./csv.ts";

/** How a rule is told to people. */
export function ruleText({ rule, metric, threshold }: CountingRule, thresholds?: { iou: number; iqr: number }): string {
  const judged =
    metric === "report"
      ? `the label and the thresholds of the reports${thresholds ? ` (IoU > ${thresholds.iou}, IQR > ${thresholds.iqr})` : ""}`
      : `${metric === "iou" ? "IoU" : "IQR"} > ${threshold}`;
  return rule === "best-label"
    ? `By best label: a unit counts once, under its best concept, by ${judged}.`
    : `Per category: a unit counts in every category in which its best concept has ${judged}.`;
}

/** Which inputs are controls, and what each shows; empty where none is. */
export function controlsText(inputs: readonly ComparedInput[]): string[] {
  const named = (of: (input: ComparedInput) => number | undefined): string =>
    inputs
      .filter((input) => of(input) !== undefined)
      .map(({ name }) => name)
      .join(", ");
  const rotated = named(({ rotation }) => rotation);
  const untrained = named(({ untrained: seed }) => seed);
  return [
    ...(rotated ? [`${rotated}: a control, in a random rotation of the layer's units, which holds the same.`] : []),
    ...(untrained ? [`${untrained}: a control, of weights that were drawn and not trained.`] : []),
  ];
}

/** What stands wherever inputs were compared that are not comparable. */
export const warningText = (incomparable: readonly string[]): string =>
  `Not comparable, compared by force: these differ: ${incomparable.join("; ")}.`;

/** A number with its error, if that is known. */
export function estimateText({ value, error }: Estimate, digits: number): string {
  if (error === undefined) return value.toFixed(digits);
  return `${value.toFixed(digits)} ± ${error.toFixed(Math.max(1, digits))}`;
}

/** `compare.json`; errors that are not known are null. */
export function comparisonJson(comparison: Comparison, provenance: object): string {
  const all = { schemaVersion: 1, provenance, comparable: comparison.incomparable.length === 0, ...comparison };
  return `${JSON.stringify(withNulls(all), null, 1)}\n`;
}

/** JSON leaves out what is undefined; an unknown error is told as null. */
function withNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withNulls);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, part === undefined ? null : withNulls(part)]),
  );
}

/** `compare.csv`: an input a row. */
export function inputsCsv({ inputs, incomparable, rule }: Comparison): string {
  const categories = [...new Set(inputs.flatMap((input) => input.categories.map(({ category }) => category)))].sort();
  const head = ["input", "source", "model", "layer", "images", "units", "rule", "metric"];
  const numbers = [
    "detectors",
    "unique",
    "share",
    ...categories.flatMap((name) => [`${name}_detectors`, `${name}_unique`]),
  ];
  return csvText([
    [...head, "threshold", ...numbers.flatMap((name) => [name, `${name}_error`]), "median_iou", "iou_90", "comparable"],
    ...inputs.map((input) => {
      const found = new Map(input.categories.map((one) => [one.category, one]));
      const none = { value: 0, error: undefined };
      const estimates = [
        input.detectors,
        input.unique,
        input.share,
        ...categories.flatMap((name) => [found.get(name)?.detectors ?? none, found.get(name)?.unique ?? none]),
      ];
      return [
        ...[input.name, input.source, input.model, input.layer],
        ...[input.images, input.units, rule.rule, rule.metric, rule.threshold],
        ...estimates.flatMap(({ value, error }) => [value, error]),
        ...[input.medianIou, input.iou90, incomparable.length === 0],
      ];
    }),
  ]);
}

/** `concepts.csv`: a concept of an input a row. */
export function conceptsCsv({ inputs, concepts, onlyInOne, incomparable }: Comparison): string {
  const head = ["concept", "category", "input", "detectors", "detectors_error", "best_unit"];
  return csvText([
    [...head, "best_iou", "best_iou_error", "best_iqr", "best_iqr_error", "only_here", "news", "comparable"],
    ...concepts.flatMap(({ name, category, inputs: cells }, concept) =>
      cells.map(({ detectors, best }, input) => {
        const only = onlyInOne.find((one) => one.concept === concept && one.input === input);
        return [
          ...[name, category, inputs[input]!.name, detectors.value, detectors.error, best?.unit],
          ...[best?.iou.value, best?.iou.error, best?.iqr.value, best?.iqr.error],
          ...[only !== undefined, only?.isNews, incomparable.length === 0],
        ];
      }),
    ),
  ]);
}
