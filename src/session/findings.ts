import type { Dissection, Label } from "../dissect/result.ts";
import { UsageError } from "../errors.ts";
import { uniqueNames } from "../report/concepts.ts";
import { conceptRankings, unitRankings } from "../report/rankings.ts";
import { toReport } from "../report/report.ts";
import { checkedReport, type Report } from "../report-json.ts";
import { VERSION } from "../version.ts";

/** A unit at its place in a ranking. */
export interface RankedUnit {
  /** Channel of the layer, from 0. */
  readonly unit: number;
  /** The higher the better. */
  readonly score: number;
  /** Number of the label it detects, where it detects one. */
  readonly label?: number;
}

// Tests: test/session/findings.test.ts

/** What is known of a generator's units: what a dissection found, or a file of one. */
export interface Findings {
  /** What was dissected. */
  readonly model: string;
  /** Where findings come from `report.json` or a dissection. */
  readonly report?: Report;
  /** Those that rankings are named by; index 0 is none. */
  readonly labels: readonly Label[];
  /** A segmenter's numbers for them, by which `detects` goes then; 0 for those it does not know. */
  readonly numbers?: readonly number[];
  readonly layers: ReadonlyMap<string, LayerFindings>;
}

export interface LayerFindings {
  /** By unit: the number of the label it detects; 0 where it detects none. */
  readonly detects: readonly number[];
  /** By unit: it is active where it is above. */
  readonly levels: readonly (number | null)[];
  /** By unit: the images that activate it most. */
  readonly tops: readonly (readonly { readonly image: number; readonly activation: number | null }[])[];
  /** Scores of all units by the ranking's name, "tree-iou"; lower is better, 0 is none. */
  readonly rankings: ReadonlyMap<string, readonly number[]>;
}

/** What a dissection found. */
export function findingsOf(dissection: Dissection): Findings {
  const report = toReport(dissection, { generator: { name: "ganatomy", version: VERSION } });
  const layers = dissection.layers.map((layer): [string, LayerFindings] => {
    const rankings = [...unitRankings(layer, dissection), ...conceptRankings(layer, dissection)];
    const named = new Map(rankings.map(({ name, score }) => [name, score]));
    return [layer.layer, { ...unitsOf(layer.units), rankings: named }];
  });
  return { model: dissection.model.name, report, labels: dissection.labels, layers: new Map(layers) };
}

/**
 * What a file says: `report.json`, which knows every unit's best concept and no other, or
 * `dissect.json`, ours or gandissect's, which has rankings. It is input like any other.
 * @throws UsageError for what is neither, and what `checkedReport` throws.
 */
export function readFindings(json: unknown): Findings {
  const said = ((): Findings | undefined => {
    try {
      const { schemaVersion, netname } = json as { readonly schemaVersion?: unknown; readonly netname?: unknown };
      if (schemaVersion !== undefined) return ofReport(checkedReport(json));
      return netname === undefined ? undefined : ofDissectJson(json as DissectJsonLike);
    } catch (cause) {
      if (cause instanceof UsageError) throw cause;
      return undefined; // something is not what it should be
    }
  })();
  if (said) return said;
  throw new UsageError(
    "This is no report of a dissection.",
    "Give the report.json or the dissect.json that `ganatomy dissect` or gandissect wrote.",
  );
}

/** Scores of all layers: of the widest ones that are known a hundred. */
const MAX_SCORES = 2 ** 22;

function ofReport(report: Report): Findings {
  const labels = report.labels.map(({ name, category }) => ({ name, category }));
  const names = uniqueNames(labels);
  let scored = 0;
  const layers = report.layers.map(({ layer, units }): [string, LayerFindings] => {
    const found = unitsOf(units);
    const rankings = new Map<string, number[]>();
    const detected = new Set(found.detects).size;
    scored += detected * units.length;
    if (scored > MAX_SCORES)
      throw new UsageError(
        `This report has ${detected} concepts of ${units.length} units, more than any layer's.`,
        "Give the report.json that `ganatomy dissect` wrote.",
      );
    units.forEach(({ iou }, unit) => {
      const label = names[found.detects[unit]!];
      if (label === undefined || found.detects[unit] === 0 || iou === null) return;
      const name = `${label}-iou`;
      const scores = rankings.get(name) ?? new Array<number>(units.length).fill(0);
      scores[unit] = -iou;
      rankings.set(name, scores);
    });
    return [layer, { ...found, rankings }];
  });
  return { model: report.model.name, report, labels, layers: new Map(layers) };
}

/** What is needed of dissect.json. */
interface DissectJsonLike {
  readonly netname: string;
  readonly layers: readonly {
    readonly layer: string;
    readonly units: readonly {
      readonly interp?: boolean;
      readonly level?: number | null;
      readonly iou_label?: string;
      readonly iou_cat?: string;
      readonly top?: readonly { readonly imgnum: number; readonly maxact?: number | null }[];
    }[];
    readonly rankings?: readonly { readonly name: string; readonly score: readonly (number | null)[] }[];
  }[];
}

function ofDissectJson({ netname, layers }: DissectJsonLike): Findings {
  const labels: Label[] = [{ name: "-", category: "object" }];
  const known = new Map<string, number>();
  const labelOf = (name: string, category: string): number => {
    const key = JSON.stringify([text(name), text(category)]);
    const label = known.get(key) ?? labels.push({ name, category }) - 1;
    known.set(key, label);
    return label;
  };
  const found = layers.map(({ layer, units, rankings = [] }): [string, LayerFindings] => {
    const detected = units.map(({ interp, level = null, iou_label, iou_cat = "object", top = [] }) => ({
      level,
      interpretable: interp === true && iou_label !== undefined && iou_label !== "-",
      label: iou_label === undefined || iou_label === "-" ? 0 : labelOf(iou_label, iou_cat),
      top: top.map(({ imgnum, maxact = null }) => ({ image: imgnum, activation: maxact })),
    }));
    for (const { score } of rankings) if (score.length !== units.length) throw new TypeError("too many scores");
    // Python writes what is no number, too, which is no score.
    const named = rankings.map(({ name, score }): [string, number[]] => [
      text(name),
      score.map((each) => (each === null ? 0 : number(each))),
    ]);
    return [text(layer), { ...unitsOf(detected), rankings: new Map(named) }];
  });
  return { model: text(netname), labels, layers: new Map(found) };
}

function unitsOf(
  units: readonly {
    readonly interpretable: boolean;
    readonly label: number;
    readonly level: number | null;
    readonly top: readonly { readonly image: number; readonly activation: number | null }[];
  }[],
): Omit<LayerFindings, "rankings"> {
  return {
    detects: units.map(({ interpretable, label }) => (interpretable ? number(label) : 0)),
    levels: units.map(({ level }) => (level === null ? null : number(level))),
    tops: units.map(({ top }) =>
      top.map(({ image, activation }) => ({
        image: number(image),
        activation: activation === null ? null : number(activation),
      })),
    ),
  };
}

/**
 * Findings whose units detect labels of a segmenter, which has other numbers for them than the file
 * that they come from; those that it does not know are none.
 */
export function renumbered(findings: Findings, labels: readonly Label[]): Findings {
  const key = ({ name, category }: Label): string => JSON.stringify([name, category]);
  const numbers = new Map(labels.map((label, number) => [key(label), number]));
  const ours = findings.labels.map((label, number) => (number === 0 ? 0 : (numbers.get(key(label)) ?? 0)));
  const layers = [...findings.layers].map(([name, layer]): [string, LayerFindings] => [
    name,
    { ...layer, detects: layer.detects.map((label) => ours[label] ?? 0) },
  ]);
  return { ...findings, numbers: ours, layers: new Map(layers) };
}

/**
 * What is known of a layer.
 * @throws UsageError when that is nothing.
 */
export function findingsIn(
  findings: Findings | undefined,
  layer: string,
): Pick<Findings, "labels" | "numbers"> & { readonly found: LayerFindings } {
  const found = findings?.layers.get(layer);
  if (findings && found) return { ...findings, found };
  throw new UsageError(
    `Nothing is known of the units of ${layer}.`,
    "Load a report that has the layer, or dissect it: session.dissect({ layers }).",
  );
}

/**
 * A report with what the dissect.json beside it says more: its rankings have all units for every
 * concept. What is of another dissection takes the report's place.
 */
export function joined(before: Findings | undefined, found: Findings): Findings {
  if (!before?.report || found.report || before.model !== found.model) return found;
  const layers = new Map(before.layers);
  for (const [name, { detects, rankings }] of found.layers) {
    const layer = before.layers.get(name);
    const same = detects.every((label, unit) => {
      const [ours, theirs] = [before.labels[layer?.detects[unit] ?? -1], found.labels[label]];
      return label === 0
        ? layer?.detects[unit] === 0
        : ours?.name === theirs?.name && ours?.category === theirs?.category;
    });
    if (!layer || !same || detects.length !== layer.detects.length) return found;
    layers.set(name, { ...layer, rankings: new Map([...layer.rankings, ...rankings]) });
  }
  return { ...before, layers };
}

/**
 * The units of a layer by a ranking, or by one of a concept, the best first; units without any
 * score for it are left out.
 * @throws UsageError when nothing is known of the layer, or nothing of the concept.
 */
export function rankedUnits(
  findings: Findings | undefined,
  layer: string,
  { concept, ranking = concept === undefined ? "unit" : "iou", top }: Ranked,
): RankedUnit[] {
  const { labels, found } = findingsIn(findings, layer);
  const name = concept === undefined ? ranking : `${conceptName(labels, concept)}-${ranking}`;
  const scores = found.rankings.get(name);
  const order = [...(scores ?? []).keys()].sort((a, b) => scores![a]! - scores![b]! || a - b);
  const units = order
    .filter((unit) => concept === undefined || scores![unit]! < 0)
    .map((unit) => ({
      unit,
      score: 0 - scores![unit]!,
      ...(found.detects[unit]! > 0 && { label: found.detects[unit]! }),
    }));
  if (units.length > 0) return units.slice(0, top);
  const suffix = concept === undefined ? "" : `-${ranking}`;
  const known = [...found.rankings.keys()].filter((one) => one.endsWith(suffix)).slice(0, 20);
  throw new UsageError(
    `No unit of ${layer} is known for ${concept === undefined ? `the ranking "${ranking}"` : `"${concept}" by ${ranking}`}.`,
    known.length > 0 ? `Known are ${known.join(", ")}.` : `Nothing is ranked by ${ranking}.`,
  );
}

interface Ranked {
  readonly concept?: string | undefined;
  readonly ranking?: string | undefined;
  readonly top?: number | undefined;
}

/**
 * The name that rankings have for "glass", which may be "glass (material)", or "material/glass".
 */
function conceptName(labels: readonly Label[], concept: string): string {
  const names = uniqueNames(labels);
  const at = labels.findIndex(({ name, category }) => name === concept || `${category}/${name}` === concept);
  return at > 0 ? names[at]! : concept;
}

function text(given: unknown): string {
  if (typeof given === "string") return given;
  throw new TypeError("no text");
}

function number(given: unknown): number {
  if (typeof given === "number" && Number.isFinite(given)) return given;
  throw new TypeError("no number");
}
