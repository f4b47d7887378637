import { ShapeError } from "../../errors.ts";
import { elements, type Graph, type OperationKind, type Value } from "../../runtime/graph.ts";
import classifyKernel from "../generated/classify.wgsl.ts";
import maskKernel from "../generated/mask.wgsl.ts";
import pickKernel from "../generated/pick.wgsl.ts";
import probabilityKernel from "../generated/probability.wgsl.ts";
import softmaxKernel from "../generated/softmax.wgsl.ts";
import uniteKernel from "../generated/unite.wgsl.ts";
import { lanes } from "../lanes.ts";
import type { Sampling } from "../maps/resample.ts";

/** Neighbouring channels, of which one is chosen. */
export interface Range {
  readonly first: number;
  readonly count: number;
}

/** Its input's channels in another order. */
export const PICK: OperationKind<{ readonly order: readonly number[] }> = { name: "pick" };

interface ProbabilityOptions {
  readonly range: Range;
  readonly channel: number;
  readonly sampling?: Sampling;
}
/**
 * The softmax of one channel of the first input, and the second input, if there is one, added to
 * it.
 */
export const PROBABILITY: OperationKind<ProbabilityOptions> = { name: "probability" };

/**
 * Numbers that a graph holds because the network's labels say so, not because it learned them: u32s
 * seen as f32s.
 */
function table(graph: Graph, label: string, numbers: readonly number[]): Value {
  // Parameters are kept by label, so the label says which numbers: merged segmenters shift them
  // (FNV-1a, 32 bits).
  const hash = numbers.reduce((sum, number) => Math.imul(sum ^ number, 0x01000193), 0x811c9dc5) >>> 0;
  const name = `${label} ${numbers.length} ${hash.toString(16)}`;
  return graph.parameter(name, [numbers.length], [], () => new Float32Array(Uint32Array.from(numbers).buffer));
}

const flat = (ranges: readonly Range[]): number[] => ranges.flatMap(({ first, count }) => [first, count]);

const within = (x: Value, ranges: readonly Range[]): void => {
  for (const { first, count } of ranges) {
    if (first < 0 || count < 0 || first + count > x.channels) {
      throw new ShapeError(
        `"${x.label}" has ${x.channels} channels, not ${count} from ${first} on.`,
        "Take channels that it has.",
      );
    }
  }
};

function extents(x: Value, labels: Value) {
  const [, inHeight = 1, inWidth = 1, stored = 4] = x.shape;
  const [outHeight = 1, outWidth = 1] = labels.shape.slice(-2);
  return { vectors: stored / 4, inHeight, inWidth, outHeight, outWidth };
}

/**
 * The channels of x [n, h, w, c] in another order: channel i of the result is channel `order[i]` of
 * x.
 */
export function pick(graph: Graph, x: Value, order: readonly number[]): Value {
  if (
    order.length !== x.channels ||
    new Set(order).size !== x.channels ||
    order.some((c) => !(c >= 0 && c < x.channels))
  ) {
    throw new ShapeError(
      `[${order.slice(0, 20)}] is no order of the ${x.channels} channels of "${x.label}".`,
      "Name a channel that it has for each.",
    );
  }
  const y = graph.value(`${x.label}.ordered`, x.shape, "f32", x.channels);
  const total = elements(x.shape) / 4;
  graph.step(
    pickKernel,
    { x, order: table(graph, `${x.label} order`, order), y },
    { vectors: x.shape.at(-1)! / 4, channels: x.channels, total },
    lanes(total),
  );
  graph.record(PICK, [x], y, { order });
  return y;
}

export interface ClassifyOptions {
  /** Which of the label maps is written. */
  readonly map: number;
  /**
   * Where one of several is chosen: one range, or with `gate` one for every label that the gate may
   * hold.
   */
  readonly ranges: readonly Range[];
  /** The label of every channel of x. */
  readonly names: readonly number[];
  /** A label map, already written, whose label chooses the range. */
  readonly gate?: number;
  readonly sampling?: Sampling;
}

/**
 * Writes one of the label maps [n, maps, height, width] from logits or probabilities x [n, h, w,
 * c]; see classify.wgsl.
 */
export function classify(graph: Graph, x: Value, labels: Value, options: ClassifyOptions): void {
  const { map, ranges, names, gate, sampling = "centre" } = options;
  within(x, ranges);
  if (names.length !== x.channels)
    throw new ShapeError(`${names.length} names do not fit "${x.label}" [${x.shape}].`, "Give each channel a name.");
  const [, maps = 1] = labels.shape;
  const total = elements(labels.shape) / maps;
  graph.step(
    classifyKernel,
    {
      x,
      ranges: table(graph, `${x.label} ranges of map ${map}`, flat(ranges)),
      names: table(graph, `${x.label} names of map ${map}`, names),
      labels,
    },
    { ...extents(x, labels), total, maps, map, gate: gate ?? 0 },
    lanes(total),
    { choices: { CORNER: sampling === "corner", GATED: gate !== undefined } },
  );
}

/**
 * The sum over `logits` of the softmax within each range of their resizes: probabilities over
 * several input sizes (spec §2.1). Channels outside the ranges are not written.
 */
export function softmaxSum(
  graph: Graph,
  logits: readonly Value[],
  ranges: readonly Range[],
  [height, width]: readonly [number, number],
  sampling: Sampling = "centre",
): Value {
  const [n = 1] = logits[0]!.shape;
  const y = graph.map(`${logits[0]!.label}.probability`, n, height, width, logits[0]!.channels);
  const total = n * height * width;
  const choices = table(graph, `${logits[0]!.label} softmaxes`, flat(ranges));
  logits.forEach((x, index) => {
    within(x, ranges);
    const [, inHeight = 1, inWidth = 1, stored = 4] = x.shape;
    graph.step(
      softmaxKernel,
      { x, ranges: choices, y },
      {
        vectors: stored / 4,
        inHeight,
        inWidth,
        outHeight: height,
        outWidth: width,
        total,
        ranges: ranges.length,
        first: index === 0 ? 1 : 0,
      },
      lanes(total),
      { choices: { CORNER: sampling === "corner" } },
    );
  });
  return y;
}

/**
 * The probability [n, height, width] of one channel of logits x [n, h, w, c] among those of its
 * range, added to `addend`.
 */
export function probability(
  graph: Graph,
  x: Value,
  options: ProbabilityOptions,
  [height, width]: readonly [number, number],
  addend?: Value,
): Value {
  const { range, channel, sampling = "centre" } = options;
  within(x, [range]);
  if (channel < range.first || channel >= range.first + range.count) {
    throw new ShapeError(
      `Channel ${channel} is none of the ${range.count} from ${range.first} on.`,
      "Take a channel of this range.",
    );
  }
  const [n = 1] = x.shape;
  const y = graph.value(`${x.label}.probability of ${channel}`, [n, height, width]);
  const total = elements(y.shape);
  graph.step(
    probabilityKernel,
    { x, addend: addend ?? x, y },
    { ...extents(x, y), total, first: range.first, count: range.count, channel },
    lanes(total),
    { choices: { CORNER: sampling === "corner", ADD: addend !== undefined } },
  );
  graph.record(PROBABILITY, [x, addend], y, options);
  return y;
}

/**
 * Where any of the label maps [n, maps, height, width] holds a label: [n, height, width], 1 or 0.
 */
export function mask(graph: Graph, labels: Value, label: number): Value {
  const [n = 1, maps = 1, height = 1, width = 1] = labels.shape;
  const y = graph.value(`mask of ${label}`, [n, height, width]);
  const total = elements(y.shape);
  graph.step(maskKernel, { labels, y }, { maps, pixels: height * width, label, total }, lanes(total));
  return y;
}

export interface UniteOptions {
  /** Which of the label maps is written; those before it are read. */
  readonly map: number;
  /** What is written where any of them holds a member; 0 is written elsewhere. */
  readonly label: number;
  readonly members: readonly number[];
}

/** Writes one of the label maps [n, maps, height, width]: the union of other maps' labels. */
export function unite(graph: Graph, labels: Value, { map, label, members }: UniteOptions): void {
  const [, maps = 1, height = 1, width = 1] = labels.shape;
  const isMember = new Array<number>(label).fill(0);
  for (const member of members) isMember[member] = 1;
  const total = elements(labels.shape) / maps;
  graph.step(
    uniteKernel,
    { members: table(graph, `members of ${label}`, isMember), labels },
    { maps, map, pixels: height * width, label, total },
    lanes(total),
  );
}
