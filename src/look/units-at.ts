import type { UnitQuantiles } from "../dissect/unit-quantiles.ts";
import { ShapeError, UsageError } from "../errors.ts";
import { region } from "../kernels/readout/region.ts";
import { adaptivePool, isExtent, type Mask } from "../models/mask.ts";
import { checkNames, type NamesOf } from "../names.ts";
import { Graph } from "../runtime/graph.ts";
import { Plan } from "../runtime/plan.ts";
import type { Tensor } from "../runtime/tensor.ts";

/** Where units are looked at: a pixel, a region, or the whole image. */
export interface UnitsAtOptions {
  /** Which image of the batch; 0 unless given. */
  readonly image?: number;
  /** Row of the pixel, from 0; with `x`. */
  readonly y?: number;
  /** Its column. */
  readonly x?: number;
  /**
   * Rows that `y` counts in: those of images, or of what layers cover where they are cropped
   * (`generator.uncropped`); the layer's own cells unless given.
   */
  readonly height?: number;
  /** Columns that `x` counts in, likewise. */
  readonly width?: number;
  /** A region of any shape instead, 0…1 and of any size; everywhere unless given. */
  readonly mask?: Mask;
  /** Units of the layer, whose features are stored by fours; all that are stored unless given. */
  readonly units?: number;
  /** The layer's, to tell how unusual activations are: a `UnitQuantiles` or its like. */
  readonly quantiles?: Pick<UnitQuantiles, "units" | "quantile">;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const NAMES: NamesOf<UnitsAtOptions> = {
  image: true,
  y: true,
  x: true,
  height: true,
  width: true,
  mask: true,
  units: true,
  quantiles: true,
  signal: true,
};

/** What a layer's units do in a region, one number each. */
export interface UnitActivations {
  /** The mean, of each cell by as much as the region covers of it. */
  readonly mean: Float32Array;
  /**
   * The largest activation · mask: of all cells, so that it is 0 at least where the region leaves
   * some out.
   */
  readonly max: Float32Array;
  /** The quantile that each `mean` is of its unit's activations, with `quantiles`. */
  readonly meanQuantile?: Float32Array;
  /** That of each `max`. */
  readonly maxQuantile?: Float32Array;
  /** How many cells the region covers; by these, means of several images become one. */
  readonly cells: number;
}

/**
 * What the units of a layer do at a pixel of an image, or in a region, as the published server's
 * "features" have it: max over cells of f · maxpool(mask), and Σ f · avgpool(mask) / Σ
 * avgpool(mask) (adaptive pooling, spec §6.2). Two numbers a unit come back from the GPU, or one
 * where a pixel is a cell's.
 *
 * @param features [n, h, w, c], as a run retained them
 *
 * @throws ShapeError, UsageError for a place that the features do not have; the signal's reason.
 */
export async function unitsAt(features: Tensor<"f32">, options: UnitsAtOptions = {}): Promise<UnitActivations> {
  checkNames("unitsAt", options, NAMES);
  const { image = 0, quantiles, signal } = options;
  const [n = 0, height = 0, width = 0, stored = 0] = features.shape;
  const units = options.units ?? quantiles?.units ?? stored;
  if (features.shape.length !== 4 || !Number.isInteger(image) || image < 0 || image >= n) {
    throw new ShapeError(`[${features.shape}] has no features of an image ${image}.`, "Give [n, h, w, c] of a layer.");
  }
  if (!Number.isInteger(units) || units < 1 || units > stored || (quantiles && quantiles.units !== units)) {
    throw new ShapeError(
      `[${features.shape}] are no features of ${units} units${quantiles ? ` with quantiles of ${quantiles.units}` : ""}.`,
      "Give `units` and `quantiles` of the same layer.",
    );
  }
  signal?.throwIfAborted();
  const masks = masksOf(options, height, width);
  const cells = masks.share.reduce((sum, share) => sum + share, 0);
  if (cells === 0) throw new UsageError("A mask covers nothing.", "Give one with a pixel in it.");
  const { max, sum } = await activations(features, image, masks, units, signal);
  signal?.throwIfAborted();
  const mean = sum.map((one) => one / cells);
  const of = (values: Float32Array) => values.map((value, unit) => quantiles!.quantile(unit, value));
  const known = quantiles && { meanQuantile: of(mean), maxQuantile: of(max) };
  return { mean, max, ...known, cells };
}

/** How far a region reaches into each cell of a layer, and its share of it: [h, w] each. */
interface CellMasks {
  readonly reach: Float32Array<ArrayBuffer>;
  readonly share: Float32Array<ArrayBuffer>;
}

function masksOf({ y, x, mask, ...of }: UnitsAtOptions, rows: number, columns: number): CellMasks {
  if (mask) {
    if (y !== undefined || x !== undefined) throw new UsageError("A mask has a place already.", "Leave y and x out.");
    const [reach, share] = (["max", "mean"] as const).map((pooling) =>
      adaptivePool({ ...mask, pooling }, rows, columns),
    );
    return { reach: reach!, share: share! };
  }
  const everywhere = (): CellMasks["reach"] => new Float32Array(rows * columns).fill(1);
  if (y === undefined && x === undefined) return { reach: everywhere(), share: everywhere() };
  const { height = rows, width = columns } = of;
  const inside = isExtent({ height, width }) && isPlace(y, height) && isPlace(x, width);
  if (!inside) throw new UsageError(`There is no pixel ${y}, ${x} in ${height} × ${width}.`, "Give y and x within.");
  const [down, across] = [sharesOf(y, height, rows), sharesOf(x, width, columns)];
  const masks = { reach: new Float32Array(rows * columns), share: new Float32Array(rows * columns) };
  for (const [row, share] of down) {
    for (const [column, its] of across) {
      masks.reach[row * columns + column] = 1;
      masks.share[row * columns + column] = share * its;
    }
  }
  return masks;
}

const isPlace = (at: number | undefined, extent: number): at is number =>
  Number.isInteger(at) && at! >= 0 && at! < extent;

/**
 * Cells that a pixel falls into along an axis, and its share of each, as adaptive pooling has it.
 */
function sharesOf(pixel: number, pixels: number, cells: number): (readonly [cell: number, share: number])[] {
  const shares: [number, number][] = [];
  for (let cell = Math.floor((pixel * cells) / pixels); cell < cells; cell += 1) {
    const [first, end] = [Math.floor((cell * pixels) / cells), Math.ceil(((cell + 1) * pixels) / cells)];
    if (first > pixel) break;
    shares.push([cell, 1 / (end - first)]);
  }
  return shares;
}

async function activations(
  features: Tensor<"f32">,
  image: number,
  { reach, share }: CellMasks,
  units: number,
  signal: AbortSignal | undefined,
): Promise<{ readonly max: Float32Array; readonly sum: Float32Array }> {
  const { device, shape } = features;
  const [, height = 1, width = 1, stored = 4] = shape;
  const [n, pixels] = [shape[0]!, height * width];
  const covered = [...reach.keys()].filter((cell) => reach[cell]! > 0);
  if (covered.length === 1) {
    const [cell] = covered as [number];
    const values = await features.read(units, (image * pixels + cell) * stored);
    const beyond = pixels > 1 ? 0 : Number.NEGATIVE_INFINITY;
    return {
      max: values.map((value) => Math.max(beyond, value * reach[cell]!)),
      sum: values.map((value) => value * share[cell]!),
    };
  }
  const graph = new Graph(device.target);
  const x = graph.map("features", n, height, width, stored);
  const masks = { reach: graph.value("reach", [1, height, width]), share: graph.value("share", [1, height, width]) };
  const y = region(graph, x, masks.reach, masks.share);
  const plan = await Plan.compile(device, graph, { keep: [y], bind: [[x, features]], signal });
  try {
    plan.tensor(masks.reach).write(reach);
    plan.tensor(masks.share).write(share);
    plan.run();
    const values = await plan.tensor(y).read(2 * stored, 2 * image * stored);
    return { max: values.slice(0, units), sum: values.slice(stored, stored + units) };
  } finally {
    plan.dispose();
  }
}
