import { ShapeError, UsageError } from "../errors.ts";
import { preprocess } from "../kernels/maps/resample.ts";
import { checkNames, type NamesOf } from "../names.ts";
import type { ClassifierNetwork, ClassifierOptions, View } from "../networks/classifiers/network.ts";
import { layerOf } from "../networks/layer-of.ts";
import type { LayerInfo } from "../networks/network.ts";
import type { Device } from "../runtime/device.ts";
import { Graph, padded, type Value } from "../runtime/graph.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { openCheckpoint } from "../weights/checkpoint.ts";
import { LOAD_NAMES, type LoadOptions, type SourceLike } from "../weights/source.ts";
import {
  type AppendClassifierOptions,
  type ClassifierPlan,
  type ClassifierValues,
  type CompileClassifierOptions,
  compileClassifier,
  notComputed,
} from "./classifier-plan.ts";
import { type Cost, costOf } from "./cost.ts";
import { editable } from "./edits.ts";
import { onDemand } from "./on-demand.ts";
import type { Retained, Retaining } from "./retained.ts";
import { upload, Weights } from "./weights.ts";

// Tests: test/models/classifier.test.ts, test/networks/classifiers/recognise.test.ts

export interface DefineClassifierOptions {
  /** The device that it computes on. */
  readonly device: Device;
  /** What reports call it; the network's architecture unless given. */
  readonly name?: string | undefined;
  /** Names of the classes, one for each of the network's; their numbers unless given. */
  readonly classes?: readonly string[] | undefined;
}

export interface LoadClassifierOptions extends LoadOptions, ClassifierOptions, DefineClassifierOptions {
  /** What reports call it; the file's name without its extension unless given. */
  readonly name?: string | undefined;
  /** Seed of weights to draw in place of the file's, as a control: see `untrained`. */
  readonly untrained?: number | undefined;
}

const LOAD_CLASSIFIER_NAMES: NamesOf<LoadClassifierOptions> = {
  ...LOAD_NAMES,
  device: "device",
  name: true,
  classes: "list",
  edge: true,
  pixels: true,
  fit: true,
  untrained: true,
};
const APPEND_NAMES: NamesOf<AppendClassifierOptions> = { editable: "list", from: true, until: true, image: true };

/** A classifier on a device: a network that names what a photograph shows. */
export class Classifier {
  /** What reports call it. */
  readonly name: string;
  /** The device that it computes on. */
  readonly device: Device;
  /** What was recognised: layers, logits, and what it is given. */
  readonly network: ClassifierNetwork;
  /** Names of the classes, or their numbers. */
  readonly classes: readonly string[];
  readonly #weights: Weights;

  private constructor(
    network: ClassifierNetwork,
    weights: Weights,
    { device, name = network.architecture, classes }: DefineClassifierOptions,
  ) {
    const count = network.outputs[0]!.channels;
    if (classes && classes.length !== count) {
      throw new UsageError(
        `${name} has ${count} classes, and ${classes.length} names were given.`,
        "Give a name for each, in the order of the network's.",
      );
    }
    this.name = name;
    this.device = device;
    this.network = network;
    this.classes = classes ?? Array.from({ length: count }, (_, index) => `${index}`);
    this.#weights = weights;
  }

  /** Behind `loadClassifier`. @throws WeightsError, UsageError; the signal's reason. */
  static async load(source: SourceLike, options: LoadClassifierOptions): Promise<Classifier> {
    checkNames("loadClassifier", options, LOAD_CLASSIFIER_NAMES);
    const { device, name: given, classes, edge, pixels, fit, untrained: seed, ...loading } = options;
    const checkpoint = await openCheckpoint(source, loading);
    const { recogniseClassifier } = await onDemand("classifiers", () => import("../networks/classifiers/recognise.ts"));
    const recognised = recogniseClassifier(checkpoint.tensors, { edge, pixels, fit });
    const own = given ?? checkpoint.source.name.replace(/^.*[\\/]/, "").replace(/\.(pth\.tar|[^.]*)$/, "");
    if (seed === undefined) return Classifier.define(recognised, { device, name: own, classes }, loading);
    const { untrained, untrainedName } = await onDemand(
      "weights to draw",
      () => import("../networks/classifiers/untrained.ts"),
    );
    const name = given ?? untrainedName(own, seed);
    return Classifier.define(untrained(recognised, seed), { device, name, classes }, loading);
  }

  /**
   * A classifier of any network; its weights are uploaded now, since a damaged file should fail
   * here.
   */
  static async define(
    network: ClassifierNetwork,
    options: DefineClassifierOptions,
    { signal, allowNonFinite }: Pick<LoadOptions, "signal" | "allowNonFinite"> = {},
  ): Promise<Classifier> {
    const weights = new Weights(options.device, network.state, allowNonFinite);
    const classifier = new Classifier(network, weights, options);
    await upload(classifier, signal);
    return classifier;
  }

  /** What is cut out of photographs for it. */
  get view(): View {
    return this.network.view;
  }

  /** All layers, in the order in which they are computed. */
  get layers(): readonly LayerInfo[] {
    return this.network.layers;
  }

  /** @throws UsageError listing the known layers. */
  layer(name: string): LayerInfo {
    return layerOf(this, name);
  }

  /**
   * Appends the classifier, or its part from a layer on, to a caller's graph: its input, its
   * layers, the changeable numbers of its edits, and the logits. `bind` gives its weights.
   * @throws UsageError for layers that there are not.
   */
  append(graph: Graph, batch: number, options: AppendClassifierOptions = {}): ClassifierValues {
    checkNames("classifier.append", options, APPEND_NAMES);
    const { editable: layers = [], from, until, image } = options;
    if (!Number.isInteger(batch) || batch < 1) {
      throw new UsageError(`A batch of ${batch} images makes no sense.`, "Use a whole number from 1.");
    }
    const edit = editable(layers);
    for (const name of [...edit.keys(), ...(from ? [from] : []), ...(until ? [until] : [])]) this.layer(name);
    const { edge } = this.view;
    const picture = from ? undefined : (image ?? graph.map("image", batch, edge, edge, 3));
    const values = graph.owned(this.#weights, () => {
      const inputs = new Map(
        picture ? [["image", preprocess(graph, picture, edge, edge, this.network.pixels)] as const] : [],
      );
      return this.network.append(graph, batch, { edit, inputs, ...(from && { from }), ...(until && { until }) });
    });
    for (const name of edit.keys()) {
      if (!values.edits.has(name) && !values.dense.has(name)) notComputed(name, options);
    }
    const { layers: computed, edits, dense, outputs } = values;
    const logits = outputs.get("logits");
    const input = picture ?? computed.get(from!) ?? notComputed(from!, options);
    return { input, layers: computed, edits, dense, ...(logits && { logits }) };
  }

  /** Uploads what this classifier learned of a graph and is not yet here; it belongs to it. */
  async bind(graph: Graph, signal?: AbortSignal): Promise<Map<Value, Tensor>> {
    const parameters = graph.parameters.filter(({ owner }) => owner === this.#weights);
    return this.#weights.bind({ parameters }, { signal });
  }

  /** Compiles a plan for a batch size. @throws UsageError; KernelError; the signal's reason. */
  compile<L extends string>(options: CompileClassifierOptions & Retaining<L>): Promise<Retained<L> & ClassifierPlan> {
    return compileClassifier(this, options) as never; // as told
  }

  /**
   * The logits [n, classes] of pictures [n, edge, edge, RGB_] in [−1, 1], as `viewed` makes them;
   * for repeated runs `compile` once.
   * @throws ShapeError for no whole pictures.
   */
  async classify(pictures: Float32Array<ArrayBuffer>): Promise<Float32Array> {
    const numbers = 4 * this.view.edge ** 2;
    if (pictures.length === 0 || pictures.length % numbers !== 0) {
      throw new ShapeError(
        `${pictures.length} numbers are no pictures of ${this.view.edge}×${this.view.edge} pixels, four numbers each.`,
        "Make them with `viewed`.",
      );
    }
    const plan = await this.compile({ batch: pictures.length / numbers });
    try {
      plan.input.write(pictures);
      plan.run();
      return withoutPadding(await plan.logits!.read(), this.classes.length);
    } finally {
      plan.dispose();
    }
  }

  /** What one image costs. */
  cost(): Cost {
    const graph = new Graph(this.device.target, "f32", this.device.tuned);
    const { input, logits } = this.append(graph, 1);
    return costOf(graph, [input, logits!]);
  }

  /** Bytes of weights on the device. */
  get bytes(): number {
    return this.#weights.bytes;
  }

  /** Frees the weights on the device, which plans of it need too. */
  dispose(): void {
    this.#weights.dispose();
  }

  /** As `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Rows of logits as a tensor holds them, without what fills them up to whole vec4s. */
export function withoutPadding(logits: Float32Array, classes: number): Float32Array<ArrayBuffer> {
  const stored = padded(classes);
  const rows = new Float32Array((logits.length / stored) * classes);
  for (let i = 0; i * stored < logits.length; i += 1) {
    rows.set(logits.subarray(i * stored, i * stored + classes), i * classes);
  }
  return rows;
}
