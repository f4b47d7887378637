// Tests: test/networks/generators/progan.test.ts, test/models/edits.test.ts

import { ShapeError, UsageError } from "../errors.ts";
import { checkNames, warn } from "../names.ts";
import { layerOf } from "../networks/layer-of.ts";
import type { LayerInfo, Network, NetworkOutput } from "../networks/network.ts";
import type { State } from "../networks/state.ts";
import type { Device } from "../runtime/device.ts";
import { type Extent, Graph, type Value } from "../runtime/graph.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { openCheckpoint } from "../weights/checkpoint.ts";
import type { SampleZOptions } from "../weights/sample-z.ts";
import type { LoadOptions, SourceLike } from "../weights/source.ts";
import { type Cost, costOf } from "./cost.ts";
import { editable, editableBy } from "./edits.ts";
import { generatorNetwork } from "./generator-network.ts";
import {
  type DefineOptions,
  FORWARD_NAMES,
  type ForwardOptions,
  type ImagesOptions,
  LOAD_GENERATOR_NAMES,
  type LoadGeneratorOptions,
  partsOf,
  SAMPLE_NAMES,
} from "./generator-options.ts";
import {
  APPEND_NAMES,
  type AppendGeneratorOptions,
  type CompileGeneratorOptions,
  compileGenerator,
  type GeneratorPlan,
  type GeneratorValues,
  notComputed,
  type Run,
} from "./generator-plan.ts";
import type { DrawnImage } from "./images.ts";
import { type Mask, type PooledMask, poolMask } from "./mask.ts";
import { onDemand } from "./on-demand.ts";
import type { Retained, Retaining, Until } from "./retained.ts";
import { chosen, classesOf, numbersOf, sampleRows } from "./rows.ts";
import { type Known, upload, Weights } from "./weights.ts";

/** A generator on a device: a network that makes images of z. */
export class Generator {
  /** What reports call it. */
  readonly name: string;
  /** The device that it computes on. */
  readonly device: Device;
  /** What was recognised: inputs, layers, outputs. */
  readonly network: Network;
  /** Height of the images in pixels, as they are looked at. */
  readonly height: number;
  /** Width in pixels. */
  readonly width: number;
  /** Length of z. */
  readonly zSize: number;
  /** Numbers that one image is made of: z and, where images have classes, its class's one-hot. */
  readonly rowSize: number;
  /** Classes that images are drawn of, one after the other. */
  readonly #classes: readonly number[];
  readonly #weights: Weights;
  /** Options of loading that were given and change something. */
  #asked: readonly string[] = [];
  #onWarning: LoadOptions["onWarning"];
  #entry: string | undefined;

  private constructor(
    network: Network,
    weights: Weights,
    { device, name = network.architecture, classes = [] }: DefineOptions,
  ) {
    const [z, ...others] = network.inputs;
    const image = network.outputs.find(({ kind }) => kind === "image");
    if (!z || !image) {
      throw new UsageError(
        `${network.architecture} has no input or makes no image.`,
        'A generator\'s network names an input and an output of the kind "image".',
      );
    }
    for (const { name: input, height, width } of network.inputs) {
      if (height === 1 && width === 1) continue;
      throw new UsageError(
        `${network.architecture} has an input "${input}" of ${width}×${height}.`,
        "Generators are run from vectors: give it the extents 1 and 1.",
      );
    }
    this.name = name;
    this.device = device;
    this.network = network;
    this.height = image.height;
    this.width = image.width;
    this.zSize = z.channels;
    this.rowSize = others.reduce((sum, { channels }) => sum + channels, z.channels);
    this.#classes = chosen(network, classes);
    this.#weights = weights;
  }

  /** Behind `loadGenerator`. @throws WeightsError, UsageError; the signal's reason. */
  static async load(source: SourceLike, options: LoadGeneratorOptions, known?: Known<Generator>): Promise<Generator> {
    checkNames("loadGenerator", options, LOAD_GENERATOR_NAMES);
    const { device, name: given, classes } = options;
    const { loading, network: asked } = partsOf(options);
    const checkpoint = await openCheckpoint(source, loading);
    const network = await generatorNetwork(checkpoint, asked, loading);
    const name = given ?? checkpoint.source.name.replace(/^.*[\\/]/, "").replace(/\.[^.]*$/, "");
    const generator = await Generator.define(network, { device, name, classes }, loading, known);
    generator.#asked = Object.entries({ classes, ...asked })
      .filter(([option, value]) => value !== undefined && !(option === "truncation" && value === 1))
      .map(([option]) => option);
    generator.#onWarning = loading.onWarning;
    generator.#entry = checkpoint.entry;
    return generator;
  }

  /**
   * A generator of any network; its weights are uploaded now, since a damaged file should fail
   * here.
   */
  static async define(
    network: Network,
    options: DefineOptions,
    { signal, allowNonFinite }: Pick<LoadOptions, "signal" | "allowNonFinite"> = {},
    known?: Known<Generator>,
  ): Promise<Generator> {
    const generator = new Generator(network, new Weights(options.device, network.state, allowNonFinite), options);
    await upload(generator, signal, known);
    return generator;
  }

  /**
   * The same on another device, such as one in place of a lost one: its weights are read again from
   * where they came from. With `tensors` these stand in place of the network's of their names. Both
   * belong to the caller.
   * @throws what reading weights throws.
   */
  async copyTo(device: Device, tensors: State = new Map()): Promise<Generator> {
    const { name } = this;
    const network = { ...this.network, state: new Map([...this.network.state, ...tensors]) };
    const { allowNonFinite } = this.#weights;
    const copy = await Generator.define(network, { device, name, classes: this.#classes }, { allowNonFinite });
    copy.#asked = this.#asked;
    copy.#onWarning = this.#onWarning;
    copy.#entry = this.#entry;
    return copy;
  }

  /** Length of z, then channels at each resolution from the first, as reports name it. */
  get sizes(): readonly number[] {
    const layers = this.hiddenLayers;
    const first = layers.filter(
      ({ height, width }, i) => height !== layers[i - 1]?.height || width !== layers[i - 1]?.width,
    );
    return [this.zSize, ...first.map(({ channels }) => channels)];
  }

  /** The part of its file that it was loaded from, such as "G_ema", where that has several. */
  get entry(): string | undefined {
    return this.#entry;
  }

  /** The longer edge of the images in pixels. */
  get resolution(): number {
    return Math.max(this.height, this.width);
  }

  /** Height and width of what the network makes, and layers cover, before it is cropped. */
  get uncropped(): Extent {
    const { height, width } = this.network.outputs.find(({ kind }) => kind === "raw") ?? this;
    return [height, width];
  }

  /** All layers, in the order in which they are computed. */
  get layers(): readonly LayerInfo[] {
    return this.network.layers;
  }

  /** The layers that can be dissected: maps that are not the image. */
  get hiddenLayers(): readonly LayerInfo[] {
    return this.layers.filter(
      ({ name, vector }) => !vector && !this.network.outputs.some(({ layer }) => layer === name),
    );
  }

  /** @throws UsageError listing the known layers. */
  layer(name: string): LayerInfo {
    return layerOf(this, name);
  }

  /**
   * A mask for edits of a layer, checked and pooled now, instead of each time that an edit with it
   * is set. As numbers alone it is at the layer's resolution; several maps are for as many images.
   * @throws UsageError, ShapeError for what is no mask.
   */
  poolMask(layer: string, mask: ArrayLike<number> | Mask): PooledMask {
    return poolMask(mask, this.layer(layer));
  }

  /**
   * What images `start`…`start + size − 1` of a seed are made of, [size, rowSize]: z as its family
   * draws it (rows of NumPy's RandomState(seed).standard_normal for a Progressive GAN, spec §1.6)
   * and, where images have classes, a one at the class among zeros. Images far from the first cost
   * the way to them once; see `sampleZ`.
   * @throws UsageError, also for images beyond any patience.
   */
  sample(options: Omit<SampleZOptions, "depth">): Float32Array<ArrayBuffer> {
    checkNames("generator.sample", options, SAMPLE_NAMES);
    return sampleRows(this.network.inputs, this.#classes, options);
  }

  /** Names of the classes that images can be of, or their numbers; none where they have none. */
  get classes(): readonly string[] {
    return classesOf(this.network);
  }

  /**
   * Appends the generator, or its part from a layer on, to a caller's graph: its input, its layers,
   * the changeable numbers of its edits, and the image. `bind` gives its weights.
   * @throws UsageError for layers that there are not.
   */
  append(graph: Graph, batch: number, options: AppendGeneratorOptions = {}): GeneratorValues {
    checkNames("generator.append", options, APPEND_NAMES);
    const { editable: layers = [], from, until } = options;
    if (!Number.isInteger(batch) || batch < 1) {
      throw new UsageError(`A batch of ${batch} images makes no sense.`, "Use a whole number from 1.");
    }
    const edits = editable(layers);
    for (const name of [...edits.keys(), ...(from ? [from] : []), ...(until ? [until] : [])]) this.layer(name);
    const part = { edit: edits, ...(from && { from }), ...(until && { until }) };
    const values = graph.owned(this.#weights, () => this.network.append(graph, batch, part));
    for (const name of edits.keys()) {
      if (!values.edits.has(name) && !values.dense.has(name)) notComputed(name, options);
    }
    const { inputs } = values;
    const input = inputs.get(from ?? this.network.inputs[0]!.name);
    if (!input) {
      throw new UsageError(
        `${this.name} makes ${until ?? "its image"} without ${from ?? this.network.inputs[0]!.name}.`,
        "Start at another layer.",
      );
    }
    const made = (wanted: NetworkOutput["kind"]) => {
      const output = this.network.outputs.find(({ kind }) => kind === wanted);
      const value = output && values.outputs.get(output.name);
      return value && { [wanted]: value };
    };
    const { layers: computed, edits: slots, dense } = values;
    return { input, inputs, layers: computed, edits: slots, dense, ...made("image"), ...made("raw") };
  }

  /**
   * Uploads what this generator learned of a graph and is not yet here; the weights belong to the
   * generator.
   */
  async bind(graph: Pick<Graph, "parameters">, signal?: AbortSignal): Promise<Map<Value, Tensor>> {
    const parameters = graph.parameters.filter(({ owner }) => owner === this.#weights);
    return this.#weights.bind({ parameters }, { signal });
  }

  /** Compiles a plan for a batch size. @throws UsageError; KernelError; the signal's reason. */
  compile<L extends string, U extends string | undefined = undefined>(
    options: CompileGeneratorOptions & Retaining<L> & Until<U>,
  ): Promise<Retained<L> & GeneratorPlan & ([U] extends [undefined] ? Pick<Run, "image"> : unknown)> {
    return compileGenerator(this, options) as never; // as told
  }

  /**
   * One run on rows of z, with interventions; for repeated runs `compile` once. Edits of one layer
   * are composed in their order. `rules` say in WGSL what replaces an activation of a layer where
   * it is edited; see `EditOptions`.
   * @throws ShapeError, UsageError for z or edits that do not fit; the signal's reason.
   */
  async forward<L extends string>(
    given: ArrayLike<number>,
    options: ForwardOptions & Retaining<L> = {},
  ): Promise<Retained<L> & Run> {
    checkNames("generator.forward", options, FORWARD_NAMES);
    const z = numbersOf(given, "z");
    const { retain = [], edits = [], rules, signal } = options;
    if (z.length === 0 || z.length % this.rowSize !== 0) {
      throw new ShapeError(
        `z has ${z.length} numbers, which is no whole number of rows of ${this.rowSize}.`,
        "Give one row an image, as `sample` does.",
      );
    }
    const layers = editableBy(edits, rules);
    const plan = await this.compile({ batch: z.length / this.rowSize, retain, editable: layers, signal });
    try {
      plan.setEdits(edits);
      plan.run(z);
    } catch (error) {
      plan.dispose();
      throw error;
    }
    const dispose = (): void => plan.dispose();
    return { image: plan.image, layers: plan.layers, dispose, [Symbol.dispose]: dispose };
  }

  /**
   * Images `start`…`start + size − 1` of a seed, as RGB bytes, one after the other, with all of
   * these edits in each; or images of rows that are given. Behind a layer, `idle` options are said
   * to whoever is told of warnings in loading.
   */
  images(options: ImagesOptions): AsyncGenerator<DrawnImage> {
    const idle = options.from === undefined ? [] : this.idle(options.from);
    if (idle.length > 0) {
      const named = idle.map((option) => `\`${option}\``).join(" and ");
      const text = `${named}, which ${this.name} was loaded with, ${idle.length === 1 ? "does" : "do"} nothing to images made of "${options.from}".`;
      warn(this.#onWarning, text);
    }
    return drawn(this, options);
  }

  /**
   * Options that it was loaded with and that do nothing to what starts from a layer: a class is in
   * w, and in "w+" truncation too.
   */
  idle(from: string): readonly string[] {
    const { settles = [] } = this.layer(from);
    return this.#asked.filter((option) => settles.includes(option));
  }

  /** What one image costs. */
  cost(): Cost {
    const graph = new Graph(this.device.target, "f32", this.device.tuned);
    const { inputs, image } = this.append(graph, 1);
    return costOf(graph, [...inputs.values(), image!]);
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

/** What draws images is loaded when they are asked for. */
async function* drawn(generator: Generator, options: ImagesOptions): AsyncGenerator<DrawnImage> {
  const { drawImages } = await onDemand("drawing of images", () => import("./images.ts"));
  yield* drawImages(generator, options);
}
