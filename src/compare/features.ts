// Tests: test/compare/measure.test.ts, test/compare/features-file.test.ts

import { UsageError } from "../errors.ts";
import { average } from "../kernels/maps/resample.ts";
import type { Segmenter } from "../models/segmenter.ts";
import { checkNames, type NamesOf, nearest } from "../names.ts";
import type { Device } from "../runtime/device.ts";
import type { Graph, Value } from "../runtime/graph.ts";
import type { Tensor } from "../runtime/tensor.ts";

/** What features are: two sets have a distance only if these are the same. */
export interface FeatureKind {
  /** The network, by its name, … */
  readonly network: string;
  /** … its weights, by the SHA-256 of their file, where it is known, … */
  readonly sha256?: string;
  /** … and the layer in it. */
  readonly tensor: string;
  /** What is done to images before. */
  readonly preprocessing: string;
  /** Numbers of an image. */
  readonly d: number;
}

/** What makes a vector of an image on the GPU. */
export interface FeatureNetwork {
  /** The device that it computes on; images must be on the same. */
  readonly device: Device;
  /** What its vectors are. */
  readonly kind: FeatureKind;
  /** Appends the vectors [n, 1, 1, d] of images [n, h, w, 3] in [−1, 1]. */
  append(graph: Graph, image: Value): Value;
  /** The tensors that hold what it has learned. */
  bind(graph: Graph, signal?: AbortSignal): Promise<Map<Value, Tensor>>;
}

/** Which features of a segmenter. */
export interface SegmenterFeaturesOptions {
  /**
   * A layer by its name, or by the end of it behind a point: "Conv_1" for "encoder.Conv_1". The
   * last stage of the encoder unless given.
   */
  readonly layer?: string;
  /** SHA-256 of its weights' file, to tell features of other weights apart. */
  readonly sha256?: string;
}

const NAMES: NamesOf<SegmenterFeaturesOptions> = { layer: true, sha256: true };

/**
 * A layer of a segmenter, averaged over space, at the first input size.
 * @throws UsageError with the nearest names; where no layer is the last stage by its name, all.
 */
export function segmenterFeatures(segmenter: Segmenter, options: SegmenterFeaturesOptions = {}): FeatureNetwork {
  checkNames("segmenterFeatures", options, NAMES);
  const { layer, sha256 } = options;
  const { name, channels } = layerOf(segmenter, layer);
  const sizes = segmenter.segsizes.length > 0 ? `${segmenter.segsizes[0]} pixels` : "as they are";
  return {
    device: segmenter.device,
    kind: {
      network: segmenter.name,
      ...(sha256 !== undefined && { sha256 }),
      tensor: name,
      preprocessing: `the segmenter's own, ${sizes}`,
      d: channels,
    },
    append: (graph, image) => average(graph, segmenter.features(graph, image, name), 1, 1),
    bind: (graph, signal) => segmenter.bind(graph, signal),
  };
}

/** The encoder's stages in networks that were published as such, and in lists of operations. */
const STAGES = [/^c\d+$/, /^encoder\./];

function layerOf({ name, layers }: Segmenter, asked: string | undefined) {
  const names = layers.map((layer) => layer.name);
  if (asked === undefined) {
    const last = STAGES.map((stage) => layers.findLast((layer) => stage.test(layer.name))).find((layer) => layer);
    if (last) return last;
    throw new UsageError(
      `Which layer of ${name} is the last of its encoder cannot be told.`,
      layers.length > 0 ? `Name one: ${names.slice(-8).join(", ")}, …` : "Use the features of another network.",
    );
  }
  const found = layers.find((layer) => layer.name === asked) ?? only(layers.filter(endsIn(asked)));
  if (found) return found;
  const near = nearest(asked, names);
  throw new UsageError(
    `${name} has no layer "${asked}".`,
    near.length > 0 ? `Did you mean ${near.join(" or ")}?` : `Its layers are ${names.slice(0, 8).join(", ")}, …`,
  );
}

const endsIn =
  (end: string) =>
  ({ name }: { readonly name: string }): boolean =>
    name.endsWith(`.${end}`);
const only = <T>(items: readonly T[]): T | undefined => (items.length === 1 ? items[0] : undefined);

/**
 * Refuses features that were made differently.
 * @throws UsageError that says in what they differ.
 */
export function checkSameKind(a: FeatureKind, b: FeatureKind): void {
  const differing = (["network", "tensor", "preprocessing", "d", "sha256"] as const).find(
    (key) => a[key] !== b[key] && !(key === "sha256" && (a.sha256 === undefined || b.sha256 === undefined)),
  );
  if (differing === undefined) return;
  const said = { network: "network", tensor: "layer", preprocessing: "preprocessing", d: "length", sha256: "SHA-256" };
  throw new UsageError(
    `The features differ in ${said[differing]}: ${a[differing]} and ${b[differing]}.`,
    "Only features of one network, layer and preprocessing have a distance; make one of them anew.",
  );
}
