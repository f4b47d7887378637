import { UsageError } from "../errors.ts";
import { pool } from "../kernels/edit/causality.ts";
import { edit } from "../kernels/edit/edit.ts";
import { withFittingBatch } from "../models/batch-size.ts";
import { isFloat32 } from "../models/edits.ts";
import type { Segmenter } from "../models/segmenter.ts";
import { checkNames, type NamesOf } from "../names.ts";
import { Graph, type Value } from "../runtime/graph.ts";
import { Plan } from "../runtime/plan.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { digest, type Measurements } from "./measurements.ts";

/** Which squares are covered, by what. */
export interface OcclusionOptions {
  /** Edge of the square that is covered; an eighth of the image's shorter edge unless given. */
  readonly patch?: number;
  /** Pixels from one square's start to the next's; half of `patch` unless given. */
  readonly stride?: number;
  /** What covers: a value of all channels in [−1, 1]; 0, grey, unless given. */
  readonly fill?: number;
  /** Squares at a time; unless given 8, or as many as the device takes. */
  readonly batch?: number;
  /** Squares that were measured before are not measured again. */
  readonly finished?: Measurements;
  /** Told after each batch of squares; the first, which counts too, covers nothing. */
  readonly onSquares?: (done: number, total: number) => void;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const NAMES: NamesOf<OcclusionOptions> = {
  patch: true,
  stride: true,
  fill: true,
  batch: true,
  finished: true,
  onSquares: true,
  signal: true,
};

/** How a scalar of an image depends on each part of it. */
export interface Occlusion {
  /** The scalar of the image as it is. */
  readonly whole: number;
  /** `[rows, columns]`: how much it falls when a square is covered. */
  readonly drops: Float32Array;
  /** Rows of squares. */
  readonly rows: number;
  /** Columns of squares. */
  readonly columns: number;
  /**
   * Pixel row in which each row of squares starts, [rows]. The last may overlap the one before more
   * than others.
   */
  readonly tops: readonly number[];
  /** Pixel column of each column of squares, [columns], likewise. */
  readonly lefts: readonly number[];
  /** Edge of a square in pixels. */
  readonly patch: number;
  /** Pixels from one square's start to the next's. */
  readonly stride: number;
}

/** A scalar of an image: the mean of a map [n, height, width] that is appended to a graph. */
export interface Scalar {
  /** What tells it from others, where squares are kept as `finished`. */
  readonly name: string;
  /** Appends the map [n, height, width] of image [n, h, w, 3] in [−1, 1]. */
  readonly append: (graph: Graph, image: Value) => Value;
  /** The tensors of the network's weights in that graph. */
  readonly bind: (graph: Graph) => Promise<Iterable<readonly [Value, Tensor]>>;
}

/**
 * How much of an image a network takes for a concept: its mean probability.
 * @throws UsageError from `append`, for a concept that is unknown.
 */
export const conceptScalar = (segmenter: Segmenter, concept: string): Scalar => ({
  name: `${segmenter.name} ${concept}`,
  append: (graph, image) => segmenter.score(graph, image, concept, [image.shape[1]!, image.shape[2]!]),
  bind: (graph) => segmenter.bind(graph),
});

/**
 * Occlusion sensitivity (Zeiler & Fergus, ECCV 2014, §4.2): covers one square of an image [1, h, w,
 * 4] after the other and measures how much a scalar falls. Squares at the right and the bottom end
 * with the image.
 * @throws UsageError for squares that do not fit, or are filled with no number, or a scalar that is
 *   none; the signal's reason.
 */
export async function occlude(
  image: Tensor<"f32">,
  scalar: Scalar,
  options: OcclusionOptions = {},
): Promise<Occlusion> {
  checkNames("occlude", options, NAMES);
  const [n = 1, height = 1, width = 1] = image.shape;
  const edge = Math.min(height, width);
  const { patch = Math.max(1, Math.round(edge / 8)), fill = 0, finished, signal } = options;
  const { stride = Math.max(1, Math.floor(patch / 2)) } = options;
  if (n !== 1) throw new UsageError(`There are ${n} images.`, "Give one at a time.");
  for (const [what, value, most] of [
    ["patch", patch, edge],
    ["stride", stride, edge],
    ["batch", options.batch ?? BATCH, 4096],
  ] as const) {
    if (!Number.isInteger(value) || value < 1 || value > most) {
      throw new UsageError(`A ${what} of ${value} makes no sense.`, `Use a whole number from 1 to ${most}.`);
    }
  }
  if (!isFloat32(fill)) throw new UsageError(`A fill of ${fill} makes no sense.`, "Use a number from −1 to 1.");
  const starts = (extent: number): number[] => {
    const count = Math.ceil((extent - patch) / stride) + 1;
    return Array.from({ length: count }, (_, i) => Math.min(i * stride, extent - patch));
  };
  const [tops, lefts] = [starts(height), starts(width)];
  // The first covers nothing.
  const squares: readonly Covered[] = [undefined, ...tops.flatMap((top) => lefts.map((left) => ({ top, left })))];

  const { plan, batch, x, values, all, means } = await withFittingBatch(image.device, options.batch ?? BATCH, (most) =>
    compile(image, scalar, most, signal),
  );
  try {
    for (let i = 0; i < batch; i += 1) image.copyTo(plan.tensor(x), image.bytes, 0, i * image.bytes);
    plan.tensor(values.alpha).write(Float32Array.of(1, 1, 1, 0));
    plan.tensor(values.value).write(Float32Array.of(fill, fill, fill, 0));
    plan.tensor<"u32">(all).write(Uint32Array.of(0, batch));
    const score = async (covered: readonly Covered[]): Promise<Float32Array> => {
      signal?.throwIfAborted();
      plan.tensor(values.mask).write(masksOf(covered, [batch, height, width], patch));
      plan.run();
      const scores = await plan.tensor(means).read(covered.length);
      if (scores.every(Number.isFinite)) return scores;
      throw new UsageError("The scalar is no number: the network overflows.", "Check its weights, and the image.");
    };
    const scores = new Float32Array(squares.length);
    let measure = score;
    for (let first = 0; first < squares.length; first += batch) {
      const covered = squares.slice(first, first + batch);
      const found = await measure(covered);
      // The first scores tell this network and adapter from all others, as an experiment's first
      // counts do.
      if (first === 0 && finished) {
        const subject = [scalar.name, await sha256(image), image.shape, fill, patch, bitsOf(found)];
        measure = (others) => remember(finished, [subject, others], () => score(others));
      }
      scores.set(found, first);
      options.onSquares?.(first + covered.length, squares.length);
    }
    const [whole = 0] = scores;
    const drops = scores.subarray(1).map((score) => whole - score);
    return { whole, drops, rows: tops.length, columns: lefts.length, tops, lefts, patch, stride };
  } finally {
    plan.dispose();
  }
}

/** Squares at a time. */
const BATCH = 8;

/** The mean of the scalar's map for a batch of edited images. */
async function compile(image: Tensor<"f32">, scalar: Scalar, batch: number, signal: AbortSignal | undefined) {
  const { device } = image;
  const [, height = 1, width = 1] = image.shape;
  const graph = new Graph(device.target, "f32", device.tuned);
  const x = graph.map("image", batch, height, width, 3);
  const { y, values } = edit(graph, x);
  const all = graph.value("batch", [2], "u32");
  const map = scalar.append(graph, y);
  const lines = graph.value("lines", [batch, map.shape[1]!, 1]);
  const means = graph.value("means", [batch, 1, 1]);
  pool(graph, map, all, lines);
  pool(graph, lines, all, means);
  const bind = await scalar.bind(graph);
  const plan = await Plan.compile(device, graph, { keep: [means], bind, signal });
  return { plan, batch, x, values, all, means };
}

/** Where a square starts; undefined for none. */
type Covered = { readonly top: number; readonly left: number } | undefined;

/** Masks [n, height, width] of a square each, those that have none included. */
function masksOf(
  covered: readonly Covered[],
  [n, height, width]: readonly [number, number, number],
  patch: number,
): Float32Array<ArrayBuffer> {
  const masks = new Float32Array(n * height * width);
  covered.forEach((square, i) => {
    for (let row = 0; square && row < patch; row += 1) {
      const from = (i * height + square.top + row) * width + square.left;
      masks.fill(1, from, from + patch);
    }
  });
  return masks;
}

const sha256 = async (image: Tensor<"f32">): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", await image.read()));

/** Measurements are whole numbers; so kept, scores come back to the bit. */
const bitsOf = ({ buffer, byteOffset, length }: Float32Array): number[] => [
  ...new Uint32Array(buffer, byteOffset, length),
];

async function remember(
  finished: Measurements,
  what: readonly unknown[],
  run: () => Promise<Float32Array>,
): Promise<Float32Array> {
  const key = await digest(what);
  const known = await finished.get(key);
  if (known) return new Float32Array(Uint32Array.from(known).buffer);
  const scores = await run();
  await finished.set(key, bitsOf(scores));
  return scores;
}
