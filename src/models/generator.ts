import { ShapeError, UsageError } from "../errors.ts";
import { bytes } from "../kernels/pointwise.ts";
import type { Device } from "../runtime/device.ts";
import { Graph, padded, type Value } from "../runtime/graph.ts";
import { Plan } from "../runtime/plan.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { tune } from "../runtime/tune.ts";
import { openCheckpoint } from "../weights/checkpoint.ts";
import { sampleZ } from "../weights/random.ts";
import type { LoadOptions, SourceLike } from "../weights/source.ts";
import { type Cost, costOf } from "./cost.ts";
import { currentNames, inferProgan, type LayerInfo, type ProganConfig, progan } from "./progan.ts";
import { Weights } from "./state.ts";

export interface LoadGeneratorOptions extends LoadOptions {
  readonly device: Device;
  /** What reports call it; the file's name without its extension unless given. */
  readonly name?: string;
  /** Clamp images to [−1, 1]. Off by default, as in gandissect: bytes are clamped anyway. */
  readonly clamp?: boolean;
}

/** An intervention in one layer: x becomes x (1 − a) + v a, with a = alpha · mask (Bau et al. 2019, §3.2). */
export interface Edit {
  readonly layer: string;
  readonly units: readonly number[];
  /** How much of each unit is replaced: one number, or one per unit; 1 unless given. */
  readonly alpha?: number | readonly number[];
  /** What replaces it: one number, or one per unit; 0, ablation, unless given. */
  readonly value?: number | readonly number[];
  /** Where, row-major at the layer's resolution; everywhere unless given. */
  readonly mask?: ArrayLike<number>;
}

export interface CompileGeneratorOptions {
  readonly batch: number;
  /** Layers whose output (before any edit) can be read after a run. */
  readonly retain?: readonly string[];
  /** Layers that `setEdit` will intervene in. */
  readonly edit?: readonly string[];
  /** Stop after this layer; there is no image then. */
  readonly until?: string;
  /** Also pack images into bytes. */
  readonly bytes?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** A generator compiled for one batch size. Running it allocates nothing. */
export interface GeneratorPlan {
  readonly batch: number;
  /** Starts a run for up to `batch` rows of z; missing rows are zero. */
  run(z: Float32Array): void;
  /** [batch, R, R, 4]: RGB and a zero; absent with `until`. */
  readonly image: Tensor<"f32"> | undefined;
  /** [batch, R, R] packed RGBA bytes, with `bytes`. */
  readonly rgba: Tensor<"u32"> | undefined;
  /** Retained layers, [batch, h, w, channels rounded up to 4]. */
  readonly layers: ReadonlyMap<string, Tensor<"f32">>;
  /** Intervenes from the next run on; `undefined` for the whole layer takes the intervention back. */
  setEdit(edit: Edit | { readonly layer: string; readonly units?: undefined }): void;
  dispose(): void;
  [Symbol.dispose](): void;
}

/** One forward run: its tensors live until it is disposed. */
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
    const checkpoint = await openCheckpoint(source, options);
    const state = currentNames(checkpoint.tensors);
    const config = inferProgan(state);
    const name = options.name ?? checkpoint.source.name.replace(/^.*[\\/]/, "").replace(/\.[^.]*$/, "");
    const weights = new Weights(options.device, state);
    const generator = new Generator(name, options.device, config, weights, options.clamp ?? false);
    try {
      // Upload now: a damaged file should fail here and not in the middle of a dissection.
      const { device, signal } = options;
      const describe = (): Graph => {
        const graph = new Graph(device.target, "f32", device.tuned);
        progan(graph, config, 1);
        return graph;
      };
      await tune(device, describe, signal);
      await weights.bind(describe(), options);
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
  sample(options: { readonly size: number; readonly seed: number; readonly start?: number }): Float32Array {
    return sampleZ({ ...options, depth: this.zSize });
  }

  /** Compiles a plan for a batch size. */
  async compile(options: CompileGeneratorOptions): Promise<GeneratorPlan> {
    const { batch, retain = [], edit = [], until, signal } = options;
    if (!Number.isInteger(batch) || batch < 1) {
      throw new UsageError(`A batch of ${batch} images makes no sense.`, "Use a whole number from 1.");
    }
    for (const name of [...retain, ...edit, ...(until ? [until] : [])]) this.layer(name);
    const graph = new Graph(this.device.target, "f32", this.device.tuned);
    const values = progan(graph, this.config, batch, {
      clamp: this.#clamp,
      edit: new Set(edit),
      ...(until ? { until } : {}),
    });
    const keep: Value[] = retain.map((name) => {
      const value = values.layers.get(name);
      if (!value) throw new UsageError(`"${name}" comes after "${until}".`, "Retain layers up to `until`.");
      return value;
    });
    const rgba = options.bytes && values.image ? bytes(graph, values.image) : undefined;
    if (values.image) keep.push(values.image);
    if (rgba) keep.push(rgba);
    const bind = await this.#weights.bind(graph, { signal });
    const plan = await Plan.compile(this.device, graph, { keep, bind, signal });

    const { zSize } = this;
    const z = plan.tensor(values.z);
    const rows = new Float32Array(batch * padded(zSize));
    const setEdit: GeneratorPlan["setEdit"] = (change) => {
      const inputs = values.edits.get(change.layer);
      if (!inputs) throw new UsageError(`This plan does not edit "${change.layer}".`, "Name it in `edit`.");
      const { channels, height, width } = this.layer(change.layer);
      const alpha = new Float32Array(padded(channels));
      const value = new Float32Array(padded(channels));
      const mask = new Float32Array(height * width).fill(1);
      if (change.units) {
        if (change.mask) {
          if (change.mask.length !== mask.length) {
            throw new ShapeError(`A mask for ${change.layer} has ${mask.length} values, not ${change.mask.length}.`);
          }
          mask.set(change.mask);
        }
        change.units.forEach((unit, index) => {
          if (!Number.isInteger(unit) || unit < 0 || unit >= channels) {
            throw new UsageError(`${change.layer} has no unit ${unit}.`, `Its units are 0…${channels - 1}.`);
          }
          alpha[unit] = pick(change.alpha ?? 1, index, change.units.length, "alpha");
          value[unit] = pick(change.value ?? 0, index, change.units.length, "value");
        });
      }
      plan.tensor(inputs.alpha).write(alpha);
      plan.tensor(inputs.value).write(value);
      plan.tensor(inputs.mask).write(mask);
    };
    for (const layer of edit) setEdit({ layer });

    const dispose = (): void => plan.dispose();
    return {
      batch,
      run(data) {
        if (data.length % zSize !== 0 || data.length > batch * zSize) {
          throw new ShapeError(`z has ${data.length} numbers; at most ${batch} rows of ${zSize} fit.`);
        }
        rows.fill(0);
        for (let row = 0; row * zSize < data.length; row += 1) {
          rows.set(data.subarray(row * zSize, (row + 1) * zSize), row * padded(zSize));
        }
        z.write(rows);
        plan.run();
      },
      image: values.image && plan.tensor(values.image),
      rgba: rgba && plan.tensor<"u32">(rgba),
      layers: new Map(retain.map((name) => [name, plan.tensor(values.layers.get(name)!)])),
      setEdit,
      dispose,
      [Symbol.dispose]: dispose,
    };
  }

  /** One run on rows of z, with interventions; for repeated runs `compile` once. */
  async forward(
    z: Float32Array,
    options: {
      readonly retain?: readonly string[];
      readonly edits?: readonly Edit[];
      readonly signal?: AbortSignal;
    } = {},
  ): Promise<Run> {
    const { retain = [], edits = [], signal } = options;
    const layers = edits.map((change) => change.layer);
    if (new Set(layers).size < layers.length) {
      throw new UsageError("There are two edits of one layer.", "Merge them into one.");
    }
    if (z.length === 0 || z.length % this.zSize !== 0) {
      throw new ShapeError(`z has ${z.length} numbers, which is no whole number of rows of ${this.zSize}.`);
    }
    const plan = await this.compile({ batch: z.length / this.zSize, retain, edit: layers, signal });
    try {
      for (const change of edits) plan.setEdit(change);
      plan.run(z);
    } catch (error) {
      plan.dispose();
      throw error;
    }
    const dispose = (): void => plan.dispose();
    return { image: plan.image!, layers: plan.layers, dispose, [Symbol.dispose]: dispose };
  }

  /** Images `start`…`start + size − 1` of a seed, as RGB bytes, one after the other. */
  async *images(options: {
    readonly size: number;
    readonly seed: number;
    readonly start?: number;
    readonly batch?: number;
    readonly signal?: AbortSignal;
  }): AsyncGenerator<{ readonly image: number; readonly size: number; readonly rgb: Uint8Array }> {
    const { size, seed, start = 0, signal } = options;
    if (!Number.isInteger(size) || size < 1) {
      throw new UsageError(`A size of ${size} images makes no sense.`, "Use a whole number from 1.");
    }
    const batch = Math.min(size, options.batch ?? 8);
    const plan = await this.compile({ batch, bytes: true, signal });
    try {
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
    const { z, image } = progan(graph, this.config, 1, { clamp: this.#clamp });
    return costOf(graph, [z, image!]);
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

function pick(values: number | readonly number[], index: number, count: number, what: string): number {
  if (typeof values === "number") return values;
  if (values.length !== count)
    throw new ShapeError(`An edit of ${count} units has ${values.length} values of ${what}.`);
  return values[index]!;
}
