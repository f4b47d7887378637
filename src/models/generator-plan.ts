import { ShapeError, UsageError } from "../errors.ts";
import type { EditValues } from "../kernels/edit/edit.ts";
import { bytes } from "../kernels/maps/pointwise.ts";
import { checkNames, type NamesOf } from "../names.ts";
import type { LayerInfo, Network, NetworkInput } from "../networks/network.ts";
import type { Device } from "../runtime/device.ts";
import { elements, Graph, padded, type Tuned, type Value } from "../runtime/graph.ts";
import { Plan } from "../runtime/plan.ts";
import { Scope } from "../runtime/scope.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { checkRule, type Edit, type EditableLayer, editable } from "./edits.ts";
import { LayerEdits } from "./layer-edits.ts";
import { onDemand } from "./on-demand.ts";
import { numbersOf } from "./rows.ts";
import type { Windows } from "./windows.ts";

/**
 * Images a batch for so many in all: as few batches as with `most`, all of about the same size. A
 * batch costs what a full one does, so that 24 images by 16 would pay for 32.
 */
export const evenBatch = (size: number, most: number): number =>
  // What is no number of images is refused where it is compiled.
  Number.isInteger(most) && most > 0 ? Math.ceil(size / Math.ceil(size / most)) : most;

/** Which part of a generator is appended, and what of it can be edited. */
export interface AppendGeneratorOptions {
  /** Layers that can be edited; a name alone is for one edit with numbers for values. */
  readonly editable?: readonly (string | EditableLayer)[];
  /** Start behind this layer, whose features (before any edit) are the input in z's place. */
  readonly from?: string;
  /** Stop after this layer; there is no image then. */
  readonly until?: string;
}

/** Which part of a generator is compiled, for how many images. */
export interface CompileGeneratorOptions extends AppendGeneratorOptions {
  /** Images of a run. */
  readonly batch: number;
  /** Layers whose output (before any edit) can be read after a run. */
  readonly retain?: readonly string[];
  /**
   * Reads these inputs, by name, from other plans' tensors, of which nothing is copied: with `from`
   * another plan's `behind(layer)`. What is not needed is left out.
   */
  readonly inputs?: ReadonlyMap<string, Tensor<"f32">>;
  /** Also pack images into bytes. */
  readonly bytes?: boolean;
  /** Also keep the network's own output, before it is made a picture. */
  readonly raw?: boolean;
  /**
   * Keeps the features of every layer behind a dense one, so that `runChanged` computes what edits
   * changed, and no more. Convolutions may run in ways of smaller tiles then, so that pictures
   * differ from another plan's by rounding.
   */
  readonly incremental?: boolean;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export const APPEND_NAMES: NamesOf<AppendGeneratorOptions> = { editable: "list", from: true, until: true };
const COMPILE_NAMES: NamesOf<CompileGeneratorOptions> = {
  ...APPEND_NAMES,
  batch: "needed",
  retain: "list",
  inputs: true,
  bytes: true,
  raw: true,
  incremental: true,
  signal: true,
};

/** A generator, or a part of it, compiled for one batch size. Running it allocates nothing. */
export interface GeneratorPlan {
  /** Images of a run. */
  readonly batch: number;
  /**
   * Starts a run for up to `batch` rows of the generator's inputs (`rowSize` numbers each) or, with
   * `from`, images' features as they are read from a tensor; missing ones are zero. Without data it
   * runs on what the inputs hold.
   * @throws ShapeError for no whole rows, or more than a batch.
   */
  run(data?: ArrayLike<number>): void;
  /**
   * Brings everything up to date with the edits, to the bits that `run` makes of what the inputs
   * hold: these must be what they were in the last run. With `incremental`, only what edits of one
   * dense layer can have changed since then is computed, if the network's operations look at near
   * pixels alone and that is less than the whole. Says what was run.
   */
  runChanged(): "nothing" | "window" | "whole";
  /** What it starts with: the features of `from`, or else the first input. */
  readonly input: Tensor<"f32">;
  /**
   * What it reads, by name: inputs [batch, 1, 1, channels rounded up to 4] as far as they are
   * needed and, with `from`, that layer's features [batch, h, w, channels rounded up to 4].
   */
  readonly inputs: ReadonlyMap<string, Tensor<"f32">>;
  /**
   * What a plan `from` a layer retained here reads: its features, and this plan's own inputs.
   * @throws UsageError for a layer that is not retained.
   */
  behind(layer: string): ReadonlyMap<string, Tensor<"f32">>;
  /**
   * `[batch, height, width, 4]`: RGB in [−1, 1] and a zero, whatever the network makes (grey,
   * opacity, tiles); absent with `until`.
   */
  readonly image: Tensor<"f32"> | undefined;
  /** `[batch, h, w, channels rounded up to 4]`: the network's own output, with `raw`. */
  readonly raw: Tensor<"f32"> | undefined;
  /** [batch, height, width] packed RGBA bytes, with `bytes`. */
  readonly rgba: Tensor<"u32"> | undefined;
  /** Retained layers, [batch, h, w, channels rounded up to 4]. */
  readonly layers: ReadonlyMap<string, Tensor<"f32">>;
  /**
   * Makes this the layer's only edit from the next run on; `undefined` for the whole layer takes
   * its edits back.
   * @throws UsageError, ShapeError for an edit that does not fit the layer.
   */
  setEdit(
    edit:
      | Edit
      | {
          /** Its name, as in `generator.layers`. */
          readonly layer: string;
          /** None: the layer's edits are taken back. */
          readonly units?: undefined;
        },
  ): void;
  /**
   * Replaces the edits of all layers; those of one layer are composed in their order. Layers not
   * named have none. If one is refused nothing is changed.
   *
   * A dense layer takes any number, and only what is new in the list costs something: an edit that
   * is the same object as before is the same edit, so give another object for what has changed. To
   * append one, or to replace the last by another (a stroke that goes on), is one small step on the
   * GPU; to take the last away (undo), or to change one further up, composes at most 16 anew, and
   * those behind it.
   * @throws UsageError, ShapeError for an edit that does not fit its layer.
   */
  setEdits(edits: readonly Edit[]): void;
  /** Frees its memory on the device; the weights stay. */
  dispose(): void;
  /** As `dispose`, for `using`. */
  [Symbol.dispose](): void;
}

/** What one run of a generator made; it lives until it is disposed. */
export interface Run {
  /** `[images, height, width, 4]`: RGB in [−1, 1] and a zero. */
  readonly image: Tensor<"f32">;
  /** Retained layers, [images, h, w, channels rounded up to 4]. */
  readonly layers: ReadonlyMap<string, Tensor<"f32">>;
  /** Frees its memory on the device; the weights stay. */
  dispose(): void;
  /** As `dispose`, for `using`. */
  [Symbol.dispose](): void;
}

/** Refuses a layer that is not retained or edited because it is not run. */
export function notComputed(name: string, { from = "its inputs", until = "the image" }: AppendGeneratorOptions): never {
  throw new UsageError(`"${name}" is not computed on the way from ${from} to ${until}.`, "Name a layer between.");
}

const unread = (from: string, name: string): never => {
  throw new UsageError(
    `From "${from}" on the network needs ${name} too.`,
    "Give `inputs`: another plan's `behind(layer)`.",
  );
};

/**
 * Rows of a generator's inputs, one behind the other in each row, as its input tensors hold them:
 * [batch, channels rounded up to 4]; missing rows are zero.
 * @throws ShapeError when they are no whole rows, or more than a batch.
 */
export function staged(
  inputs: readonly Pick<NetworkInput, "name" | "channels">[],
  rows: Float32Array,
  batch: number,
): Map<string, Float32Array<ArrayBuffer>> {
  const size = inputs.reduce((sum, { channels }) => sum + channels, 0);
  if (rows.length % size !== 0 || rows.length > batch * size) {
    throw new ShapeError(
      `${inputs.map(({ name }) => name).join(" and ")} has ${rows.length} numbers; at most ${batch} rows of ${size} fit.`,
      "Give whole rows, or compile for a larger batch.",
    );
  }
  let before = 0;
  return new Map(
    inputs.map(({ name, channels }) => {
      const stored = padded(channels);
      const numbers = new Float32Array(batch * stored);
      for (let i = 0; i * size < rows.length; i += 1) {
        const start = i * size + before;
        numbers.set(rows.subarray(start, start + channels), i * stored);
      }
      before += channels;
      return [name, numbers];
    }),
  );
}

/** The named values of an appended generator. */
export interface GeneratorValues {
  /** What it starts with: the first input, or the features [n, h, w, c] of the layer `from`. */
  readonly input: Value;
  /** All that is to be given, by name, as far as something needs it. */
  readonly inputs: ReadonlyMap<string, Value>;
  /** Every layer's output [n, h, w, c] before any edit, as far as it is computed or given. */
  readonly layers: ReadonlyMap<string, Value>;
  /** The changeable numbers of edits, by layer; dense layers have none. */
  readonly edits: ReadonlyMap<string, EditValues>;
  /** What the edits of each dense layer were composed to, [2, h, w, c]. */
  readonly dense: ReadonlyMap<string, Value>;
  /** [n, height, width, 3], nominally in [−1, 1]; absent with `until`. */
  readonly image?: Value;
  /** What the network makes, [n, h, w, c]: the image where that is RGB in [−1, 1]. */
  readonly raw?: Value;
}

/** What of a generator a plan needs. */
interface Appendable {
  readonly device: Device;
  readonly network: Pick<Network, "inputs">;
  layer(name: string): LayerInfo;
  append(graph: Graph, batch: number, options: AppendGeneratorOptions): GeneratorValues;
  bind(graph: Graph, signal?: AbortSignal): Promise<Map<Value, Tensor>>;
}

/** A generator's graph for a plan, and what of it the plan keeps for its callers. */
export function describe(generator: Appendable, options: CompileGeneratorOptions, tuned: Tuned) {
  const { batch, retain = [], editable = [], from, until } = options;
  const graph = new Graph(generator.device.target, "f32", tuned);
  const part = { editable, ...(from !== undefined && { from }), ...(until !== undefined && { until }) };
  const values = generator.append(graph, batch, part);
  const kept = retain.map((name) => values.layers.get(name) ?? notComputed(name, options));
  for (const value of [values.image, options.raw && values.raw]) if (value) kept.push(value);
  const rgba = options.bytes && values.image ? bytes(graph, values.image) : undefined;
  return { graph, values, kept, rgba, dense: values.dense };
}

/** Behind `Generator.compile`: where a batch does not fit, what is thrown says which would. */
export async function compileGenerator(
  generator: Appendable,
  options: CompileGeneratorOptions,
): Promise<GeneratorPlan> {
  checkNames("generator.compile", options, COMPILE_NAMES);
  try {
    return await compiled(generator, options);
  } catch (error) {
    const { nameFitting } = await onDemand("sizes of batches", () => import("./batch-size.ts"));
    return nameFitting(generator.device, options.batch, error, (batch) => compiled(generator, { ...options, batch }));
  }
}

async function compiled(generator: Appendable, options: CompileGeneratorOptions): Promise<GeneratorPlan> {
  const { retain = [], editable: layers = [], from, incremental = false, signal } = options;
  const { device } = generator;
  for (const name of retain) generator.layer(name);
  let described = describe(generator, options, device.tuned);
  const parted = incremental ? await onDemand("windows of maps", () => import("./windows.ts")) : undefined;
  if (parted) described = describe(generator, options, parted.narrowWays(described));
  const { graph, values, kept, rgba } = described;
  for (const [layer, how] of editable(layers)) await checkRule(device, layer, how);
  const graphs = parted?.windowGraphs(described);
  const read = [...(graphs?.values() ?? [])].flatMap((sizes) => sizes.flatMap(({ maps }) => [...maps.keys()]));
  const bind = [...(await generator.bind(graph, signal))];
  for (const [name, value] of values.inputs) {
    const given = options.inputs?.get(name);
    if (given) bind.push([value, given]);
    else if (from !== undefined && name !== from) unread(from, name);
  }
  const plan = await Plan.compile(device, graph, { keep: [...kept, ...(rgba ? [rgba] : []), ...read], bind, signal });
  const parts = new Scope();
  parts.own(plan);
  try {
    const edits = parts.own(await LayerEdits.create(values, plan, (layer) => generator.layer(layer)));
    const weights = (part: Graph) => generator.bind(part, signal);
    const made = { bind: weights, image: values.image, rgba, signal };
    const windows = graphs && parts.own(await parted!.Windows.compile(graphs, plan, made));
    return generatorPlan(generator, options, described, { plan, edits, windows, parts });
  } catch (error) {
    parts.dispose();
    throw error;
  }
}

/** What of a generator's plan is on the device. */
interface Compiled {
  readonly plan: Plan;
  readonly edits: LayerEdits;
  readonly windows: Windows | undefined;
  readonly parts: Scope;
}

function generatorPlan(
  generator: Appendable,
  { batch, retain = [], from, raw }: CompileGeneratorOptions,
  { values, rgba }: ReturnType<typeof describe>,
  { plan, edits, windows, parts }: Compiled,
): GeneratorPlan {
  const tensors = new Map([...values.inputs].map(([name, value]) => [name, plan.tensor(value)]));
  const retained = new Map(retain.map((name) => [name, plan.tensor(values.layers.get(name)!)]));
  let ran = false;
  const run = (): void => {
    edits.takeChanged();
    plan.run();
    ran = true;
  };
  const dispose = (): void => parts.dispose();
  return {
    batch,
    run(data) {
      if (data) {
        // Features come as a tensor holds them, rows without the channels that fill up a vec4.
        const parts = from
          ? [{ name: from, channels: elements(values.input.shape) / batch }]
          : generator.network.inputs;
        for (const [name, numbers] of staged(parts, numbersOf(data, from ?? "z"), batch))
          tensors.get(name)?.write(numbers);
      }
      run();
    },
    runChanged() {
      const changed = ran ? edits.takeChanged() : "anywhere";
      if (changed !== "anywhere") {
        const [first, another] = changed;
        if (!first) return "nothing";
        if (!another && windows?.run(...first)) return "window";
      }
      run();
      return "whole";
    },
    input: plan.tensor(values.input),
    inputs: tensors,
    behind(layer) {
      const features = retained.get(layer);
      if (!features) throw new UsageError(`This plan does not keep "${layer}".`, "Name it in `retain`.");
      return new Map([...tensors, [layer, features]]);
    },
    image: values.image && plan.tensor(values.image),
    raw: raw && values.raw ? plan.tensor(values.raw) : undefined,
    rgba: rgba && plan.tensor<"u32">(rgba),
    layers: retained,
    setEdit: (change) => edits.set([change.layer], change.units ? [change] : []),
    setEdits: (all) => edits.setAll(all),
    dispose,
    [Symbol.dispose]: dispose,
  };
}
