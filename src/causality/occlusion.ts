import { UsageError } from "../errors.ts";
import { pool } from "../kernels/causality.ts";
import { edit } from "../kernels/edit.ts";
import { isFloat32 } from "../models/edits.ts";
import type { Segmenter } from "../models/segmenter.ts";
import { Graph, type Value } from "../runtime/graph.ts";
import { Plan } from "../runtime/plan.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { InFlight } from "./in-flight.ts";

export interface OcclusionOptions {
  /** Edge of the square that is covered; an eighth of the image's shorter edge unless given. */
  readonly patch?: number;
  /** Pixels between two squares; half of one unless given. */
  readonly stride?: number;
  /** What covers: a value of all channels in [−1, 1]; 0, grey, unless given. */
  readonly fill?: number;
  /** Squares at a time; 8 unless given. */
  readonly batch?: number;
  readonly onSquares?: (done: number, total: number) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface Occlusion {
  /** The scalar of the image as it is. */
  readonly whole: number;
  /** [rows, columns]: how much it falls when a square is covered. */
  readonly drops: Float32Array;
  readonly rows: number;
  readonly columns: number;
  readonly patch: number;
  readonly stride: number;
}

/** A scalar of an image: the mean of a map [n, height, width] that is appended to a graph. */
export interface Scalar {
  readonly append: (graph: Graph, image: Value) => Value;
  readonly bind: (graph: Graph) => Promise<Iterable<readonly [Value, Tensor]>>;
}

/** How much of an image a network takes for a concept: its mean probability. */
export const conceptScalar = (segmenter: Segmenter, concept: string): Scalar => ({
  append: (graph, image) => segmenter.score(graph, image, concept, [image.shape[1]!, image.shape[2]!]),
  bind: (graph) => segmenter.bind(graph),
});

/**
 * Occlusion sensitivity (Zeiler & Fergus, ECCV 2014, §4.2): covers one square of an image [1, h, w, 4] after the other and
 * measures how much a scalar falls. Squares at the right and the bottom end with the image.
 * @throws UsageError for squares that do not fit, or are filled with no number; the signal's reason.
 */
export async function occlude(
  image: Tensor<"f32">,
  scalar: Scalar,
  options: OcclusionOptions = {},
): Promise<Occlusion> {
  const [n = 1, height = 1, width = 1] = image.shape;
  const edge = Math.min(height, width);
  const { patch = Math.max(1, Math.round(edge / 8)), fill = 0, batch = 8, signal } = options;
  const { stride = Math.max(1, Math.floor(patch / 2)) } = options;
  if (n !== 1) throw new UsageError(`There are ${n} images.`, "Give one at a time.");
  for (const [what, value, most] of [
    ["patch", patch, edge],
    ["stride", stride, edge],
    ["batch", batch, 4096],
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
  const squares = [undefined, ...tops.flatMap((top) => lefts.map((left) => ({ top, left })))];

  const { device } = image;
  const graph = new Graph(device.target, "f32", device.tuned);
  const x = graph.map("image", batch, height, width, 3);
  const { y, values } = edit(graph, x);
  const at = graph.value("batch", [2], "u32");
  const whole = graph.value("whole batch", [2], "u32");
  const map = scalar.append(graph, y);
  const lines = graph.value("lines", [batch, map.shape[1]!, 1]);
  const means = graph.value("means", [squares.length, 1, 1]);
  pool(graph, map, whole, lines);
  pool(graph, lines, at, means);
  const plan = await Plan.compile(device, graph, { keep: [means], bind: await scalar.bind(graph), signal });
  try {
    for (let i = 0; i < batch; i += 1) image.copyTo(plan.tensor(x), image.bytes, 0, i * image.bytes);
    plan.tensor(values.alpha).write(Float32Array.of(1, 1, 1, 0));
    plan.tensor(values.value).write(Float32Array.of(fill, fill, fill, 0));
    plan.tensor<"u32">(whole).write(Uint32Array.of(0, batch));
    const inFlight = new InFlight(device);
    for (let first = 0; first < squares.length; first += batch) {
      signal?.throwIfAborted();
      const covered = squares.slice(first, first + batch);
      const mask = new Float32Array(batch * height * width);
      for (const [i, square] of covered.entries()) {
        for (let row = 0; square && row < patch; row += 1) {
          const from = (i * height + square.top + row) * width + square.left;
          mask.fill(1, from, from + patch);
        }
      }
      plan.tensor(values.mask).write(mask);
      plan.tensor<"u32">(at).write(Uint32Array.of(first, covered.length));
      plan.run();
      await inFlight.submitted();
      options.onSquares?.(first + covered.length, squares.length);
    }
    await inFlight.end();
    const [base = 0, ...scores] = await plan.tensor(means).read();
    const drops = Float32Array.from(scores, (score) => base - score);
    return { whole: base, drops, rows: tops.length, columns: lefts.length, patch, stride };
  } finally {
    plan.dispose();
  }
}
