import type { Classifier } from "../models/classifier.ts";
import type { Segmenter } from "../models/segmenter.ts";
import { type Photograph, viewed } from "../models/view.ts";
import type { View } from "../networks/classifiers/network.ts";
import { layerOf } from "../networks/layer-of.ts";
import type { LayerInfo } from "../networks/network.ts";
import { receptiveFields } from "../networks/receptive-fields.ts";
import type { Device } from "../runtime/device.ts";
import { Graph, type Value } from "../runtime/graph.ts";
import { Plan } from "../runtime/plan.ts";
import { Scope } from "../runtime/scope.ts";
import type { Tensor } from "../runtime/tensor.ts";
import type { Batches, ImageSet, OpenOptions, Subject } from "./subject.ts";

/** Photographs by their numbers: of a folder, of a page, or of anywhere else. */
export interface Photographs {
  /** How many; they are numbered from 0. */
  readonly count: number;
  /** What they are called, for results. */
  readonly names?: readonly string[];
  /** One of them; asked for again in every pass, unless it was kept. */
  read(number: number): Photograph | Promise<Photograph>;
}

/** A network that sees photographs, and what it is shown of them. */
export interface Viewer {
  /** What reports call it. */
  readonly name: string;
  /** The device that it computes on. */
  readonly device: Device;
  /** How a photograph is resized and cut for it. */
  readonly view: View;
  /** Those whose units can be looked at. */
  readonly layers: readonly LayerInfo[];
  /** Seed of its weights, where these were drawn and not trained. */
  readonly untrained?: number | undefined;
  /** Whether its cells do not tile the picture, as in an AlexNet; see `Subject.unpadded`. */
  readonly unpadded?: boolean | undefined;
  /** Appends these layers [n, h, w, c] of image [n, edge, edge, 3] in [−1, 1]. */
  features(graph: Graph, image: Value, layers: readonly string[]): ReadonlyMap<string, Value>;
  /** Uploads the weights that a graph needs; they belong to the network. */
  bind(graph: Graph, signal?: AbortSignal): Promise<Map<Value, Tensor>>;
}

/** A classifier as what sees photographs. */
export function classifierViewer(classifier: Classifier): Viewer {
  const { name, device, view, layers } = classifier;
  const depth = (layer: string): number => layers.findIndex((known) => known.name === layer);
  return {
    ...{ name, device, view, layers, untrained: classifier.network.untrained },
    unpadded: classifier.network.unpadded,
    features(graph, image, asked) {
      const until = asked.reduce((a, b) => (depth(a) > depth(b) ? a : b));
      return classifier.append(graph, image.shape[0]!, { image, until }).layers;
    },
    bind: (graph, signal) => classifier.bind(graph, signal),
  };
}

/** A segmenter's own layers, of what it is shown at its first input size. */
export function segmenterViewer(segmenter: Segmenter, view: View): Viewer {
  const { name, device, layers } = segmenter;
  return {
    ...{ name, device, view, layers },
    features: (graph, image, asked) => new Map(asked.map((layer) => [layer, segmenter.features(graph, image, layer)])),
    bind: (graph, signal) => segmenter.bind(graph, signal),
  };
}

/** Every second photograph is for searching levels, where that is done; the others are scored. */
const placed = (set: ImageSet, index: number): number =>
  set === "whole" ? index : 2 * index + Number(set === "training");

/**
 * A network with photographs. Where levels are searched, that is on every second of them, from the
 * second on, and the others are scored; with one quantile for all units, all are.
 */
export function photographed(viewer: Viewer, photographs: Photographs): Subject {
  const { name, device, layers, view, untrained, unpadded = false } = viewer;
  const { edge } = view;
  const images = (set: ImageSet): number =>
    set === "whole" ? photographs.count : Math.floor((photographs.count + Number(set === "test")) / 2);
  const { names } = photographs;
  return {
    ...{ name, device, layers, height: edge, width: edge, resolution: edge, uncropped: [edge, edge] },
    hiddenLayers: layers.filter(({ vector }) => !vector),
    layer: (asked) => layerOf(viewer, asked),
    model: { name, resolution: edge, sizes: [], ...(untrained !== undefined && { untrained }) },
    unpadded,
    fields(layer) {
      const graph = new Graph(device.target);
      const image = graph.map("image", 1, edge, edge, 3);
      return receptiveFields(graph, image, viewer.features(graph, image, [layer]).get(layer)!);
    },
    images,
    ...(names && {
      names: (set: ImageSet) => Array.from({ length: images(set) }, (_, index) => names[placed(set, index)]!),
    }),
    append(graph, batch) {
      const image = graph.map("image", batch, edge, edge, 3);
      viewer.features(graph, image, [layers.at(-1)!.name]);
      return { image };
    },
    open: (options) => open(viewer, photographs, options),
  };
}

/** Bytes of what was seen that are kept, so that photographs need not be decoded in every pass. */
const KEPT_BYTES = 256 * 2 ** 20;

async function open(
  viewer: Viewer,
  photographs: Photographs,
  { set, batch, layers, signal }: OpenOptions,
): Promise<Batches> {
  const { device, view } = viewer;
  const { edge } = view;
  const scope = new Scope();
  try {
    const graph = new Graph(device.target, "f32", device.tuned);
    const image = graph.map("image", batch, edge, edge, 3);
    const features = viewer.features(graph, image, layers);
    const kept = layers.map((layer) => features.get(layer)!);
    const bind = await viewer.bind(graph, signal);
    const plan = scope.own(await Plan.compile(device, graph, { keep: [image, ...kept], bind: [...bind], signal }));
    const made = new Map(layers.map((layer, index) => [layer, plan.tensor(kept[index]!)]));
    const pictures = picturesOf(view, photographs);
    let last: readonly Uint8Array[] = [];
    return {
      image: plan.tensor(image),
      raw: undefined,
      async bring(first, count) {
        const numbers = Array.from({ length: count }, (_, i) => placed(set, first + i));
        const seen: Uint8Array[] = [];
        for (const number of numbers) {
          signal?.throwIfAborted();
          seen.push(await pictures(number));
        }
        last = seen;
        plan.tensor(image).write(brightness(seen, edge));
        plan.run();
        return { layers: made, numbers };
      },
      bytes: async (count) => last.slice(0, count),
      dispose: () => scope.dispose(),
    };
  } catch (error) {
    scope.dispose();
    throw error;
  }
}

/** What is seen of photographs, as RGB bytes [edge, edge, 3]. */
function picturesOf(view: View, photographs: Photographs): (number: number) => Promise<Uint8Array> {
  const { edge } = view;
  const size = 3 * edge ** 2;
  const kept = new Map<number, Uint8Array>();
  const numbers = new Float32Array(4 * edge ** 2);
  return async (number) => {
    const known = kept.get(number);
    if (known) return known;
    viewed(await photographs.read(number), view, numbers);
    const bytes = Uint8Array.from({ length: size }, (_, at) =>
      Math.round((numbers[4 * Math.floor(at / 3) + (at % 3)]! + 1) * 127.5),
    );
    if ((kept.size + 1) * size <= KEPT_BYTES) kept.set(number, bytes);
    return bytes;
  };
}

/** Pictures of RGB bytes as a tensor holds them, [n, edge, edge, RGB_] in [−1, 1]. */
function brightness(pictures: readonly Uint8Array[], edge: number): Float32Array<ArrayBuffer> {
  const pixels = edge ** 2;
  const numbers = new Float32Array(pictures.length * pixels * 4);
  pictures.forEach((bytes, picture) => {
    for (let pixel = 0; pixel < pixels; pixel += 1) {
      const to = 4 * (picture * pixels + pixel);
      for (let c = 0; c < 3; c += 1) numbers[to + c] = bytes[3 * pixel + c]! / 127.5 - 1;
    }
  });
  return numbers;
}
