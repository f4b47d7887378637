// Tests: test/networks/segmenters/recognise.test.ts, test/models/own.test.ts,
// test/models/labels.test.ts

import { UsageError } from "../errors.ts";
import { mask, unite } from "../kernels/readout/classify.ts";
import { checkNames } from "../names.ts";
import type { LayerInfo } from "../networks/network.ts";
import {
  inputOf,
  isSegsizes,
  type Label,
  mapsOf,
  type SegmenterNetwork,
  shifted,
} from "../networks/segmenters/network.ts";
import type { Device } from "../runtime/device.ts";
import { type Extent, Graph, type Parameter, type Storage, type Value } from "../runtime/graph.ts";
import { Plan } from "../runtime/plan.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { tune } from "../runtime/tune.ts";
import type { LoadOptions } from "../weights/source.ts";
import { labelOf, type Union, unionOf } from "./concepts.ts";
import { type Cost, costOf } from "./cost.ts";
import type { Generator } from "./generator.ts";
import { onDemand } from "./on-demand.ts";
import { featuresAt, hasScore, prepareMaps, scoreOf, writeMaps } from "./readout.ts";
import { labelsOf, openParts, type SegmenterFiles } from "./segmenter-files.ts";
import { segmenterNetwork } from "./segmenter-network.ts";
import {
  checkDefined,
  checkMerged,
  LOAD_SEGMENTER_NAMES,
  type LoadSegmenterOptions,
  type OwnLabelsOptions,
  type SegmenterOptions,
  type UniteOptions,
} from "./segmenter-options.ts";
import type { SegmenterPlan } from "./segmenter-plan.ts";
import { Weights } from "./weights.ts";

/** A network, its labels counted from those of earlier parts on, and its weights. */
interface Part {
  readonly network: SegmenterNetwork;
  readonly weights: Weights;
}

/** Names what is at every pixel of an image: one network, or several side by side. */
export class Segmenter {
  /** What reports call it. */
  readonly name: string;
  /** The device that it computes on. */
  readonly device: Device;
  /** By number; index 0 is none. */
  readonly labels: readonly Label[];
  /** How its convolutions' weights are stored on the device. */
  readonly storage: Storage;
  /** Labels that are several others counted as one: see `unite`. */
  readonly unions: readonly Union[];
  readonly #parts: readonly Part[];

  private constructor(
    { name, device, storage }: Required<SegmenterOptions>,
    parts: readonly Part[],
    { labels = parts.flatMap(({ network }) => network.labels), unions = [] }: Partial<Segmenter> = {},
  ) {
    this.name = name;
    this.device = device;
    this.storage = storage;
    this.labels = labels;
    this.unions = unions;
    this.#parts = parts;
  }

  /** Behind `loadSegmenter`. @throws WeightsError, LabelsError, UsageError; the signal's reason. */
  static async load(files: SegmenterFiles, options: LoadSegmenterOptions): Promise<Segmenter> {
    checkNames("loadSegmenter", options, LOAD_SEGMENTER_NAMES);
    const { sha256, device, name: given, storage, segsizes, heads, segdiv, parts, ...rest } = options;
    const { first, state } = await openParts(files, { ...rest, sha256 });
    const labels = await labelsOf(files, { ...rest, sha256: sha256?.labels });
    const unified = { ...(heads && { heads }), ...(segdiv && { segdiv }), ...(parts && { parts }) };
    if (segsizes !== undefined && !isSegsizes(segsizes)) {
      throw new UsageError(`segsizes [${segsizes}] make no sense.`, "Use one to eight whole numbers from 32 to 4096.");
    }
    const network = await segmenterNetwork(first, state, labels, { ...unified, ...(segsizes && { segsizes }) }, rest);
    const name = given ?? first.source.name.replace(/^.*[\\/]/, "").replace(/\.[^.]*$/, "");
    return Segmenter.define(network, { device, name, ...(storage && { storage }) }, rest);
  }

  /**
   * A segmenter of any network; its weights are uploaded now, since a damaged file should fail
   * here.
   */
  static async define(
    network: SegmenterNetwork,
    options: SegmenterOptions,
    { signal, allowNonFinite }: Pick<LoadOptions, "signal" | "allowNonFinite"> = {},
  ): Promise<Segmenter> {
    const { device, name = network.architecture, storage = "f32" } = checkDefined(network, options);
    await prepareMaps(network);
    const weights = new Weights(device, network.state, allowNonFinite);
    const segmenter = new Segmenter({ name, device, storage }, [{ network, weights }]);
    await segmenter.#upload(signal);
    return segmenter;
  }

  /**
   * The same on another device, such as one in place of a lost one: its weights are read again from
   * where they came from. Both belong to the caller.
   * @throws what reading weights throws.
   */
  async copyTo(device: Device): Promise<Segmenter> {
    const { name, storage } = this;
    const parts = this.#parts.map(({ network, weights: { allowNonFinite } }) => ({
      network,
      weights: new Weights(device, network.state, allowNonFinite),
    }));
    const copy = new Segmenter({ name, device, storage }, parts, this);
    await copy.#upload();
    return copy;
  }

  /** Brings all weights onto the device, or disposes of it. */
  async #upload(signal?: AbortSignal): Promise<void> {
    try {
      const { height, width } = inputOf(this.#parts[0]!.network);
      const { graph } = await this.#tuned([1, height, width], [height, width], signal);
      await this.bind(graph, signal);
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /**
   * The labels that a generator of tiles gives its own images: at every pixel the kind of tile that
   * scores highest, counted from 1 in the order of its channels (categories: "tile"). It belongs to
   * the caller, as the generator does.
   * @throws UsageError when the generator makes pictures.
   */
  static async self(
    generator: Pick<Generator, "network" | "device">,
    { name = "self", signal }: OwnLabelsOptions = {},
  ): Promise<Segmenter> {
    if (!generator?.network) throw new UsageError("Whose labels?", "Give what loadGenerator makes, awaited.");
    const { ownLabels } = await onDemand("labels of tiles", () => import("../networks/segmenters/self.ts"));
    return Segmenter.define(ownLabels(generator.network), { device: generator.device, name }, { signal });
  }

  /**
   * Segmenters side by side as one, such as objects and colours (PNAS): label maps and labels one
   * after the other, ids shifted by the labels before (spec §2.5). The parts belong to the result
   * and are disposed with it.
   * @throws UsageError when there are none, or they do not fit together.
   */
  static merge(name: string, segmenters: readonly Segmenter[]): Segmenter {
    const first = checkMerged(segmenters);
    if (segmenters.some(({ device, storage }) => device !== first.device || storage !== first.storage)) {
      throw new UsageError("Merged segmenters are on different devices or stored differently.", "Load them alike.");
    }
    if (segmenters.some(({ reads }) => reads !== first.reads)) {
      throw new UsageError("Merged segmenters do not all see pictures.", "A generator's own labels stand alone.");
    }
    if (segmenters.some(({ unions }) => unions.length > 0)) {
      throw new UsageError("A merged segmenter has unions.", "Merge first, then unite.");
    }
    let offset = 0;
    const parts = segmenters.flatMap((segmenter) => {
      const first = offset;
      offset += segmenter.labels.length;
      return segmenter.#parts.map(({ network, weights }) => ({ network: shifted(network, first), weights }));
    });
    return new Segmenter({ name, device: first.device, storage: first.storage }, parts);
  }

  /**
   * This segmenter, knowing one concept more: several counted as one, wherever a pixel shows any of
   * them. Its label comes after all others, its map after all other maps, its score is the sum of
   * theirs; it is dissected, ranked and looked for like any concept. The networks are the same and
   * belong to the result.
   * @throws UsageError for concepts that are unknown or only one, or a name that is taken.
   */
  unite(concepts: readonly string[], options: UniteOptions = {}): Segmenter {
    checkNames("unite", options, { name: true });
    const { union, named } = unionOf(this, concepts, options.name);
    const known = { labels: [...this.labels, named], unions: [...this.unions, union] };
    return new Segmenter(this, this.#parts, known);
  }

  /** What the networks are. */
  get architecture(): string {
    return this.#parts.map(({ network }) => network.architecture).join(" + ");
  }

  /** Input edges of the (first) network; none when it takes images as they are. */
  get segsizes(): readonly number[] {
    return this.#parts[0]!.network.segsizes;
  }

  /** Which of a generator's outputs it is given: its pictures, or the numbers that they are of. */
  get reads(): "image" | "raw" {
    return inputOf(this.#parts[0]!.network).name;
  }

  /** Labels a pixel can have at once. */
  get channels(): number {
    return this.#parts.reduce((sum, { network }) => sum + mapsOf(network), this.unions.length);
  }

  /** Categories in the order in which labels name them. */
  get categories(): readonly string[] {
    return [...new Set(this.labels.filter(({ name }) => name !== "-").map((label) => label.category))];
  }

  /** Layers of its networks, with their extents at the first input size. */
  get layers(): readonly LayerInfo[] {
    return this.#parts.flatMap(({ network }) => network.layers);
  }

  /** Appends a layer's features [n, h, w, c] of image [n, h, w, 3], at the first input size. */
  features(graph: Graph, image: Value, layer: string): Value {
    const part = this.#parts.find(({ network }) => network.layers.some(({ name }) => name === layer));
    if (!part) throw new UsageError(`${this.name} has no layer "${layer}".`, "Name one of its `layers`.");
    return graph.owned(part.weights, () => featuresAt(graph, part.network, image, layer));
  }

  /**
   * The number of a label by its name, "door", the first of that name, or by category and name,
   * "material/glass". Names may have a slash of their own.
   * @throws UsageError with the nearest names.
   */
  label(concept: string): number {
    return labelOf(this, concept);
  }

  /** Appends to a graph: labels [n, maps, height, width] of image [n, h, w, 3] in [−1, 1]. */
  append(graph: Graph, image: Value, extent: number | Extent): Value {
    const [height, width] = typeof extent === "number" ? [extent, extent] : extent;
    const labels = graph.value("labels", [image.shape[0]!, this.channels, height, width], "u32");
    let first = 0;
    for (const { network, weights } of this.#parts) {
      graph.owned(weights, () => writeMaps(graph, network, image, labels, first));
      first += mapsOf(network);
    }
    const [{ weights }] = this.#parts as [Part];
    for (const { label, members } of this.unions) {
      graph.owned(weights, () => unite(graph, labels, { map: first, label, members }));
      first += 1;
    }
    return labels;
  }

  /**
   * Appends a concept's probability [n, height, width] at every pixel of image [n, h, w, 3],
   * differentiable: summed over input sizes and over all channels that bear its name or those of a
   * union's members, owners of parts left aside (spec §2.3).
   * @throws UsageError for an unknown concept, or a quarter of an object.
   */
  score(graph: Graph, image: Value, concept: string, extent: number | Extent): Value {
    const label = this.label(concept);
    const size: Extent = typeof extent === "number" ? [extent, extent] : extent;
    const members = this.unions.find((union) => union.label === label)?.members ?? [label];
    const unscored = members.find((member) => !this.#parts.some(({ network }) => hasScore(network, member)));
    if (unscored !== undefined) {
      throw new UsageError(
        `"${this.labels[unscored]!.name}" is a quarter of an object and has no probability of its own.`,
        "Ask for the object.",
      );
    }
    const add = (sum: Value | undefined, { network, weights }: Part): Value | undefined =>
      graph.owned(weights, () => scoreOf(graph, network, image, members, size, sum));
    return this.#parts.reduce(add, undefined)!;
  }

  /**
   * Appends where a concept was seen [n, height, width]: 1 where any of the label maps (of
   * `append`) holds it, else 0.
   */
  mask(graph: Graph, labels: Value, concept: string): Value {
    return mask(graph, labels, this.label(concept));
  }

  #describe(image: readonly [number, number, number], extent: Extent) {
    const graph = new Graph(this.device.target, this.storage, this.device.tuned);
    const input = graph.map("image", ...image, inputOf(this.#parts[0]!.network).channels);
    return { graph, input, labels: this.append(graph, input, extent) };
  }

  /** The graph, once the ways of its operations were timed. */
  async #tuned(image: readonly [number, number, number], extent: Extent, signal?: AbortSignal) {
    await tune(this.device, () => this.#describe(image, extent).graph, signal);
    return this.#describe(image, extent);
  }

  /** Uploads what this segmenter learned of a graph; the weights belong to the segmenter. */
  async bind(graph: Graph, signal?: AbortSignal): Promise<Map<Value, Tensor>> {
    const bound = new Map<Value, Tensor>();
    for (const { weights } of this.#parts) {
      const parameters = graph.parameters.filter(({ owner }) => owner === weights);
      for (const [value, tensor] of await weights.bind({ parameters }, { signal })) bound.set(value, tensor);
    }
    return bound;
  }

  /** Compiles it onto an image tensor [n, h, w, 4], for label maps of this extent. */
  async compile(image: Tensor<"f32">, extent: number | Extent, signal?: AbortSignal): Promise<SegmenterPlan> {
    const [n = 1, height = 1, width = 1] = image.shape;
    const label = typeof extent === "number" ? ([extent, extent] as const) : extent;
    const { graph, input, labels } = await this.#tuned([n, height, width], label, signal);
    const weights = await this.bind(graph, signal);
    const plan = await Plan.compile(this.device, graph, {
      keep: [labels],
      bind: [...weights, [input, image]],
      signal,
    });
    const dispose = (): void => plan.dispose();
    return {
      run: () => plan.run(),
      labels: plan.tensor<"u32">(labels),
      bytes: plan.bytes,
      dispose,
      [Symbol.dispose]: dispose,
    };
  }

  /**
   * What one image costs, of `size` × `size` pixels unless the network has input sizes of its own.
   */
  cost(size = this.segsizes[0] ?? 256): Cost {
    const { name, ...own } = inputOf(this.#parts[0]!.network);
    const { height, width } = name === "raw" ? own : { height: size, width: size };
    const { graph, input, labels } = this.#describe([1, height, width], [height, width]);
    const part = ({ owner }: Parameter): number => this.#parts.findIndex(({ weights }) => weights === owner);
    return costOf(graph, [input, labels], (parameter) => `${part(parameter)} ${parameter.value.label}`);
  }

  /** Bytes of weights on the device. */
  get bytes(): number {
    return this.#parts.reduce((sum, { weights }) => sum + weights.bytes, 0);
  }

  /** Frees the weights on the device, which plans of it need too. */
  dispose(): void {
    for (const { weights } of this.#parts) weights.dispose();
  }

  /** As `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
