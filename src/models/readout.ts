// Tests: test/networks/segmenters/recognise.test.ts, test/models/own.test.ts

import { ShapeError } from "../errors.ts";
import { preprocess, resize } from "../kernels/maps/resample.ts";
import { classify, pick, probability, type Range, softmaxSum } from "../kernels/readout/classify.ts";
import { inputOf, type SegmenterNetwork } from "../networks/segmenters/network.ts";
import type { Extent, Graph, Value } from "../runtime/graph.ts";
import { onDemand } from "./on-demand.ts";

/** The input sizes of a network for an image. */
function sizesOf({ segsizes }: SegmenterNetwork, image: Value): readonly Extent[] {
  const [, height = 1, width = 1] = image.shape;
  return segsizes.length > 0 ? segsizes.map((edge) => [edge, edge]) : [[height, width]];
}

/** What a network is given at one of its sizes, by its name. */
function inputAt(graph: Graph, network: SegmenterNetwork, image: Value, size: Extent): ReadonlyMap<string, Value> {
  const [, height = 1, width = 1] = image.shape;
  const { name } = inputOf(network);
  if (name === "raw") return new Map([[name, image]]);
  const smaller = height < size[0] || width < size[1];
  const fitting =
    network.enlarge && smaller ? resize(graph, image, Math.max(height, size[0]), Math.max(width, size[1])) : image;
  return new Map([[name, preprocess(graph, fitting, ...size, network.pixels)]]);
}

/**
 * Appends a network up to a layer: its features [n, h, w, c] of an image, at the first input size.
 */
export function featuresAt(graph: Graph, network: SegmenterNetwork, image: Value, layer: string): Value {
  const inputs = inputAt(graph, network, image, sizesOf(network, image)[0]!);
  return network.append(graph, image.shape[0]!, { inputs, until: layer }).layers.get(layer)!;
}

/** Logits of a network's heads, an entry for every input size. */
function logitsOf(
  graph: Graph,
  network: SegmenterNetwork,
  image: Value,
  heads: ReadonlySet<string>,
): Map<string, Value[]> {
  const all = new Map<string, Value[]>();
  for (const size of sizesOf(network, image)) {
    const inputs = inputAt(graph, network, image, size);
    for (const [head, value] of network.append(graph, image.shape[0]!, { inputs, outputs: heads }).outputs) {
      const ordered = network.order ? pick(graph, value, network.order) : value;
      all.set(head, [...(all.get(head) ?? []), ordered]);
    }
  }
  return all;
}

/** The distinct ranges in which a head's channels compete. */
function softmaxes(network: SegmenterNetwork, head: string): Range[] {
  const ranges = network.maps.filter((map) => map.head === head).flatMap((map) => map.ranges);
  const distinct = new Map(ranges.filter(({ count }) => count > 0).map((range) => [range.first, range]));
  return [...distinct.values()];
}

/** Loaded with the first segmenter that has quarters; few have. */
let components: typeof import("../kernels/readout/components.ts") | undefined;

/** Loads what else it takes to read a network's label maps, before any are written. */
export async function prepareMaps({ quad }: SegmenterNetwork): Promise<void> {
  if (quad) components = await onDemand("quarters of objects", () => import("../kernels/readout/components.ts"));
}

/**
 * Appends a network and writes its label maps, from `first` on, into `labels` [n, maps, height,
 * width].
 */
export function writeMaps(graph: Graph, network: SegmenterNetwork, image: Value, labels: Value, first: number): void {
  const [, , height = 1, width = 1] = labels.shape;
  const { maps, quad, sampling } = network;
  const logits = logitsOf(graph, network, image, new Set(maps.map(({ head }) => head)));
  const scores = new Map<string, Value>();
  for (const [head, values] of logits) {
    // Softmax keeps the order of logits: with one size it can be left out.
    const summed = (): Value => softmaxSum(graph, values, softmaxes(network, head), [height, width], sampling);
    scores.set(head, values.length === 1 ? values[0]! : summed());
  }
  maps.forEach(({ head, ranges, names, gate }, index) => {
    const score = scores.get(head);
    if (!score)
      throw new ShapeError(
        `The network makes no logits called "${head}", which label map ${index} is read off.`,
        "Name one that it makes.",
      );
    classify(graph, score, labels, {
      map: first + index,
      ranges,
      names,
      ...(gate === undefined ? {} : { gate: first + gate }),
      // Sums of probabilities are at the maps' own resolution already.
      ...(sampling ? { sampling } : {}),
    });
  });
  if (quad) {
    components!.divide(graph, labels, {
      channel: first,
      topBottom: first + maps.length,
      leftRight: first + maps.length + 1,
      objects: quad.objects,
      height,
      width,
    });
  }
}

/** The channels that bear any of some labels, each with the head and the range it competes in. */
function bearing({ maps }: SegmenterNetwork, labels: readonly number[]) {
  return maps.flatMap(({ head, ranges, names }) =>
    ranges.flatMap((range) =>
      Array.from({ length: range.count }, (_, i) => range.first + i)
        .filter((channel) => labels.includes(names[channel]!))
        .map((channel) => ({ head, range, channel })),
    ),
  );
}

/** Whether any channel bears a label: quarters are seen, but have no logits. */
export const hasScore = (network: SegmenterNetwork, label: number): boolean => bearing(network, [label]).length > 0;

/**
 * Appends a network: how probable labels are at every pixel [n, height, width], summed over input
 * sizes and over all channels that bear one (an object's, and those of parts of that name whoever
 * owns them), as ACE's loss needs it (spec §2.3); added to `sum`, which it is if there are none.
 */
export function scoreOf(
  graph: Graph,
  network: SegmenterNetwork,
  image: Value,
  labels: readonly number[],
  extent: Extent,
  sum?: Value,
): Value | undefined {
  const channels = bearing(network, labels);
  if (channels.length === 0) return sum;
  const logits = logitsOf(graph, network, image, new Set(channels.map(({ head }) => head)));
  let total = sum;
  for (const { head, range, channel } of channels) {
    for (const value of logits.get(head)!) {
      const options = { range, channel, ...(network.sampling ? { sampling: network.sampling } : {}) };
      total = probability(graph, value, options, extent, total);
    }
  }
  return total;
}
