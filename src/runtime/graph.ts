import { ShapeError } from "../errors.ts";
import type { Bindings, Choices, Kernel, Params } from "./kernel.ts";

/** Element types a value can have; all are four bytes wide. */
export type DType = "f32" | "u32";

/**
 * Which kernels a graph should use: software adapters run register tiles without workgroup memory,
 * which their subgroups share where they have some, of four or eight lanes; a `gpu` gets tiles
 * staged in workgroup memory.
 */
export type Target = "software" | "software4" | "software8" | "gpu";

/** How convolution weights lie on the GPU. Activations and sums are float32 either way. */
export type Storage = "f32" | "f16";

/**
 * A node of a graph: a shape and a name, no memory. Images and feature maps are [n, height, width,
 * channels].
 */
export interface Value {
  /** Its place in `graph.values`; views share that of what they view. */
  readonly id: number;
  /** Extents in C order, the last with its padding. */
  readonly shape: readonly number[];
  /** What its elements are. */
  readonly dtype: DType;
  /** What it is called: in messages, and as its tensor's label. */
  readonly label: string;
  /**
   * Meaningful channels. The last extent is this rounded up to a multiple of four; the rest is
   * zero.
   */
  readonly channels: number;
}

/** One dispatch of a kernel. */
export interface Step {
  /** What runs. */
  readonly kernel: Kernel;
  /** The kernel's constants and types that are chosen, by their names. */
  readonly choices: Readonly<Record<string, number | boolean | string>>;
  /** The numbers of the kernel's uniform block, by their names. */
  readonly params: Readonly<Record<string, number>>;
  /** The kernel's storage buffers, by their names. */
  readonly bindings: Readonly<Record<string, Value>>;
  /** Workgroups along x, y and z, each 1…65,535. */
  readonly grid: readonly [number, number, number];
  /** Floating-point operations, for scheduling and for `info`. */
  readonly flops: number;
}

/** The ids that a step writes. */
export const writtenBy = ({ kernel, bindings }: Step): number[] =>
  Object.entries(bindings).flatMap(([name, { id }]) => (kernel.bindings[name] === "read" ? [] : [id]));

/** Tensors of a checkpoint, in C order, by the names the graph asked for. */
export type Sources = readonly Float32Array[];

/** A value that a network learned: where it comes from and how it is laid out on the GPU. */
export interface Parameter {
  /** What it fills. */
  readonly value: Value;
  /** Names of the checkpoint tensors it is made of. */
  readonly sources: readonly string[];
  /** The value's numbers, in its order, from the sources in theirs. */
  readonly pack: (sources: Sources) => Float32Array;
  /** Packed as float16, two to a u32 element of the value. */
  readonly half: boolean;
  /**
   * Who learned it, where the graph was told: several networks in one graph may give tensors the
   * same names.
   */
  readonly owner: object | undefined;
}

/**
 * The kind of an operation, by which its gradient is looked up. `A`: the attributes that describe
 * one besides its inputs, such as a convolution's filter and stride.
 */
export interface OperationKind<A> {
  /** What it is called in messages, such as that it has no gradient. */
  readonly name: string;
  /** A type only. */
  readonly attributes?: A;
}

/**
 * What one or several steps compute together, as data: `gradient` reads it to append the backward
 * pass.
 */
export interface Operation<A = unknown> {
  /** Which operation it is. */
  readonly kind: OperationKind<A>;
  /** What it reads; undefined in place of an input that is left out. */
  readonly inputs: readonly (Value | undefined)[];
  /** What it computes. */
  readonly output: Value;
  /** What describes it besides its inputs, as its kind says. */
  readonly attributes: A;
  /** Who appended it, where the graph was told; see `Parameter.owner`. */
  readonly owner: object | undefined;
}

/** Height and width of a map. */
export type Extent = readonly [height: number, width: number];

/** Four-byte elements of a value. */
export const elements = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);

/** Bytes of a value. */
export const bytesOf = (value: Pick<Value, "shape">): number => 4 * elements(value.shape);

/** `channels` rounded up to whole vec4s, the unit in which kernels read feature maps. */
export const padded = (channels: number): number => 4 * Math.ceil(channels / 4);

/** WebGPU's default limit of workgroups per dimension. */
const MAX_GROUPS = 65535;

/**
 * A grid of at least `groups` workgroups, folded in two where one dimension cannot hold them;
 * kernels flatten it with `num_workgroups`.
 * @throws ShapeError for more than 65,535².
 */
export function fold(groups: number): readonly [number, number, number] {
  if (groups <= MAX_GROUPS) return [Math.max(1, groups), 1, 1];
  const rows = Math.ceil(groups / MAX_GROUPS);
  if (rows > MAX_GROUPS)
    throw new ShapeError(
      `${groups} workgroups are more than one dispatch can hold.`,
      "Use a smaller batch or fewer layers.",
    );
  return [Math.ceil(groups / rows), rows, 1];
}

/**
 * An operation that can run in several ways, all with the same result up to rounding: what an
 * autotuner times.
 */
export interface Tunable {
  /** The ways' names; the first is how it runs untuned. */
  readonly ways: readonly string[];
  /** Appends the operation alone to another graph, on inputs of its own with this many images. */
  readonly alone: (graph: Graph, images: number) => void;
  readonly storage: Storage;
}

/** The way in which each operation runs, both by their names. */
export type Tuned = ReadonlyMap<string, string>;

/**
 * Steps over shapes alone: no device, no memory. Models and operations append to it; `Plan.compile`
 * gives it memory.
 */
export class Graph {
  /** All values, by their ids. */
  readonly values: Value[] = [];
  /** All dispatches, in the order in which they run. */
  readonly steps: Step[] = [];
  /** All learned values, which a plan's weights are bound to. */
  readonly parameters: Parameter[] = [];
  /** In the order in which they run. */
  readonly operations: Operation[] = [];
  /** Operations with more ways than one, by a name for all of their kind and shape. */
  readonly tunables = new Map<string, Tunable>();
  /** Which kernels are appended. */
  readonly target: Target;
  /** How the weights of convolutions are stored. */
  readonly storage: Storage;
  /** Ways that were decided before; see `choose`. */
  readonly tuned: Tuned;
  #owner: object | undefined;

  constructor(target: Target, storage: Storage = "f32", tuned: Tuned = new Map()) {
    this.target = target;
    this.storage = storage;
    this.tuned = tuned;
  }

  /**
   * One of several ways to run an operation: the tuned one, or the first where none was found or it
   * is none of these.
   */
  choose<W>(name: string, ways: ReadonlyMap<string, W>, alone: Tunable["alone"]): W {
    if (ways.size > 1) this.tunables.set(name, { ways: [...ways.keys()], alone, storage: this.storage });
    const [untuned] = ways.values();
    return ways.get(this.tuned.get(name) ?? "") ?? untuned!;
  }

  /**
   * A new value; `channels` defaults to the last extent.
   * @throws ShapeError for extents that are no whole numbers from 1.
   */
  value(label: string, shape: readonly number[], dtype: DType = "f32", channels = shape.at(-1) ?? 1): Value {
    for (const extent of shape) {
      if (!Number.isInteger(extent) || extent < 1)
        throw new ShapeError(`"${label}" cannot have the shape [${shape}].`, "Give whole numbers from 1.");
    }
    const value: Value = { id: this.values.length, shape, dtype, label, channels };
    this.values.push(value);
    return value;
  }

  /** A feature map [n, height, width, channels], its channels padded to whole vec4s. */
  map(label: string, n: number, height: number, width: number, channels: number): Value {
    return this.value(label, [n, height, width, padded(channels)], "f32", channels);
  }

  /**
   * The same memory under another shape.
   * @throws ShapeError for one of more or fewer elements.
   */
  view(value: Value, label: string, shape: readonly number[], channels: number): Value {
    if (elements(shape) !== elements(value.shape)) {
      throw new ShapeError(
        `"${value.label}" [${value.shape}] cannot be seen as [${shape}].`,
        "Give a shape of as many elements.",
      );
    }
    return { id: value.id, shape, dtype: value.dtype, label, channels };
  }

  /** A learned value, packed from checkpoint tensors when the graph is loaded. */
  parameter(label: string, shape: readonly number[], sources: readonly string[], pack: Parameter["pack"]): Value {
    const value = this.value(label, shape);
    this.parameters.push({ value, sources, pack, half: false, owner: this.#owner });
    return value;
  }

  /**
   * A convolution's weights: a parameter whose numbers are stored as the graph's `storage` says.
   */
  weights(label: string, shape: readonly number[], sources: readonly string[], pack: Parameter["pack"]): Value {
    if (this.storage === "f32") return this.parameter(label, shape, sources, pack);
    // Whole vec4u's, of eight numbers each.
    const value = this.value(`${label}.f16`, [4 * Math.ceil(elements(shape) / 8)], "u32");
    this.parameters.push({ value, sources, pack, half: true, owner: this.#owner });
    return value;
  }

  /**
   * What `append` appends belongs to `owner`, such as the weights that its parameters are taken
   * from.
   */
  owned<T>(owner: object | undefined, append: () => T): T {
    const before = this.#owner;
    this.#owner = owner;
    try {
      return append();
    } finally {
      this.#owner = before;
    }
  }

  /**
   * Records an operation, which `gradient` looks up by its kind: the steps appended last compute
   * `output` from `inputs`. An operation that is made of other recorded operations is not recorded.
   */
  record<A>(kind: OperationKind<A>, inputs: Operation["inputs"], output: Value, attributes: A): void {
    this.operations.push({ kind, inputs, output, attributes, owner: this.#owner });
  }

  /**
   * Appends one dispatch of a kernel over `grid` workgroups.
   * @throws ShapeError for a grid that no dispatch can have.
   */
  step<const K extends Kernel>(
    kernel: K,
    bindings: Bindings<K, Value>,
    params: Params<K>,
    grid: readonly [number, number, number],
    options: {
      /** Its constants and types; as the WGSL declares them unless given. */
      readonly choices?: Choices<K>;
      /** Floating-point operations; 0 unless given. */
      readonly flops?: number;
    } = {},
  ): void {
    if (grid.some((extent) => extent < 1 || extent > MAX_GROUPS)) {
      throw new ShapeError(
        `${kernel.name}: a grid of [${grid}] workgroups is out of bounds.`,
        "Use a smaller batch or smaller images.",
      );
    }
    this.steps.push({
      kernel,
      bindings: bindings as Readonly<Record<string, Value>>,
      params: params as Readonly<Record<string, number>>,
      choices: (options.choices ?? {}) as Step["choices"],
      grid,
      flops: options.flops ?? 0,
    });
  }

  /** Floating-point operations of one run. */
  get flops(): number {
    return this.steps.reduce((sum, step) => sum + step.flops, 0);
  }
}

/** Buffers for intermediates: two values share a slot when their lives do not meet. */
export interface Slots {
  readonly slotOf: ReadonlyMap<number, number>;
  /** Bytes of each slot. */
  readonly sizes: readonly number[];
}

/**
 * Gives every value outside `pinned` a slot, best fit first; a value lives from its first step to
 * its last.
 */
export function assignSlots(graph: Graph, pinned: ReadonlySet<number>): Slots {
  const first = new Map<number, number>();
  const last = new Map<number, number>();
  graph.steps.forEach((step, index) => {
    for (const { id } of Object.values(step.bindings)) {
      if (!first.has(id)) first.set(id, index);
      last.set(id, index);
    }
  });
  const slotOf = new Map<number, number>();
  const sizes: number[] = [];
  const free: number[] = [];
  graph.steps.forEach((step, index) => {
    // By id: a value and its views are one.
    const used = new Map(Object.values(step.bindings).map((value) => [value.id, value]));
    for (const id of pinned) used.delete(id);
    for (const value of used.values()) {
      if (slotOf.has(value.id)) continue;
      const need = bytesOf(value);
      // The slot that wastes or grows least: separate buffers, since WebGPU forbids binding one as
      // read and read_write.
      free.sort((a, b) => Math.abs(sizes[a]! - need) - Math.abs(sizes[b]! - need));
      const slot = free.shift() ?? sizes.push(0) - 1;
      sizes[slot] = Math.max(sizes[slot]!, need);
      slotOf.set(value.id, slot);
    }
    for (const id of used.keys()) if (last.get(id) === index) free.push(slotOf.get(id)!);
  });
  return { slotOf, sizes };
}
