import { ShapeError, UsageError } from "../errors.ts";
import type { EditValues } from "../kernels/edit/edit.ts";
import { bytes } from "../kernels/maps/pointwise.ts";
import { checkNames, type NamesOf } from "../names.ts";
import type { LayerInfo } from "../networks/network.ts";
import type { Device } from "../runtime/device.ts";
import { elements, Graph, type Value } from "../runtime/graph.ts";
import { Plan } from "../runtime/plan.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { checkRule, type Edit, type EditableLayer, editable, prepareEdits } from "./edits.ts";

/**
 * Images a batch for so many in all: as few batches as with `most`, all of about the same size. A
 * batch costs what a full one does, so that 24 images by 16 would pay for 32.
 */
export const evenBatch = (size: number, most: number): number =>
  // What is no number of images is refused where it is compiled.
  Number.isInteger(most) && most > 0 ? Math.ceil(size / Math.ceil(size / most)) : most;

export interface AppendGeneratorOptions {
  /** Layers that can be edited; a name alone is for one edit with numbers for values. */
  readonly editable?: readonly (string | EditableLayer)[];
  /** Start behind this layer, whose features (before any edit) are the input in z's place. */
  readonly from?: string;
  /** Stop after this layer; there is no image then. */
  readonly until?: string;
}

export interface CompileGeneratorOptions extends AppendGeneratorOptions {
  readonly batch: number;
  /** Layers whose output (before any edit) can be read after a run. */
  readonly retain?: readonly string[];
  /**
   * Reads the input from here: with `from`, another plan's retained layer, of which nothing is
   * copied.
   */
  readonly input?: Tensor<"f32">;
  /** Also pack images into bytes. */
  readonly bytes?: boolean;
  readonly signal?: AbortSignal | undefined;
}

export const APPEND_NAMES: NamesOf<AppendGeneratorOptions> = { editable: true, from: true, until: true };
const COMPILE_NAMES: NamesOf<CompileGeneratorOptions> = {
  ...APPEND_NAMES,
  batch: true,
  retain: true,
  input: true,
  bytes: true,
  signal: true,
};

/** A generator, or a part of it, compiled for one batch size. Running it allocates nothing. */
export interface GeneratorPlan {
  readonly batch: number;
  /**
   * Starts a run for up to `batch` rows of z, or, with `from`, images' features as they are read
   * from a tensor; missing ones are zero. Without data it runs on what the input holds.
   */
  run(data?: Float32Array): void;
  /**
   * [batch, 1, 1, zSize rounded up to 4] or, with `from`, that layer's [batch, h, w, channels
   * rounded up to 4].
   */
  readonly input: Tensor<"f32">;
  /** [batch, height, width, 4]: RGB and a zero; absent with `until`. */
  readonly image: Tensor<"f32"> | undefined;
  /** [batch, height, width] packed RGBA bytes, with `bytes`. */
  readonly rgba: Tensor<"u32"> | undefined;
  /** Retained layers, [batch, h, w, channels rounded up to 4]. */
  readonly layers: ReadonlyMap<string, Tensor<"f32">>;
  /**
   * Makes this the layer's only edit from the next run on; `undefined` for the whole layer takes
   * its edits back.
   */
  setEdit(edit: Edit | { readonly layer: string; readonly units?: undefined }): void;
  /**
   * Replaces the edits of all layers; those of one layer are composed in their order. Layers not
   * named have none. If one is refused nothing is changed.
   */
  setEdits(edits: readonly Edit[]): void;
  dispose(): void;
  [Symbol.dispose](): void;
}

/** Refuses a layer that is not retained or edited because it is not run. */
export function notComputed(name: string, { from = "z", until = "the image" }: AppendGeneratorOptions): never {
  throw new UsageError(`"${name}" is not computed on the way from ${from} to ${until}.`, "Name a layer between.");
}

/** The named values of an appended generator. */
export interface GeneratorValues {
  /** What it starts with: z [n, 1, 1, zSize], or the features [n, h, w, c] of the layer `from`. */
  readonly input: Value;
  /** Every layer's output [n, h, w, c] before any edit, as far as it is computed or given. */
  readonly layers: ReadonlyMap<string, Value>;
  readonly edits: ReadonlyMap<string, EditValues>;
  /** [n, height, width, 3], nominally in [−1, 1]; absent with `until`. */
  readonly image?: Value;
}

/** What of a generator a plan needs. */
interface Appendable {
  readonly device: Device;
  layer(name: string): LayerInfo;
  append(graph: Graph, batch: number, options: AppendGeneratorOptions): GeneratorValues;
  bind(graph: Graph, signal?: AbortSignal): Promise<Map<Value, Tensor>>;
}

/** Behind `Generator.compile`. */
export async function compileGenerator(
  generator: Appendable,
  options: CompileGeneratorOptions,
): Promise<GeneratorPlan> {
  checkNames("generator.compile", options, COMPILE_NAMES);
  const { batch, retain = [], editable: layers = [], from, until, signal } = options;
  const { device } = generator;
  for (const name of retain) generator.layer(name);
  const graph = new Graph(device.target, "f32", device.tuned);
  const part = { editable: layers, ...(from !== undefined && { from }), ...(until !== undefined && { until }) };
  const values = generator.append(graph, batch, part);
  const keep: Value[] = retain.map((name) => values.layers.get(name) ?? notComputed(name, options));
  const rgba = options.bytes && values.image ? bytes(graph, values.image) : undefined;
  if (values.image) keep.push(values.image);
  if (rgba) keep.push(rgba);
  for (const [layer, how] of editable(layers)) await checkRule(device, layer, how);
  const bind = [...(await generator.bind(graph, signal))];
  if (options.input) bind.push([values.input, options.input]);
  const plan = await Plan.compile(device, graph, { keep, bind, signal });

  const input = plan.tensor(values.input);
  // Features come as a tensor holds them, z without the channels that fill up a vec4.
  const stride = elements(values.input.shape) / batch;
  const row = from ? stride : values.input.channels;
  const setLayers = (layers: Iterable<string>, edits: readonly Edit[]): void => {
    const writes = Array.from(layers, (layer) => {
      const inputs = values.edits.get(layer);
      if (!inputs) throw new UsageError(`This plan does not edit "${layer}".`, "Name it in `editable`.");
      const own = edits.filter((change) => change.layer === layer);
      return prepareEdits(generator.layer(layer), inputs, own);
    });
    for (const write of writes) write((value) => plan.tensor(value));
  };
  const setEdits: GeneratorPlan["setEdits"] = (edits) =>
    setLayers(new Set([...values.edits.keys(), ...edits.map(({ layer }) => layer)]), edits);
  setEdits([]);

  const dispose = (): void => plan.dispose();
  return {
    batch,
    run(data) {
      if (data) {
        if (data.length % row !== 0 || data.length > batch * row) {
          throw new ShapeError(
            `${from ?? "z"} has ${data.length} numbers; at most ${batch} rows of ${row} fit.`,
            "Give whole rows, or compile for a larger batch.",
          );
        }
        const staged = new Float32Array(batch * stride);
        for (let at = 0; at * row < data.length; at += 1) {
          staged.set(data.subarray(at * row, (at + 1) * row), at * stride);
        }
        input.write(staged);
      }
      plan.run();
    },
    input,
    image: values.image && plan.tensor(values.image),
    rgba: rgba && plan.tensor<"u32">(rgba),
    layers: new Map(retain.map((name) => [name, plan.tensor(values.layers.get(name)!)])),
    setEdit: (change) => setLayers([change.layer], change.units ? [change] : []),
    setEdits,
    dispose,
    [Symbol.dispose]: dispose,
  };
}
