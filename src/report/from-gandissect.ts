import type { Dissection, Label, LayerResult, LevelChoice, QuantileThreshold, Unit } from "../dissect/result.ts";
import { uniqueNames } from "./concepts.ts";
import type { Extent } from "./extents.ts";
import type { DissectJson, DissectUnit } from "./gandissect.ts";

/** A `dissect.json` as it is found: gandissect's have not all that ours have. */
export type FoundJson = Pick<DissectJson, "layers"> &
  Partial<Omit<DissectJson, "layers" | "iou_threshold">> & { readonly iou_threshold?: number | readonly number[] };

/** Images are of the seeds that gandissect has fixed (§3.1). */
const [SEED, TRAIN_SEED] = [1, 2];
/** What gandissect takes unless told otherwise (§3.1, §3.6). */
const [IOU, IQR] = [0.05, 0.01];

/**
 * What a `dissect.json` says, as far as a page shows it: tables have the scores of its rankings and
 * no counts, mutual information is NaN.
 * @param extent of the pictures in its strips, whose masks stand for feature maps
 */
export function fromGandissect(json: FoundJson, extent: Extent): Dissection {
  const known = new KnownLabels(json);
  const { labels } = known;
  const { settings = {}, quantile_threshold: threshold, layers } = json;
  const longer = Math.max(...extent);
  const examples = Math.max(0, ...layers.flatMap(({ units }) => units.map(({ top }) => top.length)));
  const size = Number(settings["size"]);
  const pixels = new Array<number>(labels.length).fill(0);
  for (const { units } of layers) {
    for (const unit of units) {
      const label = known.of(unit.iou_label, unit.iou_cat);
      if (label > 0) pixels[label] = Math.max(pixels[label]!, count(unit.lc));
    }
  }
  return {
    model: {
      name: textOf(json.netname) ?? textOf(settings["model"]) ?? "unknown",
      resolution: longer,
      ...edges(extent),
      sizes: [],
    },
    segmenter: { name: textOf(settings["segmenter"]) ?? "unknown" },
    labels,
    categories: [...new Set(labels.map(({ category }) => category))],
    settings: {
      layers: layers.map(({ layer }) => layer),
      size: Number.isSafeInteger(size) && size > 0 ? size : 0,
      seed: SEED,
      trainSeed: TRAIN_SEED,
      quantileThreshold: isThreshold(threshold) ? threshold : "iqr",
      examples,
      iouThreshold: finite(first(json.iou_threshold)) ?? IOU,
      iqrThreshold: finite(json.iqr_threshold) ?? IQR,
      segmentationSize: longer,
      ...(extent[0] === extent[1] ? {} : { segmentationHeight: extent[0], segmentationWidth: extent[1] }),
    },
    adapter: { vendor: "", architecture: "", description: "", software: false },
    labelPixels: pixels,
    layers: layers.map((layer) => layerOf(layer, known, extent)),
  };
}

const edges = ([height, width]: Extent) => (height === width ? {} : { height, width });
const first = (value: unknown): unknown => (Array.isArray(value) ? value[0] : value);
const finite = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isFinite(value) ? value : undefined;
const isThreshold = (value: unknown): value is QuantileThreshold =>
  typeof value === "number" || value === "iqr" || value === "maxiou";
const number = (value: number | null | undefined): number => (typeof value === "number" ? value : Number.NaN);
const count = (value: number | null | undefined): number =>
  typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : 0;

/** All labels that a file names, which has no list of them, under numbers of our own. */
export class KnownLabels {
  readonly labels: Label[] = [{ name: "-", category: "object" }];
  readonly #known = new Map<string, number>();
  /** By the name that rankings and legends have. */
  readonly #named = new Map<string, number>();

  constructor({ layers, segcolors = {} }: FoundJson) {
    for (const { units } of layers) {
      for (const unit of units) {
        for (const [name, category] of [
          [unit.iou_label, unit.iou_cat],
          [unit.iqr_label, unit.iqr_cat],
          [unit.maxiou_label, unit.maxiou_cat],
          [unit.cor_label, unit.cor_cat],
        ] as const)
          this.#add(name, category);
      }
    }
    this.#nameAll();
    const others = layers.flatMap(({ rankings }) => rankings.map(({ concept }) => concept));
    const colored = Object.values(segcolors).flatMap((names) => textOf(names)?.split("/"));
    for (const other of [...others, ...colored].map(textOf)) {
      if (other !== undefined && this.named(other) === 0) this.#add(other, undefined);
    }
    this.#nameAll();
  }

  /** Of a unit's label; 0 where it has none. */
  of(name: string | undefined, category: string | undefined): number {
    return name === undefined || name === "-" ? 0 : (this.#known.get(key(name, category)) ?? 0);
  }

  /**
   * Of a name in rankings or legends, several in one colour being joined by "/"; 0 where none is.
   */
  named(name: string): number {
    const at = this.#named.get(name) ?? this.labels.findIndex((label) => label.name === name);
    if (at > 0 || !name.includes("/")) return Math.max(0, at);
    return this.named(name.slice(0, name.indexOf("/")));
  }

  #nameAll(): void {
    for (const [label, unique] of uniqueNames(this.labels).entries()) {
      const { name, category } = this.labels[label]!;
      // What has its category in a whole list of labels may be alone among those that are named.
      this.#named.set(`${name} (${category})`, label).set(unique, label);
    }
  }

  #add(name: string | null | undefined, category: string | undefined): void {
    if (name === undefined || name === null || name === "-" || this.#known.has(key(name, category))) return;
    this.#known.set(key(name, category), this.labels.push({ name, category: textOf(category) ?? "object" }) - 1);
  }
}

const key = (name: string, category: unknown): string => JSON.stringify([name, textOf(category) ?? "object"]);
const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

function layerOf(
  { layer, units, rankings }: FoundJson["layers"][number],
  known: KnownLabels,
  shape: Extent,
): LayerResult {
  const cells = () => new Float64Array(known.labels.length * units.length);
  const tables = { iou: cells(), iqr: cells(), mi: cells(), correlation: cells() };
  const metrics: Record<string, Float64Array> = { iou: tables.iou, cor: tables.correlation };
  for (const { metric, concept, score } of rankings) {
    const table = metric === undefined ? undefined : metrics[metric];
    const label = known.named(concept ?? "-");
    if (!table || label === 0) continue;
    // (A score of null is 0.)
    for (const [unit, each] of score.entries()) table[label * units.length + unit] = -each || 0;
  }
  const found = units.map((unit, index) => unitOf(unit, index, known));
  found.forEach(({ label, iou, iqr }, unit) => {
    if (label === 0) return;
    tables.iou[label * units.length + unit] = iou;
    tables.iqr[label * units.length + unit] = iqr;
  });
  const correlated = found.map((unit, index) => ({
    ...unit,
    correlation: unit.label === 0 ? Number.NaN : tables.correlation[unit.label * units.length + index] || Number.NaN,
  }));
  const none = (rows: number) => new Uint32Array(rows * units.length);
  return {
    layer,
    shape,
    units: correlated,
    tables: { ...tables, intersection: none(known.labels.length), activation: none(1) },
  };
}

function unitOf(unit: DissectUnit, index: number, known: KnownLabels): Unit {
  const label = known.of(unit.iou_label, unit.iou_cat);
  const choice = (metric: "iqr" | "maxiou"): LevelChoice => ({
    label: known.of(unit[`${metric}_label`], unit[`${metric}_cat`]),
    score: number(unit[metric]),
    level: number(unit[`${metric}_level`]),
    quantile: number(unit[`${metric}_quantile`]),
    iou: number(metric === "iqr" ? unit.iqr_iou : unit.maxiou),
  });
  return {
    unit: index,
    level: number(unit.level),
    label,
    iou: number(unit.iou),
    iqr: number(unit.iou_iqr),
    mi: Number.NaN,
    correlation: Number.NaN,
    intersection: count(unit.ic),
    activation: count(unit.cc),
    pixels: count(unit.lc),
    interpretable: unit.interp === true && (label > 0 || unit.iou_label === undefined),
    top: unit.top.map(({ imgnum, maxact }) => ({ image: imgnum, activation: number(maxact) })),
    ...(unit.iqr !== undefined &&
      unit.maxiou !== undefined && { training: { iqr: choice("iqr"), maxiou: choice("maxiou") } }),
    mostCorrelated: { label: known.of(unit.cor_label, unit.cor_cat), correlation: number(unit.cor) },
  };
}
