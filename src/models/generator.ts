import { ShapeError, UsageError } from "../errors.ts";
import { checkNames, type NamesOf } from "../names.ts";
import {
  currentNames,
  inferProgan,
  type LayerInfo,
  type ProganConfig,
  type ProganValues,
  progan,
} from "../networks/generators/progan.ts";
import type { Device } from "../runtime/device.ts";
import { Graph, type Value } from "../runtime/graph.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { tune } from "../runtime/tune.ts";
import { openCheckpoint } from "../weights/checkpoint.ts";
import { type SampleZOptions, sampleZ } from "../weights/random.ts";
import { LOAD_NAMES, type LoadOptions, type SourceLike } from "../weights/source.ts";
import { type Cost, costOf } from "./cost.ts";
import { type Edit, editable, editableBy } from "./edits.ts";
import {
  APPEND_NAMES,
  type AppendGeneratorOptions,
  type CompileGeneratorOptions,
  compileGenerator,
  evenBatch,
  type GeneratorPlan,
  notComputed,
} from "./generator-plan.ts";
import { Weights } from "./weights.ts";

export interface LoadGeneratorOptions extends LoadOptions {
  readonly device: Device;
  /** What reports call it; the file's name without its extension unless given. */
  readonly name?: string;
  /** Clamp images to [−1, 1]. Off by default, as in gandissect: bytes are clamped anyway. */
  readonly clamp?: boolean;
}

/** One forward run: its tensors live until it is disposed. */
export interface ForwardOptions {
  /** Layers whose output (before any edit) can be read afterwards. */
  readonly retain?: readonly string[];
  readonly edits?: readonly Edit[];
  /** By layer: WGSL that says what replaces an activation where it is edited; see `EditOptions`. */
  readonly rules?: Readonly<Partial<Record<string, string>>>;
  readonly signal?: AbortSignal;
}

export interface ImagesOptions extends Omit<SampleZOptions, "depth"> {
  /** Images at a time; 8 unless given. */
  readonly batch?: number;
  readonly edits?: readonly Edit[];
  readonly signal?: AbortSignal;
}

const LOAD_GENERATOR_NAMES: NamesOf<LoadGeneratorOptions> = { ...LOAD_NAMES, device: true, name: true, clamp: true };
const SAMPLE_NAMES: NamesOf<Omit<SampleZOptions, "depth">> = { size: true, seed: true, start: true };
const FORWARD_NAMES: NamesOf<ForwardOptions> = { retain: true, edits: true, rules: true, signal: true };
const IMAGES_NAMES: NamesOf<ImagesOptions> = { ...SAMPLE_NAMES, batch: true, edits: true, signal: true };

export interface Run {
  readonly image: Tensor<"f32">;
  readonly layers: ReadonlyMap<string, Tensor<"f32">>;
  dispose(): void;
  [Symbol.dispose](): void;
}

/** A Progressive GAN generator on a device. */
export class Generator {
  readonly name: string;
  readonly device: Device;
  readonly config: ProganConfig;
  readonly #weights: Weights;
  readonly #clamp: boolean;

  private constructor(name: string, device: Device, config: ProganConfig, weights: Weights, clamp: boolean) {
    this.name = name;
    this.device = device;
    this.config = config;
    this.#weights = weights;
    this.#clamp = clamp;
  }

  /** Opens a checkpoint of any size and container and reads the architecture off its tensors. */
  static async load(source: SourceLike, options: LoadGeneratorOptions): Promise<Generator> {
    checkNames("loadGenerator", options, LOAD_GENERATOR_NAMES);
    const { device, name: given, clamp = false, ...loading } = options;
    const checkpoint = await openCheckpoint(source, loading);
    const state = currentNames(checkpoint.tensors);
    const config = inferProgan(state);
    const name = given ?? checkpoint.source.name.replace(/^.*[\\/]/, "").replace(/\.[^.]*$/, "");
    const weights = new Weights(device, state);
    const generator = new Generator(name, device, config, weights, clamp);
    try {
      // Upload now: a damaged file should fail here and not in the middle of a dissection.
      const { signal } = loading;
      const describe = (): Graph => {
        const graph = new Graph(device.target, "f32", device.tuned);
        generator.append(graph, 1);
        return graph;
      };
      await tune(device, describe, signal);
      await generator.bind(describe(), signal);
    } catch (error) {
      weights.dispose();
      throw error;
    }
    return generator;
  }

  /** [z, channels at 4×4, at 8×8, …] */
  get sizes(): readonly number[] {
    return this.config.sizes;
  }

  get zSize(): number {
    return this.config.zSize;
  }

  /** Edge of the images in pixels. */
  get resolution(): number {
    return this.config.resolution;
  }

  get layers(): readonly LayerInfo[] {
    return this.config.layers;
  }

  /** @throws UsageError listing the known layers. */
  layer(name: string): LayerInfo {
    const layer = this.layers.find((candidate) => candidate.name === name);
    if (layer) return layer;
    const known = this.layers.map((candidate) => candidate.name).join(", ");
    throw new UsageError(`${this.name} has no layer "${name}".`, `Its layers are ${known}.`);
  }

  /** Rows `start`…`start + size − 1` of NumPy's RandomState(seed).standard_normal table, [size, zSize] (spec §1.6). */
  sample(options: Omit<SampleZOptions, "depth">): Float32Array {
    checkNames("generator.sample", options, SAMPLE_NAMES);
    return sampleZ({ ...options, depth: this.zSize });
  }

  /**
   * Appends the generator, or its part from a layer on, to a caller's graph: its input, its layers, the changeable numbers of
   * its edits, and the image. `bind` gives its weights.
   */
  append(graph: Graph, batch: number, options: AppendGeneratorOptions = {}): ProganValues {
    checkNames("generator.append", options, APPEND_NAMES);
    const { editable: layers = [], from, until } = options;
    if (!Number.isInteger(batch) || batch < 1) {
      throw new UsageError(`A batch of ${batch} images makes no sense.`, "Use a whole number from 1.");
    }
    const edits = editable(layers);
    for (const name of [...edits.keys(), ...(from ? [from] : []), ...(until ? [until] : [])]) this.layer(name);
    const values = graph.owned(this.#weights, () =>
      progan(graph, this.config, batch, {
        clamp: this.#clamp,
        edit: edits,
        ...(from && { from }),
        ...(until && { until }),
      }),
    );
    for (const name of edits.keys()) if (!values.edits.has(name)) notComputed(name, options);
    return values;
  }

  /** Uploads what this generator learned of a graph and is not yet here; the weights belong to the generator. */
  async bind(graph: Graph, signal?: AbortSignal): Promise<Map<Value, Tensor>> {
    const parameters = graph.parameters.filter(({ owner }) => owner === this.#weights);
    return this.#weights.bind({ parameters }, { signal });
  }

  /** Compiles a plan for a batch size. */
  compile(options: CompileGeneratorOptions): Promise<GeneratorPlan> {
    return compileGenerator(this, options);
  }

  /**
   * One run on rows of z, with interventions; for repeated runs `compile` once. Edits of one layer are composed in their
   * order. `rules` say in WGSL what replaces an activation of a layer where it is edited; see `EditOptions`.
   */
  async forward(z: Float32Array, options: ForwardOptions = {}): Promise<Run> {
    checkNames("generator.forward", options, FORWARD_NAMES);
    const { retain = [], edits = [], rules, signal } = options;
    if (z.length === 0 || z.length % this.zSize !== 0) {
      throw new ShapeError(
        `z has ${z.length} numbers, which is no whole number of rows of ${this.zSize}.`,
        "Give whole rows.",
      );
    }
    const layers = editableBy(edits, rules);
    const plan = await this.compile({ batch: z.length / this.zSize, retain, editable: layers, signal });
    try {
      plan.setEdits(edits);
      plan.run(z);
    } catch (error) {
      plan.dispose();
      throw error;
    }
    const dispose = (): void => plan.dispose();
    return { image: plan.image!, layers: plan.layers, dispose, [Symbol.dispose]: dispose };
  }

  /** Images `start`…`start + size − 1` of a seed, as RGB bytes, one after the other, with all of these edits in each. */
  async *images(
    options: ImagesOptions,
  ): AsyncGenerator<{ readonly image: number; readonly size: number; readonly rgb: Uint8Array }> {
    checkNames("generator.images", options, IMAGES_NAMES);
    const { size, seed, start = 0, edits = [], signal } = options;
    if (!Number.isInteger(size) || size < 1) {
      throw new UsageError(`A size of ${size} images makes no sense.`, "Use a whole number from 1.");
    }
    const batch = evenBatch(size, options.batch ?? 8);
    const plan = await this.compile({ batch, bytes: true, editable: editableBy(edits), signal });
    try {
      plan.setEdits(edits);
      const z = this.sample({ size, seed, start });
      const pixels = this.resolution ** 2;
      for (let first = 0; first < size; first += batch) {
        signal?.throwIfAborted();
        const count = Math.min(batch, size - first);
        plan.run(z.subarray(first * this.zSize, (first + count) * this.zSize));
        const rgba = new Uint8Array((await plan.rgba!.read(count * pixels)).buffer);
        for (let i = 0; i < count; i += 1) {
          yield { image: start + first + i, size: this.resolution, rgb: withoutAlpha(rgba, i * pixels, pixels) };
        }
      }
    } finally {
      plan.dispose();
    }
  }

  /** What one image costs. */
  cost(): Cost {
    const graph = new Graph(this.device.target, "f32", this.device.tuned);
    const { input, image } = this.append(graph, 1);
    return costOf(graph, [input, image!]);
  }

  /** Bytes of weights on the device. */
  get bytes(): number {
    return this.#weights.bytes;
  }

  dispose(): void {
    this.#weights.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** RGB bytes of `pixels` RGBA pixels from `first` on. */
export function withoutAlpha(rgba: Uint8Array, first: number, pixels: number): Uint8Array {
  const rgb = new Uint8Array(3 * pixels);
  for (let p = 0; p < pixels; p += 1) {
    const from = 4 * (first + p);
    rgb[3 * p] = rgba[from]!;
    rgb[3 * p + 1] = rgba[from + 1]!;
    rgb[3 * p + 2] = rgba[from + 2]!;
  }
  return rgb;
}
