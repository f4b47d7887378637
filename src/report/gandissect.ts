import type { Dissection, LayerResult, Unit } from "../dissect/result.ts";
import { segcolors } from "./colors.ts";
import { conceptGroups, hasConcepts } from "./concepts.ts";
import { conceptRankings, type Ranking, unitRankings } from "./rankings.ts";

/**
 * The report of the published code, `dissect.json` (§3.8; ecosystem §1.2): what its own page and
 * tools read, quirks included. Never NaN, which Python's writer lets through and no browser reads:
 * such a score is null.
 */
export interface DissectJson {
  netname: string;
  meta: Record<string, number> | null;
  default_ranking: "unit" | "label";
  quantile_threshold: number | string;
  settings: Record<string, unknown>;
  iou_threshold?: number;
  iqr_threshold?: number;
  /** "r,g,b" → label names joined by "/". */
  segcolors: Record<string, string>;
  layers: DissectLayer[];
}

export interface DissectLayer {
  layer: string;
  units: DissectUnit[];
  rankings: Ranking[];
  /** A list of one number: a stray comma in the published code, kept because readers expect it. */
  iou_threshold?: [number];
  labels?: { label: string; labelnum: number; units: number[]; cat: string }[];
  interpretable?: number;
  bargraph?: "bargraph.svg";
  dirname: string;
}

export interface DissectUnit {
  unit: number;
  interp: boolean;
  level: number | null;
  top: { imgnum: number; maxact: number | null }[];
  iou?: number | null;
  iou_iqr?: number | null;
  lc?: number;
  cc?: number;
  ic?: number;
  iou_labelnum?: number;
  iou_label?: string;
  iou_cat?: string;
  maxiou?: number | null;
  maxiou_label?: string;
  maxiou_cat?: string;
  maxiou_level?: number | null;
  maxiou_quantile?: number | null;
  iqr?: number | null;
  iqr_label?: string;
  iqr_cat?: string;
  iqr_level?: number | null;
  iqr_quantile?: number | null;
  iqr_iou?: number | null;
  cor?: number | null;
  cor_label?: string;
  cor_cat?: string;
}

/** The whole report, with each layer's folder as `dirname`. */
export function toGandissect(dissection: Dissection): DissectJson {
  const { model, settings, labels } = dissection;
  const named = hasConcepts(labels);
  const folders = layerFolders(dissection);
  return {
    netname: model.name,
    meta: null,
    default_ranking: named ? "label" : "unit",
    quantile_threshold: settings.quantileThreshold,
    settings: settingsOf(dissection),
    ...(named ? { iou_threshold: settings.iouThreshold, iqr_threshold: settings.iqrThreshold } : {}),
    segcolors: segcolors(labels, model.tiles),
    layers: dissection.layers.map((layer, i) => layerOf(layer, dissection, folders[i]!)),
  };
}

/** The copy that lies in a layer's own folder: that layer alone, its pictures beside it. */
export function toGandissectLayer(report: DissectJson, index: number): DissectJson {
  return { ...report, layers: [{ ...report.layers[index]!, dirname: "." }] };
}

/**
 * Folder of a layer in a report: letters, digits and " ._-" of its name, the rest dropped, no
 * trailing space (§3.2). Only there, where gandissect's own tools look for it: names that it makes
 * equal are told apart by `layerFolders`.
 */
export function safeFolder(layer: string): string {
  return layer.replace(/[^\p{L}\p{N} ._-]/gu, "").trimEnd();
}

/** Bytes of a name: there is room for an ending in the 255 that disks allow. */
const NAME_BYTES = 120;
/** What Windows takes for devices, whatever the ending. */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?=$|[ .])/i;

/**
 * A name for files of anything, such as a concept "a/b", that every system takes, and no other text
 * has: "%2f" instead of what some system forbids ("%" included), as in addresses. Only names longer
 * than 120 bytes are shortened, to which a hash is added.
 */
export function fileName(text: string): string {
  if (text === "") return "%";
  const encoded = text
    .replace(/[^\p{L}\p{N} ._(),+-]/gu, percent)
    .replace(/^[ .]+|[ .]+$/g, (ends) => ends.replace(/./g, percent))
    .replace(DEVICE, (device) => percent(device[0]!) + device.slice(1));
  const bytes = new TextEncoder().encode(encoded);
  if (bytes.length <= NAME_BYTES) return encoded;
  // no half character at the end, and no half "%2f"
  const cut = new TextDecoder().decode(bytes.subarray(0, NAME_BYTES)).replace(/\ufffd+$|%.?$/, "");
  return `${cut}%-${hash(text)}`;
}

const percent = (character: string): string =>
  Array.from(new TextEncoder().encode(character), (byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");

/** FNV-1a of 64 bits, in hex. */
function hash(text: string): string {
  let value = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text))
    value = ((value ^ BigInt(byte)) * 0x100000001b3n) & (2n ** 64n - 1n);
  return value.toString(16).padStart(16, "0");
}

/**
 * The folders of all layers. Names that would clash, leave the report ("..") or be empty get a
 * number, and those that Windows does not take are written otherwise.
 */
export function layerFolders({ layers }: { readonly layers: readonly { readonly layer: string }[] }): string[] {
  const taken = new Set<string>();
  return layers.map(({ layer }) => {
    const safe = safeFolder(layer);
    const base = /^\.*$/.test(safe) ? "layer" : fileName(safe);
    let folder = base;
    // Disks that ignore case must not merge two layers.
    for (let n = 2; taken.has(folder.toLowerCase()); n++) folder = `${base}-${n}`;
    taken.add(folder.toLowerCase());
    return folder;
  });
}

function layerOf(layer: LayerResult, dissection: Dissection, dirname: string): DissectLayer {
  const { labels, categories, settings } = dissection;
  const base = {
    layer: layer.layer,
    units: layer.units.map((unit) => unitOf(unit, dissection)),
  };
  if (!hasConcepts(labels)) {
    return { ...base, rankings: unitRankings(layer, dissection).slice(0, 1), dirname };
  }
  const groups = conceptGroups(layer, labels, categories);
  return {
    ...base,
    rankings: [...unitRankings(layer, dissection), ...conceptRankings(layer, dissection)],
    iou_threshold: [settings.iouThreshold],
    labels: groups.map(({ label, units }) => ({
      label: labels[label]!.name,
      labelnum: label,
      units: [...units],
      cat: labels[label]!.category,
    })),
    interpretable: groups.reduce((sum, { units }) => sum + units.length, 0),
    ...(groups.length > 0 ? { bargraph: "bargraph.svg" as const } : {}),
    dirname,
  };
}

function unitOf(unit: Unit, { labels, labelPixels }: Dissection): DissectUnit {
  const base = {
    unit: unit.unit,
    interp: unit.interpretable,
    level: finite(unit.level),
    top: unit.top.map(({ image, activation }) => ({ imgnum: image, maxact: finite(activation) })),
  };
  if (!hasConcepts(labels)) return { ...base, interp: true };
  const name = (label: number) => labels[label]?.name ?? "-";
  const category = (label: number) => labels[label]?.category ?? "-";
  const { training, mostCorrelated } = unit;
  return {
    ...base,
    iou: finite(unit.iou),
    iou_iqr: finite(unit.iqr),
    lc: labelPixels[unit.label] ?? unit.pixels,
    cc: unit.activation,
    ic: unit.intersection,
    iou_labelnum: unit.label,
    iou_label: name(unit.label),
    iou_cat: category(unit.label),
    ...(training && {
      maxiou: finite(training.maxiou.score),
      maxiou_label: name(training.maxiou.label),
      maxiou_cat: category(training.maxiou.label),
      maxiou_level: finite(training.maxiou.level),
      maxiou_quantile: finite(training.maxiou.quantile),
      iqr: finite(training.iqr.score),
      iqr_label: name(training.iqr.label),
      iqr_cat: category(training.iqr.label),
      iqr_level: finite(training.iqr.level),
      iqr_quantile: finite(training.iqr.quantile),
      iqr_iou: finite(training.iqr.iou),
    }),
    cor: finite(mostCorrelated.correlation),
    cor_label: name(mostCorrelated.label),
    cor_cat: category(mostCorrelated.label),
  };
}

/**
 * The settings under the names of the published command line (§3.1), then those it had no option
 * for.
 */
function settingsOf({ model, segmenter, settings }: Dissection): Record<string, unknown> {
  return {
    model: model.name,
    segmenter: segmenter.name,
    gen: true,
    layers: settings.layers.map((layer) => [layer, layer]),
    size: settings.size,
    examples: settings.examples,
    quantile_threshold: settings.quantileThreshold,
    seed: settings.seed,
    train_seed: settings.trainSeed,
    segmentation_size: settings.segmentationSize,
  };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
