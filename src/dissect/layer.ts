import { addCounts, type CountTable, narrowest } from "./counter.ts";
import type { Counts } from "./counts.ts";
import { chooseLevel, type LevelSearch, type TrainingCounts } from "./levels.ts";
import type { Moments } from "./moments.ts";
import type { BlockTables, LayerResult, LevelChoice, QuantileThreshold, Tables, Unit } from "./result.ts";
import { RULES, type Rule } from "./rules.ts";
import { agree } from "./scores.ts";
import type { Labeller, Subject } from "./subject.ts";
import type { Top } from "./top.ts";

/** How one layer's units get their levels, before the test set is looked at. */
export interface LayerLevels {
  readonly layer: string;
  readonly channels: number;
  /** [channels] */
  readonly levels: Float32Array;
  /** The search on the training set; absent for a fixed quantile. */
  readonly search?: {
    readonly found: LevelSearch;
    readonly training: Pick<TrainingCounts, "levels" | "units" | "labels">;
  };
}

/** The level of every unit as the search found it. */
export function levelsOf(
  layer: string,
  found: LevelSearch,
  training: Pick<TrainingCounts, "levels" | "units" | "labels">,
  threshold: QuantileThreshold,
): LayerLevels {
  const best = threshold === "maxiou" ? found.maxiou : found.iqr;
  const levels = Float32Array.from({ length: training.units }, (_, unit) => chooseLevel(best, training, unit).level);
  return { layer, channels: training.units, levels, search: { found, training } };
}

/** What was counted of one layer on the test set. */
export interface LayerStatistics {
  readonly counts: Counts;
  readonly moments: Moments;
  readonly top: Top;
}

/** The whole test set's labels. */
export interface TestPixels {
  /** Of every label. */
  readonly labels: ArrayLike<number>;
  /** Of the images in which each category occurs. */
  readonly categories: ArrayLike<number>;
  readonly all: number;
  /** In how many blocks it was counted. */
  readonly blocks: number;
}

/**
 * Scores every unit of a layer against every concept, from exact counts in double precision (spec
 * §3.6).
 */
export async function scoreLayer(
  models: { readonly subject: Pick<Subject, "layer">; readonly segmenter: Pick<Labeller, "labels" | "categories"> },
  { layer, channels, levels, search }: LayerLevels,
  { counts, moments, top }: LayerStatistics,
  pixels: TestPixels,
  threshold: QuantileThreshold,
  rule: Pick<Rule, "iou" | "iqr"> = RULES["gan-dissection"],
): Promise<LayerResult> {
  const { labels, categories } = models.segmenter;
  const shown = labels.map((_, label) => label).filter((label) => label > 0 && pixels.labels[label]! > 0);
  const { all, blocks } = await countTables(counts, shown, models.segmenter, channels, pixels.blocks);
  const tables: Tables = {
    iou: new Float64Array(labels.length * channels),
    iqr: new Float64Array(labels.length * channels),
    mi: new Float64Array(labels.length * channels),
    correlation: await moments.correlations(pixels.all, pixels.labels),
    ...narrowestOf(all),
    ...(search ? { trainingIqr: search.found.iqr.score, trainingMaxiou: search.found.maxiou.score } : {}),
    ...(blocks && { blocks: narrowestOf(blocks) }),
  };
  for (const label of shown) {
    const k = categories.indexOf(labels[label]!.category);
    const total = pixels.categories[k]!;
    for (let unit = 0; unit < channels; unit += 1) {
      const at = label * channels + unit;
      const { iou, iqr, mi } = agree({
        intersection: tables.intersection[at]! / total,
        active: tables.activation[k * channels + unit]! / total,
        truth: pixels.labels[label]! / total,
      });
      tables.iou[at] = iou;
      tables.iqr[at] = iqr;
      tables.mi[at] = mi;
    }
  }

  const tops = await top.read();
  const units = Array.from({ length: channels }, (_, unit): Unit => {
    let label: number;
    let training: { iqr: LevelChoice; maxiou: LevelChoice } | undefined;
    if (search) {
      const best = threshold === "maxiou" ? search.found.maxiou : search.found.iqr;
      label = chooseLevel(best, search.training, unit).label;
      training = {
        iqr: chooseLevel(search.found.iqr, search.training, unit, { belowHalf: true }),
        maxiou: chooseLevel(search.found.maxiou, search.training, unit),
      };
    } else {
      label = bestLabel(tables.iou, channels, unit);
    }
    const at = label * channels + unit;
    const category = Math.max(0, categories.indexOf(labels[label]!.category));
    const correlated = bestLabel(tables.correlation, channels, unit);
    return {
      unit,
      level: levels[unit]!,
      label,
      iou: tables.iou[at]!,
      iqr: tables.iqr[at]!,
      mi: tables.mi[at]!,
      correlation: tables.correlation[at]!,
      intersection: tables.intersection[at]!,
      activation: tables.activation[category * channels + unit]!,
      pixels: pixels.labels[label]!,
      interpretable: tables.iou[at]! > rule.iou && (rule.iqr === undefined || tables.iqr[at]! > rule.iqr),
      top: tops[unit]!,
      ...(training ? { training } : {}),
      mostCorrelated: { label: correlated, correlation: tables.correlation[correlated * channels + unit]! },
    };
  });
  const { height, width } = models.subject.layer(layer);
  return { layer, shape: [height, width], units, tables };
}

/** The label of a unit's largest score in a [labels][units] table, whose row 0 is zero. */
function bestLabel(table: Float64Array, units: number, unit: number): number {
  let best = 0;
  for (let label = 1; label * units < table.length; label += 1) {
    if (table[label * units + unit]! > table[best * units + unit]!) best = label;
  }
  return best;
}

/** What was counted of the labels that occur, in all and by blocks, if there are some. */
async function countTables(
  counts: Counts,
  shown: readonly number[],
  { labels, categories }: Pick<Labeller, "labels" | "categories">,
  units: number,
  blockCount: number,
): Promise<{ readonly all: BlockTables; readonly blocks: BlockTables | undefined }> {
  const rows = { units, labels: labels.length, categories: categories.length };
  const Table = counts.isMerged ? Float64Array : Uint32Array;
  const all = emptyTables(Table, 1, rows);
  const blocks = blockCount > 1 ? emptyTables(Table, blockCount, { ...rows, labels: shown.length }) : undefined;
  for (let k = 0; k < categories.length; k += 1) {
    addUp(await counts.activations(k), all.activation, k, blocks?.activation);
  }
  for (const [row, label] of shown.entries()) {
    addUp(await counts.intersections(label), all.intersection, label, blocks?.intersection, row);
  }
  return { all, blocks };
}

/** Empty tables of so many blocks, one after the other. */
function emptyTables(
  Table: typeof Float64Array | typeof Uint32Array,
  blocks: number,
  { units, labels, categories }: { readonly units: number; readonly labels: number; readonly categories: number },
): BlockTables {
  return {
    intersection: new Table(blocks * labels * units),
    activation: new Table(blocks * categories * units),
  };
}

const narrowestOf = ({ intersection, activation }: BlockTables): BlockTables => ({
  intersection: narrowest(intersection),
  activation: narrowest(activation),
});

/**
 * Adds units' counts of every block to a row of a table, and puts them into that of the table of
 * each block [blocks][rows][units].
 */
function addUp(
  counted: readonly CountTable[],
  table: CountTable,
  row: number,
  blocks: CountTable | undefined,
  blockRow = row,
): void {
  counted.forEach((counts, block) => {
    addCounts(table, counts, row * counts.length);
    blocks?.set(counts, (block * blocks.length) / counted.length + blockRow * counts.length);
  });
}
