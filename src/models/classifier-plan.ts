// Tests: test/models/classifier.test.ts

import { UsageError } from "../errors.ts";
import type { EditValues } from "../kernels/edit/edit.ts";
import { checkNames, type NamesOf } from "../names.ts";
import type { LayerInfo } from "../networks/network.ts";
import type { Device } from "../runtime/device.ts";
import { Graph, type Value } from "../runtime/graph.ts";
import { Plan } from "../runtime/plan.ts";
import { Scope } from "../runtime/scope.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { nameFitting } from "./batch-size.ts";
import { checkRule, type Edit, type EditableLayer, editable } from "./edits.ts";
import { LayerEdits } from "./layer-edits.ts";

/** Which part of a classifier is appended, and what of it can be edited. */
export interface AppendClassifierOptions {
  /** Layers that can be edited; a name alone is for one edit with numbers for values. */
  readonly editable?: readonly (string | EditableLayer)[];
  /**
   * Start behind this layer, whose features (before any edit) are the input in the image's place.
   */
  readonly from?: string;
  /** Stop after this layer; there are no logits then. */
  readonly until?: string;
  /** Image [n, edge, edge, 3] in [−1, 1] to read; a new value unless given. */
  readonly image?: Value;
}

/** Which part of a classifier is compiled, for how many images. */
export interface CompileClassifierOptions extends Omit<AppendClassifierOptions, "image"> {
  /** Images of a run. */
  readonly batch: number;
  /** Layers whose output (before any edit) can be read after a run. */
  readonly retain?: readonly string[];
  /**
   * What it starts with, of which nothing is copied: images, or with `from` features that another
   * plan retains. A new tensor unless given.
   */
  readonly input?: Tensor<"f32">;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const COMPILE_NAMES: NamesOf<CompileClassifierOptions> = {
  batch: "needed",
  editable: "list",
  from: true,
  until: true,
  retain: "list",
  input: true,
  signal: true,
};

/** The named values of an appended classifier. */
export interface ClassifierValues {
  /** What it starts with: the image, or the features [n, h, w, c] of the layer `from`. */
  readonly input: Value;
  /** Every layer's output [n, h, w, c] before any edit, as far as it is computed or given. */
  readonly layers: ReadonlyMap<string, Value>;
  /** The changeable numbers of edits, by layer; dense layers have none. */
  readonly edits: ReadonlyMap<string, EditValues>;
  /** What the edits of each dense layer were composed to, [2, h, w, c]. */
  readonly dense: ReadonlyMap<string, Value>;
  /** [n, 1, 1, classes]; absent with `until`. */
  readonly logits?: Value;
}

/** A classifier, or a part of it, compiled for one batch size. Running it allocates nothing. */
export interface ClassifierPlan {
  /** Images of a run. */
  readonly batch: number;
  /** Starts a run on what the input holds. */
  run(): void;
  /**
   * `[batch, edge, edge, 4]`: RGB in [−1, 1] and a zero, or with `from` that layer's features
   * [batch, h, w, channels rounded up to 4].
   */
  readonly input: Tensor<"f32">;
  /** Retained layers, [batch, h, w, channels rounded up to 4]. */
  readonly layers: ReadonlyMap<string, Tensor<"f32">>;
  /** [batch, 1, 1, classes rounded up to 4]; absent with `until`. */
  readonly logits: Tensor<"f32"> | undefined;
  /**
   * Replaces the edits of all layers; those of one layer are composed in their order.
   * @throws UsageError, ShapeError for an edit that does not fit its layer.
   */
  setEdits(edits: readonly Edit[]): void;
  /** Frees its memory on the device; the weights stay. */
  dispose(): void;
  /** As `dispose`, for `using`. */
  [Symbol.dispose](): void;
}

/** What of a classifier a plan needs. */
interface Appendable {
  readonly device: Device;
  layer(name: string): LayerInfo;
  append(graph: Graph, batch: number, options: AppendClassifierOptions): ClassifierValues;
  bind(graph: Graph, signal?: AbortSignal): Promise<Map<Value, Tensor>>;
}

/** Behind `Classifier.compile`: where a batch does not fit, what is thrown says which would. */
export async function compileClassifier(
  classifier: Appendable,
  options: CompileClassifierOptions,
): Promise<ClassifierPlan> {
  checkNames("classifier.compile", options, COMPILE_NAMES);
  try {
    return await compiled(classifier, options);
  } catch (error) {
    return nameFitting(classifier.device, options.batch, error, (batch) => compiled(classifier, { ...options, batch }));
  }
}

async function compiled(classifier: Appendable, options: CompileClassifierOptions): Promise<ClassifierPlan> {
  const { batch, retain = [], editable: layers = [], input, signal, ...part } = options;
  const { device } = classifier;
  for (const name of retain) classifier.layer(name);
  for (const [layer, how] of editable(layers)) await checkRule(device, layer, how);
  const graph = new Graph(device.target, "f32", device.tuned);
  const values = classifier.append(graph, batch, { ...part, editable: layers });
  const kept = retain.map((name) => values.layers.get(name) ?? notComputed(name, options));
  const bind = [...(await classifier.bind(graph, signal))];
  if (input) bind.push([values.input, input]);
  const { logits } = values;
  const parts = new Scope();
  const plan = parts.own(
    await Plan.compile(device, graph, { keep: [...kept, ...(logits ? [logits] : [])], bind, signal }),
  );
  try {
    const edits = parts.own(await LayerEdits.create(values, plan, (layer) => classifier.layer(layer)));
    const dispose = (): void => parts.dispose();
    return {
      batch,
      run: () => plan.run(),
      input: plan.tensor(values.input),
      layers: new Map(retain.map((name, index) => [name, plan.tensor(kept[index]!)])),
      logits: logits && plan.tensor(logits),
      setEdits: (all) => edits.setAll(all),
      dispose,
      [Symbol.dispose]: dispose,
    };
  } catch (error) {
    parts.dispose();
    throw error;
  }
}

/** Refuses a layer that is not retained or edited because it is not run. */
export function notComputed(
  name: string,
  { from = "the image", until = "the logits" }: Pick<AppendClassifierOptions, "from" | "until">,
): never {
  throw new UsageError(`"${name}" is not computed on the way from ${from} to ${until}.`, "Name a layer between.");
}
