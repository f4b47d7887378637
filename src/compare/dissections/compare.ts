import { UsageError } from "../../errors.ts";
import { checkNames, type NamesOf } from "../../names.ts";
import { incomparable } from "./comparable.ts";
import type { Rule } from "./counting.ts";
import type { DissectedLayer } from "./dissected.ts";
import { errorOfTwo } from "./jackknife.ts";
import { type Measured, measure } from "./measure.ts";
import type { ComparedInput, ComparedPair, Comparison, Concept, CountingRule, OnlyIn } from "./result.ts";

/** What counts as a detector. */
export interface CompareOptions {
  /** Under how many concepts a unit may count; "best-label" unless given. */
  readonly rule?: Rule;
  /**
   * What a unit is judged by. "report", with best labels the default: the label that the report
   * gives it, and both of the report's thresholds. "iou" or "iqr": the label of the largest score.
   */
  readonly metric?: CountingRule["metric"];
  /** What the score must exceed: 0.04 (IoU; CVPR 2017, PNAS 2020) or 0.01 (IQR) unless given. */
  readonly threshold?: number;
  /** Compare what is not comparable; the result says in what. */
  readonly force?: boolean;
}

const NAMES: NamesOf<CompareOptions> = { rule: true, metric: true, threshold: true, force: true };

/** CVPR 2017 and PNAS 2020 for IoU; GAN Dissection for IQR. */
const THRESHOLDS = { iou: 0.04, iqr: 0.01 } as const;

/** The rule that options stand for. */
function ruleOf({ rule = "best-label", metric, threshold }: CompareOptions): CountingRule {
  const judged = metric ?? (rule === "best-label" && threshold === undefined ? "report" : "iou");
  if (judged === "report") {
    if (rule !== "best-label" || threshold !== undefined) {
      const what = rule === "best-label" ? "a threshold" : "per category";
      throw new UsageError(
        `Reports give a unit one label, by thresholds of their own: that cannot be counted by ${what}.`,
        'Use the metric "iou" or "iqr".',
      );
    }
    return { rule, metric: judged };
  }
  const limit = threshold ?? THRESHOLDS[judged];
  if (!(limit >= 0 && limit < 1)) {
    throw new UsageError(`A threshold of ${limit} makes no sense.`, "Use a number from 0 to 1, such as 0.04.");
  }
  return { rule, metric: judged, threshold: limit };
}

/**
 * Compares dissected layers: of one model, of several, before and after: detectors and unique
 * detectors of each, what each concept has in each, what only one has, and how alike sets of
 * concepts are. Errors are jackknife errors by blocks of images, with levels fixed.
 * @throws UsageError when there is nothing to compare, when counts are not comparable unless
 *   forced, and for options that make no sense.
 */
export function compare(layers: readonly DissectedLayer[], options: CompareOptions = {}): Comparison {
  checkNames("compare", options, NAMES);
  const rule = ruleOf(options);
  if (layers.length === 0) throw new UsageError("There is nothing to compare.", "Give one dissected layer or more.");
  const differences = incomparable(layers);
  if (differences.length > 0 && !options.force) {
    throw new UsageError(
      `These dissections cannot be compared, as counts depend on what differs: ${differences.join(", ")}.`,
      "Dissect them alike; --force (`force`) compares all the same, and says so everywhere.",
    );
  }
  const names = namesOf(layers);
  const measured = layers.map((layer) => measure(layer, rule));
  const inputs = layers.map((layer, i) => inputOf(layer, names[i]!, measured[i]!));
  const concepts = conceptsOf(measured);
  return {
    rule,
    incomparable: differences,
    inputs,
    concepts,
    onlyInOne: onlyInOne(concepts, measured),
    pairs: pairsOf(layers, measured),
  };
}

/** What inputs are called: as little as tells them apart. */
function namesOf(layers: readonly DissectedLayer[]): string[] {
  const models = new Set(layers.map(({ model }) => model));
  const plain = layers.map(({ model, layer }) => (models.size > 1 ? `${model} ${layer}` : layer));
  const seen = new Map<string, number>();
  for (const name of plain) seen.set(name, (seen.get(name) ?? 0) + 1);
  return plain.map((name, i) => (seen.get(name) === 1 ? name : `${name} (${layers[i]!.source})`));
}

function inputOf(layer: DissectedLayer, name: string, { counts, bestIou, errors }: Measured): ComparedInput {
  const { source, model, rotation, untrained, units, images } = layer;
  const { whole } = counts;
  return {
    name,
    source,
    model,
    layer: layer.layer,
    ...(rotation !== undefined && { rotation }),
    ...(untrained !== undefined && { untrained }),
    units,
    images,
    detectors: { value: whole.detectors, error: errors((part) => part.detectors) },
    unique: { value: whole.unique, error: errors((part) => part.unique) },
    categories: [...whole.categories.keys()].sort().map((category) => ({
      category,
      detectors: {
        value: whole.categories.get(category)!.detectors,
        error: errors(({ categories }) => categories.get(category)?.detectors ?? 0),
      },
      unique: {
        value: whole.categories.get(category)!.unique,
        error: errors(({ categories }) => categories.get(category)?.unique ?? 0),
      },
    })),
    share: { value: whole.units / units, error: errors((part) => part.units / units) },
    medianIou: quantile(bestIou, 0.5),
    iou90: quantile(bestIou, 0.9),
    blocks: counts.without.length,
  };
}

/** A quantile of numbers, between the two that are nearest (NumPy's default). */
function quantile(values: ArrayLike<number>, q: number): number {
  const sorted = Float64Array.from(values).sort();
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  return sorted[low]! + (at - low) * ((sorted[low + 1] ?? sorted[low]!) - sorted[low]!);
}

/** Every concept that some input detects, most detectors first. */
function conceptsOf(measured: readonly Measured[]): Concept[] {
  const keys = new Set(measured.flatMap(({ counts }) => [...counts.whole.concepts.keys()]));
  const concepts = [...keys].map((key): Concept => {
    const [name, category] = JSON.parse(key) as [string, string];
    return { name, category, inputs: measured.map(({ cell }) => cell(key)) };
  });
  const total = ({ inputs }: Concept): number => inputs.reduce((sum, { detectors }) => sum + detectors.value, 0);
  return concepts.sort((a, b) => total(b) - total(a) || (a.name < b.name ? -1 : 1));
}

/** Concepts of one input alone, and whether that is more than noise. */
function onlyInOne(concepts: readonly Concept[], measured: readonly Measured[]): OnlyIn[] {
  if (measured.length < 2) return [];
  return concepts.flatMap(({ name, category, inputs }, concept) => {
    const having = inputs.flatMap(({ detectors }, input) => (detectors.value > 0 ? [input] : []));
    if (having.length !== 1) return [];
    const [input = 0] = having;
    return [{ concept, name, category, input, isNews: measured[input]!.clears(inputs[input]!.best!) }];
  });
}

/** Every two inputs beside each other. */
function pairsOf(layers: readonly DissectedLayer[], measured: readonly Measured[]): ComparedPair[] {
  const pairs: ComparedPair[] = [];
  for (let a = 0; a < layers.length; a += 1) {
    for (let b = a + 1; b < layers.length; b += 1) {
      const paired = sameZ(layers[a]!, layers[b]!);
      const [ofA, ofB] = [measured[a]!.counts, measured[b]!.counts];
      type Part = typeof ofA.whole;
      const both = (statistic: (a: Part, b: Part) => number) => ({
        value: statistic(ofA.whole, ofB.whole),
        error: errorOfTwo(statistic, ofA, ofB, paired),
      });
      pairs.push({
        inputs: [a, b],
        paired,
        jaccard: both((one, other) => jaccard([...one.concepts.keys()], [...other.concepts.keys()])),
        detectors: both((one, other) => other.detectors - one.detectors),
        unique: both((one, other) => other.unique - one.unique),
      });
    }
  }
  return pairs;
}

/** Concepts of both in concepts of either; of two empty sets 1. */
function jaccard(a: readonly string[], b: readonly string[]): number {
  const both = a.filter((key) => b.includes(key)).length;
  const either = a.length + b.length - both;
  return either === 0 ? 1 : both / either;
}

/** Whether image i of both is made of the same z. */
const sameZ = (a: DissectedLayer, b: DissectedLayer): boolean =>
  a.seed === b.seed && a.images === b.images && a.zSize !== undefined && a.zSize === b.zSize;
